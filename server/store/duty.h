// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The `store` duty: the one process that owns events.db. Its row for the process table, and what it needs of the configuration.
 */
#pragma once

#include "os/proc.h"

struct sk_store_conf {
	uint64_t max_age_ms; /* retention; 0 = for ever */
	uint64_t max_bytes;  /* of compressed blocks; 0 = no limit */
	uint64_t reserve;    /* bytes left free on the file system: below, nothing is acknowledged */
};

#define SK_STORE_FOLDER "var/lib/sekisho/store"
#define SK_STORE_SOCKET "store.sock"

/* Serves on `listener` until the loop stops. `folder` is the path of SK_STORE_FOLDER. For the duty, tests and bench. Returns an exit status. */
struct sk_store_service;
int sk_store_service_new(struct sk_loop *loop, const char *folder, int listener, const struct sk_store_conf *conf,
			 struct sk_store_service **ret_service);
struct sk_store_service *sk_store_service_free(struct sk_store_service *service);

extern const struct sk_land_rule sk_store_land[];
int sk_store_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
/* Runs the duty with this configuration. */
int sk_store_run(const struct sk_duty_ctx *ctx, const struct sk_store_conf *conf);
