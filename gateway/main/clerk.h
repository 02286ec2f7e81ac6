// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clerk: everything of the gateway that is not moving or judging frames. One process, one loop, root without any capability.
 *
 *   clerk.c    the process: start, what wakes it; the switches that people throw, and their end
 *   enforce.c  signed policy -> shared memory; what is in force and why; what the link brings
 *   control.c  gateway.sock: calls of root, frames of the link
 *   captures.c packets around alerts, into files
 *   state.c    what it says of itself: status, top, HEALTH
 *   learnt.c   what was said, kept and asked about
 *   isolated.c isolation sets that people throw
 *
 * It may die at any time: policy, switches and the events that wait for it stand in shared memory.
 */
#pragma once

#include "base/list.h"
#include "event/make.h"
#include "main/config.h"
#include "main/shared.h"
#include "os/clock.h"
#include "os/proc.h"
#include "policy/store.h"
#include "spool/reporter.h"
#include "wire/chan.h"
#include "wire/json.h"

#define GATEWAY_POLICY "var/lib/sekisho/policy"
#define GATEWAY_OWN "var/lib/sekisho/gateway" /* what the gateway itself keeps */
#define GATEWAY_CAPTURES GATEWAY_OWN "/captures"
#define GATEWAY_LAST GATEWAY_OWN "/last.skp"  /* the policy in force, as it was signed */
#define GATEWAY_LEARNT GATEWAY_OWN "/learnt.json"
#define GATEWAY_ISOLATED GATEWAY_OWN "/isolated.json"

enum { GW_CLIENTS = 16, GW_REFUSALS = 128, GW_TICK_MS = 1000, GW_STALE_MS = 2000 };

struct gw_refusal {
	uint64_t number;
	size_t size;
	char *text; /* the bare event */
};

struct gw_film { /* a capture that is being taken */
	bool used, bodies, cut;
	char name[GW_AROUND_NAME];
	uint64_t since_ns;
	struct sk_buf text;
};

struct gw_client {
	struct sk_list link;
	struct gw_clerk *clerk;
	struct sk_chan *chan;
	bool is_link, is_root;
};

struct gw_clerk {
	const struct sk_duty_ctx *ctx;
	const struct gateway_config *config;
	struct gw_common *common;
	const struct gw_bells *bells;
	struct sk_loop *loop;
	struct sk_watch *bell, *folder, *settle, *tick, *dates, *closing, *isolating;
	int folder_fd;
	struct sk_clock clock;

	/* enforce.c */
	struct sk_policy_store *store;
	char org[256], site[256], asset[256], host[65];
	struct gw_present *now; /* in shared memory: a clerk that begins anew knows what is in force */
	enum sk_force force;
	uint8_t refused_hash[SK_SHA256_SIZE];
	char reason[400];    /* why the newest offer was refused; "" = it was not */
	uint64_t refused_serial;

	struct sk_reporter *reporter;
	struct gw_refusal refusals[GW_REFUSALS];
	uint64_t refusal_count;
	uint64_t told_open, told_maintenance; /* ns since the epoch: ends of what was told as begun */
	uint64_t saved_sum, ticks;  /* learnt.c */
	struct gw_film films[GW_AROUND_OPEN];
	uint64_t captures_written, captures_failed;
	bool told_down;      /* that the engine gives no sign of life */

	struct sk_accept *accept;
	struct sk_list clients;
	uint32_t client_count;
};

/* main.c made these before the first duty. */
extern struct gw_common *gateway_common;
extern struct gw_bells gateway_bells;

int gw_clerk_prepare(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
int gw_clerk_run(const struct sk_duty_ctx *ctx);
extern const struct sk_land_rule gw_clerk_land[];
extern const struct sk_listener gw_clerk_listeners[];
extern const char *const gw_clerk_calls[];

/* clerk.c */
struct sk_event_stamp gw_stamp(const struct gw_clerk *c);
void gw_report(struct gw_clerk *c, enum sk_event_kind kind, const struct sk_buf *text);
uint64_t gw_now_ns(void); /* since the epoch */
/* Everything passes for so long (0 = no more); the same for maintenance. Told in events when it begins and when it ends. */
void gw_open_for(struct gw_clerk *c, uint64_t ms, const char *by);
void gw_maintain_for(struct gw_clerk *c, uint64_t ms, const char *by);
const char *gw_usual_mode(const struct gw_clerk *c);
/* Policy, rules and kernel tables are looked at again. */
void gw_reload(struct gw_clerk *c);

/* enforce.c */
int gw_enforce_open(struct gw_clerk *c);
void gw_enforce_close(struct gw_clerk *c);
void gw_enforce(struct gw_clerk *c);
void gw_enforce_offer(struct gw_clerk *c, const char *envelope, size_t size);
struct json_object *gw_enforce_state(const struct gw_clerk *c);
/* The policy in force as it was signed, to be freed; NULL: there is none. */
struct gw_policy *gw_enforce_policy(struct gw_clerk *c);
/* The same policy once more: what is isolated has changed. SK_BAD: it could not be, which was logged. */
int gw_enforce_again(struct gw_clerk *c);

/* learnt.c; objects are NULL when memory is out. The caller releases. */
void gw_learnt_open(struct gw_clerk *c);
void gw_learnt_tick(struct gw_clerk *c);
void gw_learnt_save(struct gw_clerk *c);
void gw_learnt_accepted(struct gw_clerk *c);
void gw_learnt_know(struct gw_clerk *c);
struct json_object *gw_learnt_summary(struct gw_clerk *c);
struct json_object *gw_learnt_propose(struct gw_clerk *c);
struct json_object *gw_learnt_drift(struct gw_clerk *c);
struct json_object *gw_learnt_rehearse(struct gw_clerk *c, const char *set, bool *ret_found);
struct json_object *gw_learnt_draw(struct gw_clerk *c, bool ja);

/* isolated.c */
int gw_isolated_open(struct gw_clerk *c);
int gw_isolated_apply(struct gw_clerk *c, struct sk_gateway *gateway);
/* 0; SK_NONE: the policy in force has no such set; SK_FULL: too many at once; SK_BAD: it could not be put in force. */
int gw_isolate_for(struct gw_clerk *c, const char *set, uint64_t ms, const char *by);
struct json_object *gw_isolated_list(const struct gw_clerk *c);

/* captures.c */
void gw_captures_take(struct gw_clerk *c);
void gw_captures_close(struct gw_clerk *c); /* what was not finished is written as it is */

/* control.c */
int gw_control_open(struct gw_clerk *c);
void gw_control_close(struct gw_clerk *c);
void gw_control_to_link(struct gw_clerk *c, uint16_t type, struct json_object *body);

/* state.c: NULL when memory is out. The caller releases. */
struct json_object *gw_status(struct gw_clerk *c);
struct json_object *gw_health(struct gw_clerk *c);
struct json_object *gw_tops(struct gw_clerk *c);
bool gw_engine_lives(const struct gw_clerk *c);
