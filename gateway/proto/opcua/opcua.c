// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * OPC UA's connection protocol and secure conversation in binary (OPC 10000-6, 6.7 and 7.1): chunks, put together to the services that service.c reads. Owns the
 * chunks of one message in each direction. What is encrypted is told as `secured`.
 */
#include "proto/opcua/opcua.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { HEAD = 8, KEEP = 16384, MESSAGE_MAX = 32768, CHUNK_MAX = 1 << 24 };

static const struct gw_field_def fields[] = {
	[UA_SERVICE] = {"service", GW_UINT, .learn = true, .en = "service, by the number of its request's encoding", .ja = "サービス（要求の符号化番号）"},
	[UA_NODE] = {"node", GW_TEXT, .learn = true, .en = "each node: i=2258, ns=2;i=7, ns=2;s=Speed; of a call the object", .ja = "各ノード。i=2258、ns=2;i=7、ns=2;s=Speed。呼び出しではオブジェクト"},
	[UA_ATTRIBUTE] = {"attribute", GW_UINT, .learn = true, .en = "attribute of each node, 13 its value", .ja = "各ノードの属性。13 は値"},
	[UA_METHOD] = {"method", GW_TEXT, .learn = true, .en = "each method that is called", .ja = "呼び出す各メソッド"},
	[UA_VALUE] = {"value", GW_INT, .en = "each number that is written or handed to a method, without its fraction", .ja = "書き込む数値、またはメソッドに渡す数値。小数部は切り捨て"},
	[UA_TEXT] = {"text", GW_TEXT, .en = "each string that is written or handed to a method", .ja = "書き込む文字列、またはメソッドに渡す文字列"},
	[UA_STATUS] = {"status", GW_UINT, .en = "service result of an answer, 0 when all is well", .ja = "応答のサービス結果。正常は 0"},
	[UA_SECURITY] = {"security", GW_TEXT, .learn = true, .en = "security policy of a channel: None, Basic256Sha256 ...", .ja = "チャネルのセキュリティーポリシー。None、Basic256Sha256 など"},
	[UA_ENDPOINT] = {"endpoint", GW_TEXT, .en = "address that a client asks for", .ja = "クライアントが求めるアドレス"},
};

enum kind { HELLO, ACKNOWLEDGE, FAILED, REVERSE, OPEN, CLOSE, MESSAGE, NONE };
static const char *const names[] = {"hello", "acknowledge", "error", "reverse-hello", "open-channel", "close-channel", "secured"};

struct part {
	struct sk_buf body;
	uint32_t request;
	bool open, bent;
};

struct opcua {
	struct pdu_stream stream; /* first */
	struct part part[2];
};

#define WORD(a, b, c) ((uint32_t)(a) << 16 | (b) << 8 | (c))

static enum kind kind_of(const uint8_t *head)
{
	switch (WORD(head[0], head[1], head[2])) {
	case WORD('H', 'E', 'L'):
		return HELLO;
	case WORD('A', 'C', 'K'):
		return ACKNOWLEDGE;
	case WORD('E', 'R', 'R'):
		return FAILED;
	case WORD('R', 'H', 'E'):
		return REVERSE;
	case WORD('O', 'P', 'N'):
		return OPEN;
	case WORD('C', 'L', 'O'):
		return CLOSE;
	case WORD('M', 'S', 'G'):
		return MESSAGE;
	default:
		return NONE;
	}
}

static int64_t opcua_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	enum kind kind = kind_of(head);
	struct sk_cursor c;
	uint32_t size;

	(void)state;
	(void)dir;
	(void)have;
	sk_cursor_init(&c, head + 4, 4);
	size = sk_get_u32_le(&c);
	if (kind == NONE || (head[3] != 'F' && (kind != MESSAGE || (head[3] != 'C' && head[3] != 'A'))))
		return 0;
	return size >= (kind >= CLOSE ? 24u : kind == OPEN ? 32u : 16u) && size <= CHUNK_MAX ? (int64_t)size : 0;
}

static void read_hello(struct pdu_told *told, enum kind kind, struct sk_cursor *c)
{
	size_t size;
	const uint8_t *text;

	if (kind == FAILED)
		pdu_put(told, UA_STATUS, sk_get_u32_le(c));
	if (kind != HELLO)
		return;
	sk_get_bytes(c, 20);
	text = ua_string(c, &size);
	pdu_put_bytes(told, UA_ENDPOINT, text, size);
}

/* A channel that is opened: with no security its service stands there openly. */
static void read_open(struct pdu_told *told, struct sk_cursor *c)
{
	const uint8_t *policy, *hash;
	size_t size;

	sk_get_u32(c);
	policy = ua_string(c, &size);
	hash = policy ? memrchr(policy, '#', size) : NULL;
	if (hash)
		pdu_put_bytes(told, UA_SECURITY, hash + 1, size - (size_t)(hash + 1 - policy));
	ua_skip_string(c);
	ua_skip_string(c);
	sk_get_u32(c);
	told->id = 1ull + sk_get_u32_le(c);
}

static void add(struct part *part, const uint8_t *data, size_t size)
{
	if (part->body.size + size > MESSAGE_MAX || sk_buf_append(&part->body, data, size) != 0)
		part->bent = true;
}

/* Takes a chunk's body. True: the message is whole, in `*ret`. */
static bool take_chunk(struct part *part, char what, uint32_t request, bool torn, struct sk_cursor *body, struct sk_cursor *ret)
{
	const uint8_t *data = body->data + body->at;
	size_t size = sk_cursor_left(body);

	if (part->open && part->request != request)
		part->bent = true;
	if (what == 'F' && !part->open) {
		*ret = *body;
		return true;
	}
	part->open = true;
	part->request = request;
	part->bent |= torn;
	add(part, data, size);
	sk_cursor_init(ret, part->body.data, part->body.size);
	return what == 'F';
}

static void end_message(struct part *part)
{
	part->open = part->bent = false;
	sk_buf_clear(&part->body);
}

static void read_message(struct opcua *s, struct pdu_told *told, const struct pdu *pdu, struct sk_cursor *c)
{
	struct part *part = &s->part[pdu->dir];
	struct sk_cursor body;
	uint32_t request;

	sk_get_bytes(c, 12);
	request = sk_get_u32_le(c);
	if (pdu->data[3] == 'A') {
		end_message(part);
		pdu_told_begin(told, pdu, "abort", GW_ACT_SESSION, false);
		return;
	}
	if (!take_chunk(part, (char)pdu->data[3], request, pdu->torn, c, &body)) {
		pdu_told_begin(told, pdu, "chunk", GW_ACT_SESSION, false);
		return;
	}
	told->id = 1ull + request;
	told->partial |= part->bent;
	if (!ua_service(told, &body)) {
		told->partial = true;
		told->act = GW_ACT_ENGINEER;
		told->id = 0;
	}
}

static void opcua_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct opcua *s = state;
	enum kind kind = kind_of(pdu->data);
	struct pdu_told told;
	struct sk_cursor c;

	pdu_told_begin(&told, pdu, kind == NONE ? "secured" : names[kind], GW_ACT_SESSION, pdu->dir == GW_TO_SERVER);
	sk_cursor_init(&c, pdu->data, pdu->size);
	sk_get_u64(&c);
	if (kind == MESSAGE)
		read_message(s, &told, pdu, &c);
	else if (kind == OPEN)
		read_open(&told, &c);
	else if (kind != CLOSE)
		read_hello(&told, kind, &c);
	pdu_put_buffer(&told, "opcua.chunk", pdu->data, pdu->size);
	(void)pdu_say(turn, pdu, &told);
	if (kind == MESSAGE && pdu->data[3] == 'F')
		end_message(&s->part[pdu->dir]);
}

static const struct pdu_kind kind_row = {.odd = "opcua-framing", .head = HEAD, .sure = HEAD, .keep = KEEP, .size = opcua_size, .read = opcua_read};

static int opcua_begin(void *state, const struct gw_turn *turn)
{
	struct opcua *s = state;

	s->part[0].body = SK_BUF(MESSAGE_MAX);
	s->part[1].body = SK_BUF(MESSAGE_MAX);
	return pdu_begin(&s->stream, &kind_row, turn);
}

static void opcua_end(void *state)
{
	struct opcua *s = state;

	sk_buf_done(&s->part[0].body);
	sk_buf_done(&s->part[1].body);
	pdu_end(state);
}

/* Lost bytes may have been a chunk's. */
static void opcua_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct opcua *s = state;

	if (s->part[dir].open)
		s->part[dir].bent = true;
	pdu_gap(turn, state, dir, missing);
}

static enum gw_guess opcua_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind_row, data, size, dir, midstream);
}

static const uint16_t ports[] = {4840, 0};
static const char *const buffers[] = {"opcua.chunk", NULL};
static const char *const odds[] = {"opcua-framing", NULL};

const struct gw_proto gw_proto_opcua = {.name = "opcua", .over = GW_TCP, .ports = ports, .guess = opcua_guess, .state_size = sizeof(struct opcua),
	.budget = PDU_BUDGET(KEEP) + 2 * MESSAGE_MAX, .begin = opcua_begin, .end = opcua_end, .data = pdu_data, .gap = opcua_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds, .en = "OPC UA (binary): services, nodes, methods and values",
	.ja = "OPC UA（バイナリー）：サービス、ノード、メソッド、値"};
