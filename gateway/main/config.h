// SPDX-License-Identifier: GPL-3.0-or-later
/* etc/sekisho/gateway.yaml: what this box is. What it enforces is the signed policy's. */
#pragma once

#include "conf/conf.h"

struct gateway_pair {
	char *name, *a, *b;
};

struct gateway_config {
	struct sk_records pairs; /* of struct gateway_pair */
	uint64_t memory;         /* of the engine, bytes */
	uint64_t events, event_bytes; /* that wait for a spool that is not there */
	uint64_t beat_ms, owed_ms;
	int64_t spin_us;
	uint64_t captures; /* bytes on disk */
	char *user_io, *user_engine, *user_link;
};

extern const struct sk_table gateway_table;

/* `path` NULL: ROOT/etc/sekisho/gateway.yaml, which may be absent. 0, or an exit code after one clear line. */
int gateway_config_load(const char *root, const char *path, struct gateway_config *ret_config);
