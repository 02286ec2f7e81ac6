// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The `fleet` duty: who belongs to us and what they are told. It alone holds the certificate authority's key and fleet.db (tokens, agents,
 * certificates, policies, requests, drafts, commands). Its row for the process table, and what it needs of the configuration.
 */
#pragma once

#include "os/proc.h"

struct sk_fleet_conf {
	int64_t certificate_days;
};

#define SK_FLEET_FOLDER "var/lib/sekisho/fleet" /* ca.key, ca.pem, server.pem, site.pub, fleet.db */
#define SK_FLEET_SOCKET "fleet.sock"

extern const struct sk_land_rule sk_fleet_land[];
int sk_fleet_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int sk_fleet_run(const struct sk_duty_ctx *ctx, const struct sk_fleet_conf *conf);

/* The same over a folder and a listener, for tests. */
struct sk_fleet;
struct sk_loop;
int sk_fleet_new(struct sk_loop *loop, const char *folder, int listener, const struct sk_fleet_conf *conf, struct sk_fleet **ret_fleet);
struct sk_fleet *sk_fleet_free(struct sk_fleet *fleet);
