// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The real engine in the rig.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct gw_lent;

/* The real engine, for what it costs: no policy, no rules, nobody hears its events. NULL: it could not be made. */
void *rig_judge_new(void);
bool rig_judge(void *engine, const struct gw_lent *lent, uint8_t *frame);
