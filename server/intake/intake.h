// SPDX-License-Identifier: GPL-3.0-or-later
/* The `intake` duty: the one process that talks to the network. Its row for the process table, and what it needs of the configuration. */
#pragma once

#include "os/proc.h"

struct sk_intake_conf {
	int64_t max_connections;
	int64_t max_per_address;
	uint64_t handshake_ms;
};

#define SK_INTAKE_FOLDER "var/lib/sekisho/intake" /* server.key, server.pem, ca.pem; written by `sekisho server init`, read by intake alone */
#define SK_INTAKE_LISTENER "link"

extern const struct sk_land_rule sk_intake_land[];
int sk_intake_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int sk_intake_run(const struct sk_duty_ctx *ctx, const struct sk_intake_conf *conf);
