// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * HTTP/1.0 and 1.1 (RFC 9110, 9112): heads, bodies by length, in chunks or to the end, answers matched to requests for what changes their framing (HEAD, CONNECT,
 * 101). A message with a body is said by its head and again when it is whole; the first 64 KiB of a body are kept for rules, unpacked when they
 * are gzip or deflate. Framing that the body's first bytes belie (chunks without a size, packed bytes that do not unpack) is not believed: receivers differ there, and what any
 * of them would make of it must be seen. Owns its two directions' buffers.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/http/head.h"

enum phase { PH_HEAD, PH_LENGTH, PH_CLOSE, PH_CHUNK_SIZE, PH_CHUNK, PH_CHUNK_END, PH_TRAILER, PH_TUNNEL, PH_LOST };
enum { QUEUE = 32, LINE_MAX_ = 256 };

struct half {
	enum phase phase;
	struct sk_buf head;  /* the head as it comes; kept until the message is whole */
	struct sk_buf body;  /* decoded of chunks, at most BODY_MAX */
	uint64_t left;       /* of the body, or of the chunk */
	uint64_t length;     /* of a chunked body by its head; UINT64_MAX = it does not say */
	uint64_t size;       /* bytes of this message so far */
	char line[LINE_MAX_];
	size_t line_size;
	uint64_t id;
};

struct http {
	struct half half[2];
	uint8_t asked[QUEUE]; /* h: HEAD, c: CONNECT, else 0; by request number */
	uint64_t requests, answers;
};

enum { F_METHOD, F_HOST, F_URI, F_STATUS, F_AGENT };
static const struct gw_field_def fields[] = {
	[F_METHOD] = {"method", GW_TEXT, .learn = true, .en = "the method of a request", .ja = "要求のメソッド"},
	[F_HOST] = {"host", GW_TEXT, .learn = true, .en = "the host that is asked", .ja = "要求先のホスト"},
	[F_URI] = {"uri", GW_TEXT, .en = "the request's target as it was sent", .ja = "送られたままの要求の対象"},
	[F_STATUS] = {"status", GW_UINT, .en = "the answer's status code", .ja = "応答の状態コード"},
	[F_AGENT] = {"agent", GW_TEXT, .en = "the User-Agent of a request", .ja = "要求の User-Agent"},
};

static int http_begin(void *state, const struct gw_turn *turn)
{
	struct http *s = state;

	for (int dir = 0; dir < 2; dir++) {
		s->half[dir].head = SK_BUF(HEAD_MAX);
		s->half[dir].body = SK_BUF(BODY_MAX);
		s->half[dir].phase = turn->midstream ? PH_LOST : PH_HEAD;
	}
	return 0;
}

static void http_end(void *state)
{
	struct http *s = state;

	for (int dir = 0; dir < 2; dir++) {
		sk_buf_done(&s->half[dir].head);
		sk_buf_done(&s->half[dir].body);
	}
}

/* Bytes of a gzip header (RFC 1952), whatever its reserved flags say; of a zlib header (RFC 1950); 0 = bare deflate. */
static size_t wrapping(const uint8_t *data, size_t size)
{
	enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16 };
	size_t at = 10;

	if (size > 2 && (data[0] & 15) == 8 && ((unsigned)data[0] << 8 | data[1]) % 31 == 0)
		return 2;
	if (size < 10 || data[0] != 0x1f || data[1] != 0x8b)
		return 0;
	if (data[3] & FEXTRA && size >= 12)
		at += 2 + (size_t)data[10] + ((size_t)data[11] << 8);
	for (unsigned flag = FNAME; flag <= FCOMMENT; flag *= 2)
		while (data[3] & flag && at < size && data[at++])
			;
	return at + (data[3] & FHCRC ? 2 : 0);
}

static bool inflate_at(const struct sk_buf *body, size_t skip, struct sk_buf *out)
{
	z_stream z = {.next_in = (uint8_t *)body->data + skip, .avail_in = (unsigned)(body->size - skip)};
	char *space;
	int r;

	sk_buf_clear(out);
	if (sk_buf_reserve(out, BODY_MAX, &space) || inflateInit2(&z, -15) != Z_OK)
		return false;
	z.next_out = (uint8_t *)space;
	z.avail_out = BODY_MAX;
	r = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	sk_buf_grown(out, BODY_MAX - z.avail_out);
	return (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR) && out->size;
}

/* One layer, whichever it is; false leaves the body as it came. */
static bool unpack(const struct sk_buf *body, struct sk_buf *out)
{
	size_t skip = body->size ? wrapping((const uint8_t *)body->data, body->size) : 0;

	if (!body->size)
		return false;
	if (skip < body->size && inflate_at(body, skip, out))
		return true;
	return (skip && inflate_at(body, 0, out)) || (body->size > 10 && skip > 10 && inflate_at(body, 10, out));
}

static enum gw_act act_of(const struct head *h)
{
	static const char *const writing[] = {"POST", "PUT", "PATCH", "DELETE", "MOVE", "COPY", NULL};

	if (!h->request)
		return GW_ACT_REPORT;
	for (const char *const *w = writing; *w; w++)
		if (h->method_size == strlen(*w) && memcmp(h->method, *w, h->method_size) == 0)
			return GW_ACT_WRITE;
	return GW_ACT_READ;
}

enum { LAYERS = 4 };

static void add_body(struct head *h, const struct half *half, struct sk_buf plain[LAYERS])
{
	const struct sk_buf *body = &half->body;

	for (unsigned i = 0; i < h->packed && i < LAYERS && unpack(body, &plain[i]); i++)
		body = &plain[i];
	if (!body->size)
		return;
	head_add(h, h->request ? "http.request_body" : "http.response_body", (const uint8_t *)body->data, body->size);
	head_add(h, "file.data", (const uint8_t *)body->data, body->size);
}

static size_t fill_fields(const struct head *h, struct gw_field out[5])
{
	size_t n = 0;

	if (!h->request) {
		out[n++] = (struct gw_field){.def = F_STATUS, .u = h->status};
		return n;
	}
	out[n++] = (struct gw_field){.def = F_METHOD, .bytes = {h->method, h->method_size}};
	out[n++] = (struct gw_field){.def = F_URI, .bytes = {h->uri, h->uri_size}};
	if (h->host)
		out[n++] = (struct gw_field){.def = F_HOST, .bytes = {h->host, h->host_size}};
	for (size_t i = 0; i < h->count && n < 5; i++)
		if (strcmp(h->buffers[i].name, "http.user_agent") == 0)
			out[n++] = (struct gw_field){.def = F_AGENT, .bytes = {h->buffers[i].data, h->buffers[i].size}};
	return n;
}

static void say(struct gw_turn *turn, const struct half *half, struct head *h, enum gw_dir dir, bool whole, size_t back)
{
	struct gw_field values[5];
	struct gw_message message = {.name = h->request ? "request" : "response", .act = act_of(h), .dir = dir,
		.from = h->request ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT, .request = h->request, .whole = whole, .id = half->id, .size = half->size, .back = back,
		.fields = values, .buffers = h->buffers};
	struct sk_buf plain[LAYERS] = {SK_BUF(2 * BODY_MAX), SK_BUF(2 * BODY_MAX), SK_BUF(2 * BODY_MAX), SK_BUF(2 * BODY_MAX)};
	enum gw_reply reply;

	if (whole)
		add_body(h, half, plain);
	message.field_count = fill_fields(h, values);
	message.buffer_count = h->count;
	turn->engine->say(turn, &message, &reply);
	for (unsigned i = 0; i < LAYERS; i++)
		sk_buf_done(&plain[i]);
}

static void message_done(struct half *half)
{
	sk_buf_clear(&half->head);
	sk_buf_clear(&half->body);
	half->phase = PH_HEAD;
	half->size = 0;
}

/* The body's last byte is here. */
static void finish(struct gw_turn *turn, struct half *half, enum gw_dir dir, size_t back)
{
	struct head h;

	if (half->head.size && head_read(&h, (const uint8_t *)half->head.data, half->head.size, dir) == 0) {
		say(turn, half, &h, dir, true, back);
		head_done(&h);
	}
	message_done(half);
}

/* How the body of this message is framed (RFC 9112 section 6.3). */
static enum phase framing(struct http *s, const struct head *h, uint64_t *ret_left)
{
	uint8_t asked = h->request ? 0 : s->asked[s->answers % QUEUE];

	*ret_left = h->length;
	if (!h->request) {
		if ((h->status == 101 && !h->has_length) || (asked == 'c' && h->status / 100 == 2))
			return PH_TUNNEL;
		if (h->status == 100 || h->status == 304 || asked == 'h')
			return PH_HEAD;
		if ((h->status / 100 == 1 || h->status == 204) && !h->has_length && !h->chunked)
			return PH_HEAD; /* one that has a body all the same is read by some receivers */
	}
	if (h->chunked)
		return PH_CHUNK_SIZE;
	if (h->has_length && (h->request || !h->odd_length))
		return h->length ? PH_LENGTH : PH_HEAD;
	return h->request ? PH_HEAD : PH_CLOSE;
}

static void count(struct http *s, const struct head *h)
{
	if (h->request) {
		s->asked[s->requests++ % QUEUE] = h->method_size == 4 && memcmp(h->method, "HEAD", 4) == 0 ? 'h' :
			h->method_size == 7 && memcmp(h->method, "CONNECT", 7) == 0 ? 'c' : 0;
	} else if (h->status / 100 != 1 && s->answers < s->requests) {
		s->answers++;
	}
}

static void head_whole(struct gw_turn *turn, struct http *s, enum gw_dir dir, size_t back)
{
	struct half *half = &s->half[dir];
	struct head h;
	enum phase next;

	if (head_read(&h, (const uint8_t *)half->head.data, half->head.size, dir)) {
		head_done(&h);
		sk_buf_clear(&half->head);
		half->phase = PH_LOST;
		return;
	}
	half->id = (h.request ? s->requests : s->answers) + 1;
	next = framing(s, &h, &half->left);
	half->length = h.has_length && !h.odd_length ? h.length : UINT64_MAX;
	count(s, &h);
	say(turn, half, &h, dir, next == PH_HEAD || next == PH_TUNNEL, back);
	head_done(&h);
	if (next == PH_HEAD || next == PH_TUNNEL)
		message_done(half);
	half->phase = next;
	half->line_size = 0;
	if (next == PH_TUNNEL)
		s->half[!dir].phase = PH_TUNNEL;
}

static const char bare[] = "HTTP/0.9 200\r\n\r\n";

/* The first answer has no head at all: all of it is the body, as in HTTP/0.9. */
static bool is_bare(const struct gw_turn *turn, const struct http *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	return dir == GW_TO_CLIENT && !turn->midstream && s->requests && !s->answers && head_guess(data, size, dir) == GW_NO;
}

/* Each of the following takes bytes of `data` and says how many. */

static size_t take_head(struct gw_turn *turn, struct http *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct half *half = &s->half[dir];
	size_t before = half->head.size, fits, end, used;

	if (!before && *data <= ' ')
		return 1; /* empty lines before a message (RFC 9112 section 2.2), and what receivers skip besides */
	if (!before && is_bare(turn, s, dir, data, size)) {
		(void)sk_buf_append(&half->head, bare, sizeof bare - 1); /* out of memory: it is not said */
		half->id = ++s->answers;
		half->phase = PH_CLOSE;
		return 0;
	}
	fits = SK_MIN(size, (size_t)HEAD_MAX - before);
	if (sk_buf_append(&half->head, data, fits)) {
		half->phase = PH_LOST;
		return size;
	}
	end = head_end((const uint8_t *)half->head.data, half->head.size, before);
	if (!end) {
		if (head_guess((const uint8_t *)half->head.data, half->head.size, dir) == GW_NO && turn->midstream)
			half->phase = PH_LOST;
		else if (half->head.size < HEAD_MAX)
			return fits;
		if (half->phase != PH_LOST) {
			half->size = HEAD_MAX;
			head_whole(turn, s, dir, size - fits); /* what fits is said; the rest cannot be framed */
		}
		half->phase = PH_LOST;
		sk_buf_clear(&half->head);
		return fits;
	}
	used = end - before;
	sk_buf_drop_end(&half->head, half->head.size - end);
	half->size = end;
	head_whole(turn, s, dir, size - used);
	return used;
}

static void keep_body(struct half *half, const uint8_t *data, size_t size)
{
	size = SK_MIN(size, (size_t)BODY_MAX - half->body.size);
	if (size)
		(void)sk_buf_append(&half->body, data, size); /* out of memory: rules see less of it */
}

static size_t take_counted(struct gw_turn *turn, struct half *half, enum gw_dir dir, const uint8_t *data, size_t size)
{
	size_t used = (size_t)SK_MIN((uint64_t)size, half->left);

	keep_body(half, data, used);
	half->left -= used;
	half->size += used;
	if (half->left == 0) {
		if (half->phase == PH_LENGTH)
			finish(turn, half, dir, size - used);
		else
			half->phase = PH_CHUNK_END;
	}
	return used;
}

/* A line of the chunked coding into half->line; true when it is whole. */
static bool take_line(struct half *half, const uint8_t *data, size_t size, size_t *ret_used)
{
	const uint8_t *feed = memchr(data, '\n', size);
	size_t used = feed ? (size_t)(feed - data) + 1 : size;

	for (size_t i = 0; i < used && half->line_size < LINE_MAX_ - 1; i++)
		half->line[half->line_size++] = (char)data[i];
	half->size += used;
	*ret_used = used;
	return feed != NULL;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The size that a chunk's line says; white space before it is skipped. False when it says none, as far as it is here. */
static bool chunk_size(const char *line, size_t size, uint64_t *ret_size)
{
	uint64_t value = 0;
	size_t i = 0, begin;

	while (i < size && (unsigned char)line[i] <= ' ')
		i++;
	for (begin = i; i < size && digit_of(line[i]) >= 0 && value < 1ull << 56; i++)
		value = value << 4 | (uint64_t)digit_of(line[i]);
	*ret_size = value;
	return begin == size || (i > begin && (i == size || !isalnum((unsigned char)line[i])));
}

/* No chunks, whatever the head said: the body goes by its length, or to the end. */
static void unchunk(struct half *half, size_t before)
{
	bool counted = half->length != UINT64_MAX && half->body.size == 0 && half->length > before;

	keep_body(half, (const uint8_t *)half->line, before);
	half->left = counted ? half->length - before : 0;
	half->phase = counted ? PH_LENGTH : PH_CLOSE;
	half->line_size = 0;
}

static bool is_blank(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)line[i] > ' ')
			return false;
	return true;
}

static size_t take_chunk_line(struct gw_turn *turn, struct half *half, enum gw_dir dir, const uint8_t *data, size_t size)
{
	size_t used, before = half->line_size;
	bool whole = take_line(half, data, size, &used);
	uint64_t value;

	if (half->phase == PH_CHUNK_SIZE && !chunk_size(half->line, half->line_size, &value)) {
		half->size -= used;
		unchunk(half, before);
		return 0;
	}
	if (!whole)
		return used;
	switch (half->phase) {
	case PH_CHUNK_SIZE:
		if (is_blank(half->line, half->line_size))
			break;
		half->left = value;
		half->phase = half->left ? PH_CHUNK : PH_TRAILER;
		break;
	case PH_CHUNK_END:
		half->phase = PH_CHUNK_SIZE;
		break;
	default:
		if (half->line_size <= 2 && (half->line[0] == '\r' || half->line[0] == '\n'))
			finish(turn, half, dir, size - used);
	}
	half->line_size = 0;
	return used;
}

/* Looks for the next head in a piece's beginning: that is where senders begin one. */
static size_t take_lost(struct half *half, enum gw_dir dir, const uint8_t *data, size_t size)
{
	if (head_guess(data, size, dir) != GW_YES)
		return size;
	message_done(half);
	return 0;
}

static size_t take(struct gw_turn *turn, struct http *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct half *half = &s->half[dir];

	switch (half->phase) {
	case PH_HEAD: return take_head(turn, s, dir, data, size);
	case PH_LENGTH:
	case PH_CHUNK: return take_counted(turn, half, dir, data, size);
	case PH_CHUNK_SIZE:
	case PH_CHUNK_END:
	case PH_TRAILER: return take_chunk_line(turn, half, dir, data, size);
	case PH_CLOSE:
		keep_body(half, data, size);
		half->size += size;
		return size;
	case PH_LOST: return take_lost(half, dir, data, size);
	default: return size;
	}
}

static void http_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	while (size) {
		size_t used = take(turn, state, dir, data, size);

		data += used;
		size -= used;
	}
}

static void http_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct http *s = state;
	struct half *half = &s->half[dir];

	if (half->phase == PH_LENGTH && missing < half->left) {
		half->left -= missing;
		half->size += missing;
		return;
	}
	if (half->phase != PH_TUNNEL && half->phase != PH_CLOSE) {
		message_done(half);
		half->phase = PH_LOST;
	}
}

static void http_fin(struct gw_turn *turn, void *state, enum gw_dir dir)
{
	struct half *half = &((struct http *)state)->half[dir];

	if (half->phase != PH_HEAD && half->phase != PH_TUNNEL && half->phase != PH_LOST)
		finish(turn, half, dir, 0); /* also what ends too early: its receiver may have taken it */
}

static enum gw_guess http_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return head_guess(data, size, dir);
}

static const uint16_t ports[] = {80, 8080, 3128, 0};
static const char *const buffers[] = {"http.method", "http.uri", "http.uri.raw", "http.protocol", "http.request_line", "http.response_line", "http.host",
	"http.host.raw", "http.user_agent", "http.referer", "http.cookie", "http.header", "http.header.raw", "http.request_header", "http.response_header", "http.header_names", "http.accept", "http.accept_enc",
	"http.accept_lang", "http.connection", "http.content_type", "http.content_len", "http.server", "http.location", "http.start", "http.stat_code",
	"http.stat_msg", "http.request_body", "http.response_body", "file.data", NULL};

const struct gw_proto gw_proto_http = {.name = "http", .over = GW_TCP, .ports = ports, .guess = http_guess, .state_size = sizeof(struct http),
	.budget = 2 * (HEAD_MAX + BODY_MAX) + 12 * HEAD_MAX, .begin = http_begin, .end = http_end, .data = http_data, .gap = http_gap, .fin = http_fin,
	.fields = fields, .field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .en = "HTTP/1.0 and 1.1: requests and answers with their fields and bodies",
	.ja = "HTTP/1.0 と 1.1：要求と応答、そのフィールドと本体"};
