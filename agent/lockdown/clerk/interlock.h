// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The tool-state interlock: a change that could disturb a tool in its work waits until the tool is idle. Who says so is named by the policy: an operator
 * (`sekisho lockdown idle yes`), a local probe program (exit code 0), or the gateway, which reads the tool's GEM events (COMMAND "idle", source "gem").
 *
 *   a stricter policy, the switch to enforce   waits; takes effect when `wait_s` is over all the same, and that is told
 *   a maintenance window is to be opened       waits; is given up when `wait_s` is over
 *   a maintenance window is to be closed       waits; closes when `wait_s` is over, or when its own time is
 *
 * Nobody said anything = not idle. What was said before a start of the agent does not count any more; a start puts in force what the store holds without waiting,
 * because there is nothing in force that could stay.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct clerk;
struct json_object;

enum lk_waiter { LK_WAITS_POLICY, LK_WAITS_OPEN, LK_WAITS_CLOSE, LK_WAITERS };
enum lk_ready { LK_READY, LK_NOT_YET, LK_LATE };
enum lk_idle { LK_IDLE_UNKNOWN, LK_IDLE_NO, LK_IDLE_YES };

struct lk_interlock {
	struct sk_watch *timer;
	int source;              /* enum sk_interlock, of the policy in force */
	char probe[512];
	uint64_t wait_ms;        /* 0 = for ever */
	struct {
		enum lk_idle idle;
		uint64_t mono_ms;
		char by[64];
	} said[4];               /* by source */
	uint64_t since[LK_WAITERS]; /* monotonic ms; 0 = nothing waits */
	uint32_t probe_said;
};

int lk_interlock_open(struct clerk *c);
void lk_interlock_close(struct clerk *c);
/* The terms of the policy in force. */
void lk_interlock_terms(struct clerk *c, const struct sk_interlock_terms *terms);
/* May this change happen now? By the terms given, or those in force (NULL). LATE: its time is over. Told as events when waiting begins and ends. */
enum lk_ready lk_interlock_ask(struct clerk *c, enum lk_waiter who, const struct sk_interlock_terms *terms);
void lk_interlock_forget(struct clerk *c, enum lk_waiter who);
/* Somebody says whether the tool is idle; what waits is looked at again. */
void lk_interlock_say(struct clerk *c, enum sk_interlock source, bool idle, const char *by);
/* The recorder has run the probe. */
void lk_interlock_news(struct clerk *c);
struct json_object *lk_interlock_state(const struct clerk *c);
