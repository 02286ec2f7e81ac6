// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * console-rig: the console duty alone, for tests that play store and fleet themselves (tests/support/console.py). Same process table, user and sandbox as in
 * sekisho-server; only who answers on store.sock and fleet.sock is the test's.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/proc.h"
#include "web/web.h"

static char any_port[] = "127.0.0.1:0";
static struct sk_web_config config = {.address = any_port};

static int run(const struct sk_duty_ctx *ctx)
{
	/* The test's own fleet and store run as whoever runs the test. */
	return sk_web_run(ctx, &config);
}

static const char *user_of(void *arg, const char *duty)
{
	(void)arg;
	(void)duty;
	return "61113";
}

static const char *address_of(void *arg, const char *listener)
{
	(void)arg;
	return strcmp(listener, SK_WEB_LISTENER) == 0 ? config.address : NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'r'}, {"listen", required_argument, NULL, 'l'},
						{"certificate", required_argument, NULL, 'c'}, {"key", required_argument, NULL, 'k'},
						{"host", required_argument, NULL, 'h'}, {0}};
	static const struct sk_listener listeners[] = {{.name = SK_WEB_LISTENER, .address = "config"}, {.name = SK_WEB_SOCKET}, {0}};
	const struct sk_duty duty = {.name = "web", .land = sk_web_land, .listeners = listeners, .max_files = 640,
				     .prepare = sk_web_prepare, .run = run};
	struct sk_proc_opts opts = {.program = "console-rig", .user_of = user_of, .address_of = address_of};
	struct sk_diag diag = {0};
	char text[512];
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			opts.root = optarg;
		else if (c == 'l')
			config.address = optarg;
		else if (c == 'c')
			config.certificate = optarg;
		else if (c == 'k')
			config.key = optarg;
		else if (c == 'h')
			config.host = optarg;
		else
			return 2;
	}
	sk_log_name("console-rig");
	sk_diag_source(&diag, "server.yaml");
	if (sk_web_check(&config, &diag)) {
		fprintf(stderr, "console-rig: %s\n", sk_diag_format(&diag, text, sizeof text));
		return 2;
	}
	return sk_proc_run(&duty, 1, &opts);
}
