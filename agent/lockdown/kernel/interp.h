// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Interpreters for the kernel side: which known content is which row of the table, what is exempt, which folders hold data. Written by whoever carries a policy
 * over (the clerk, or a rig), in memory that the kernel side reads; main makes it before the processes are. Without a kernel side nothing happens.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

struct sk_lockdown;
struct sk_interp_table;

/* main, once the maps are made: maps them and fills in the table (`folder`: a site's own files, may be NULL). False: restricted interpreters are not to be had. */
bool lk_interp_open(const char *folder);

/* A new list begins, beside the one in force: nothing is exempt, nothing is an interpreter, until it is told. */
void lk_interp_begin(void);
/* And comes into force. */
void lk_interp_publish(void);
/* This content is what is called `name`. True when that is an interpreter. */
bool lk_interp_add(const uint8_t hash[32], const char *name);
/* `program`: path or base name; `user` NULL = any; `script` NULL = any. False: no such interpreter or user, or no room. */
bool lk_interp_exempt(const char *program, const char *user, const char *script);
/* Files below this folder may be read. False: no such folder, or no room. */
bool lk_interp_data(const char *folder);

/* For the guard, which looks at calls that the kernel side cannot look at alone. The row of this content; -1 = no interpreter. */
int lk_interp_row(const uint8_t hash[32]);
const struct sk_interp_table *lk_interp_table(void);
/* Does the policy exempt this call? Counts it. `script` may be NULL. */
bool lk_interp_is_exempt(int row, const uint8_t hash[32], uint32_t user, const char *script);

/* How often an exemption let something through, since the policy came into force. */
uint64_t lk_interp_let_through(void);

/* Can all interpreters of this policy be restricted? SK_FULL: it lists *ret_count of them, and those beyond the limit would not start at all. */
int lk_interp_fits(const struct sk_lockdown *lockdown, unsigned *ret_count);
/* The kinds (enum sk_as) of each program of a policy, in its order, and all of the above as the policy says. `ret_kinds` has room for each. */
void lk_interp_policy(const struct sk_lockdown *lockdown, uint8_t *ret_kinds);
