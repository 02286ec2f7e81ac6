// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho-server: `run` supervises one process per duty (the table below). Exit codes: 0 done, 2 wrong arguments or configuration, 3 the environment does
 * not allow it. What is done to a server, not by it (init, backup, restore), is in the sekisho command.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/config.h"
#include "os/file.h"
#include "os/proc.h"

static int run_store(const struct sk_duty_ctx *ctx)
{
	const struct server_config *config = ctx->config;

	return sk_store_run(ctx, &config->store);
}

static int run_fleet(const struct sk_duty_ctx *ctx)
{
	const struct server_config *config = ctx->config;

	return sk_fleet_run(ctx, &config->fleet);
}

static int run_intake(const struct sk_duty_ctx *ctx)
{
	const struct server_config *config = ctx->config;

	return sk_intake_run(ctx, &config->intake);
}

static int run_web(const struct sk_duty_ctx *ctx)
{
	const struct server_config *config = ctx->config;

	return sk_web_run(ctx, &config->web);
}

/* Each socket's group is that of a duty that connects to it; the others are let in by being root, or by SO_PEERCRED (lib/os/peer.h). */
static const struct sk_listener store_listeners[] = {{.name = SK_STORE_SOCKET, .owner = "store", .mode = 0666}, {0}};
static const struct sk_listener fleet_listeners[] = {{.name = SK_FLEET_SOCKET, .owner = "fleet", .mode = 0666}, {0}};
static const struct sk_listener intake_listeners[] = {{.name = SK_INTAKE_LISTENER, .address = "config"}, {0}};
static const struct sk_listener web_listeners[] = {{.name = SK_WEB_LISTENER, .address = "config"}, {.name = SK_WEB_SOCKET}, {0}};

/* The process table; server/README.md says it in words. Order is the order of starting: who asks comes after who answers. */
static const struct sk_duty duties[] = {
	{.name = "store", .land = sk_store_land, .listeners = store_listeners, .max_files = 512, .prepare = sk_store_prepare, .run = run_store},
	{.name = "fleet", .land = sk_fleet_land, .listeners = fleet_listeners, .max_files = 256, .prepare = sk_fleet_prepare, .run = run_fleet},
	{.name = "intake", .land = sk_intake_land, .listeners = intake_listeners, .max_files = 32768, .prepare = sk_intake_prepare,
	 .run = run_intake},
	{.name = "web", .land = sk_web_land, .listeners = web_listeners, .max_files = 640, .prepare = sk_web_prepare,
	 .run = run_web},
};

struct arguments {
	const char *root, *form;
	bool ja;
};

struct command {
	const char *name, *synopsis, *about;
	int (*run)(const struct arguments *arguments);
};

static const char *user_of(void *config, const char *duty)
{
	const struct server_config *c = config;

	if (strcmp(duty, "intake") == 0)
		return c->user_intake;
	if (strcmp(duty, "store") == 0)
		return c->user_store;
	if (strcmp(duty, "web") == 0)
		return c->user_web;
	return strcmp(duty, "fleet") == 0 ? c->user_fleet : NULL;
}

static const char *address_of(void *config, const char *listener)
{
	const struct server_config *c = config;

	if (strcmp(listener, SK_WEB_LISTENER) == 0)
		return c->web.address;
	return strcmp(listener, SK_INTAKE_LISTENER) == 0 ? c->intake_listen : NULL;
}

/* Without keys no duty can begin, and main would restart them for ever: say it once, before anything is started. */
static int check_keys(const char *root)
{
	static const char *const needed[] = {SK_FLEET_FOLDER "/ca.key", SK_INTAKE_FOLDER "/server.key"};
	_cleanup_close_ int dir = -1;

	for (size_t i = 0; i < SK_ARRAY_SIZE(needed); i++) {
		_cleanup_close_ int fd = -1;

		int r = dir < 0 ? sk_dir_open(root, "", &dir) : 0;

		if (!r)
			r = sk_open_in(dir, needed[i], O_PATH, 0, &fd);
		if (r != SK_NONE)
			continue; /* what cannot be looked at from here is for the duty to say */
		fprintf(stderr, "sekisho-server: this server has no keys yet (%s): run `sekisho server init` first\n", needed[i]);
		return 3;
	}
	return 0;
}

static int command_run(const struct arguments *a)
{
	struct server_config config;
	const struct sk_proc_opts opts = {.program = "sekisho-server", .root = a->root, .config = &config, .user_of = user_of,
					  .address_of = address_of};
	int r = server_config_load(a->root, &config);

	if (r)
		return r;
	r = check_keys(a->root);
	if (!r)
		r = sk_proc_run(duties, SK_ARRAY_SIZE(duties), &opts);
	sk_conf_done(&server_table, &config);
	return r;
}

static int command_check_config(const struct arguments *a)
{
	struct server_config config;
	int r = server_config_load(a->root, &config);

	if (!r)
		sk_conf_done(&server_table, &config);
	return r;
}

static int command_help_config(const struct arguments *a)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);
	int r;

	if (!a->form)
		r = sk_conf_help(&server_table, a->ja, &text);
	else if (strcmp(a->form, "man") == 0)
		r = sk_conf_manual(&server_table, "sekisho-server.yaml", &text);
	else if (strcmp(a->form, "example") == 0)
		r = sk_conf_example(&server_table, a->ja, &text);
	else
		return 2;
	if (r)
		return 3;
	return fwrite(text.data, 1, text.size, stdout) == text.size ? 0 : 3;
}

static int command_version(const struct arguments *a)
{
	(void)a;
	puts("sekisho-server " SK_VERSION);
	return 0;
}

static const struct command commands[] = {
	{"run", "run [--root DIR]", "supervise the duties of this server until stopped", command_run},
	{"--check-config", "--check-config [--root DIR]", "read etc/sekisho/server.yaml and say what is wrong with it", command_check_config},
	{"--help-config", "--help-config[=man|example] [--ja]", "every setting of etc/sekisho/server.yaml", command_help_config},
	{"--version", "--version", "print the version", command_version},
};

static int usage(FILE *out, int code)
{
	fprintf(out, "Usage:\n");
	for (size_t i = 0; i < SK_ARRAY_SIZE(commands); i++)
		fprintf(out, "  sekisho-server %-40s %s\n", commands[i].synopsis, commands[i].about);
	return code;
}

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'r'}, {"ja", no_argument, NULL, 'a'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			a->root = optarg;
		else if (c == 'a')
			a->ja = true;
		else
			return 2;
	}
	return optind == argc ? 0 : 2;
}

/* "--help-config=man" is the command "--help-config" in the form "man". */
static bool is_command(const struct command *command, const char *word, struct arguments *a)
{
	size_t length = strlen(command->name);

	if (strncmp(word, command->name, length) != 0 || (word[length] && word[length] != '='))
		return false;
	a->form = word[length] ? word + length + 1 : NULL;
	return true;
}

int main(int argc, char **argv)
{
	struct arguments a = {.root = "/"};

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	for (size_t i = 0; argc > 1 && i < SK_ARRAY_SIZE(commands); i++) {
		if (!is_command(&commands[i], argv[1], &a))
			continue;
		sk_log_name("sekisho-server");
		return parse(argc - 1, argv + 1, &a) ? usage(stderr, 2) : commands[i].run(&a);
	}
	return usage(stderr, 2);
}
