// SPDX-License-Identifier: GPL-3.0-or-later
/* etc/sekisho/agent.yaml: the settings of every duty of the agent, in one table. */
#pragma once

#include "conf/conf.h"
#include "link/duties.h"
#include "media/media.h"

struct agent_config {
	struct link_config link; /* first: the duties spool and link know this much */
	char *user_spool, *user_link;
	struct media_config media;
	char *cgroup; /* lockdown.cgroup; NULL = none */
};

extern const struct sk_table agent_table;

/* ROOT/etc/sekisho/agent.yaml; one that does not exist means the defaults. 0, or an exit code after one clear line. */
int agent_config_load(const char *root, struct agent_config *ret_config);
