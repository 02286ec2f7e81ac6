// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clerk: everything of lockdown that is not answering. One process, one loop; it reads foreign input (policies, calls), so it has neither the
 * group nor the right to make one.
 *
 *   clerk.c     the process: start, what wakes it, heartbeats
 *   enforce.c   signed policy -> orders and scope; what is in force and why
 *   report.c    records of guard and keeper -> events -> spool.sock
 *   control.c   lockdown.sock: calls of root, the link's frames
 *   state.c     what it says of itself: status, HEALTH
 *   protection.c  its part about tier, hooks and what is not stopped
 *   passes.c    signed passes of removable media
 *   media.c     the duty media: its rules, its mount points, its events
 *   outbox.c    requests that the server has not taken, answers to them: on disk
 *   learned.c   unknown programs that were seen: on disk, for drafts
 *
 *   windows.c, window/code.c, window/call.c   maintenance windows (window.h)
 *   interlock.c what waits for the tool to be idle
 *
 * What wakes it: a futex of the shared memory (by a thread of its own), sockets, changes of the policy folder and of the mount table, and once in
 * LK_TICK_MS.
 */
#pragma once

#include "base/list.h"
#include "event/attack.h"
#include "event/make.h"
#include "lockdown/clerk/interlock.h"
#include "lockdown/lockdown.h"
#include "lockdown/clerk/origin.h"
#include "lockdown/shared.h"
#include "lockdown/clerk/why.h"
#include "os/clock.h"
#include "policy/store.h"
#include "wire/chan.h"
#include "wire/json.h"

enum {
	LK_TICK_MS = 10000,
	LK_NOTICED_MS = 2000,
	LK_CLIENTS = 16,
	LK_REFUSALS = 64,        /* last refusals, for `explain` */
	LK_EVENTS_WAITING = 4096, /* events that the spool has not taken */
	LK_LEARNED = 20000,
	LK_OUTBOX = 256,
	LK_MEDIA = 64,           /* mount points of removable media */
};

struct lk_enforcement {
	bool any;                 /* a policy is in force */
	struct lk_orders orders;
	uint64_t jit, exempt, updaters; /* exceptions that the policy makes */
	struct lk_origins *origins; /* where its programs come from */
	uint8_t hash[SK_SHA256_SIZE];
	enum sk_force force;
	char reason[300];         /* why the newest offer was refused; "" = it was not */
	uint64_t refused_serial;
	bool renew;               /* the orders are to be put anew although the policy is the same */
	uint32_t awaited;         /* `wanted` that the marker must reach before what is in force is reported */
	bool reported;
};

struct lk_client {
	struct sk_list link;
	struct clerk *clerk;
	struct sk_chan *chan;
	bool is_link, is_root;
	uint32_t media_id; /* of the call by which it hears of the rules for media; 0 = it does not */
};

struct lk_outbox;
struct lk_learned;
struct lk_windows;

struct clerk {
	const struct sk_duty_ctx *ctx;
	struct lk_shared *shared;
	struct sk_loop *loop;
	struct sk_watch *news, *folder, *tick, *dates, *settle, *follow;
	int news_fd, folder_fd, mounts_fd, alive_fd;

	/* enforce.c */
	struct sk_policy_store *store;
	struct sk_clock clock;
	char org[256], site[256], asset[256], host[65];
	struct lk_enforcement now;

	/* report.c */
	struct sk_chan *spool;
	struct sk_watch *retry;
	uint64_t retry_ms;
	struct sk_list events;
	uint32_t event_count;
	uint64_t events_lost, events_bad;
	struct lk_record refusals[LK_REFUSALS];
	uint32_t refusal_count;
	struct lk_repeats *repeats;
	struct sk_watch *repeat;

	/* control.c */
	struct sk_accept *accept;
	struct sk_list clients;
	uint32_t client_count;

	struct lk_outbox *outbox;
	struct lk_learned *learned;
	struct lk_windows *windows;
	uint64_t released_until_ns; /* CLOCK_BOOTTIME */
	struct lk_interlock interlock;

	/* media.c */
	struct {
		struct json_object *rules;
		char **scope; /* of the policy */
		uint32_t scope_count, count;
		bool closed; /* enforce, and a medium that no entry fits is refused */
		struct sk_watch *pass_dates; /* when a pass begins or ends */
		char paths[LK_MEDIA][LK_PATH];
	} media;

	/* clerk.c */
	uint64_t lost_seen;
	uint64_t noticed, noticed_ms; /* what was done to us last, and by whom: the same again within LK_NOTICED_MS is one event */
	uint64_t health_told; /* a mark of what HEALTH said last */
	bool tainted_seen[LK_SCOPE];
	int program_watch; /* inotify, on our own program */
	bool program_told;
	struct lk_unit {
		bool enabled, masked, there;
	} unit;
	uint64_t unguarded_from_ms, unguarded_to_ms; /* the last such time */
};

struct lk_shared *lk_duty_shared(void);

/* unit.c. The clerk's folder_fd also tells of the agent's unit; what became worse since the last look, or NULL. */
void lk_unit_watch(struct clerk *c);
const char *lk_unit_worse(struct clerk *c);

/* enforce.c. All: 0 or -errno. */
int lk_enforce_open(struct clerk *c);
void lk_enforce_close(struct clerk *c);
/* Takes what is in force from the store to the guard. */
void lk_enforce(struct clerk *c);
/* A signed object from the link: kept or refused; the answer is sent by lk_enforce_report(). */
void lk_enforce_offer(struct clerk *c, const char *envelope, size_t size);
/* When the guard has carried it out: event, POLICY_STATE. */
void lk_enforce_report(struct clerk *c);
struct json_object *lk_policy_state(const struct clerk *c);
struct sk_moment lk_moment(const struct clerk *c);
struct sk_place lk_place(const struct clerk *c);

/* report.c */
int lk_report_open(struct clerk *c);
void lk_report_close(struct clerk *c);
/* Takes one event's text (an empty buffer = it could not be made). */
void lk_report(struct clerk *c, enum sk_event_kind kind, struct sk_buf *text);
void lk_report_records(struct clerk *c);
/* Tells the counts of what was refused again: those that are due, or all. */
void lk_report_repeats(struct clerk *c, bool all);
struct sk_event_stamp lk_stamp(const struct clerk *c, uint64_t time_ms);

/* control.c */
int lk_control_open(struct clerk *c);
void lk_control_close(struct clerk *c);
/* One frame with a JSON body, from whoever the client is: done and answered (0), SK_BAD, fatal. */
int lk_control_body(struct lk_client *client, const struct sk_frame *frame, struct sk_diag *diag);
/* To the link, when it is connected. */
void lk_control_to_link(struct clerk *c, uint16_t type, uint32_t id, struct json_object *body);

/* state.c: NULL when memory is out. The caller releases. */
struct json_object *lk_status(struct clerk *c);
struct json_object *lk_health(struct clerk *c);
int lk_guard_state(const struct clerk *c); /* index into lk_guard_states */
extern const char *const lk_guard_states[], *const lk_mode_words[], *const lk_trouble_words[LK_TROUBLES];

/* protection.c */
struct lk_hook {
	const char *name;
	int error; /* 0 attached; errno of the attempt; -1 not tried yet */
};
struct lk_protection {
	enum sk_tier tier;
	uint32_t in_force;    /* enum sk_hook: attached, with something to act upon, and the mode lets them act */
	uint32_t in_enforce;  /* the same as if the mode were enforce */
	bool enforcing;
	struct lk_hook hooks[32]; /* tried, in the order they are shown */
	uint32_t hook_count;
	const char *subject;  /* whom the kernel side acts upon: "none", "machine", "cgroup" */
	uint64_t processes, restrained; /* counted processes, and those of them under restraints; processes 0 = not counted */
	uint64_t jit, interpreters, updaters; /* exceptions of the policy in force */
};
void lk_protection_get(const struct clerk *c, struct lk_protection *ret_protection);
/* tier, subject, hooks, not_stopped (and, with texts and in another mode than enforce, not_stopped_in_enforce; with texts in both languages or ids alone), without_effect, restraints, exceptions. 0 or -ENOMEM. */
int lk_protection_put(const struct clerk *c, struct json_object *out, bool texts);

/* release.c: for how many seconds the agent may still be stopped and removed; 0 = there is no release. */
uint64_t lk_release_left(const struct clerk *c);
/* release.c: a signed release from root. 0 and for how long it holds; SK_BAD: refused, *diag says why. */
int lk_release_offer(struct clerk *c, const char *envelope, size_t size, uint64_t *ret_seconds, struct sk_diag *diag);

/* passes.c: signed passes of removable media that were brought here. */
int lk_passes_open(struct clerk *c);
/* Judges them anew and puts them into the rules for the duty media. True: something is other than before. */
bool lk_passes_renew(struct clerk *c);
/* The verbs "pass" and "passes": 0 and the result; SK_BAD. */
int lk_passes_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result);

/* outbox.c */
int lk_outbox_open(struct clerk *c);
void lk_outbox_close(struct clerk *c);
/* 0 and the id; SK_FULL. `body` is kept (a reference is taken). */
int lk_outbox_add(struct clerk *c, const char *kind, struct json_object *body, char ret_id[static 33]);
void lk_outbox_send(struct clerk *c);
void lk_outbox_taken(struct clerk *c, const char *id);
/* An ANSWER: kept durably before it is taken. 0 or SK_NONE (not ours; taken all the same). */
int lk_outbox_answer(struct clerk *c, const struct sk_json *at);
struct json_object *lk_outbox_list(const struct clerk *c);

/* learned.c */
int lk_learned_open(struct clerk *c);
void lk_learned_close(struct clerk *c);
void lk_learned_add(struct clerk *c, const struct lk_record *record);
/* Writes what is new to the disk: at most once a tick. */
void lk_learned_save(struct clerk *c);
int lk_learned_clear(struct clerk *c);
uint32_t lk_learned_count(const struct clerk *c);
/* Calls `each` for every program; stops at an answer other than 0, which is returned. */
int lk_learned_each(const struct clerk *c, int (*each)(void *arg, struct json_object *program), void *arg);

/* media.c */
/* The policy in force: its scope, joined by the media's mount points, goes to the guard. 0, SK_FULL, -errno. */
int lk_media_policy(struct clerk *c, const struct sk_policy *policy);
/* Its rules go to the duty media; NULL = there is none. */
void lk_media_rules(struct clerk *c, const struct sk_policy *policy);
/* The rules as they are now, to the duty. */
void lk_media_send(struct clerk *c);
int lk_media_scope(struct clerk *c, const char *const *scope, uint32_t count);
int lk_media_subscribe(struct clerk *c, struct lk_client *client, uint32_t id);
int lk_media_mounts(struct clerk *c, const struct sk_json *at);
int lk_media_event(struct clerk *c, const struct sk_json *at);
/* Is the duty there; and does the policy in force refuse what it does not list? */
bool lk_media_there(const struct clerk *c);
bool lk_media_closed(const struct clerk *c);
void lk_media_close(struct clerk *c);
