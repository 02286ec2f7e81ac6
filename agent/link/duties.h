// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The two duties of this folder, for the process table of agent/main, and what they need of its configuration.
 *
 *   spool   owns var/lib/sekisho/spool and spool.sock; no network
 *   link    owns var/lib/sekisho/link and link.sock; the only duty that talks to the server
 */
#pragma once

#include <stdint.h>

#include "os/proc.h"

struct link_config {
	char *server;            /* "HOST:PORT" in place of the one of the enrolment; NULL or "" = that one */
	uint64_t spool_bytes;    /* limit of all segments */
	uint64_t spool_age_ms;   /* limit of a segment's age; 0 = none */
	uint64_t segment_bytes;
	uint64_t retry_max_ms;   /* longest pause between two attempts to reach the server */
};

#define SPOOL_FOLDER "var/lib/sekisho/spool"
#define LINK_FOLDER "var/lib/sekisho/link"

/* ctx->config must begin with a struct link_config. */
int spool_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int spool_duty_run(const struct sk_duty_ctx *ctx);
int link_duty_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int link_duty_run(const struct sk_duty_ctx *ctx);

extern const struct sk_land_rule spool_duty_land[], link_duty_land[];
extern const struct sk_listener spool_duty_listeners[], link_duty_listeners[];
