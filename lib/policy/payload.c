// SPDX-License-Identifier: GPL-3.0-or-later
/* Canonical JSON <-> object: lib/conf reads the tree, and its table judges it. */
#include "policy/payload.h"

#include <string.h>

#include "base/error.h"
#include "conf/node.h"
#include "policy/envelope.h"

static int denied(enum sk_refusal refusal, enum sk_refusal *ret_refusal)
{
	*ret_refusal = refusal;
	return SK_DENIED;
}

/* One of the two says by which table. */
static int read_payload(const struct sk_table *table, sk_payload_table *table_of, const char *text, size_t size, void *object,
			enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_json(arena, text, size, SK_PAYLOAD_MAX, &root, diag);
	if (r == SK_DENIED)
		return denied(SK_REFUSED_NOT_CANONICAL, ret_refusal);
	if (r == SK_FULL)
		return denied(SK_REFUSED_TOO_LARGE, ret_refusal);
	if (r == 0)
		r = sk_node_apply(table_of ? table_of(root) : table, root, true, object, diag);
	return r == SK_BAD ? denied(SK_REFUSED_MALFORMED, ret_refusal) : r;
}

int sk_payload_read(const struct sk_table *table, const char *text, size_t size, void *object, enum sk_refusal *ret_refusal,
		    struct sk_diag *diag)
{
	memset(object, 0, table->size);
	return read_payload(table, NULL, text, size, object, ret_refusal, diag);
}

int sk_payload_read_by(sk_payload_table *table_of, const char *text, size_t size, void *object, size_t object_size, enum sk_refusal *ret_refusal,
		       struct sk_diag *diag)
{
	memset(object, 0, object_size);
	return read_payload(NULL, table_of, text, size, object, ret_refusal, diag);
}

int sk_payload_write(const struct sk_table *table, const void *object, struct sk_buf *out)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_object(arena, table, object, true, &root);
	return r != 0 ? r : sk_node_json(root, out);
}
