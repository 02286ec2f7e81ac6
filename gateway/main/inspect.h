// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The duty "engine": frames that io lends, judged by gateway/engine, given back with their fates. No capability; of files the rule files alone. It may die at any time:
 * the kernel side lets its frames on or drops them by each conduit's failure setting until the next one is there.
 *
 * Policies and rules are made by a thread of its own, and taken over between two frames: no frame waits while 25,000 rules are read.
 */
#pragma once

#include "os/proc.h"

int gw_inspect_run(const struct sk_duty_ctx *ctx);
extern const struct sk_land_rule gw_inspect_land[];
extern const char *const gw_inspect_calls[];
