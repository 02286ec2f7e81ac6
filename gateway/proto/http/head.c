// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading a head line by line, and writing the normal forms: decoded URI, host without port, fields as "Name: value". */
#include "proto/http/head.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const methods[] = {"GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "CONNECT ", "PATCH ", "TRACE ", "PROPFIND ", "PROPPATCH ", "MKCOL ",
	"COPY ", "MOVE ", "LOCK ", "UNLOCK ", "SEARCH ", "REPORT ", "M-SEARCH ", "NOTIFY ", "SUBSCRIBE ", "DEBUG ", "BPROPFIND ", "PURGE ", NULL};

enum gw_guess head_guess(const uint8_t *data, size_t size, enum gw_dir dir)
{
	static const char *const answer[] = {"HTTP/", "http/", NULL};
	enum gw_guess guess = GW_NO;

	for (const char *const *word = dir == GW_TO_SERVER ? methods : answer; *word; word++) {
		size_t length = strlen(*word);

		if (memcmp(data, *word, SK_MIN(size, length)) != 0)
			continue;
		if (size >= length)
			return GW_YES;
		guess = GW_MORE;
	}
	return guess;
}

/* Behind a line that is empty but for CR and white space; where it has white space, only when what follows is no fold. */
static size_t blank_end(const uint8_t *data, size_t size, size_t at)
{
	bool space = false;

	for (; at < size && (data[at] == '\r' || data[at] == ' ' || data[at] == '\t'); at++)
		space |= data[at] != '\r';
	if (at == size || data[at] != '\n' || (space && (at + 1 == size || data[at + 1] == ' ' || data[at + 1] == '\t')))
		return 0;
	return at + 1;
}

size_t head_end(const uint8_t *data, size_t size, size_t seen)
{
	enum { BLANK_MAX = 64 };

	for (size_t i = seen > BLANK_MAX ? seen - BLANK_MAX : 0; i < size; i++)
		if (data[i] == '\n') {
			size_t end = blank_end(data, size, i + 1);

			if (end)
				return end;
		}
	return 0;
}

void head_add(struct head *h, const char *name, const uint8_t *data, size_t size)
{
	if (h->count < HEAD_BUFFERS_MAX)
		h->buffers[h->count++] = (struct gw_buffer){.name = name, .data = data, .size = size};
}

/* A buffer that was written to the end of `made` since `from`. */
static void add_made(struct head *h, const char *name, size_t from)
{
	if (h->count == HEAD_BUFFERS_MAX)
		return;
	h->made_at[h->count] = from + 1;
	head_add(h, name, NULL, h->made.size - from);
}

/* `made` does not move any more. */
static void settle(struct head *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->made_at[i])
			h->buffers[i].data = (const uint8_t *)(h->made.data ? h->made.data : "") + h->made_at[i] - 1;
}

static int hex_digit(uint8_t c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? (c | 32) - 'a' + 10 : -1;
}

static size_t decode(const uint8_t *data, size_t size, uint8_t *out)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '%' && i + 2 < size && hex_digit(data[i + 1]) >= 0 && hex_digit(data[i + 2]) >= 0) {
			out[to++] = (uint8_t)(hex_digit(data[i + 1]) << 4 | hex_digit(data[i + 2]));
			i += 2;
		} else {
			out[to++] = data[i];
		}
	}
	return to;
}

/* Backslashes become slashes, several become one, "." and ".." are resolved (RFC 3986 section 5.2.4), in place. */
static size_t tidy_path(uint8_t *path, size_t size)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i++) {
		uint8_t c = path[i] == '\\' ? '/' : path[i];

		if (c == '/' && to && path[to - 1] == '/')
			continue;
		path[to++] = c;
		if (c != '/' && i + 1 < size)
			continue;
		if (to >= 3 && path[to - 1] == '/' && path[to - 2] == '.' && path[to - 3] == '/') {
			to -= 2;
		} else if (to >= 4 && path[to - 1] == '/' && path[to - 2] == '.' && path[to - 3] == '.' && path[to - 4] == '/') {
			to -= 4;
			while (to && path[to - 1] != '/')
				to--;
			if (!to)
				path[to++] = '/';
		}
	}
	return to;
}

static int add_uri(struct head *h)
{
	const uint8_t *uri = h->uri, *query, *slash;
	size_t size = h->uri_size, from = h->made.size, path;
	char *space;
	int r;

	head_add(h, "http.uri.raw", uri, size);
	if (size > 7 && strncasecmp((const char *)uri, "http://", 7) == 0 && (slash = memchr(uri + 7, '/', size - 7))) {
		size -= (size_t)(slash - uri);
		uri = slash;
	}
	if ((r = sk_buf_reserve(&h->made, size + 1, &space)))
		return r;
	query = memchr(uri, '?', size);
	path = query ? (size_t)(query - uri) : size;
	size_t made = tidy_path((uint8_t *)space, decode(uri, path, (uint8_t *)space));
	made += decode(uri + path, size - path, (uint8_t *)space + made);
	sk_buf_grown(&h->made, made);
	add_made(h, "http.uri", from);
	return 0;
}

static const uint8_t *word_end(const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != ' ' && *at != '\t')
		at++;
	return at;
}

static const uint8_t *skip_space(const uint8_t *at, const uint8_t *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static int read_request_line(struct head *h, const uint8_t *line, size_t size)
{
	const uint8_t *end = line + size, *at = word_end(line, end), *last;

	h->method = line;
	h->method_size = (size_t)(at - line);
	at = skip_space(at, end);
	h->uri = at;
	for (last = end; last > at && last[-1] != ' ' && last[-1] != '\t'; last--)
		;
	if (end - last < 5 || memcmp(last, "HTTP/", 5) != 0)
		last = end; /* HTTP/0.9, or a URI with spaces and no version */
	else
		head_add(h, "http.protocol", last, (size_t)(end - last));
	h->http10 = last == end || end[-1] == '0';
	while (last > at && (last[-1] == ' ' || last[-1] == '\t'))
		last--;
	h->uri_size = (size_t)(last - at);
	if (!h->method_size || !h->uri_size)
		return SK_BAD;
	head_add(h, "http.method", h->method, h->method_size);
	head_add(h, "http.request_line", line, size);
	return add_uri(h);
}

static int read_status_line(struct head *h, const uint8_t *line, size_t size)
{
	const uint8_t *end = line + size, *at = word_end(line, end), *code;

	if (at - line < 6 || strncasecmp((const char *)line, "HTTP/", 5) != 0)
		return SK_BAD;
	h->http10 = at[-1] == '0';
	head_add(h, "http.protocol", line, (size_t)(at - line));
	code = skip_space(at, end);
	at = word_end(code, end);
	for (const uint8_t *digit = code; digit < at && digit < code + 6; digit++)
		h->status = h->status * 10 + (isdigit(*digit) ? (unsigned)(*digit - '0') : 0);
	head_add(h, "http.stat_code", code, (size_t)(at - code));
	at = skip_space(at, end);
	h->text = at;
	h->text_size = (size_t)(end - at);
	head_add(h, "http.stat_msg", at, h->text_size);
	head_add(h, "http.response_line", line, size);
	return 0;
}

static bool is(const uint8_t *data, size_t size, const char *word)
{
	return size == strlen(word) && strncasecmp((const char *)data, word, size) == 0;
}

static bool has_word(const uint8_t *data, size_t size, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= size; i++)
		if (strncasecmp((const char *)data + i, word, length) == 0)
			return true;
	return false;
}

static int add_host(struct head *h, const uint8_t *value, size_t size)
{
	size_t from = h->made.size, length = size;
	char *space;
	int r;

	head_add(h, "http.host.raw", value, size);
	for (size_t i = size; i-- > 0 && value[i] != ']';)
		if (value[i] == ':') {
			length = i;
			break;
		}
	if ((r = sk_buf_reserve(&h->made, length + 1, &space)))
		return r;
	for (size_t i = 0; i < length; i++)
		space[i] = (char)tolower(value[i]);
	sk_buf_grown(&h->made, length);
	add_made(h, "http.host", from);
	h->host = value;
	h->host_size = size;
	return 0;
}

static unsigned count_words(const uint8_t *data, size_t size, const char *word)
{
	unsigned count = 0;

	for (size_t i = 0; i < size; i++)
		count += has_word(data + i, SK_MIN(size - i, strlen(word)), word);
	return count;
}

static void read_length(struct head *h, const uint8_t *value, size_t size)
{
	uint64_t length = 0;
	size_t i = 0;

	for (; i < size && isdigit(value[i]) && length < UINT64_MAX / 20; i++)
		length = length * 10 + (uint64_t)(value[i] - '0');
	h->odd_length |= i == 0 || i < size || (h->has_length && length != h->length);
	if (!h->has_length)
		h->length = length;
	h->has_length = true;
}

static void read_framing(struct head *h, const uint8_t *name, size_t name_size, const uint8_t *value, size_t size)
{
	if (is(name, name_size, "Content-Length"))
		read_length(h, value, size);
	else if (is(name, name_size, "Connection"))
		h->close |= has_word(value, size, "close");
}

/* The whole line, wherever its colon is: "Transfer-Encoding \v:chunked", and a fold that is none for some. */
static void read_codings(struct head *h, const uint8_t *line, size_t size)
{
	if (has_word(line, size, "transfer") && has_word(line, size, "encoding"))
		h->chunked |= has_word(line, size, "chunked");
	if (has_word(line, size, "content") && has_word(line, size, "encoding"))
		h->packed += count_words(line, size, "gzip") + count_words(line, size, "deflate");
}

static int read_field(struct head *h, const uint8_t *name, size_t name_size, const uint8_t *value, size_t size)
{
	static const struct {
		const char *name, *buffer;
		char of; /* q: requests, r: answers, b: both */
	} fields[] = {{"User-Agent", "http.user_agent", 'q'}, {"Referer", "http.referer", 'q'}, {"Cookie", "http.cookie", 'q'},
		{"Set-Cookie", "http.cookie", 'r'}, {"Accept", "http.accept", 'q'}, {"Accept-Encoding", "http.accept_enc", 'q'},
		{"Accept-Language", "http.accept_lang", 'q'}, {"Connection", "http.connection", 'b'}, {"Content-Type", "http.content_type", 'b'},
		{"Content-Length", "http.content_len", 'b'}, {"Server", "http.server", 'r'}, {"Location", "http.location", 'r'}};

	read_framing(h, name, name_size, value, size);
	for (size_t i = 0; i < SK_ARRAY_SIZE(fields); i++)
		if (is(name, name_size, fields[i].name) && (fields[i].of == 'b' || (fields[i].of == 'q') == h->request))
			head_add(h, fields[i].buffer, value, size);
	return h->request && is(name, name_size, "Host") ? add_host(h, value, size) : 0;
}

struct line {
	const uint8_t *name, *value;
	size_t name_size, value_size;
};

/* See head.h: no zero bytes, LF alone ends a line, a fold (RFC 9112 section 5.2) is a space. Never longer than what it was. */
static size_t clean_lines(const uint8_t *data, size_t size, char *out)
{
	size_t to = 0;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == 0)
			continue;
		if (data[i] != '\r' && data[i] != '\n') {
			out[to++] = (char)data[i];
			continue;
		}
		if (data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
			i++;
		if (to && out[to - 1] != '\n' && i + 1 < size && (data[i + 1] == ' ' || data[i + 1] == '\t'))
			out[to++] = ' ';
		else
			out[to++] = '\n';
	}
	return to;
}

/* Cuts the fields; a line without a colon is a field without a name. */
static size_t cut_lines(const uint8_t *data, size_t size, size_t at, struct line *lines)
{
	size_t count = 0;

	while (at < size && count < HEAD_LINES_MAX) {
		const uint8_t *begin = data + at, *feed = memchr(begin, '\n', size - at), *end = feed ? feed : data + size, *colon;
		struct line *line = &lines[count];

		at = (size_t)(end - data) + 1;
		while (end > begin && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
			end--;
		if (end == begin)
			continue;
		colon = memchr(begin, ':', (size_t)(end - begin));
		line->name = begin;
		line->name_size = colon ? (size_t)(colon - begin) : 0;
		while (line->name_size && begin[line->name_size - 1] <= ' ')
			line->name_size--;
		line->value = skip_space(colon ? colon + 1 : begin, end);
		line->value_size = (size_t)(end - line->value);
		count++;
	}
	return count;
}

/* All fields as "Name: value\r\n": without cookies, or with them and each a buffer of its own. */
static int write_fields(struct head *h, const struct line *lines, size_t count, bool cookies)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct line *l = &lines[i];
		size_t from;

		if (!cookies && (is(l->name, l->name_size, "Cookie") || is(l->name, l->name_size, "Set-Cookie")))
			continue;
		from = h->made.size;
		r = sk_buf_append(&h->made, l->name, l->name_size);
		if (r == 0 && l->name_size)
			r = sk_buf_append(&h->made, ": ", 2);
		if (r == 0)
			r = sk_buf_append(&h->made, l->value, l->value_size);
		if (r == 0 && cookies && l->name_size)
			add_made(h, h->request ? "http.request_header" : "http.response_header", from);
		if (r == 0)
			r = sk_buf_append(&h->made, "\r\n", 2);
	}
	return r;
}

static int write_names(struct head *h, const struct line *lines, size_t count)
{
	int r = sk_buf_append(&h->made, "\r\n", 2);

	for (size_t i = 0; i < count && r == 0; i++)
		if (lines[i].name_size && (r = sk_buf_append(&h->made, lines[i].name, lines[i].name_size)) == 0)
			r = sk_buf_append(&h->made, "\r\n", 2);
	return r ? r : sk_buf_append(&h->made, "\r\n", 2);
}

static int write_forms(struct head *h, const uint8_t *data, size_t first, const struct line *lines, size_t count)
{
	size_t from = h->made.size;
	int r = write_fields(h, lines, count, false);

	if (r)
		return r;
	add_made(h, "http.header", from);
	from = h->made.size;
	if ((r = write_names(h, lines, count)))
		return r;
	add_made(h, "http.header_names", from);
	from = h->made.size;
	if ((r = sk_buf_append(&h->made, data, first)) || (r = sk_buf_append(&h->made, "\r\n", 2)) || (r = write_fields(h, lines, count, true)) ||
		(r = sk_buf_append(&h->made, "\r\n", 2)))
		return r;
	add_made(h, "http.start", from);
	return 0;
}

/* Bytes before the first CR or LF. */
static size_t line_size(const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (at < size && data[at] != '\r' && data[at] != '\n')
		at++;
	return at;
}

int head_read(struct head *h, const uint8_t *data, size_t size, enum gw_dir dir)
{
	_cleanup_free_ struct line *lines = sk_calloc(HEAD_LINES_MAX, sizeof *lines);
	size_t first = line_size(data, size), next = SK_MIN(first + 1, size), count, clean;
	int r;

	*h = (struct head){.request = dir == GW_TO_SERVER, .made = SK_BUF(8 * HEAD_MAX)};
	if (next < size && data[next - 1] == '\r' && data[next] == '\n')
		next++;
	h->clean = sk_malloc(size - next + 1);
	if (!lines || !h->clean)
		return sk_origin(-ENOMEM);
	while (first && data[first - 1] == ' ')
		first--;
	r = h->request ? read_request_line(h, data, first) : read_status_line(h, data, first);
	if (r)
		return r;
	clean = clean_lines(data + next, size - next, h->clean);
	count = cut_lines((const uint8_t *)h->clean, clean, 0, lines);
	head_add(h, "http.header.raw", data + next, size - next);
	for (size_t i = 0; i < count; i++)
		read_codings(h, lines[i].name, (size_t)(lines[i].value - lines[i].name) + lines[i].value_size);
	for (size_t i = 0; i < count && r == 0; i++)
		if (lines[i].name_size)
			r = read_field(h, lines[i].name, lines[i].name_size, lines[i].value, lines[i].value_size);
	if (r == 0)
		r = write_forms(h, data, first, lines, count);
	settle(h);
	return r;
}

void head_done(struct head *h)
{
	sk_buf_done(&h->made);
	free(h->clean);
	h->clean = NULL;
}
