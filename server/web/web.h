// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The console duty as server/main knows it: what it needs to be told, and its row's functions for the process table.
 *
 * Listeners: "console" (TCP, from the configuration) and console.sock (root: `sekisho console`). Files: var/lib/sekisho/web (its own: console.db), and, for TLS,
 * the certificate and key named in the configuration, read once at start. Peers: store.sock and fleet.sock. It answers browsers and nothing else reaches it.
 */
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "os/proc.h"

struct sk_web_config {
	char *address;     /* "127.0.0.1:8080" */
	char *certificate; /* PEM files below the root, in /etc/sekisho, readable for the duty's user; NULL on loopback alone: plain HTTP */
	char *key;
	char *host;        /* name by which browsers reach it ("sekisho.fab.example"); NULL = the certificate's, or loopback */
};

#define SK_WEB_LISTENER "console"
#define SK_WEB_SOCKET "console.sock"

/* SK_BAD with the reason when this must not start: off loopback without TLS, a certificate without key. For main, before any fork. */
int sk_web_check(const struct sk_web_config *config, struct sk_diag *diag);

/* For struct sk_duty. prepare: makes var/lib/sekisho/web. run: `config` as above. */
int sk_web_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int sk_web_run(const struct sk_duty_ctx *ctx, const struct sk_web_config *config);
extern const struct sk_land_rule sk_web_land[];
