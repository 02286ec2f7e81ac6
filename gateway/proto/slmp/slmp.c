// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SLMP (CLPA BAP-C2006, the MELSEC communication protocol's 3E and 4E frames), binary and ASCII, over TCP and UDP: commands with the devices they touch. An answer names
 * no command: owns what was asked for last, by the serial number of 4E frames, and the last of 3E frames, which has none.
 */
#include "proto/slmp/slmp.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { KEEP = 8192, ASKED = 16, HEAD_3E = 9, HEAD_4E = 13, LENGTH_MAX = 0x4000, TYPE_NAME = 0x0101, MODEL = 16 };

static const struct gw_field_def fields[] = {
	[SLMP_NETWORK] = {"network", GW_UINT, .learn = true, .en = "network number", .ja = "ネットワーク番号"},
	[SLMP_STATION] = {"station", GW_UINT, .learn = true, .en = "station number, 255 the one that is connected to", .ja = "局番。255 は接続先の局"},
	[SLMP_MODULE] = {"module", GW_UINT, .learn = true, .en = "I/O number of the module, 1023 the processor", .ja = "ユニットの I/O 番号。1023 は CPU"},
	[SLMP_COMMAND] = {"command", GW_UINT, .learn = true, .en = "command", .ja = "コマンド"},
	[SLMP_SUBCOMMAND] = {"subcommand", GW_UINT, .en = "subcommand", .ja = "サブコマンド"},
	[SLMP_DEVICE] = {"device", GW_TEXT, .learn = true, .en = "device of each block: D, M, X, ZR ...; memory of a module is `memory`", .ja = "各ブロックのデバイス。D、M、X、ZR など。ユニットのメモリーは `memory`"},
	[SLMP_ADDRESS] = {"address", GW_RANGE, .learn = true, .en = "numbers of each block's device", .ja = "各ブロックのデバイス番号"},
	[SLMP_VALUE] = {"value", GW_UINT, .en = "each value that is written, unsigned; of bits 0 and 1", .ja = "書き込む値（符号なし）。ビットでは 0 と 1"},
	[SLMP_END] = {"end_code", GW_UINT, .en = "end code of an answer, 0 when all is well", .ja = "応答の終了コード。正常は 0"},
	[SLMP_PRODUCT] = {"product", GW_TEXT, .en = "type name of the processor", .ja = "CPU の形名"},
};

static const struct pdu_row rows[] = {
	{0x0101, "read-type-name", GW_ACT_READ}, {0x0401, "device-read", GW_ACT_READ}, {0x0403, "device-read-random", GW_ACT_READ}, {0x0406, "device-read-block", GW_ACT_READ},
	{0x041a, "label-read-array", GW_ACT_READ}, {0x041c, "label-read-random", GW_ACT_READ}, {0x0601, "module-read", GW_ACT_READ}, {0x0613, "memory-read", GW_ACT_READ},
	{0x0619, "self-test", GW_ACT_SESSION}, {0x0801, "monitor-register", GW_ACT_READ}, {0x0802, "monitor", GW_ACT_READ}, {0x0e30, "node-search", GW_ACT_SESSION},
	{0x0e31, "address-set", GW_ACT_ENGINEER}, {0x1001, "remote-run", GW_ACT_ENGINEER}, {0x1002, "remote-stop", GW_ACT_ENGINEER}, {0x1003, "remote-pause", GW_ACT_ENGINEER},
	{0x1005, "remote-latch-clear", GW_ACT_ENGINEER}, {0x1006, "remote-reset", GW_ACT_ENGINEER}, {0x1401, "device-write", GW_ACT_WRITE},
	{0x1402, "device-write-random", GW_ACT_WRITE}, {0x1406, "device-write-block", GW_ACT_WRITE}, {0x141a, "label-write-array", GW_ACT_WRITE},
	{0x141b, "label-write-random", GW_ACT_WRITE}, {0x1601, "module-write", GW_ACT_WRITE}, {0x1613, "memory-write", GW_ACT_WRITE}, {0x1617, "clear-error", GW_ACT_CONTROL},
	{0x1630, "remote-password-unlock", GW_ACT_ENGINEER}, {0x1631, "remote-password-lock", GW_ACT_SESSION}, {0x1808, "file-information", GW_ACT_ENGINEER},
	{0x1810, "file-directory", GW_ACT_ENGINEER}, {0x1811, "file-search", GW_ACT_ENGINEER}, {0x1820, "file-create", GW_ACT_ENGINEER}, {0x1822, "file-delete", GW_ACT_ENGINEER},
	{0x1824, "file-copy", GW_ACT_ENGINEER}, {0x1825, "file-attribute", GW_ACT_ENGINEER}, {0x1826, "file-date", GW_ACT_ENGINEER}, {0x1827, "file-open", GW_ACT_ENGINEER},
	{0x1828, "file-read", GW_ACT_ENGINEER}, {0x1829, "file-write", GW_ACT_ENGINEER}, {0x182a, "file-close", GW_ACT_ENGINEER}, {0x2101, "on-demand", GW_ACT_REPORT},
	{0, NULL, 0}};

struct slmp {
	struct pdu_stream stream; /* first */
	struct {
		uint16_t serial, command;
	} asked[ASKED];
	unsigned next;
	uint16_t last; /* of 3E frames; 0 = none */
};

/* What kind of frame begins so. */
struct shape {
	bool ascii, serial, answer;
	size_t head; /* up to what the length counts; 0 = none of ours */
};

static struct shape shape_of(const uint8_t *head)
{
	bool ascii = head[2] == '0' && head[3] == '0' && (head[0] == '5' || head[0] == 'D');
	unsigned first = ascii ? (head[0] == '5' ? 0x50u : 0xd0u) | (head[1] == '4' ? 4u : head[1] == '0' ? 0u : 1u) : head[0];
	struct shape shape = {.ascii = ascii, .serial = first & 4, .answer = first & 0x80};

	if ((first == 0x50 || first == 0xd0 || first == 0x54 || first == 0xd4) && (ascii || head[1] == 0))
		shape.head = (size_t)(shape.serial ? HEAD_4E : HEAD_3E) * (ascii ? 2 : 1);
	return shape;
}

static int64_t slmp_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	struct shape shape = shape_of(head);
	struct slmp_reader in = {.ascii = shape.ascii};
	unsigned length;

	(void)state;
	if (!shape.head || shape.answer != (dir == GW_TO_CLIENT))
		return 0;
	if (have < shape.head)
		return -(int64_t)shape.head;
	sk_cursor_init(&in.c, head, shape.head);
	sk_get_bytes(&in.c, shape.head - (shape.ascii ? 4 : 2));
	length = slmp_number(&in, 2);
	if (in.c.bad || length > LENGTH_MAX || length < (shape.answer ? 2u : 6u) * (shape.ascii ? 2 : 1))
		return 0;
	return (int64_t)shape.head + length;
}

static bool slmp_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct shape shape = shape_of(data);
	struct slmp_reader in = {.ascii = shape.ascii};

	(void)state;
	(void)dir;
	sk_cursor_init(&in.c, data, size);
	sk_get_bytes(&in.c, shape.head);
	if (shape.answer)
		return (slmp_number(&in, 2) & 0xff) < 0x100 && !in.c.bad && (shape.ascii || data[shape.serial ? 7 : 3] != 0);
	slmp_number(&in, 2);
	return pdu_row_find(rows, slmp_number(&in, 2)) && !in.c.bad;
}

static void remember(struct slmp *s, const struct shape *shape, uint16_t serial, uint16_t command)
{
	if (!shape->serial) {
		s->last = command;
		return;
	}
	s->asked[s->next].serial = serial;
	s->asked[s->next].command = command;
	s->next = (s->next + 1) % ASKED;
}

static uint16_t recall(const struct slmp *s, const struct shape *shape, uint16_t serial)
{
	if (!shape->serial)
		return s->last;
	for (unsigned i = 1; i <= ASKED; i++) {
		unsigned at = (s->next + ASKED - i) % ASKED;

		if (s->asked[at].command && s->asked[at].serial == serial)
			return s->asked[at].command;
	}
	return 0;
}

static void read_answer(struct pdu_told *told, struct slmp_reader *in, unsigned command)
{
	unsigned end = slmp_number(in, 2);

	pdu_put(told, SLMP_END, end);
	if (end == 0 && command == TYPE_NAME) {
		const uint8_t *model = sk_get_bytes(&in->c, MODEL);

		pdu_put_trimmed(told, SLMP_PRODUCT, model, MODEL);
	}
	told->partial |= in->c.bad;
}

static void read_request(struct pdu_told *told, struct slmp_reader *in, unsigned command)
{
	unsigned subcommand = slmp_number(in, 2);

	pdu_put(told, SLMP_SUBCOMMAND, subcommand);
	slmp_touches(told, in, command, subcommand);
}

static void slmp_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct slmp *s = state;
	struct shape shape = shape_of(pdu->data);
	struct slmp_reader in = {.ascii = shape.ascii};
	const struct pdu_row *row;
	struct pdu_told told;
	uint16_t serial = 0, command;
	unsigned network, station, module;

	sk_cursor_init(&in.c, pdu->data, pdu->size);
	slmp_number(&in, 2);
	if (shape.serial) {
		serial = (uint16_t)slmp_number(&in, 2);
		slmp_number(&in, 2);
	}
	network = slmp_number(&in, 1);
	station = slmp_number(&in, 1);
	module = slmp_number(&in, 2);
	slmp_number(&in, 1);
	slmp_number(&in, 2);
	if (!shape.answer)
		slmp_number(&in, 2);
	command = shape.answer ? recall(s, &shape, serial) : (uint16_t)slmp_number(&in, 2);
	row = pdu_row_find(rows, command);
	pdu_told_begin(&told, pdu, row ? row->name : shape.answer ? "answer" : "command", row ? row->act : shape.answer ? GW_ACT_READ : GW_ACT_ENGINEER, !shape.answer);
	told.id = shape.serial ? 0x10000u + serial : 0;
	pdu_put(&told, SLMP_NETWORK, network);
	pdu_put(&told, SLMP_STATION, station);
	pdu_put(&told, SLMP_MODULE, module);
	if (command)
		pdu_put(&told, SLMP_COMMAND, command);
	if (shape.answer) {
		read_answer(&told, &in, command);
	} else {
		remember(s, &shape, serial, command);
		read_request(&told, &in, command);
	}
	pdu_put_buffer(&told, "slmp.pdu", pdu->data, pdu->size);
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "slmp-framing", .head = HEAD_3E, .sure = 2 * HEAD_4E, .keep = KEEP, .size = slmp_size, .sound = slmp_sound, .read = slmp_read};

static int slmp_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess slmp_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {5007, 5010, 5562, 61450, 0};
static const char *const buffers[] = {"slmp.pdu", NULL};
static const char *const odds[] = {"slmp-framing", NULL};

const struct gw_proto gw_proto_slmp = {.name = "slmp", .over = GW_TCP | GW_UDP, .ports = ports, .guess = slmp_guess, .state_size = sizeof(struct slmp),
	.budget = PDU_BUDGET(KEEP), .begin = slmp_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields),
	.buffers = buffers, .odds = odds, .en = "SLMP (MELSEC communication protocol): commands, devices, ranges and values",
	.ja = "SLMP（MELSEC コミュニケーションプロトコル）：コマンド、デバイス、範囲、値"};
