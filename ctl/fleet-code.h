// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho fleet code, codes (fleet-code.c). Both return CTL_*. */
#pragma once

#include "ctl.h"

int fleet_run_code(struct ctl *ctl);
int fleet_run_codes(struct ctl *ctl);
/* sekisho fleet window ENDPOINT FILE */
int fleet_run_window(struct ctl *ctl);
