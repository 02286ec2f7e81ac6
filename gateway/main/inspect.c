// SPDX-License-Identifier: GPL-3.0-or-later
/* The engine's duty: its loop between io's rings and gw_engine, and what it tells. */
#include "main/inspect.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/ocsf.h"
#include "main/config.h"
#include "main/headers.h"
#include "main/heard.h"
#include "main/load.h"
#include "main/ports.h"
#include "wire/share.h"

enum { TICK_NS = 100000000, LEND_MS = 1000, BURST = 64, COPIES_MS = 20 };
#define SETTLE_NS UINT64_C(300000) /* io has sent by then what was given back */
#define TALK_NS UINT64_C(1000000000) /* copies may come so long after the last */

const struct sk_land_rule gw_inspect_land[] = {{"etc/sekisho/rules", SK_LAND_READ}, {NULL, 0}};
const char *const gw_inspect_calls[] = {"poll", "ppoll", NULL};

extern struct gw_common *gateway_common;
extern struct gw_bells gateway_bells;

struct inspect {
	const struct sk_duty_ctx *ctx;
	struct gw_common *common;
	struct gw_lend *lend;
	struct gw_engine *engine;
	struct gw_loader loader;
	struct gw_loaded *loaded;
	struct gw_headers headers;
	struct gw_lent lent; /* the frame in hand */
	struct gw_learn learn;
	struct sk_buf text;
	struct gw_around *around;
	uint64_t ticked;
	bool rang;
};

static volatile sig_atomic_t told_to_stop;

static void on_stop(int number)
{
	(void)number;
	told_to_stop = 1;
}

static uint64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- what the engine calls */

static uint8_t priority_of(const struct gw_event *event)
{
	return sk_event_kinds[gw_event_row(event)].priority;
}

/* The packets' clock is this machine's: before its own build it is wrong. */
static enum sk_clock_state clock_of(const struct gw_event *event)
{
	const struct sk_clock build = {.floor_ms = sk_clock_build_ms()};

	return sk_clock_check(&build, event->time / 1000000);
}

/* What was said is counted; what was decided against is told. */
static void on_event(void *context, const struct gw_event *event)
{
	struct inspect *in = context;
	struct gw_event named = *event;

	gw_heard(&in->learn, event);
	if (event->kind == GW_EVENT_MESSAGE && event->message)
		gw_common_top(in->common, event->conduit ? event->conduit : "", event->proto ? event->proto->name : "", event->message->name, event->verdict);
	if (priority_of(event) == 2)
		return;
	if (priority_of(event) == 0)
		named.capture = gw_around_alert(in->around, event);
	sk_buf_clear(&in->text);
	if (gw_event_json(&named, clock_of(event), &in->text) != 0)
		return;
	gw_common_event(in->common, priority_of(event), in->text.data, in->text.size);
	in->rang = true;
}

static void on_inject(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
	struct inspect *in = context;

	gw_headers_late(&in->headers);
	if (in->lend)
		gw_lend_inject(in->lend, pair * 2 + (unsigned)to, frame, size);
}

static void list_shifted(struct gw_common *common, const struct gw_shifted *of)
{
	for (size_t i = 0; i < GW_SHIFTS; i++) {
		struct gw_shift_entry *entry = &common->shifts[i];

		if (atomic_load(&entry->flow))
			continue;
		gw_addr_text(&of->client, of->ip, entry->client);
		gw_addr_text(&of->server, of->ip, entry->server);
		entry->client_port = of->client_port;
		entry->server_port = of->server_port;
		atomic_store(&entry->flow, of->flow);
		return;
	}
}

static void unlist_shifted(struct gw_common *common, uint64_t flow)
{
	for (size_t i = 0; i < GW_SHIFTS; i++)
		if (atomic_load(&common->shifts[i].flow) == flow)
			atomic_store(&common->shifts[i].flow, 0);
}

static bool on_shifted(void *context, enum gw_shift_step step, const struct gw_shifted *of)
{
	struct inspect *in = context;
	const uint8_t *const frames[2] = {of->will[0].frame, of->will[1].frame};
	const size_t sizes[2] = {of->will[0].size, of->will[1].size};

	if (!in->lend) /* this process ends: io sends what was left with it */
		return false;
	if (step == GW_SHIFT_OVER) {
		gw_lend_unshift(in->lend, of->flow);
		unlist_shifted(in->common, of->flow);
		return true;
	}
	if (gw_lend_shift(in->lend, of->flow, of->pair, frames, sizes) != 0)
		return false;
	if (step == GW_SHIFT_BEGINS)
		list_shifted(in->common, of);
	return true;
}

static void on_offload(void *context, const struct gw_packet *of, int what)
{
	struct inspect *in = context;

	(void)of;
	(void)what;
	gw_lend_switch(in->lend, in->lent.flow);
}

/* --- the loop */

static void take_loaded(struct inspect *in)
{
	struct gw_loaded *fresh = gw_loader_take(&in->loader), *worn = in->loaded;

	if (!fresh)
		return;
	gw_headers_read(&in->headers);
	gw_engine_replace(in->engine, fresh->rules, fresh->policy);
	in->loaded = fresh;
	gw_headers_tables(&in->headers, &fresh->heads);
	if (fresh->policy) {
		const struct sk_gateway *g = gw_policy_source(fresh->policy);

		gw_around_want(in->around, g->capture, (unsigned)g->capture_before, (unsigned)g->capture_after);
	}
	atomic_store(&in->common->engine.has, fresh->count);
	atomic_store(&in->common->engine.rules, fresh->rule_count);
	if (worn)
		gw_loader_back(&in->loader, worn);
}

static void tell_counts(struct inspect *in)
{
	struct gw_engine_state *to = &in->common->engine;
	struct gw_counts counts;

	gw_engine_counts(in->engine, &counts);
	atomic_store(&to->packets, counts.packets);
	atomic_store(&to->dropped, counts.dropped);
	atomic_store(&to->messages, counts.messages);
	atomic_store(&to->message_refusals, counts.refused);
	atomic_store(&to->unjudged, counts.unjudged);
	atomic_store(&to->by_header, in->headers.judged);
	atomic_store(&to->diverged, in->headers.diverged);
	atomic_store(&to->flows, counts.flows_now);
	atomic_store(&to->answered, counts.answered);
	atomic_store(&to->orphans, counts.orphans);
	atomic_store(&to->memory, counts.memory_now);
	atomic_store(&to->memory_peak, counts.memory_peak);
	atomic_store(&to->beat_ms, mono_ms());
}

static void tick(struct inspect *in)
{
	uint64_t now = gw_lend_now(in->lend);

	if (now < in->ticked + TICK_NS)
		return;
	in->ticked = now;
	gw_engine_tick(in->engine, now);
	gw_around_tick(in->around, now);
	tell_counts(in);
}

static void judge(struct inspect *in, uint8_t *frame)
{
	struct gw_packet packet = {.frame = frame, .size = in->lent.size, .time = in->lent.time, .port = (enum gw_port)(in->lent.port & 1), .pair = in->lent.port / 2, .flow = in->lent.flow,
		.orphan = gw_lend_is_orphan(in->lend, in->lent.flow),
		.sender = (enum gw_sender)in->lent.opener};
	enum gw_fate fate;

	gw_headers_before(&in->headers, in->lent.flow);
	gw_around_frame(in->around, &packet);
	fate = gw_engine_packet(in->engine, &packet);
	gw_lend_back(in->lend, &in->lent, fate == GW_FATE_PASS);
	gw_around_judged(in->around, &packet);
	if (in->headers.handed && !gw_lend_waiting(in->lend))
		gw_headers_after(&in->headers, in->lent.opener, in->lent.port / 2u, gw_lend_now(in->lend) - in->headers.epoch + SETTLE_NS);
}

static void on_hand(void *context, const struct gw_handing *handing)
{
	struct inspect *in = context;

	gw_headers_hand(&in->headers, handing);
}

static bool main_is_gone(const struct inspect *in)
{
	struct pollfd look = {.fd = in->ctx->main_fd, .events = POLLIN};

	return poll(&look, 1, 0) > 0;
}

static void turn(struct inspect *in, unsigned spin_us)
{
	unsigned burst = 0;
	uint8_t *frame;

	take_loaded(in);
	while (burst++ < BURST && gw_lend_take(in->lend, &in->lent, &frame) == 0)
		judge(in, frame);
	gw_headers_read(&in->headers);
	tick(in);
	if (in->rang)
		gw_bell(gateway_bells.clerk);
	in->rang = false;
	if (burst <= BURST)
		gw_lend_wait(in->lend, gw_lend_now(in->lend) < in->headers.last + TALK_NS ? COPIES_MS : TICK_NS / 1000000, spin_us, in->ctx->main_fd,
			     in->headers.judge ? gw_judge_fd(in->headers.judge) : -1);
}

/* Nothing to inspect here: a heartbeat, and the policy is taken all the same, so that status tells the truth. */
static void idle(struct inspect *in)
{
	struct pollfd look = {.fd = in->ctx->main_fd, .events = POLLIN};

	while (!told_to_stop && poll(&look, 1, TICK_NS / 1000000) == 0) {
		take_loaded(in);
		tell_counts(in);
	}
}

static int work(struct inspect *in, const struct gateway_config *config)
{
	struct gw_lend *lend;
	int r = SK_AGAIN;

	if (gw_engine_lend[0] < 0) {
		idle(in);
		return 0;
	}
	while (r == SK_AGAIN && !told_to_stop && !main_is_gone(in))
		r = gw_lend_new(gw_engine_lend[0], gw_engine_lend[1], gw_engine_lend[2], gw_engine_lend[3], LEND_MS, &in->lend);
	if (r != 0)
		return r == SK_AGAIN ? 0 : r;
	if (gw_engine_judge[0] >= 0 && gw_judge_new(gw_engine_judge[0], gw_engine_judge[1], gw_engine_judge[2], &in->headers.judge) != 0)
		sk_log(SK_LOG_WARNING, "nothing is judged by headers alone");
	in->headers.engine = in->engine;
	in->headers.epoch = gw_lend_time(in->lend, 0);
	gw_headers_tables(&in->headers, in->loaded ? &in->loaded->heads : NULL);
	while (!told_to_stop && !gw_lend_lost(in->lend) && !main_is_gone(in))
		turn(in, (unsigned)config->spin_us);
	gw_headers_tables(&in->headers, NULL); /* nothing more is decided without us */
	gw_headers_read(&in->headers);
	in->headers.judge = gw_judge_free(in->headers.judge);
	lend = in->lend;
	in->lend = NULL; /* what the engine still says has nobody to hear it */
	gw_lend_free(lend);
	return 0;
}

/* The policy is there before the first frame is taken, when there is one. */
static void await_policy(struct inspect *in)
{
	uint64_t end = mono_ms() + 5000;

	while (atomic_load(&in->common->count) && !in->loaded && mono_ms() < end && atomic_load(&in->common->engine.refused) != atomic_load(&in->common->count)) {
		take_loaded(in);
		usleep(1000);
	}
}

int gw_inspect_run(const struct sk_duty_ctx *ctx)
{
	static struct inspect in;
	const struct gateway_config *config = ctx->config;
	const struct sigaction stop = {.sa_handler = on_stop};
	struct gw_setup setup = {.midstream = true, .inline_ = true, .messages = true, .memory_max = config->memory, .context = &in, .event = on_event,
				 .inject = on_inject, .shifted = on_shifted, .offload = on_offload, .hand = on_hand};
	int r;

	in = (struct inspect){.ctx = ctx, .common = gateway_common, .text = SK_BUF(GW_EVENT_LONGEST)};
	for (size_t i = 0; i < GW_SHIFTS; i++)
		atomic_store(&gateway_common->shifts[i].flow, 0);
	gw_learn_begin(&in.learn, &gateway_common->learnt);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	r = gw_around_new(&gateway_common->around, &in.around);
	if (r == 0)
		gw_around_want(in.around, SK_CAPTURE_HEADERS, 20, 20);
	if (r == 0)
		r = gw_engine_new(&setup, &in.engine);
	if (r == 0)
		r = gw_loader_begin(&in.loader, gateway_common, ctx->root, gateway_bells.engine);
	if (r == 0) {
		atomic_store(&gateway_common->engine.pid, getpid());
		await_policy(&in);
		tell_counts(&in);
		sk_duty_ready(ctx);
		r = work(&in, config);
		gw_loader_end(&in.loader);
	}
	gw_engine_free(in.engine);
	gw_around_free(in.around);
	if (in.loaded) {
		gw_rules_free(in.loaded->rules);
		gw_policy_free(in.loaded->policy);
		gw_head_tables_done(&in.loaded->heads);
		free(in.loaded);
	}
	sk_buf_done(&in.text);
	return r == 0 ? 0 : 1;
}
