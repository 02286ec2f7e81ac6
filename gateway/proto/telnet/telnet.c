// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Telnet (RFC 854, RFC 855): options as they are negotiated, and once for each direction that there is text. What is typed is neither kept nor read: a password would be
 * in it.
 */
#include "base/mem.h"
#include "proto/proto.h"

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
enum phase { PH_TEXT, PH_COMMAND, PH_OPTION, PH_SUB_OPTION, PH_SUB, PH_SUB_COMMAND };

enum { F_COMMAND, F_OPTION };
static const struct gw_field_def fields[] = {
	[F_COMMAND] = {"command", GW_UINT, .en = "251 will, 252 won't, 253 do, 254 don't, 250 a subnegotiation; else the command", .ja = "251 will、252 won't、253 do、254 don't、250 サブネゴシエーション、その他はコマンド"},
	[F_OPTION] = {"option", GW_UINT, .learn = true, .en = "the option that is negotiated (1 echo, 24 terminal type, 37 authentication)", .ja = "交渉するオプション（1 エコー、24 端末種別、37 認証）"},
};

struct half {
	enum phase phase;
	uint8_t command, option;
	uint64_t bytes; /* of the command in hand */
	bool text;
};

struct telnet {
	struct half half[2];
};

static void say(struct gw_turn *turn, enum gw_dir dir, const struct half *half, const char *name, enum gw_act act, size_t field_count, size_t back)
{
	const struct gw_field told[] = {{.def = F_COMMAND, .u = half->command}, {.def = F_OPTION, .u = half->option}};
	const struct gw_message message = {.name = name, .act = act, .dir = dir, .from = dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT, .whole = true,
		.size = half->bytes, .back = back, .fields = told, .field_count = field_count};
	enum gw_reply reply;

	(void)turn->engine->say(turn, &message, &reply);
}

static void command(struct gw_turn *turn, enum gw_dir dir, struct half *half, uint8_t byte, size_t back)
{
	half->phase = PH_TEXT;
	half->command = byte;
	if (byte >= WILL && byte <= DONT)
		half->phase = PH_OPTION;
	else if (byte == SB)
		half->phase = PH_SUB_OPTION;
	else if (byte != IAC) /* which is a byte of text */
		say(turn, dir, half, "command", GW_ACT_SESSION, 1, back);
}

static void text(struct gw_turn *turn, enum gw_dir dir, struct half *half, size_t back)
{
	if (half->text)
		return;
	half->text = true;
	say(turn, dir, half, "text", dir == GW_TO_SERVER ? GW_ACT_CONTROL : GW_ACT_REPORT, 0, back);
}

static void take(struct gw_turn *turn, enum gw_dir dir, struct half *half, uint8_t byte, size_t back)
{
	half->bytes = half->phase == PH_TEXT ? 1 : half->bytes + 1;
	switch (half->phase) {
	case PH_TEXT:
		if (byte == IAC)
			half->phase = PH_COMMAND;
		else
			text(turn, dir, half, back);
		return;
	case PH_COMMAND:
		command(turn, dir, half, byte, back);
		if (byte == IAC)
			text(turn, dir, half, back);
		return;
	case PH_OPTION:
		half->option = byte;
		half->phase = PH_TEXT;
		say(turn, dir, half, "negotiate", GW_ACT_SESSION, 2, back);
		return;
	case PH_SUB_OPTION:
		half->option = byte;
		half->phase = PH_SUB;
		return;
	case PH_SUB:
		half->phase = byte == IAC ? PH_SUB_COMMAND : PH_SUB;
		return;
	case PH_SUB_COMMAND:
		half->phase = byte == SE ? PH_TEXT : PH_SUB;
		if (byte == SE)
			say(turn, dir, half, "negotiate", GW_ACT_SESSION, 2, back);
	}
}

static void telnet_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct half *half = &((struct telnet *)state)->half[dir];

	while (size) {
		size--;
		take(turn, dir, half, *data++, size);
	}
}

/* Whatever was begun is over; the next IAC begins anew. */
static void telnet_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	(void)turn;
	(void)missing;
	((struct telnet *)state)->half[dir].phase = PH_TEXT;
}

static enum gw_guess telnet_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	(void)dir;
	(void)midstream;
	if (data[0] != IAC)
		return data[0] >= 32 && data[0] < 127 ? GW_MORE : GW_NO; /* text: at its port */
	return size < 2 ? GW_MORE : data[1] >= SB && data[1] < IAC ? GW_YES : GW_NO;
}

static const uint16_t ports[] = {23, 0};

const struct gw_proto gw_proto_telnet = {.name = "telnet", .over = GW_TCP, .ports = ports, .guess = telnet_guess, .state_size = sizeof(struct telnet),
	.data = telnet_data, .gap = telnet_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .en = "Telnet: options, and that somebody types",
	.ja = "Telnet：オプションと、入力の有無"};
