// SPDX-License-Identifier: GPL-3.0-or-later
/* Bundles: a sequence of counted items and a checksum, read through one cursor. */
#include "policy/bundle.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "policy/signed.h"

static const char magic[4] = {'S', 'K', 'B', '1'};

static int check_sum(const void *data, size_t size, const uint8_t *sum, struct sk_diag *diag)
{
	uint8_t hash[SK_SHA256_SIZE];
	int r = sk_sha256(data, size, hash);

	if (r != 0)
		return r;
	return memcmp(hash, sum, sizeof hash) == 0 ? 0 : sk_diag_offset(diag, size, "the bundle is damaged: its checksum does not fit");
}

/* One item; SK_END at the end item. */
static int read_item(struct sk_cursor *c, const void *data, struct sk_bundle *bundle, struct sk_diag *diag)
{
	size_t start = c->at;
	uint8_t kind = sk_get_u8(c);
	uint32_t size = sk_get_u32(c);
	const uint8_t *bytes = sk_get_bytes(c, size);
	int r;

	if (c->bad)
		return sk_cursor_end(c, "the bundle", diag);
	if (kind > SK_BUNDLE_WINDOW)
		return sk_diag_offset(diag, start, "an item of unknown kind %u", kind);
	if (kind == SK_BUNDLE_END) {
		if (size != SK_SHA256_SIZE)
			return sk_diag_offset(diag, start, "the checksum has %d bytes", SK_SHA256_SIZE);
		r = check_sum(data, start, bytes, diag);
		return r != 0 ? r : SK_END;
	}
	if (bundle->count == SK_BUNDLE_ITEMS)
		return sk_diag_offset(diag, start, "more than %d items", SK_BUNDLE_ITEMS);
	if (size == 0)
		return sk_diag_offset(diag, start, "an empty item");
	if (bundle->count && bundle->items[bundle->count - 1].kind > (enum sk_bundle_kind)kind)
		return sk_diag_offset(diag, start, "items are ordered: revocations, delegations, policies, windows");
	bundle->items[bundle->count++] = (struct sk_bundle_item){kind, (const char *)bytes, size};
	return 0;
}

int sk_bundle_parse(const void *data, size_t size, struct sk_bundle *ret_bundle, struct sk_diag *diag)
{
	struct sk_bundle bundle = {.count = 0};
	struct sk_cursor c;
	const uint8_t *head;
	int r = 0;

	sk_cursor_init(&c, data, size);
	head = sk_get_bytes(&c, sizeof magic);
	if (!head)
		return sk_cursor_end(&c, "the bundle", diag);
	if (memcmp(head, magic, sizeof magic) != 0)
		return sk_diag_offset(diag, 0, "not a bundle: it does not begin with SKB1");
	if (size > SK_BUNDLE_MAX)
		return sk_diag_offset(diag, SK_BUNDLE_MAX, "larger than %u bytes", SK_BUNDLE_MAX);
	while (r == 0)
		r = read_item(&c, data, &bundle, diag);
	if (r != SK_END)
		return r;
	r = sk_cursor_end(&c, "the bundle", diag);
	if (r == 0)
		*ret_bundle = bundle;
	return r;
}

static const char *type_of(enum sk_bundle_kind kind)
{
	static const char *const types[] = {[SK_BUNDLE_REVOCATIONS] = SK_TYPE_REVOCATIONS, [SK_BUNDLE_DELEGATION] = SK_TYPE_DELEGATION,
					    [SK_BUNDLE_POLICY] = SK_TYPE_POLICY, [SK_BUNDLE_WINDOW] = SK_TYPE_WINDOW};

	return types[kind];
}

static int put_item(enum sk_bundle_kind kind, const void *data, size_t size, struct sk_buf *out)
{
	const uint8_t head[5] = {(uint8_t)kind, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
	int r = sk_buf_append(out, head, sizeof head);

	return r != 0 ? r : sk_buf_append(out, data, size);
}

static int check_item(const struct sk_bundle_item *item, struct sk_diag *diag)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	int r = sk_envelope_parse(item->text, item->size, &envelope, diag);

	if (r == 0 && strcmp(envelope->type, type_of(item->kind)) != 0)
		r = sk_diag_path(diag, "payload_type", "is not %s", type_of(item->kind));
	return r;
}

int sk_bundle_write(const struct sk_bundle_item *items, size_t count, struct sk_buf *out, struct sk_diag *diag)
{
	uint8_t sum[SK_SHA256_SIZE];
	int r;

	sk_buf_clear(out);
	if (count > SK_BUNDLE_ITEMS)
		return SK_FULL;
	r = sk_buf_append(out, magic, sizeof magic);
	for (int kind = SK_BUNDLE_REVOCATIONS; kind <= SK_BUNDLE_WINDOW; kind++)
		for (size_t i = 0; i < count && r == 0; i++) {
			if ((int)items[i].kind != kind)
				continue;
			r = check_item(&items[i], diag);
			if (r == 0)
				r = put_item(items[i].kind, items[i].text, items[i].size, out);
		}
	if (r == 0)
		r = sk_sha256(out->data, out->size, sum);
	return r != 0 ? r : put_item(SK_BUNDLE_END, sum, sizeof sum, out);
}
