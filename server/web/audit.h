// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The audit trail: who did what on the console, in a chain. Each line is canonical JSON; its hash is SHA-256 over the hash before it (32 zero bytes
 * at the start) and the line. Changing, removing or inserting a line breaks the chain from there on; cutting the end off shows
 * against a head hash that was noted down before.
 *
 * A line is written in the transaction of what it tells about: neither stands without the other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/buf.h"
#include "crypto/hash.h"
#include "policy/permission.h"
#include "web/db.h"

struct sk_audit {
	const char *actor;   /* "tanaka", "tanaka (token report)", "root" (the command) */
	const char *from;    /* address, or "local" */
	const char *action;  /* "sign-in", "request.approve", ... */
	const char *object;  /* what it was done to; "" */
	const char *org, *site; /* whose it is; "" */
	json_object *detail; /* borrowed; NULL = none */
};

int sk_audit_write(struct sk_db *db, const struct sk_audit *entry);

struct sk_audit_state {
	int64_t entries;
	uint8_t head[SK_SHA256_SIZE];
	int64_t broken; /* seq of the first line that does not fit; 0 = none */
	char why[128];
};

/* Walks the whole chain. 0 whether broken or not; -EIO. */
int sk_audit_verify(struct sk_db *db, struct sk_audit_state *ret_state);
/* Newest first, at most `limit`, older than `before` (0 = from the end), of these places (all = everything): array of the lines as objects, each with "hash". */
int sk_audit_list(struct sk_db *db, const struct sk_place *places, size_t count, bool all, int64_t before, int64_t limit,
		  json_object **ret_lines);
