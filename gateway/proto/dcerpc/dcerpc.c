// SPDX-License-Identifier: GPL-3.0-or-later
/* DCE/RPC over TCP: the endpoint mapper's port and whatever other port a bind is said on. */
#include "base/mem.h"
#include "proto/dcerpc/rpc.h"

static const struct gw_field_def fields[] = {RPC_FIELD_DEFS};

static int dcerpc_begin(void *state, const struct gw_turn *turn)
{
	rpc_begin(state);
	return 0;
}

static void dcerpc_end(void *state)
{
	rpc_end(state);
}

static void tell(void *context, struct rpc_told *told)
{
	struct gw_turn *turn = context;
	enum gw_reply reply;

	told->message.fields = told->fields;
	told->message.field_count = told->field_count;
	told->message.buffers = told->buffers;
	told->message.buffer_count = told->buffer_count;
	turn->engine->say(turn, &told->message, &reply);
}

static void odd(void *context, enum gw_dir dir, const char *word)
{
	struct gw_turn *turn = context;

	turn->engine->odd(turn, dir, word);
}

/* A direction whose framing is lost is read again where a piece begins with a PDU; a session that never had one is not ours. */
static void dcerpc_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	const struct rpc_ear ear = {tell, odd, turn};
	struct rpc *rpc = state;
	bool before = rpc->half[dir].lost;

	if (rpc_feed(rpc, dir, data, size, 0, &ear) || before)
		return;
	if (turn->midstream || rpc->context_count)
		turn->engine->odd(turn, dir, "dcerpc-framing");
	else
		turn->engine->not_mine(turn);
}

static void dcerpc_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	rpc_gap(state, dir);
}

/* A call or its answer where nothing was bound: believed by the bytes that are the same in all of them, and one of the bits for first and last fragment. */
static bool is_call(const uint8_t *data)
{
	return (data[2] == RPC_REQUEST || data[2] == RPC_RESPONSE) && data[1] == 0 && data[3] & 3 && !data[5] && !data[6] && !data[7];
}

static enum gw_guess dcerpc_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	if (size < 10)
		return size == 0 || (data[0] == 5 && (size < 2 || data[1] <= 1)) ? GW_MORE : GW_NO;
	if (!rpc_begins(data, size) || (data[4] ? data[9] : data[8]) > 64)
		return GW_NO;
	if (!midstream && data[2] != RPC_BIND && data[2] != RPC_BIND_ACK && data[2] != RPC_BIND_NAK && !is_call(data))
		return GW_NO;
	return (data[4] ? data[8] | data[9] << 8 : data[9] | data[8] << 8) >= RPC_HEAD ? GW_YES : GW_NO;
}

static const uint16_t ports[] = {135, 593, 0};
static const char *const buffers[] = {"dcerpc.stub_data", NULL};
static const char *const odds[] = {"dcerpc-framing", "dcerpc-fragment", "dcerpc-torn", "dcerpc-long", "dcerpc-direction", NULL};

const struct gw_proto gw_proto_dcerpc = {.name = "dcerpc", .over = GW_TCP, .ports = ports, .guess = dcerpc_guess, .state_size = sizeof(struct rpc), .budget = RPC_BUDGET,
	.begin = dcerpc_begin, .end = dcerpc_end, .data = dcerpc_data, .gap = dcerpc_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds,
	.en = "DCE/RPC of Windows over TCP: interfaces, operations, stub data", .ja = "Windows の DCE/RPC（TCP）：インターフェース、操作、スタブデータ"};
