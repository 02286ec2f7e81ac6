// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho fleet programs list|import|review|draft|show: the organisation's list of programs by hash. */
#pragma once

#include "ctl.h"

int fleet_run_programs(struct ctl *ctl);
