// SPDX-License-Identifier: GPL-3.0-or-later
/* Keys and pass phrases for subcommands that sign. The family's options must have `pass-file`. Results are CTL_* with the complaint printed. */
#pragma once

#include "crypto/sign.h"
#include "ctl.h"

/* From --pass-file, else asked at the terminal (`twice` for a new one). The caller wipes it. */
int ctl_pass(const struct ctl *ctl, const char *what, bool twice, char out[static SK_PASS_MAX + 1]);
int ctl_load_key(const struct ctl *ctl, const char *path, struct sk_private **ret_key);
int ctl_load_public(const struct ctl *ctl, const char *path, struct sk_public *ret_key);
