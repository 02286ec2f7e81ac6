// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho lockdown window, code, idle (lockdown-window.c). Each returns CTL_*. */
#pragma once

#include "ctl.h"

int lockdown_run_window(struct ctl *ctl);
int lockdown_run_code(struct ctl *ctl);
int lockdown_run_idle(struct ctl *ctl);
