// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho fleet programs. */
#pragma once

#include "ctl.h"

int fleet_run_programs(struct ctl *ctl);
