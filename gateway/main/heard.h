// SPDX-License-Identifier: GPL-3.0-or-later
/* What the engine tells, as learning counts it; the same in the gateway and in a replay. */
#pragma once

#include "engine/event.h"
#include "learn/learn.h"

void gw_heard(struct gw_learn *learn, const struct gw_event *event);
