// SPDX-License-Identifier: GPL-3.0-or-later
/* Envelopes: reading, writing, the bytes that are signed. */
#include "policy/envelope.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json-lex.h"
#include "base/mem.h"
#include "base/text.h"

enum { ROOM = 128 }; /* "DSSEv1 63 TYPE SIZE ", and its end */

struct sk_envelope *sk_envelope_free(struct sk_envelope *envelope)
{
	if (!envelope)
		return NULL;
	sk_envelope_free(envelope->delegation);
	free(envelope->space);
	free(envelope);
	return NULL;
}

void sk_envelope_free_p(struct sk_envelope **envelope)
{
	*envelope = sk_envelope_free(*envelope);
}

/* Memory for a payload, with room in front of it for what is signed beside it: a large one is not copied to be verified. */
static int make_space(struct sk_envelope *envelope, size_t size)
{
	envelope->space = sk_malloc(ROOM + size + 1);
	if (!envelope->space)
		return sk_origin(-ENOMEM);
	envelope->payload = envelope->space + ROOM;
	envelope->payload[0] = '\0';
	return 0;
}

/* A text of at most `max` bytes; it lies in the source, or in the lexer until the next call. */
static int read_text(struct sk_lex *lex, size_t max, struct sk_lex_value *ret_value)
{
	int r = sk_lex_value(lex, ret_value);

	if (r != 0)
		return r;
	if (ret_value->kind != SK_LEX_TEXT)
		return sk_lex_refuse(lex, ret_value->from, "must be a string");
	return ret_value->size <= max ? 0 : sk_lex_refuse(lex, ret_value->from, "is too long");
}

static int read_payload(struct sk_lex *lex, struct sk_envelope *envelope)
{
	struct sk_lex_value text;
	int r = read_text(lex, SK_ENVELOPE_MAX, &text);

	if (r != 0)
		return r;
	if (text.size / 4 * 3 > SK_PAYLOAD_MAX + 3)
		return sk_lex_refuse(lex, text.from, "the payload is too large");
	r = make_space(envelope, text.size / 4 * 3);
	if (r != 0)
		return r;
	if (sk_unbase64(text.text, text.size, envelope->payload, text.size / 4 * 3, &envelope->payload_size) != 0)
		return sk_lex_refuse(lex, text.from, "must be base64");
	envelope->payload[envelope->payload_size] = '\0';
	return 0;
}

static int read_type(struct sk_lex *lex, struct sk_envelope *envelope)
{
	struct sk_lex_value text;
	int r = read_text(lex, sizeof envelope->type - 1, &text);

	if (r != 0)
		return r;
	memcpy(envelope->type, text.text, text.size);
	envelope->type[text.size] = '\0';
	if (!text.size || envelope->type[strspn(envelope->type, "abcdefghijklmnopqrstuvwxyz0123456789./+-")])
		return sk_lex_refuse(lex, text.from, "is not a media type of ours");
	return 0;
}

static int read_key_id(struct sk_lex *lex, struct sk_signature *signature)
{
	uint8_t id[(SK_KEY_ID_SIZE - 1) / 2];
	struct sk_lex_value text;
	int r = read_text(lex, SK_KEY_ID_SIZE - 1, &text);

	if (r != 0)
		return r;
	memcpy(signature->keyid, text.text, text.size);
	signature->keyid[text.size] = '\0';
	if (sk_unhex(signature->keyid, id, sizeof id) != 0 || signature->keyid[strcspn(signature->keyid, "ABCDEF")])
		return sk_lex_refuse(lex, text.from, "must be a key's number in hexadecimal digits, in lower case");
	return 0;
}

static int read_signature_bytes(struct sk_lex *lex, struct sk_signature *signature)
{
	struct sk_lex_value text;
	size_t size;
	int r = read_text(lex, SK_ENVELOPE_MAX, &text);

	if (r != 0)
		return r;
	if (sk_unbase64(text.text, text.size, signature->bytes, sizeof signature->bytes, &size) != 0 || size != SK_SIGNATURE_SIZE)
		return sk_lex_refuse(lex, text.from, "must be base64 of a signature");
	return 0;
}

/* The place in `names` of the member that was read, which must not be in *seen yet. */
static int which(struct sk_lex *lex, const char *const *names, unsigned *seen, unsigned *ret_which)
{
	unsigned i = 0;

	while (names[i] && strcmp(names[i], sk_lex_key(lex)) != 0)
		i++;
	if (!names[i])
		return sk_lex_refuse(lex, sk_lex_key_at(lex), "unknown key");
	if (*seen & 1u << i)
		return sk_lex_refuse(lex, sk_lex_key_at(lex), "the key is there twice");
	*seen |= 1u << i;
	*ret_which = i;
	return 0;
}

/* The object was entered; here it is closed. */
static int read_signature(struct sk_lex *lex, struct sk_signature *signature)
{
	static const char *const names[] = {"keyid", "sig", NULL};
	unsigned seen = 0, i;
	int r;

	while ((r = sk_lex_member(lex)) == 0) {
		r = which(lex, names, &seen, &i);
		if (r == 0)
			r = i == 0 ? read_key_id(lex, signature) : read_signature_bytes(lex, signature);
		if (r != 0)
			return r;
	}
	if (r == SK_END && seen != 3)
		return sk_lex_refuse(lex, lex->at, "keyid or sig is missing");
	return r == SK_END ? 0 : r;
}

static int read_signatures(struct sk_lex *lex, struct sk_envelope *envelope)
{
	struct sk_lex_value value;
	int r = sk_lex_value(lex, &value);

	if (r == 0 && value.kind != SK_LEX_ARRAY)
		r = sk_lex_refuse(lex, value.from, "must be an array");
	while (r == 0 && (r = sk_lex_item(lex)) == 0) {
		if (envelope->signature_count == SK_SIGNATURES_MAX)
			return sk_lex_refuse(lex, lex->at, "too many signatures");
		r = sk_lex_value(lex, &value);
		if (r == 0 && value.kind != SK_LEX_OBJECT)
			r = sk_lex_refuse(lex, value.from, "must be an object");
		if (r == 0)
			r = read_signature(lex, &envelope->signatures[envelope->signature_count++]);
	}
	return r == SK_END ? 0 : r;
}

static int read_envelope(struct sk_lex *lex, bool inner, struct sk_envelope **ret_envelope);

static int read_member(struct sk_lex *lex, unsigned which_one, struct sk_envelope *envelope)
{
	switch (which_one) {
	case 0:
		return read_payload(lex, envelope);
	case 1:
		return read_type(lex, envelope);
	case 2:
		return read_signatures(lex, envelope);
	default:
		return read_envelope(lex, true, &envelope->delegation);
	}
}

static int read_envelope(struct sk_lex *lex, bool inner, struct sk_envelope **ret_envelope)
{
	static const char *const names[] = {"payload", "payload_type", "signatures", "delegation", NULL}, *const of_inner[] = {"payload", "payload_type", "signatures", NULL};
	_cleanup_envelope_ struct sk_envelope *envelope = sk_calloc(1, sizeof *envelope);
	struct sk_lex_value value;
	unsigned seen = 0, i;
	int r;

	if (!envelope)
		return sk_origin(-ENOMEM);
	r = sk_lex_value(lex, &value);
	if (r == 0 && value.kind != SK_LEX_OBJECT)
		r = sk_lex_refuse(lex, value.from, "must be an object");
	while (r == 0 && (r = sk_lex_member(lex)) == 0) {
		r = which(lex, inner ? of_inner : names, &seen, &i);
		if (r == 0)
			r = read_member(lex, i, envelope);
	}
	if (r != SK_END)
		return r;
	if ((seen & 7) != 7)
		return sk_lex_refuse(lex, lex->at, "payload, payload_type or signatures is missing");
	*ret_envelope = SK_TAKE(envelope);
	return 0;
}

int sk_envelope_parse(const char *text, size_t size, struct sk_envelope **ret_envelope, struct sk_diag *diag)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_lex_ struct sk_lex lex;
	int r = sk_lex_begin(&lex, text, size, SK_ENVELOPE_MAX, diag);

	if (r == 0)
		r = read_envelope(&lex, false, &envelope);
	if (r == 0)
		r = sk_lex_end(&lex);
	if (r == 0)
		*ret_envelope = SK_TAKE(envelope);
	return r;
}

static int put_base64(const void *data, size_t size, struct sk_buf *out)
{
	char *space;
	int r = sk_buf_reserve(out, sk_base64_size(size) + 1, &space);

	if (r != 0)
		return r;
	sk_base64(data, size, space);
	sk_buf_grown(out, sk_base64_size(size));
	return 0;
}

static int put_signatures(const struct sk_envelope *envelope, struct sk_buf *out)
{
	int r = sk_buf_append_str(out, "\"signatures\":[");

	for (size_t i = 0; i < envelope->signature_count && r == 0; i++) {
		const struct sk_signature *s = &envelope->signatures[i];
		char text[96];

		r = sk_buf_printf(out, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}", i ? "," : "", s->keyid,
				  sk_base64(s->bytes, sizeof s->bytes, text));
	}
	return r != 0 ? r : sk_buf_append_str(out, "]");
}

/* Keys in the order of RFC 8785; a type is one of ours, or was read as a JSON string without need of escapes. */
int sk_envelope_write(const struct sk_envelope *envelope, struct sk_buf *out)
{
	int r = sk_buf_append_str(out, "{");

	if (r == 0 && envelope->delegation) {
		r = sk_buf_append_str(out, "\"delegation\":");
		if (r == 0)
			r = sk_envelope_write(envelope->delegation, out);
		if (r == 0)
			r = sk_buf_append_str(out, ",");
	}
	if (r == 0)
		r = sk_buf_append_str(out, "\"payload\":\"");
	if (r == 0)
		r = put_base64(envelope->payload, envelope->payload_size, out);
	if (r == 0)
		r = sk_buf_printf(out, "\",\"payload_type\":\"%s\",", envelope->type);
	if (r == 0)
		r = put_signatures(envelope, out);
	return r != 0 ? r : sk_buf_append_str(out, "}");
}

int sk_envelope_new(const char *type, const void *payload, size_t size, struct sk_envelope **ret_envelope)
{
	_cleanup_envelope_ struct sk_envelope *envelope = sk_calloc(1, sizeof *envelope);

	if (!envelope)
		return sk_origin(-ENOMEM);
	if (size > SK_PAYLOAD_MAX || strlen(type) >= sizeof envelope->type)
		return SK_FULL;
	if (make_space(envelope, size) != 0)
		return -ENOMEM;
	memcpy(envelope->payload, payload, size);
	envelope->payload[size] = '\0';
	envelope->payload_size = size;
	memcpy(envelope->type, type, strlen(type) + 1);
	*ret_envelope = SK_TAKE(envelope);
	return 0;
}

/* What is signed, in front of the payload and with it. The type is signed as well: a delegation cannot be passed off as a policy. */
static const char *pre_authentication(const struct sk_envelope *envelope, size_t *ret_size)
{
	char text[ROOM];
	size_t size = (size_t)snprintf(text, sizeof text, "DSSEv1 %zu %s %zu ", strlen(envelope->type), envelope->type, envelope->payload_size);

	*ret_size = size + envelope->payload_size;
	return memcpy(envelope->payload - size, text, size);
}

int sk_envelope_sign(struct sk_envelope *envelope, const struct sk_private *key)
{
	struct sk_signature *s = &envelope->signatures[envelope->signature_count];
	const char *bytes;
	size_t size;
	int r;

	if (envelope->signature_count == SK_SIGNATURES_MAX)
		return SK_FULL;
	bytes = pre_authentication(envelope, &size);
	r = sk_sign(key, bytes, size, s->bytes);
	if (r != 0)
		return r;
	memcpy(s->keyid, sk_private_public(key)->id, SK_KEY_ID_SIZE);
	envelope->signature_count++;
	return 0;
}

int sk_envelope_make(const char *type, const struct sk_buf *payload, const struct sk_private *key, const struct sk_envelope *delegation,
		     struct sk_envelope **ret_envelope, struct sk_diag *diag)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	int r = sk_envelope_new(type, payload->data, payload->size, &envelope);

	if (r == 0)
		r = sk_envelope_sign(envelope, key);
	if (r == 0 && delegation) {
		r = sk_envelope_write(delegation, &text);
		if (r == 0)
			r = sk_envelope_parse(text.data, text.size, &envelope->delegation, diag);
	}
	if (r == 0)
		*ret_envelope = SK_TAKE(envelope);
	return r;
}

int sk_envelope_verify(const struct sk_envelope *envelope, const struct sk_public *key)
{
	bool found = false;

	for (size_t i = 0; i < envelope->signature_count; i++) {
		const char *bytes;
		size_t size;
		int r;

		if (strcmp(envelope->signatures[i].keyid, key->id) != 0)
			continue;
		found = true;
		bytes = pre_authentication(envelope, &size);
		r = sk_verify(key, bytes, size, envelope->signatures[i].bytes);
		if (r != SK_DENIED)
			return r;
	}
	return found ? SK_DENIED : SK_NONE;
}
