// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * TLS records (RFC 8446 section 5, RFC 5246 section 6): handshake messages are put together across records and said as long as they are in the clear; once both
 * sides send application data the flow is harmless. Owns a buffer for each direction's handshake.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "proto/tls/tls.h"

enum { RECORD_HEAD = 5, HANDSHAKE_MAX = 65536, REC_CIPHER = 20, REC_ALERT = 21, REC_HANDSHAKE = 22, REC_DATA = 23, HS_CLIENT_HELLO = 1,
	HS_SERVER_HELLO = 2, HS_CERTIFICATE = 11 };

struct half {
	uint8_t head[RECORD_HEAD];
	size_t head_size;
	size_t left;             /* of the record */
	struct sk_buf handshake; /* messages that are not whole */
	uint64_t size;
	bool hidden, data, lost;
};

struct tls {
	struct half half[2];
	uint16_t version;
	bool told_harmless;
};

enum { F_VERSION, F_SNI };
static const struct gw_field_def fields[] = {
	[F_VERSION] = {"version", GW_UINT, .learn = true, .en = "0x0301 for TLS 1.0 to 0x0304 for 1.3", .ja = "0x0301（TLS 1.0）から 0x0304（1.3）まで"},
	[F_SNI] = {"name", GW_TEXT, .learn = true, .en = "the server's name that the client asks for", .ja = "クライアントが求めたサーバー名"},
};

static int tls_begin(void *state, const struct gw_turn *turn)
{
	struct tls *s = state;

	s->half[0].handshake = s->half[1].handshake = SK_BUF(HANDSHAKE_MAX);
	return 0;
}

static void tls_end(void *state)
{
	struct tls *s = state;

	sk_buf_done(&s->half[0].handshake);
	sk_buf_done(&s->half[1].handshake);
}

static void say(struct gw_turn *turn, const struct half *half, enum gw_dir dir, const char *name, const struct gw_field *values, size_t value_count,
	const struct gw_buffer *buffers, size_t buffer_count, size_t back)
{
	struct gw_message message = {.name = name, .act = GW_ACT_SESSION, .dir = dir, .from = dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT,
		.request = dir == GW_TO_SERVER, .whole = true, .size = half->size, .back = back, .fields = values, .field_count = value_count, .buffers = buffers,
		.buffer_count = buffer_count};
	enum gw_reply reply;

	turn->engine->say(turn, &message, &reply);
}

static struct gw_buffer text(const char *name, const char *value)
{
	return (struct gw_buffer){.name = name, .data = (const uint8_t *)value, .size = strlen(value)};
}

static void say_hello(struct gw_turn *turn, struct tls *s, enum gw_dir dir, bool client, const uint8_t *data, size_t size, size_t back)
{
	_cleanup_free_ struct hello *h = sk_malloc(sizeof *h);
	struct gw_field values[2];
	struct gw_buffer buffers[8];
	size_t value_count = 0, count = 0;

	if (!h || hello_read(data, size, client, h))
		return;
	if (!client)
		s->version = h->version;
	values[value_count++] = (struct gw_field){.def = F_VERSION, .u = h->version};
	if (h->sni && client) {
		values[value_count++] = (struct gw_field){.def = F_SNI, .bytes = {h->sni, h->sni_size}};
		buffers[count++] = (struct gw_buffer){.name = "tls.sni", .data = h->sni, .size = h->sni_size};
	}
	if (h->random) {
		buffers[count++] = (struct gw_buffer){.name = "tls.random", .data = h->random, .size = 32};
		buffers[count++] = (struct gw_buffer){.name = "tls.random_time", .data = h->random, .size = 4};
		buffers[count++] = (struct gw_buffer){.name = "tls.random_bytes", .data = h->random + 4, .size = 28};
	}
	if (*h->ja3_hash) {
		buffers[count++] = text(client ? "ja3.string" : "ja3s.string", h->ja3);
		buffers[count++] = text(client ? "ja3.hash" : "ja3s.hash", h->ja3_hash);
	}
	if (client)
		buffers[count++] = text("ja4.hash", h->ja4);
	say(turn, &s->half[dir], dir, client ? "client-hello" : "server-hello", values, value_count, buffers, count, back);
}

static void say_certificates(struct gw_turn *turn, struct tls *s, enum gw_dir dir, const uint8_t *data, size_t size, size_t back)
{
	_cleanup_free_ struct certificate *certificate = sk_malloc(sizeof *certificate);
	struct gw_buffer buffers[CERT_COUNT_MAX + 4];
	struct gw_field version = {.def = F_VERSION, .u = s->version};
	size_t count = 0;
	struct sk_cursor c, list;

	sk_cursor_init(&c, data, size);
	size_t total = (size_t)sk_get_u8(&c) << 16;
	total |= sk_get_u16(&c);
	list = sk_get_window(&c, total);
	while (certificate && sk_cursor_left(&list) > 3 && count < CERT_COUNT_MAX) {
		size_t one = (size_t)sk_get_u8(&list) << 16;
		one |= sk_get_u16(&list);
		const uint8_t *der = sk_get_bytes(&list, one);

		if (!der)
			break;
		buffers[count++] = (struct gw_buffer){.name = "tls.certs", .data = der, .size = one};
	}
	if (!count)
		return;
	if (certificate_read(buffers[0].data, buffers[0].size, certificate) == 0) {
		buffers[count++] = text("tls.cert_subject", certificate->subject);
		buffers[count++] = text("tls.cert_issuer", certificate->issuer);
		buffers[count++] = text("tls.cert_serial", certificate->serial);
		buffers[count++] = text("tls.cert_fingerprint", certificate->fingerprint);
	}
	say(turn, &s->half[dir], dir, "certificate", &version, 1, buffers, count, back);
}

/* The messages that are whole in the handshake buffer. */
static void take_messages(struct gw_turn *turn, struct tls *s, enum gw_dir dir, size_t back)
{
	struct half *half = &s->half[dir];
	size_t at = 0;

	while (half->handshake.size - at >= 4) {
		const uint8_t *m = (const uint8_t *)half->handshake.data + at;
		size_t size = (size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3];

		if (size > HANDSHAKE_MAX - 4) {
			half->lost = true;
			break;
		}
		if (half->handshake.size - at < 4 + size)
			break;
		if (m[0] == HS_CLIENT_HELLO || m[0] == HS_SERVER_HELLO)
			say_hello(turn, s, dir, m[0] == HS_CLIENT_HELLO, m + 4, size, back);
		else if (m[0] == HS_CERTIFICATE)
			say_certificates(turn, s, dir, m + 4, size, back);
		at += 4 + size;
	}
	sk_buf_drop(&half->handshake, at);
}

static void take_body(struct gw_turn *turn, struct tls *s, enum gw_dir dir, const uint8_t *data, size_t size, size_t back)
{
	struct half *half = &s->half[dir];

	if (half->head[0] == REC_CIPHER)
		half->hidden = true;
	if (half->head[0] == REC_DATA)
		half->data = true;
	if (half->head[0] == REC_HANDSHAKE && !half->hidden) {
		if (sk_buf_append(&half->handshake, data, size))
			half->lost = true;
		else
			take_messages(turn, s, dir, back);
	}
	if (s->half[0].data && s->half[1].data && !s->told_harmless) {
		s->told_harmless = true;
		turn->engine->harmless(turn);
	}
}

static bool record_begins(const uint8_t *head)
{
	return head[0] >= REC_CIPHER && head[0] <= 24 && head[1] == 3 && head[2] <= 4 && (head[3] << 8 | head[4]) <= 16384 + 2048;
}

static size_t take(struct gw_turn *turn, struct tls *s, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct half *half = &s->half[dir];
	size_t used;

	if (half->head_size < RECORD_HEAD) {
		used = SK_MIN(size, RECORD_HEAD - half->head_size);
		memcpy(half->head + half->head_size, data, used);
		half->head_size += used;
		if (half->head_size < RECORD_HEAD)
			return used;
		if (!record_begins(half->head)) {
			half->lost = true;
			return used;
		}
		half->left = (size_t)half->head[3] << 8 | half->head[4];
	} else {
		used = SK_MIN(size, half->left);
		half->left -= used;
		half->size += used;
		take_body(turn, s, dir, data, used, size - used);
	}
	if (half->left == 0)
		half->head_size = 0;
	return used;
}

static void tls_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct tls *s = state;

	if (s->half[dir].lost && size >= RECORD_HEAD && record_begins(data)) {
		s->half[dir].lost = false;
		s->half[dir].head_size = 0;
	}
	while (size && !s->half[dir].lost) {
		size_t used = take(turn, s, dir, data, size);

		data += used;
		size -= used;
	}
}

/* What a gap leaves of a handshake message cannot be read; records are found again where a piece begins with one. */
static void tls_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct half *half = &((struct tls *)state)->half[dir];

	sk_buf_clear(&half->handshake);
	half->lost = true;
}

static enum gw_guess tls_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	if (size < RECORD_HEAD + 1)
		return size && (data[0] < REC_CIPHER || data[0] > REC_DATA) ? GW_NO : GW_MORE;
	if (!record_begins(data))
		return GW_NO;
	return midstream || (data[0] == REC_HANDSHAKE && (data[5] == HS_CLIENT_HELLO || data[5] == HS_SERVER_HELLO)) ? GW_YES : GW_NO;
}

static const uint16_t ports[] = {443, 0};
static const char *const buffers[] = {"tls.sni", "tls.random", "tls.random_time", "tls.random_bytes", "tls.certs", "tls.cert_subject", "tls.cert_issuer", "tls.cert_serial", "tls.cert_fingerprint", "ja3.hash",
	"ja3.string", "ja3s.hash", "ja3s.string", "ja4.hash", NULL};

const struct gw_proto gw_proto_tls = {.name = "tls", .over = GW_TCP, .ports = ports, .guess = tls_guess, .state_size = sizeof(struct tls),
	.budget = 2 * HANDSHAKE_MAX + 16384, .begin = tls_begin, .end = tls_end, .data = tls_data, .gap = tls_gap, .fields = fields,
	.field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .en = "TLS: hellos, fingerprints (JA3, JA4) and certificates", .ja = "TLS：Hello、指紋（JA3、JA4）、証明書"};
