// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DNS (RFC 1035) in datagrams and over TCP (RFC 7766): header, names asked for, names that answers carry. A name is given as text with dots; a byte in a label
 * that is itself a dot or not printable stays as it is, as rules expect. Compression is followed backwards only, so that it ends.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include "proto/proto.h"

enum { NAME_MAX_ = 255, NAMES = 24, MESSAGE_MAX = 65535, HEADER = 12 };

struct dns {
	struct sk_buf stream[2]; /* TCP: a message with its length before it */
	uint64_t skip[2];
	bool lost[2];
};

enum { F_ID, F_OPCODE, F_RCODE, F_RRTYPE, F_NAME };
static const struct gw_field_def fields[] = {
	[F_ID] = {"id", GW_UINT, .en = "the transaction's number", .ja = "トランザクションの番号"},
	[F_OPCODE] = {"opcode", GW_UINT, .learn = true, .en = "the kind of query", .ja = "問い合わせの種別"},
	[F_RCODE] = {"rcode", GW_UINT, .en = "the answer's code", .ja = "応答コード"},
	[F_RRTYPE] = {"rrtype", GW_UINT, .learn = true, .en = "the type that is asked for", .ja = "求められた型"},
	[F_NAME] = {"name", GW_TEXT, .learn = true, .en = "the name that is asked for", .ja = "求められた名前"},
};

struct told {
	struct gw_field fields[4 + 2 * NAMES];
	size_t field_count;
	struct gw_buffer buffers[3 * NAMES];
	size_t buffer_count;
	char names[NAMES][NAME_MAX_ + 1];
	size_t name_count;
};

/* One label or pointer. False at the name's end or when it is wrong (*bad). */
static bool next_label(struct sk_cursor *c, size_t *limit, char *out, size_t *size, bool *bad)
{
	uint8_t length = sk_get_u8(c);
	const uint8_t *label;

	*bad = c->bad;
	if (*bad || length == 0)
		return false;
	if (length >= 0xc0) {
		size_t to = (size_t)(length & 0x3f) << 8 | sk_get_u8(c);

		*bad = c->bad || to >= *limit;
		c->at = *bad ? c->at : to;
		*limit = to; /* each pointer leads further back */
		return !*bad;
	}
	label = sk_get_bytes(c, length);
	*bad = !label || length > 63 || *size + length + 1 > NAME_MAX_;
	if (*bad)
		return false;
	if (*size)
		out[(*size)++] = '.';
	memcpy(out + *size, label, length);
	*size += length;
	return true;
}

/* Reads a name and leaves the cursor behind it. False: wrong. */
static bool read_name(struct sk_cursor *c, char out[NAME_MAX_ + 1], size_t *ret_size)
{
	struct sk_cursor walk = *c;
	size_t limit = c->at, size = 0;
	bool bad = false, jumped = false;

	for (;;) {
		size_t at = walk.at;
		bool pointer = at < walk.size && walk.data[at] >= 0xc0, more = next_label(&walk, &limit, out, &size, &bad);

		if (bad)
			return false;
		if (!jumped)
			c->at = pointer ? at + 2 : walk.at;
		jumped |= pointer;
		if (!more)
			break;
	}
	*ret_size = size;
	out[size] = 0;
	return true;
}

static void add_buffer(struct told *t, const char *name, const char *data, size_t size)
{
	if (t->buffer_count < SK_ARRAY_SIZE(t->buffers))
		t->buffers[t->buffer_count++] = (struct gw_buffer){.name = name, .data = (const uint8_t *)data, .size = size};
}

static bool read_question(struct sk_cursor *c, struct told *t, bool answer)
{
	char *name = t->names[t->name_count];
	size_t size;
	uint16_t type;

	if (!read_name(c, name, &size))
		return false;
	type = sk_get_u16(c);
	sk_get_u16(c);
	if (c->bad)
		return false;
	t->fields[t->field_count++] = (struct gw_field){.def = F_RRTYPE, .u = type};
	t->fields[t->field_count++] = (struct gw_field){.def = F_NAME, .bytes = {(const uint8_t *)name, size}};
	if (!answer)
		add_buffer(t, "dns.query", name, size);
	add_buffer(t, "dns.query.name", name, size);
	t->name_count++;
	return true;
}

static bool read_answer(struct sk_cursor *c, struct told *t)
{
	char *name = t->names[t->name_count];
	size_t size;

	if (!read_name(c, name, &size))
		return false;
	sk_get_u16(c);
	sk_get_u16(c);
	sk_get_u32(c);
	sk_get_bytes(c, sk_get_u16(c));
	if (c->bad)
		return false;
	add_buffer(t, "dns.answer.name", name, size);
	t->name_count++;
	return true;
}

/* One message. False: this is not DNS. */
static bool read_message(struct gw_turn *turn, enum gw_dir dir, const uint8_t *data, size_t size, size_t back)
{
	_cleanup_free_ struct told *t = sk_calloc(1, sizeof *t);
	struct sk_cursor c;
	enum gw_reply reply;

	sk_cursor_init(&c, data, size);
	uint16_t id = sk_get_u16(&c), flags = sk_get_u16(&c), questions = sk_get_u16(&c), answers = sk_get_u16(&c);
	bool answer = flags & 0x8000;
	uint32_t rest = (uint32_t)sk_get_u16(&c) + sk_get_u16(&c);

	if (!t)
		return true;
	if (c.bad || (uint32_t)questions + answers + rest == 0)
		return false;
	t->fields[t->field_count++] = (struct gw_field){.def = F_ID, .u = id};
	t->fields[t->field_count++] = (struct gw_field){.def = F_OPCODE, .u = flags >> 11 & 15};
	if (answer)
		t->fields[t->field_count++] = (struct gw_field){.def = F_RCODE, .u = flags & 15};
	for (unsigned i = 0; i < questions && t->name_count < NAMES; i++)
		if (!read_question(&c, t, answer))
			return i > 0;
	for (unsigned i = 0; i < answers && t->name_count < NAMES; i++)
		if (!read_answer(&c, t))
			break;
	struct gw_message message = {.name = answer ? "answer" : "query", .act = answer ? GW_ACT_REPORT : GW_ACT_READ, .dir = dir,
		.from = answer ? GW_ROLE_EQUIPMENT : GW_ROLE_HOST, .request = !answer, .whole = true, .id = id + 1u, .size = size, .back = back,
		.fields = t->fields, .field_count = t->field_count, .buffers = t->buffers, .buffer_count = t->buffer_count};
	turn->engine->say(turn, &message, &reply);
	return true;
}

static int dns_begin(void *state, const struct gw_turn *turn)
{
	struct dns *s = state;

	s->stream[0] = s->stream[1] = SK_BUF(MESSAGE_MAX + 2);
	return 0;
}

static void dns_end(void *state)
{
	struct dns *s = state;

	sk_buf_done(&s->stream[0]);
	sk_buf_done(&s->stream[1]);
}

static void take_stream(struct gw_turn *turn, struct dns *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct sk_buf *buf = &s->stream[dir];

	while (size && !s->lost[dir]) {
		size_t want = buf->size < 2 ? 2 : 2 + ((size_t)(uint8_t)buf->data[0] << 8 | (uint8_t)buf->data[1]), piece = SK_MIN(size, want - buf->size);

		if (sk_buf_append(buf, data, piece)) {
			s->lost[dir] = true;
			return;
		}
		data += piece;
		size -= piece;
		if (buf->size < 2)
			return;
		want = 2 + ((size_t)(uint8_t)buf->data[0] << 8 | (uint8_t)buf->data[1]);
		if (buf->size < want)
			continue;
		if (want < 2 + HEADER || !read_message(turn, dir, (const uint8_t *)buf->data + 2, want - 2, size)) {
			turn->engine->not_mine(turn);
			return;
		}
		sk_buf_clear(buf);
	}
}

static void dns_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	if (!turn->datagram)
		take_stream(turn, state, dir, data, size);
	else if (!read_message(turn, dir, data, size, 0))
		turn->engine->not_mine(turn);
}

/* Over TCP nothing marks where a message begins: after a gap the rest of a direction is not read. */
static void dns_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	((struct dns *)state)->lost[dir] = true;
	sk_buf_clear(&((struct dns *)state)->stream[dir]);
}

static const uint16_t ports[] = {53, 5353, 5355, 0};
static const char *const buffers[] = {"dns.query", "dns.query.name", "dns.answer.name", NULL};

const struct gw_proto gw_proto_dns = {.name = "dns", .over = GW_TCP | GW_UDP, .ports = ports, .state_size = sizeof(struct dns), .budget = 2 * (MESSAGE_MAX + 2),
	.begin = dns_begin, .end = dns_end, .data = dns_data, .gap = dns_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .buffers = buffers,
	.en = "DNS: names that are asked for and answered", .ja = "DNS：問い合わせと応答の名前"};
