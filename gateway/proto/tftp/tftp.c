// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * TFTP (RFC 1350, options RFC 2347): which file is fetched or put, and in which mode. The transfer itself runs between ports that both sides choose; of a flow at the server's port, which
 * is where requests come, blocks and errors are told too.
 */
#include <string.h>

#include "base/mem.h"
#include "proto/pdu/pdu.h"

enum { KEEP = 65535, RRQ = 1, WRQ, DATA, ACK, ERROR, OACK };

enum { F_FILE, F_MODE, F_BLOCK, F_ERROR };
static const struct gw_field_def fields[] = {
	[F_FILE] = {"file", GW_TEXT, .learn = true, .en = "the file that is asked for", .ja = "要求されたファイル"},
	[F_MODE] = {"mode", GW_TEXT, .en = "netascii, octet or mail", .ja = "netascii、octet または mail"},
	[F_BLOCK] = {"block", GW_UINT, .en = "number of a block", .ja = "ブロック番号"},
	[F_ERROR] = {"error", GW_UINT, .en = "error code", .ja = "エラーコード"},
};

static const struct pdu_row rows[] = {{RRQ, "read", GW_ACT_READ}, {WRQ, "write", GW_ACT_WRITE}, {DATA, "data", GW_ACT_SESSION}, {ACK, "ack", GW_ACT_SESSION},
	{ERROR, "error", GW_ACT_SESSION}, {OACK, "options", GW_ACT_SESSION}, {0, NULL, 0}};

static unsigned opcode_of(const uint8_t *head)
{
	return (unsigned)head[0] << 8 | head[1];
}

static int64_t tftp_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	unsigned opcode = opcode_of(head);

	if (opcode < RRQ || opcode > OACK)
		return 0;
	if (opcode <= WRQ && (have < 6 || head[have - 1] != 0 || head[2] == 0))
		return 0;
	return (int64_t)have;
}

/* A text that ends with a zero; NULL: it does not end. */
static const uint8_t *next_text(struct sk_cursor *c, size_t *ret_size)
{
	const uint8_t *from = c->data + c->at, *end = memchr(from, 0, sk_cursor_left(c));

	*ret_size = 0;
	if (!end)
		return NULL;
	*ret_size = (size_t)(end - from);
	sk_get_bytes(c, *ret_size + 1);
	return from;
}

static void read_request(struct pdu_told *told, struct sk_cursor *c)
{
	size_t size;
	const uint8_t *text = next_text(c, &size);

	pdu_put_bytes(told, F_FILE, text, size);
	text = next_text(c, &size);
	pdu_put_bytes(told, F_MODE, text, size);
	told->partial |= !text;
	pdu_put_buffer(told, "tftp.file", told->fields[0].bytes.data, told->fields[0].bytes.size);
}

static void tftp_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	unsigned opcode = opcode_of(pdu->data);
	const struct pdu_row *row = pdu_row_find(rows, opcode);
	struct pdu_told told;
	struct sk_cursor c;

	pdu_told_begin(&told, pdu, row->name, row->act, opcode <= WRQ);
	sk_cursor_init(&c, pdu->data + 2, pdu->size - 2);
	if (opcode <= WRQ)
		read_request(&told, &c);
	else if (opcode != OACK)
		pdu_put(&told, opcode == ERROR ? F_ERROR : F_BLOCK, sk_get_u16(&c));
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "tftp-framing", .head = 4, .sure = 4, .keep = KEEP, .size = tftp_size, .read = tftp_read};

static int tftp_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static const uint16_t ports[] = {69, 0};
static const char *const buffers[] = {"tftp.file", NULL};
static const char *const odds[] = {"tftp-framing", NULL};

const struct gw_proto gw_proto_tftp = {.name = "tftp", .over = GW_UDP, .ports = ports, .state_size = sizeof(struct pdu_stream), .budget = PDU_BUDGET(0),
	.begin = tftp_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .buffers = buffers,
	.odds = odds, .en = "TFTP: the files that are fetched and put", .ja = "TFTP：取得、書き込みされるファイル"};
