// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Ports: made in main, looked after in a duty. What is pinned stays in force when all of us are dead; a gateway that starts again adopts it.
 */
#include "main/ports.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/config.h"
#include "main/table.h"
#include "wire/io.h"
#include "wire/kernel.h"
#include "wire/ports.h"

enum { PAIRS = GW_SLOTS / 2, LOOK_MS = 1000 };

const char *const gw_ports_calls[] = {"bpf", "socket", "bind", "sendto", "recvfrom", "recvmsg", "sendmsg", "ioctl", NULL};
const char *const gw_io_calls[] = {"pidfd_open", "prctl", "sched_setscheduler", "sendto", "recvfrom", "poll", "ppoll", "wait4", "kill", NULL};

int gw_ports_fds[GW_DUTY_FDS + 1] = {-1}, gw_io_fds[GW_DUTY_FDS + 1] = {-1}, gw_engine_fds[GW_DUTY_FDS + 1] = {-1};
int gw_engine_lend[4] = {-1, -1, -1, -1}, gw_engine_judge[3] = {-1, -1, -1};

extern struct gw_common *gateway_common;
extern struct gw_bells gateway_bells;

static struct gw_pair pairs[PAIRS];
static uint32_t pair_count;
static struct gw_kernel *kernel;
static struct gw_io *io;

static void keep(int *list, int fd)
{
	size_t n = 0;

	while (n < GW_DUTY_FDS && list[n] >= 0)
		n++;
	if (fd < 0 || n == GW_DUTY_FDS)
		return;
	list[n] = fd;
	list[n + 1] = -1;
}

/* Gateways of other roots may run beside us (tests): each has its own folder. */
static void name_pins(const char *root, char *out, size_t size)
{
	uint32_t mark = 2166136261u;

	for (const char *at = root; *at; at++)
		mark = (mark ^ (uint8_t)*at) * 16777619u;
	if (!strcmp(root, "/"))
		snprintf(out, size, "/sys/fs/bpf/sekisho-gateway");
	else
		snprintf(out, size, "/sys/fs/bpf/sekisho-gateway-%08x", mark);
}

static int make_pair(const struct gateway_pair *from, struct gw_pair *pair)
{
	struct sk_diag diag = {0};
	int r;

	snprintf(pair->bridge, sizeof pair->bridge, "sk-%s", from->name);
	snprintf(pair->names[0], sizeof pair->names[0], "%s", from->a);
	snprintf(pair->names[1], sizeof pair->names[1], "%s", from->b);
	r = gw_ports_prepare(pair, &diag);
	if (r > 0)
		sk_log(SK_LOG_ERROR, "pair %s: %s", from->name, diag.text);
	return r > 0 ? -EINVAL : r;
}

static int attach(uint32_t p)
{
	for (uint32_t side = 0; side < 2; side++) {
		const struct gw_attach port = {.index = pairs[p].index[side], .other = pairs[p].index[!side], .slot = 2 * p + side, .pair = p, .name = pairs[p].names[side]};
		enum gw_attached how;
		int r = gw_kernel_attach(kernel, &port, &how);

		if (r != 0)
			return r;
		sk_log(SK_LOG_NOTICE, "%s: %s", port.name, how == GW_ATTACHED_NATIVE ? "judged in its driver" : "judged behind its driver (generic XDP)");
	}
	return 0;
}

static void keep_all(void)
{
	keep(gw_ports_fds, gateway_bells.ports);
	keep(gw_engine_fds, gateway_bells.engine);
	keep(gw_engine_fds, gateway_bells.clerk);
	for (uint32_t i = 0; kernel && gw_kernel_fd(kernel, i) >= 0; i++)
		keep(gw_ports_fds, gw_kernel_fd(kernel, i));
	if (!io)
		return;
	gw_io_engine_fds(io, &gw_engine_lend[0], &gw_engine_lend[1], &gw_engine_lend[2], &gw_engine_lend[3]);
	for (size_t i = 0; i < SK_ARRAY_SIZE(gw_engine_lend); i++) {
		keep(gw_engine_fds, gw_engine_lend[i]);
		keep(gw_io_fds, gw_engine_lend[i]);
	}
	gw_kernel_judge_fds(kernel, gw_engine_judge);
	for (size_t i = 0; i < SK_ARRAY_SIZE(gw_engine_judge); i++)
		keep(gw_engine_fds, gw_engine_judge[i]);
	for (uint32_t i = 0; gw_io_socket_fd(io, i) >= 0; i++)
		keep(gw_io_fds, gw_io_socket_fd(io, i));
}

static int make_wire(const struct gateway_config *config, const char *root)
{
	struct gw_io_setup setup = {.pairs = pairs, .pair_count = (uint32_t)config->pairs.count, .spin_us = (uint32_t)config->spin_us, .priority = 10};
	char pins[64];
	int r = 0;

	name_pins(root, pins, sizeof pins);
	for (uint32_t p = 0; p < config->pairs.count && r == 0; p++)
		r = make_pair((const struct gateway_pair *)config->pairs.items + p, &pairs[p]);
	pair_count = (uint32_t)config->pairs.count;
	if (r == 0)
		r = gw_kernel_load(pins, config->beat_ms * 1000000, config->owed_ms * 1000000, &kernel);
	for (uint32_t p = 0; p < pair_count && r == 0; p++)
		r = attach(p);
	if (r != 0)
		return r;
	setup.kernel = kernel;
	r = gw_io_prepare(&setup, &io);
	return r == SK_NONE ? 0 : r;
}

int gw_ports_prepare_duty(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid)
{
	const struct gateway_config *config = ctx->config;
	int r = 0;

	(void)uid;
	(void)gid;
	if (config->pairs.count)
		r = make_wire(config, ctx->root);
	else
		sk_log(SK_LOG_WARNING, "no pairs in gateway.yaml: there is nothing between which to stand");
	if (r == 0)
		keep_all();
	return r;
}

void gw_ports_leave(void)
{
	if (io)
		gw_io_leave(io);
	if (kernel)
		gw_kernel_leave(kernel);
}

/* --- the duty ports */

struct ports {
	const struct sk_duty_ctx *ctx;
	struct sk_loop *loop;
	struct sk_watch *bell, *tick;
	uint32_t has, tried;
	uint64_t opened; /* what the kernel was told, as in gw_policy_state */
	int stop[2];
	pthread_t carrier;
	bool carrying;
};

static uint64_t clock_ns(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void put_policy(struct ports *p)
{
	struct gw_tables tables = {.prefixes = NULL};
	struct gw_policy *policy = NULL;
	struct sk_diag diag = {0};
	uint32_t count = atomic_load(&gateway_common->count);
	int r;

	if (!kernel || count == p->tried)
		return;
	r = gw_common_policy(gateway_common, gw_protos, &policy, &count, &diag);
	if (r == SK_AGAIN || r == SK_NONE)
		return;
	p->tried = count;
	if (r == 0)
		r = gw_tables_make(gw_policy_source(policy), &tables);
	if (r == 0)
		r = gw_kernel_put(kernel, &tables.table);
	if (r == 0) {
		p->has = count;
		atomic_store(&gateway_common->ports_have, count);
		sk_log(SK_LOG_NOTICE, "zone policy is in the kernel: %u prefixes, %u pairs of zones, %u ports", tables.table.prefix_count, tables.table.conduit_count,
		       tables.table.rule_count);
	} else {
		sk_log(SK_LOG_ERROR, "zone policy does not go into the kernel: %s", r > 0 ? diag.text : strerror(-r));
	}
	gw_tables_done(&tables);
	gw_policy_free(policy);
}

static void put_open(struct ports *p)
{
	uint64_t until = atomic_load(&gateway_common->state.open_until), now = clock_ns(CLOCK_REALTIME);

	if (!kernel || until == p->opened)
		return;
	p->opened = until;
	gw_kernel_open(kernel, until > now ? clock_ns(CLOCK_MONOTONIC) + (until - now) : 0);
}

static void on_tick(void *arg)
{
	put_policy(arg);
	put_open(arg);
}

static void on_bell(void *arg, int fd, unsigned what)
{
	(void)what;
	gw_bell_quiet(fd);
	on_tick(arg);
}

static void tell_link(void *arg, const char *port, bool carrier)
{
	(void)arg;
	sk_log(SK_LOG_NOTICE, "%s: link %s", port, carrier ? "up" : "lost");
}

static void *carry(void *arg)
{
	struct ports *p = arg;
	int r = gw_ports_carry(pairs, pair_count, p->stop[0], tell_link, NULL);

	if (r < 0)
		sk_log(SK_LOG_WARNING, "link loss is not carried over: %s", strerror(-r));
	return NULL;
}

static int begin(struct ports *p)
{
	int r = sk_watch_fd(p->loop, gateway_bells.ports, SK_READ, on_bell, p, &p->bell);

	if (!r)
		r = sk_watch_timer(p->loop, on_tick, p, &p->tick);
	if (!r)
		r = sk_timer_arm_every(p->tick, LOOK_MS);
	if (!r && pair_count && pipe(p->stop) == 0)
		p->carrying = pthread_create(&p->carrier, NULL, carry, p) == 0;
	return r;
}

int gw_ports_run(const struct sk_duty_ctx *ctx)
{
	struct ports p = {.ctx = ctx, .stop = {-1, -1}};
	int r;

	if (sk_duty_loop(ctx, NULL, NULL, &p.loop) != 0)
		return 1;
	r = begin(&p);
	if (r == 0) {
		on_tick(&p);
		sk_duty_ready(ctx);
		r = sk_loop_run(p.loop);
	}
	sk_close_p(&p.stop[1]);
	if (p.carrying)
		pthread_join(p.carrier, NULL);
	sk_close_p(&p.stop[0]);
	p.bell = sk_watch_free(p.bell);
	p.tick = sk_watch_free(p.tick);
	sk_duty_loop_free(ctx, p.loop);
	return r == 0 ? 0 : 1;
}

/* --- the duty io */

static int wait_for_stop(const struct sk_duty_ctx *ctx)
{
	struct sk_loop *loop;
	int r;

	if (sk_duty_loop(ctx, NULL, NULL, &loop) != 0)
		return 1;
	sk_duty_ready(ctx);
	r = sk_loop_run(loop);
	sk_duty_loop_free(ctx, loop);
	return r == 0 ? 0 : 1;
}

int gw_io_duty_run(const struct sk_duty_ctx *ctx)
{
	if (!io)
		return wait_for_stop(ctx);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* the next main makes sockets of its own */
	sk_duty_ready(ctx);
	return gw_io_run(io) == 0 ? 0 : 1;
}
