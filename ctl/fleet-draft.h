// SPDX-License-Identifier: GPL-3.0-or-later
/* What people approved, put onto the policy draft that somebody will sign: the part of `sekisho fleet drafts` that writes a file. */
#pragma once

#include "ctl.h"

/* Adds the programs of `drafts` (draft.list) to the draft named by --onto and writes it to --out. CTL_*. */
int fleet_draft_onto(const struct ctl *ctl, struct json_object *drafts);
