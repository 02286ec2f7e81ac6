// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho lockdown window, code, idle (lockdown-window.c). Each returns CTL_*. */
#pragma once

#include "ctl.h"

/* The `window` of a status, for people; `only_when_there`: nothing when there is none, and none waits for a decision. */
void lockdown_print_window(struct json_object *window, bool only_when_there);
int lockdown_run_window(struct ctl *ctl);
int lockdown_run_code(struct ctl *ctl);
int lockdown_run_idle(struct ctl *ctl);
