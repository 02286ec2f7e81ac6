// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed objects in one file (.skb) for sites that no network reaches. "SKB1", then items {u8 kind, u32 size, bytes}, then the end item (kind 0, 32
 * bytes): SHA-256 of everything before it, which tells a medium's damage from a forgery. Each item is an envelope with its own
 * signature; the file adds no trust. Order inside: revocations, delegations, policies, maintenance windows. Importing twice changes nothing.
 */
#pragma once

#include "policy/envelope.h"
#include "policy/store.h"

#define SK_BUNDLE_MAX (64u << 20)
#define SK_BUNDLE_ITEMS 64
enum sk_bundle_kind { SK_BUNDLE_END, SK_BUNDLE_REVOCATIONS, SK_BUNDLE_DELEGATION, SK_BUNDLE_POLICY, SK_BUNDLE_WINDOW };

struct sk_bundle_item {
	enum sk_bundle_kind kind;
	const char *text; /* inside the bundle's bytes */
	size_t size;
};

struct sk_bundle {
	struct sk_bundle_item items[SK_BUNDLE_ITEMS];
	size_t count;
};

/* Reads; `data` must outlive the bundle. 0 or SK_BAD with the byte offset. */
int sk_bundle_parse(const void *data, size_t size, struct sk_bundle *ret_bundle, struct sk_diag *diag);
/* Writes the items in the order given above. 0, SK_BAD (an item that is no envelope of a known type), SK_FULL, fatal. */
int sk_bundle_write(const struct sk_bundle_item *items, size_t count, struct sk_buf *out, struct sk_diag *diag);
