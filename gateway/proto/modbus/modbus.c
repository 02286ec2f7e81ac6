// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Modbus/TCP (MODBUS Messaging on TCP/IP V1.0b, Application Protocol V1.1b3): each ADU with its unit, its function, what it touches as ranges of references, and the
 * values it writes.
 *
 * A refused request goes on with function 0, which the protocol does not have, so that the device itself refuses it; its answer is given the function that was
 * asked for, as an exception. Where the request's first bytes have gone already, the exception is ours. Owns the transactions that were rewritten.
 */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include "proto/pdu/pdu.h"

enum { HEAD = 8, ADU_MAX = 260, EXCEPTION = 0x80, ILLEGAL_FUNCTION = 1, REWRITTEN_MAX = 16 };

enum { F_UNIT, F_FUNCTION, F_SUBFUNCTION, F_COIL, F_DISCRETE, F_INPUT, F_HOLDING, F_VALUE, F_EXCEPTION, F_FILE, F_VENDOR, F_PRODUCT, F_REVISION };
static const struct gw_field_def fields[] = {
	[F_UNIT] = {"unit", GW_UINT, .learn = true, .en = "unit identifier", .ja = "ユニット識別子"},
	[F_FUNCTION] = {"function", GW_UINT, .learn = true, .en = "function code, without the bit of an exception", .ja = "ファンクションコード（例外のビットを除く）"},
	[F_SUBFUNCTION] = {"subfunction", GW_UINT, .learn = true, .en = "subfunction of 8 (diagnostics) or MEI type of 43", .ja = "8（診断）のサブファンクション、または 43 の MEI タイプ"},
	[F_COIL] = {"coil", GW_RANGE, .learn = true, .en = "coils, by their address from 0", .ja = "コイル（0 から数えたアドレス）"},
	[F_DISCRETE] = {"discrete", GW_RANGE, .learn = true, .en = "discrete inputs, by their address", .ja = "入力接点（アドレス）"},
	[F_INPUT] = {"input", GW_RANGE, .learn = true, .en = "input registers, by their address", .ja = "入力レジスター（アドレス）"},
	[F_HOLDING] = {"holding", GW_RANGE, .learn = true, .en = "holding registers, by their address", .ja = "保持レジスター（アドレス）"},
	[F_VALUE] = {"value", GW_UINT, .en = "each value that is written; of coils 0 and 1", .ja = "書き込む値。コイルでは 0 と 1"},
	[F_EXCEPTION] = {"exception", GW_UINT, .en = "exception code of an answer", .ja = "応答の例外コード"},
	[F_FILE] = {"file", GW_UINT, .learn = true, .en = "file number of 20 and 21", .ja = "20 と 21 のファイル番号"},
	[F_VENDOR] = {"vendor", GW_TEXT, .en = "vendor's name (43/14)", .ja = "製造者名（43/14）"},
	[F_PRODUCT] = {"product", GW_TEXT, .en = "product code (43/14)", .ja = "製品コード（43/14）"},
	[F_REVISION] = {"revision", GW_TEXT, .en = "revision (43/14)", .ja = "版（43/14）"},
};

static const struct pdu_row rows[] = {
	{1, "read-coils", GW_ACT_READ}, {2, "read-discrete-inputs", GW_ACT_READ}, {3, "read-holding-registers", GW_ACT_READ}, {4, "read-input-registers", GW_ACT_READ},
	{5, "write-single-coil", GW_ACT_WRITE}, {6, "write-single-register", GW_ACT_WRITE}, {7, "read-exception-status", GW_ACT_READ},
	{8, "diagnostics", GW_ACT_READ}, {11, "get-comm-event-counter", GW_ACT_READ}, {12, "get-comm-event-log", GW_ACT_READ},
	{15, "write-multiple-coils", GW_ACT_WRITE}, {16, "write-multiple-registers", GW_ACT_WRITE}, {17, "report-server-id", GW_ACT_READ},
	{20, "read-file-record", GW_ACT_READ}, {21, "write-file-record", GW_ACT_WRITE}, {22, "mask-write-register", GW_ACT_WRITE},
	{23, "read-write-multiple-registers", GW_ACT_WRITE}, {24, "read-fifo-queue", GW_ACT_READ}, {43, "encapsulated-interface", GW_ACT_READ},
	{90, "umas", GW_ACT_ENGINEER}, {0, NULL, 0}};

struct rewritten {
	uint16_t transaction;
	uint8_t unit, function; /* 0: free */
};

struct modbus {
	struct pdu_stream stream; /* first */
	struct rewritten rewritten[REWRITTEN_MAX];
	unsigned next;
};

/* Transaction, protocol 0, length of what follows, unit, function. */
static int64_t modbus_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	struct sk_cursor c;
	unsigned protocol, length;

	(void)state;
	(void)dir;
	(void)have;
	sk_cursor_init(&c, head, HEAD);
	sk_get_u16(&c);
	protocol = sk_get_u16(&c);
	length = sk_get_u16(&c);
	return protocol == 0 && length >= 2 && length <= ADU_MAX - 6 ? 6 + (int64_t)length : 0;
}

/* How long a request of a function is, from its bytes behind the function; -1: any. */
static int request_size(uint8_t function, const uint8_t *body, size_t size)
{
	switch (function) {
	case 1: case 2: case 3: case 4: case 5: case 6:
		return 4;
	case 7: case 11: case 12: case 17:
		return 0;
	case 15: case 16:
		return size > 4 ? 5 + body[4] : 5;
	case 22:
		return 6;
	case 23:
		return size > 8 ? 9 + body[8] : 9;
	default:
		return -1;
	}
}

static int answer_size(uint8_t function, const uint8_t *body, size_t size)
{
	if (function & EXCEPTION)
		return 1;
	switch (function) {
	case 1: case 2: case 3: case 4: case 12: case 17: case 20: case 21: case 23:
		return size ? 1 + body[0] : 1;
	case 5: case 6: case 11: case 15: case 16:
		return 4;
	case 7:
		return 1;
	case 22:
		return 6;
	default:
		return -1;
	}
}

static bool fits(enum gw_dir dir, const uint8_t *data, size_t size)
{
	int wanted = dir == GW_TO_SERVER ? request_size(data[7], data + HEAD, size - HEAD) : answer_size(data[7], data + HEAD, size - HEAD);

	return wanted < 0 || (size_t)wanted == size - HEAD;
}

static bool modbus_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	(void)state;
	return size >= HEAD && (data[7] & 0x7f) && (pdu_row_find(rows, data[7] & 0x7f) || data[7] & EXCEPTION) && fits(dir, data, size);
}

static unsigned table_of(uint8_t function)
{
	switch (function) {
	case 1: case 5: case 15:
		return F_COIL;
	case 2:
		return F_DISCRETE;
	case 4:
		return F_INPUT;
	default:
		return F_HOLDING;
	}
}

static unsigned put_range(struct pdu_told *told, unsigned table, struct sk_cursor *c)
{
	unsigned at = sk_get_u16(c), count = sk_get_u16(c);

	pdu_put_range(told, table, at, count);
	return count;
}

static void put_coils(struct pdu_told *told, struct sk_cursor *c, unsigned count)
{
	for (unsigned i = 0; i < count && !c->bad; i += 8) {
		uint8_t bits = sk_get_u8(c);

		for (unsigned b = 0; b < 8 && i + b < count; b++)
			pdu_put_once(told, F_VALUE, bits >> b & 1);
	}
}

static void put_registers(struct pdu_told *told, struct sk_cursor *c, unsigned count)
{
	for (unsigned i = 0; i < count && !c->bad; i++)
		pdu_put(told, F_VALUE, sk_get_u16(c));
}

static void read_files(struct pdu_told *told, struct sk_cursor *c, bool with_data)
{
	struct sk_cursor list = sk_get_window(c, sk_get_u8(c));

	while (sk_cursor_left(&list) && !list.bad) {
		unsigned words;

		sk_get_u8(&list);
		pdu_put_once(told, F_FILE, sk_get_u16(&list));
		sk_get_u16(&list);
		words = sk_get_u16(&list);
		if (with_data)
			sk_get_bytes(&list, 2 * (size_t)words);
	}
	c->bad |= list.bad;
}

static void read_request(struct pdu_told *told, uint8_t function, struct sk_cursor *c)
{
	unsigned at, count;

	switch (function) {
	case 1: case 2: case 3: case 4:
		put_range(told, table_of(function), c);
		break;
	case 5: case 6:
		pdu_put_range(told, table_of(function), sk_get_u16(c), 1);
		at = sk_get_u16(c);
		pdu_put(told, F_VALUE, function == 5 ? at != 0 : at);
		break;
	case 15: case 16:
		count = put_range(told, table_of(function), c);
		if (sk_get_u8(c) != (function == 15 ? (count + 7) / 8 : 2 * count))
			sk_cursor_fail(c);
		function == 15 ? put_coils(told, c, count) : put_registers(told, c, count);
		break;
	case 20: case 21:
		read_files(told, c, function == 21);
		break;
	case 22:
		pdu_put_range(told, F_HOLDING, sk_get_u16(c), 1);
		break;
	case 23:
		put_range(told, F_HOLDING, c);
		count = put_range(told, F_HOLDING, c);
		if (sk_get_u8(c) != 2 * count)
			sk_cursor_fail(c);
		put_registers(told, c, count);
		break;
	case 24:
		pdu_put_range(told, F_HOLDING, sk_get_u16(c), 1);
		break;
	}
}

/* Objects 0 to 2 of "read device identification". */
static void read_identity(struct pdu_told *told, struct sk_cursor *c)
{
	unsigned count;

	sk_get_bytes(c, 4);
	count = sk_get_u8(c);
	for (unsigned i = 0; i < count && !c->bad; i++) {
		unsigned id = sk_get_u8(c);
		size_t size = sk_get_u8(c);
		const uint8_t *text = sk_get_bytes(c, size);

		if (text && id < 3)
			pdu_put_trimmed(told, F_VENDOR + id, text, size);
	}
}

static void read_answer(struct pdu_told *told, uint8_t function, struct sk_cursor *c)
{
	if (function & EXCEPTION)
		pdu_put(told, F_EXCEPTION, sk_get_u8(c));
	else if (function == 5 || function == 6)
		pdu_put_range(told, table_of(function), sk_get_u16(c), 1);
	else if (function == 15 || function == 16)
		put_range(told, table_of(function), c);
}

/* Restart, listen only, and clearing of counters change the device. */
static enum gw_act diagnostics_act(unsigned sub)
{
	return sub == 1 || sub == 4 ? GW_ACT_ENGINEER : sub == 3 || sub == 10 || sub == 20 ? GW_ACT_WRITE : GW_ACT_READ;
}

static void read_subfunction(struct pdu_told *told, uint8_t function, struct sk_cursor *c, bool request)
{
	unsigned sub;

	if (function == 8) {
		sub = sk_get_u16(c);
		pdu_put(told, F_SUBFUNCTION, sub);
		told->act = diagnostics_act(sub);
		return;
	}
	sub = sk_get_u8(c);
	pdu_put(told, F_SUBFUNCTION, sub);
	if (sub != 14)
		told->act = GW_ACT_WRITE;
	else if (!request)
		read_identity(told, c);
}

/* ---- refusing ---- */

static void refuse(struct gw_turn *turn, struct modbus *s, const struct pdu *pdu)
{
	const uint8_t *in = pdu->data;
	uint8_t out[ADU_MAX];
	uint8_t exception[HEAD + 1] = {in[0], in[1], 0, 0, 0, 3, in[6], in[7] | EXCEPTION, ILLEGAL_FUNCTION};
	/* Read before it is rewritten: these are the same bytes. */
	struct rewritten one = {(uint16_t)(in[0] << 8 | in[1]), in[6], in[7]};

	memcpy(out, in, pdu->size);
	out[7] = 0;
	if (turn->engine->rewrite(turn, pdu->back, out, pdu->size)) {
		s->rewritten[s->next] = one;
		s->next = (s->next + 1) % REWRITTEN_MAX;
		return;
	}
	turn->engine->answer(turn, GW_TO_CLIENT, exception, sizeof exception);
}

/* The device's refusal of function 0 becomes that of the function that was asked for. */
static uint8_t mend_answer(struct gw_turn *turn, struct modbus *s, const struct pdu *pdu)
{
	const uint8_t *in = pdu->data;
	uint8_t out[HEAD + 1];

	for (unsigned i = 0; i < REWRITTEN_MAX; i++) {
		struct rewritten *r = &s->rewritten[i];

		if (!r->function || r->transaction != (in[0] << 8 | in[1]) || r->unit != in[6] || in[7] != EXCEPTION || pdu->size != sizeof out)
			continue;
		memcpy(out, in, sizeof out);
		out[7] = r->function | EXCEPTION;
		(void)turn->engine->rewrite(turn, pdu->back, out, sizeof out);
		r->function = 0;
		return out[7];
	}
	return in[7];
}

static void modbus_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct modbus *s = state;
	bool request = pdu->dir == GW_TO_SERVER;
	struct pdu_told told;
	struct sk_cursor c;
	const struct pdu_row *row;
	uint8_t function;

	if (pdu->size < HEAD)
		return;
	function = request || pdu->torn ? pdu->data[7] : mend_answer(turn, s, pdu);
	row = request && function & EXCEPTION ? NULL : pdu_row_find(rows, function & 0x7f); /* no request is an exception */
	pdu_told_begin(&told, pdu, row ? row->name : "function", row ? row->act : GW_ACT_ENGINEER, request);
	told.id = 1u + (unsigned)(pdu->data[0] << 8 | pdu->data[1]);
	pdu_put(&told, F_UNIT, pdu->data[6]);
	pdu_put(&told, F_FUNCTION, request ? function : function & 0x7f);
	sk_cursor_init(&c, pdu->data + HEAD, pdu->size - HEAD);
	if ((function == 8 || function == 43) && sk_cursor_left(&c))
		read_subfunction(&told, function, &c, request);
	else if (request)
		read_request(&told, function, &c);
	else
		read_answer(&told, function, &c);
	if (c.bad || !fits(pdu->dir, pdu->data, pdu->size))
		told.partial = true;
	pdu_put_buffer(&told, "modbus.pdu", pdu->data + HEAD - 1, pdu->size - HEAD + 1);
	if (pdu_say(turn, pdu, &told) == GW_REFUSE && told.reply == GW_REPLY_NATIVE && request && !pdu->torn)
		refuse(turn, s, pdu);
}

static const struct pdu_kind kind = {.odd = "modbus-framing", .head = HEAD, .sure = HEAD, .keep = ADU_MAX, .size = modbus_size, .sound = modbus_sound,
	.read = modbus_read};

static int modbus_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess modbus_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

/* ---- by the header: the function says what it is, but of 8 and 43, whose subfunction does ---- */

static bool head_message(unsigned code, enum gw_role from, char name[static GW_HEAD_NAME], struct gw_message *ret_message)
{
	bool request = from == GW_ROLE_HOST;
	const struct pdu_row *row = request && code & EXCEPTION ? NULL : pdu_row_find(rows, code & 0x7f);

	if (!row || row->code == 8 || row->code == 43)
		return false;
	snprintf(name, GW_HEAD_NAME, "%s", row->name);
	*ret_message = (struct gw_message){.name = name, .from = from, .act = row->act, .request = request};
	return true;
}

/* An answer that is still to be mended is the engine's. */
static bool stands(const void *state, struct gw_stand *ret_stand)
{
	const struct modbus *s = state;

	for (unsigned i = 0; i < REWRITTEN_MAX; i++)
		if (s->rewritten[i].function)
			return false;
	*ret_stand = (struct gw_stand){.role = {[GW_TO_SERVER] = GW_ROLE_HOST, [GW_TO_CLIENT] = GW_ROLE_EQUIPMENT}};
	return pdu_between(&s->stream);
}

static const struct gw_by_header by_header = {.framing = GW_FRAMING_MODBUS, .codes = 256, .message = head_message, .stands = stands};

static const uint16_t ports[] = {502, 0};
static const char *const buffers[] = {"modbus.pdu", NULL};
static const char *const odds[] = {"modbus-framing", NULL};

const struct gw_proto gw_proto_modbus = {.name = "modbus", .over = GW_TCP | GW_UDP, .ports = ports, .guess = modbus_guess, .state_size = sizeof(struct modbus),
	.budget = PDU_BUDGET(ADU_MAX), .begin = modbus_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .by_header = &by_header, .en = "Modbus/TCP: units, functions, references and values",
	.ja = "Modbus/TCP：ユニット、ファンクション、参照範囲、値"};
