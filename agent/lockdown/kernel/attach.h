// SPDX-License-Identifier: GPL-3.0-or-later
/* Programs that are attached only while the policy in force restricts interpreters, or protects known files (attach.c): who loads them, and who decides when. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "event/attack.h"
#include "lockdown/kernel/kernel.h"

enum { LK_SCRIPT_HOOKS = SK_HOOK_TRACE_ARGUMENTS | SK_HOOK_TRACE_READ, LK_LATER_HOOKS = LK_SCRIPT_HOOKS | SK_HOOK_TRACE_WRITE };

/* main, while it loads. Is a program of this kind attached later? In tier A, where nobody but us may attach anything, all are attached for good. */
bool lk_attach_is_later(const struct lk_kernel *kernel, uint32_t hook);
/* A program that was tried. False: there is no room or no descriptor, so it must be attached for good. */
bool lk_attach_leave(const char *name, uint32_t hook, int program);
/* Where they are pinned; "" = nowhere. */
void lk_attach_pins(const char *folder);
/* Descriptors that the guard must inherit. Returns how many. */
unsigned lk_attach_fds(int *ret_fds, unsigned room);

struct lk_shared;
/* The guard's minder: attaches those of `kinds` (hooks) that are of `wanted`, and detaches the others of `kinds`. True: that changed something. */
bool lk_attach(struct lk_shared *shared, uint32_t kinds, uint32_t wanted);
