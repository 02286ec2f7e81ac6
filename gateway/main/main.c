// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho-gateway: stands before a tool, between two ports. `run` supervises one process per duty (the table below).
 * Exit codes: 0 done, 1 refused or found, 2 wrong arguments or configuration, 3 the environment does not allow it.
 */
#include <getopt.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "main/ask.h"
#include "main/clerk.h"
#include "main/inspect.h"
#include "main/ports.h"
#include "main/replay.h"
#include "os/peer.h"
#include "os/sandbox.h"
#include "rule/report.h"

struct gw_common *gateway_common;
struct gw_bells gateway_bells;
/* Descriptors that a duty keeps. */
static int clerk_fds[4] = {-1};

/* --- what fork() gives to each and each has no business with */

static int run_clerk(const struct sk_duty_ctx *ctx)
{
	gw_ports_leave();
	return gw_clerk_run(ctx);
}

static int run_engine(const struct sk_duty_ctx *ctx)
{
	gw_ports_leave();
	return gw_common_narrow(gateway_common) == 0 ? gw_inspect_run(ctx) : 1;
}

static int run_ports(const struct sk_duty_ctx *ctx)
{
	return gw_common_narrow(gateway_common) == 0 ? gw_ports_run(ctx) : 1;
}

static int run_io(const struct sk_duty_ctx *ctx)
{
	gw_common_leave(gateway_common);
	return gw_io_duty_run(ctx);
}

/* The process table; gateway/README.md says it in words. */
static const struct sk_duty duties[] = {
	{.name = "ports", .as_root = true, .caps = SK_CAP(CAP_NET_ADMIN) | SK_CAP(CAP_BPF), .max_files = 256, .syscalls = gw_ports_calls, .inherits = gw_ports_fds,
	 .prepare = gw_ports_prepare_duty, .run = run_ports},
	{.name = "io", .caps = SK_CAP(CAP_SYS_NICE), .fork = true, .max_files = 256, .syscalls = gw_io_calls, .inherits = gw_io_fds, .run = run_io},
	{.name = "engine", .max_files = 64, .land = gw_inspect_land, .syscalls = gw_inspect_calls, .inherits = gw_engine_fds, .run = run_engine},
	{.name = "clerk", .as_root = true, .max_files = 256, .land = gw_clerk_land, .listeners = gw_clerk_listeners, .syscalls = gw_clerk_calls, .inherits = clerk_fds,
	 .prepare = gw_clerk_prepare, .run = run_clerk},
};

struct arguments {
	const char *root, *config;
	bool ja;
};

struct command {
	const char *name, *synopsis, *about;
	int (*run)(const struct arguments *arguments);
};

static const char *user_of(void *config, const char *duty)
{
	const struct gateway_config *c = config;

	if (strcmp(duty, "link") == 0)
		return c->user_link;
	return strcmp(duty, "io") == 0 ? c->user_io : c->user_engine;
}

/* The link is a duty of another program: without its user nobody is it, and policies come by `sekisho policy import` alone. */
static void know_link(struct gateway_config *config)
{
	uid_t uid;
	gid_t gid;

	if (sk_user_find(config->user_link, &uid, &gid) == 0) {
		sk_role_add("link", uid);
		return;
	}
	sk_log(SK_LOG_WARNING, "there is no user %s (users.link): nobody brings policies here", config->user_link);
	memcpy(config->user_link, "0", 2);
}

static int make_common(void)
{
	int r = gw_common_new(&gateway_common, &gateway_bells);

	if (r == 0)
		memcpy(clerk_fds, (int[]){gateway_bells.clerk, gateway_bells.engine, gateway_bells.ports, -1}, sizeof clerk_fds);
	return r;
}

static int command_run(const struct arguments *a)
{
	struct gateway_config config;
	const struct sk_proc_opts opts = {.program = "sekisho-gateway", .root = a->root, .config = &config, .user_of = user_of};
	int r = gateway_config_load(a->root, a->config, &config);

	if (r)
		return r;
	know_link(&config);
	r = make_common() ? 3 : sk_proc_run(duties, SK_ARRAY_SIZE(duties), &opts);
	sk_conf_done(&gateway_table, &config);
	return r;
}

static int command_help_config(const struct arguments *a)
{
	return sk_conf_print(&gateway_table, SK_CONF_HELP, NULL, a->ja) ? 3 : 0;
}

static int command_example_config(const struct arguments *a)
{
	return sk_conf_print(&gateway_table, SK_CONF_EXAMPLE, NULL, a->ja) ? 3 : 0;
}

static int command_manual_config(const struct arguments *a)
{
	(void)a;
	return sk_conf_print(&gateway_table, SK_CONF_MANUAL, "sekisho-gateway.yaml", false) ? 3 : 0;
}

static int command_check_config(const struct arguments *a)
{
	struct gateway_config config;
	int r = gateway_config_load(a->root, a->config, &config);

	if (r == 0)
		sk_conf_done(&gateway_table, &config);
	return r;
}

static int command_version(const struct arguments *a)
{
	(void)a;
	puts("sekisho-gateway " SK_VERSION);
	return 0;
}

static const struct command commands[] = {
	{"run", "run [--config FILE] [--root DIR]", "supervise the duties of this gateway until stopped (also without the word)", command_run},
	{"--help-config", "--help-config [--ja]", "every setting of etc/sekisho/gateway.yaml", command_help_config},
	{"--help-config=example", "--help-config=example [--ja]", "the same as a file with every setting as a comment", command_example_config},
	{"--help-config=man", "--help-config=man", "the same as a manual page", command_manual_config},
	{"--check-config", "--check-config [--config FILE] [--root DIR]", "say whether the settings are right, and nothing more", command_check_config},
	{"--version", "--version", "print the version", command_version},
};

static int check_rules_main(int argc, char **argv)
{
	const char *files[64];
	struct gw_rules_count count;
	struct sk_diag diag = {0};
	bool json = false;
	char text[640];
	size_t n = 0;
	int r;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (argv[i][0] == '-' || n == SK_ARRAY_SIZE(files))
			return 2;
		else
			files[n++] = argv[i];
	if (n == 0)
		return 2;
	r = gw_rules_report(NULL, 0, files, n, json, stdout, &count, &diag);
	if (r != 0)
		fprintf(stderr, "sekisho-gateway: %s\n", r > 0 ? sk_diag_format(&diag, text, sizeof text) : strerror(-r));
	return r != 0 ? 3 : count.honoured == count.enabled ? 0 : 1;
}

/* Commands that read their own options; argv[0] is their name. */
static const struct tool {
	const char *name, *synopsis, *about;
	int (*run)(int argc, char **argv);
} tools[] = {
	{"replay", "replay --pcap FILE ...", "run the engine over a capture and print what it tells", gw_replay_main},
	{"check-rules", "check-rules FILE... [--json]", "which rules of some files are honoured", check_rules_main},
	{"propose", "propose --from LEARNT [--policy FILE]", "a draft from what replay --learn counted", gw_propose_main},
	{"drift", "drift --from LEARNT [--known LEARNT]", "what the learning that is known has not heard", gw_drift_main},
	{"rehearse", "rehearse --from LEARNT --policy FILE SET", "what an isolation set would stop", gw_rehearse_main},
	{"draw", "draw --from LEARNT [--policy FILE]", "zones and conduits as SVG", gw_draw_main},
};

static int usage(FILE *out, int code)
{
	fprintf(out, "Usage:\n");
	for (size_t i = 0; i < SK_ARRAY_SIZE(commands); i++)
		fprintf(out, "  sekisho-gateway %-48s %s\n", commands[i].synopsis, commands[i].about);
	for (size_t i = 0; i < SK_ARRAY_SIZE(tools); i++)
		fprintf(out, "  sekisho-gateway %-48s %s\n", tools[i].synopsis, tools[i].about);
	return code;
}

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'r'}, {"config", required_argument, NULL, 'c'}, {"ja", no_argument, NULL, 'a'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			a->root = optarg;
		else if (c == 'c')
			a->config = optarg;
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
	sk_log_name("sekisho-gateway");
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	for (size_t i = 0; argc > 1 && i < SK_ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return parse(argc - 1, argv + 1, &a) ? usage(stderr, 2) : commands[i].run(&a);
	for (size_t i = 0; argc > 1 && i < SK_ARRAY_SIZE(tools); i++)
		if (strcmp(argv[1], tools[i].name) == 0)
			return tools[i].run(argc - 1, argv + 1);
	if (argc > 1 && (strcmp(argv[1], "--config") == 0 || strncmp(argv[1], "--config=", 9) == 0))
		return parse(argc, argv, &a) ? usage(stderr, 2) : command_run(&a);
	return usage(stderr, 2);
}
