// SPDX-License-Identifier: GPL-3.0-or-later
/* Envelopes: reading, writing, the bytes that are signed. */
#include "policy/envelope.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/json.h"

struct sk_envelope *sk_envelope_free(struct sk_envelope *envelope)
{
	if (!envelope)
		return NULL;
	sk_envelope_free(envelope->delegation);
	free(envelope->payload);
	free(envelope);
	return NULL;
}

void sk_envelope_free_p(struct sk_envelope **envelope)
{
	*envelope = sk_envelope_free(*envelope);
}

static int read_payload(const struct sk_json *at, struct sk_envelope *envelope)
{
	const char *text;
	size_t size, space;
	int r = sk_json_string(at, "payload", 0, SK_ENVELOPE_MAX, &text);

	if (r != 0)
		return r;
	size = strlen(text);
	space = size / 4 * 3;
	if (space > SK_PAYLOAD_MAX + 3)
		return sk_json_refuse(at, "payload", "is longer than %u bytes", SK_PAYLOAD_MAX);
	envelope->payload = sk_malloc(space + 1);
	if (!envelope->payload)
		return sk_origin(-ENOMEM);
	if (sk_unbase64(text, size, envelope->payload, space, &envelope->payload_size) != 0)
		return sk_json_refuse(at, "payload", "must be base64");
	envelope->payload[envelope->payload_size] = '\0';
	return 0;
}

static int read_signature(const struct sk_json *item, struct sk_signature *signature)
{
	uint8_t id[(SK_KEY_ID_SIZE - 1) / 2];
	size_t size;
	int r = SK_JSON_ONLY(item, "keyid", "sig");

	if (r == 0)
		r = sk_json_hex(item, "keyid", id, sizeof id);
	if (r == 0)
		r = sk_json_base64(item, "sig", signature->bytes, sizeof signature->bytes, &size);
	if (r == 0 && size != SK_SIGNATURE_SIZE)
		r = sk_json_refuse(item, "sig", "must be %d bytes", SK_SIGNATURE_SIZE);
	if (r == 0)
		sk_hex(id, sizeof id, signature->keyid);
	return r;
}

static int read_signatures(const struct sk_json *at, struct sk_envelope *envelope)
{
	struct sk_json list, item;
	int r = sk_json_array(at, "signatures", SK_SIGNATURES_MAX, &list);

	for (size_t i = 0; r == 0 && i < sk_json_length(&list); i++) {
		r = sk_json_item_object(&list, i, &item);
		if (r == 0)
			r = read_signature(&item, &envelope->signatures[i]);
		if (r == 0)
			envelope->signature_count++;
	}
	return r;
}

static int read_envelope(const struct sk_json *at, bool inner, struct sk_envelope **ret_envelope)
{
	_cleanup_envelope_ struct sk_envelope *envelope = sk_calloc(1, sizeof *envelope);
	struct sk_json delegation;
	const char *type;
	int r;

	if (!envelope)
		return sk_origin(-ENOMEM);
	r = inner ? SK_JSON_ONLY(at, "payload", "payload_type", "signatures")
		  : SK_JSON_ONLY(at, "payload", "payload_type", "signatures", "delegation");
	if (r == 0)
		r = sk_json_string(at, "payload_type", 1, sizeof envelope->type - 1, &type);
	if (r == 0 && type[strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789./+-")])
		r = sk_json_refuse(at, "payload_type", "is not a media type of ours");
	if (r == 0) {
		memcpy(envelope->type, type, strlen(type) + 1);
		r = read_payload(at, envelope);
	}
	if (r == 0)
		r = read_signatures(at, envelope);
	if (r == 0 && sk_json_has(at, "delegation")) {
		r = sk_json_object(at, "delegation", &delegation);
		if (r == 0)
			r = read_envelope(&delegation, true, &envelope->delegation);
	}
	if (r == 0)
		*ret_envelope = SK_TAKE(envelope);
	return r;
}

int sk_envelope_parse(const char *text, size_t size, struct sk_envelope **ret_envelope, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *json = NULL;
	struct sk_json root;
	int r = sk_json_parse_object(text, size, SK_ENVELOPE_MAX, &json, diag);

	if (r != 0)
		return r;
	root = SK_JSON(json, "", diag);
	return read_envelope(&root, false, ret_envelope);
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
	envelope->payload = sk_malloc(size + 1);
	if (!envelope->payload)
		return sk_origin(-ENOMEM);
	memcpy(envelope->payload, payload, size);
	envelope->payload[size] = '\0';
	envelope->payload_size = size;
	memcpy(envelope->type, type, strlen(type) + 1);
	*ret_envelope = SK_TAKE(envelope);
	return 0;
}

/* The type is signed as well: a delegation cannot be passed off as a policy. */
static int pre_authentication(const struct sk_envelope *envelope, struct sk_buf *out)
{
	int r = sk_buf_printf(out, "DSSEv1 %zu %s %zu ", strlen(envelope->type), envelope->type, envelope->payload_size);

	return r != 0 ? r : sk_buf_append(out, envelope->payload, envelope->payload_size);
}

int sk_envelope_sign(struct sk_envelope *envelope, const struct sk_private *key)
{
	_cleanup_buf_ struct sk_buf bytes = SK_BUF(SK_PAYLOAD_MAX + 256);
	struct sk_signature *s = &envelope->signatures[envelope->signature_count];
	int r;

	if (envelope->signature_count == SK_SIGNATURES_MAX)
		return SK_FULL;
	r = pre_authentication(envelope, &bytes);
	if (r == 0)
		r = sk_sign(key, bytes.data, bytes.size, s->bytes);
	if (r != 0)
		return r;
	memcpy(s->keyid, sk_private_public(key)->id, SK_KEY_ID_SIZE);
	envelope->signature_count++;
	return 0;
}

int sk_envelope_verify(const struct sk_envelope *envelope, const struct sk_public *key)
{
	_cleanup_buf_ struct sk_buf bytes = SK_BUF(SK_PAYLOAD_MAX + 256);
	bool found = false;
	int r;

	for (size_t i = 0; i < envelope->signature_count; i++) {
		if (strcmp(envelope->signatures[i].keyid, key->id) != 0)
			continue;
		if (!found) {
			found = true;
			r = pre_authentication(envelope, &bytes);
			if (r != 0)
				return r;
		}
		r = sk_verify(key, bytes.data, bytes.size, envelope->signatures[i].bytes);
		if (r != SK_DENIED)
			return r;
	}
	return found ? SK_DENIED : SK_NONE;
}
