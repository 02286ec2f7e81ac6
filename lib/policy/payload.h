// SPDX-License-Identifier: GPL-3.0-or-later
/* Payloads of signed objects: canonical JSON <-> a table's structure. Used inside lib/policy. */
#pragma once

#include "conf/conf.h"
#include "policy/refusal.h"

/* 0; SK_DENIED with MALFORMED or NOT_CANONICAL and the diag; fatal. `object` is all zero on anything but 0. */
int sk_payload_read(const struct sk_table *table, const char *text, size_t size, void *object, enum sk_refusal *ret_refusal,
		    struct sk_diag *diag);
/* The same where what was read says itself by which table it is judged; all tables are of `object_size`. */
struct sk_node;
typedef const struct sk_table *sk_payload_table(const struct sk_node *root);
int sk_payload_read_by(sk_payload_table *table_of, const char *text, size_t size, void *object, size_t object_size, enum sk_refusal *ret_refusal,
		       struct sk_diag *diag);
/* 0, SK_FULL, fatal. */
int sk_payload_write(const struct sk_table *table, const void *object, struct sk_buf *out);
