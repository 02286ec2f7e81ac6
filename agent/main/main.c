// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho-agent: what runs on an endpoint. `run` supervises one process per duty (the table below); `enrol` makes the endpoint one of a server's.
 * Exit codes: 0 done, 1 refused, 2 wrong arguments or configuration, 3 the environment does not allow it.
 */
#include <getopt.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "link/enrol.h"
#include "lockdown/lockdown.h"
#include "lockdown/window/window.h"
#include "main/config.h"
#include "media/media.h"
#include "os/proc.h"

/* The process table; agent/README.md says it in words. Order is the order of starting: who reports comes after who keeps. */
static const struct sk_duty duties[] = {
	LK_GUARD_DUTY,
	{.name = "spool", .land = spool_duty_land, .listeners = spool_duty_listeners, .max_files = 256, .prepare = spool_duty_prepare,
	 .run = spool_duty_run},
	{.name = "link", .land = link_duty_land, .listeners = link_duty_listeners, .net = true, .max_files = 256,
	 .prepare = link_duty_prepare, .run = link_duty_run},
	LK_CLERK_DUTY,
	LK_WINDOW_DUTY,
	MEDIA_DUTY,
};

struct arguments {
	const char *root, *server, *token;
	bool json, ja;
};

struct command {
	const char *name, *synopsis, *about;
	int (*run)(const struct arguments *arguments);
};

static const char *user_of(void *config, const char *duty)
{
	const struct agent_config *c = config;

	if (strcmp(duty, "spool") == 0)
		return c->user_spool;
	return strcmp(duty, "link") == 0 ? c->user_link : NULL;
}

/* What lockdown shares between its processes is nobody else's: who talks to the network or reads media must not be able to write orders. */
static void leave(const char *duty)
{
	if (strcmp(duty, "guard") && strcmp(duty, "lockdown") && strcmp(duty, "window"))
		lk_duty_leave();
}

static int command_run(const struct arguments *a)
{
	struct agent_config config;
	bool handed = false;
	const struct sk_proc_opts opts = {.program = "sekisho-agent", .root = a->root, .config = &config, .user_of = user_of, .leave = leave, .ret_handed = &handed};
	int r = agent_config_load(a->root, &config);

	if (r)
		return r;
	lk_guard_duty_cgroup(config.cgroup);
	r = sk_proc_run(duties, SK_ARRAY_SIZE(duties), &opts);
	if (!handed)
		lk_guard_duty_end();
	sk_conf_done(&agent_table, &config);
	return r;
}

static int command_enrol(const struct arguments *a)
{
	struct agent_config config;
	uid_t uid = getuid();
	gid_t gid = getgid();
	int r = agent_config_load(a->root, &config);

	if (r)
		return r;
	if (!a->server || !a->token) {
		fprintf(stderr, "sekisho-agent: enrol needs --server HOST:PORT and --token TOKEN.PIN\n");
		r = 2;
	} else if (uid == 0 && sk_conf_user(config.user_link, &uid, &gid)) {
		fprintf(stderr, "sekisho-agent: there is no user %s (users.link)\n", config.user_link);
		r = 3;
	} else {
		r = enrol(a->root, a->server, a->token, uid, gid, a->json);
	}
	sk_conf_done(&agent_table, &config);
	return r;
}

static int command_help_config(const struct arguments *a)
{
	return sk_conf_print(&agent_table, SK_CONF_HELP, NULL, a->ja) ? 3 : 0;
}

static int command_example_config(const struct arguments *a)
{
	return sk_conf_print(&agent_table, SK_CONF_EXAMPLE, NULL, a->ja) ? 3 : 0;
}

static int command_manual_config(const struct arguments *a)
{
	(void)a;
	return sk_conf_print(&agent_table, SK_CONF_MANUAL, "sekisho-agent.yaml", false) ? 3 : 0;
}

static int command_check_config(const struct arguments *a)
{
	struct agent_config config;
	int r = agent_config_load(a->root, &config);

	if (r == 0)
		sk_conf_done(&agent_table, &config);
	return r;
}

static int command_version(const struct arguments *a)
{
	(void)a;
	puts("sekisho-agent " SK_VERSION);
	return 0;
}

static const struct command commands[] = {
	{"run", "run [--root DIR]", "supervise the duties of this endpoint until stopped", command_run},
	{"enrol", "enrol --server HOST:PORT --token TOKEN.PIN [--root DIR] [--json]", "become an endpoint of a server", command_enrol},
	{"--help-config", "--help-config [--ja]", "every setting of etc/sekisho/agent.yaml", command_help_config},
	{"--help-config=example", "--help-config=example [--ja]", "the same as a file with every setting as a comment", command_example_config},
	{"--help-config=man", "--help-config=man", "the same as a manual page", command_manual_config},
	{"--check-config", "--check-config [--root DIR]", "say whether etc/sekisho/agent.yaml is right, and nothing more", command_check_config},
	{"--version", "--version", "print the version", command_version},
};

static int usage(FILE *out, int code)
{
	fprintf(out, "Usage:\n");
	for (size_t i = 0; i < SK_ARRAY_SIZE(commands); i++)
		fprintf(out, "  sekisho-agent %-66s %s\n", commands[i].synopsis, commands[i].about);
	return code;
}

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'r'}, {"server", required_argument, NULL, 's'},
						{"token", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
						{"ja", no_argument, NULL, 'a'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			a->root = optarg;
		else if (c == 's')
			a->server = optarg;
		else if (c == 't')
			a->token = optarg;
		else if (c == 'j')
			a->json = true;
		else if (c == 'a')
			a->ja = true;
		else
			return 2;
	}
	return optind == argc ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct arguments a = {.root = "/"};

	sk_names_begin();
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	for (size_t i = 0; argc > 1 && i < SK_ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		sk_log_name("sekisho-agent");
		return parse(argc - 1, argv + 1, &a) ? usage(stderr, 2) : commands[i].run(&a);
	}
	return usage(stderr, 2);
}
