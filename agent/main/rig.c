// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * link-agent: the duties of sekisho-agent without those of lockdown, for tests that put a stand-in of their own at lockdown.sock. Not installed.
 *
 *   link-agent ROOT    supervises spool and link of ROOT until stopped
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "main/config.h"
#include "os/proc.h"

static const struct sk_duty duties[] = {
	{.name = "spool", .land = spool_duty_land, .listeners = spool_duty_listeners, .max_files = 256, .prepare = spool_duty_prepare,
	 .run = spool_duty_run},
	{.name = "link", .land = link_duty_land, .listeners = link_duty_listeners, .net = true, .max_files = 256,
	 .prepare = link_duty_prepare, .run = link_duty_run},
};

static const char *user_of(void *config, const char *duty)
{
	const struct agent_config *c = config;

	return strcmp(duty, "spool") == 0 ? c->user_spool : c->user_link;
}

int main(int argc, char **argv)
{
	struct agent_config config;
	struct sk_proc_opts opts = {.program = "link-agent", .config = &config, .user_of = user_of};
	int r;

	if (argc != 2) {
		fprintf(stderr, "Usage: link-agent ROOT\n");
		return 2;
	}
	sk_log_name("link-agent");
	opts.root = argv[1];
	r = agent_config_load(opts.root, &config);
	if (r)
		return r;
	r = sk_proc_run(duties, SK_ARRAY_SIZE(duties), &opts);
	sk_conf_done(&agent_table, &config);
	return r;
}
