// SPDX-License-Identifier: GPL-3.0-or-later
/* etc/sekisho/server.yaml: the settings of every duty of the server, in one table. */
#pragma once

#include "conf/conf.h"
#include "fleet/fleet.h"
#include "intake/intake.h"
#include "store/duty.h"
#include "web/web.h"

struct server_config {
	char *intake_listen;
	struct sk_intake_conf intake;
	struct sk_store_conf store;
	struct sk_fleet_conf fleet;
	struct sk_web_config web;
	char *user_intake, *user_store, *user_fleet, *user_web;
};

extern const struct sk_table server_table;

/* ROOT/etc/sekisho/server.yaml; one that does not exist means the defaults. 0, or an exit code after one clear line. */
int server_config_load(const char *root, struct server_config *ret_config);
