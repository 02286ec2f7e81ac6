// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What tier A needs beside kernel.h: the kernel's own copy of the allowlist, which files and folders are ours, which disks lie below guarded file systems, and the
 * two switches that signed objects set. Where no LSM program is attached, all of it does nothing.
 *
 *   main     lk_lsm_begin(), when everything is attached
 *   guard    lk_lsm_list(), lk_lsm_disks(), when orders or scope changed. Both allocate nothing
 *   clerk    lk_lsm_release(), lk_lsm_maintenance(), from signed objects
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lk_shared;

/* From here on the kernel side knows our processes, files, pins, control groups and BPF objects. `root` is --root, `pins` as for lk_kernel_load(). */
void lk_lsm_begin(struct lk_shared *shared, const char *root, const char *pins);
/* Is self-protection on, without a release: does the kernel side stay when the agent ends? */
bool lk_lsm_is_held(const struct lk_shared *shared);
/* One of our BPF programs or maps, before lk_lsm_begin(). */
void lk_lsm_object(int program_fd);
void lk_lsm_map(int map_fd);
/* Carries the list in force over. Entries that are no longer on it go first, then what was judged by it is forgotten. */
void lk_lsm_list(struct lk_shared *shared);
/* A folder that holds known files, or a folder of them: it is not renamed, and nothing is mounted over it. By one thread of the guard. */
void lk_lsm_holds(const struct lk_shared *shared, const char *folder);
/* Carries over which devices must not be written directly. */
void lk_lsm_disks(const struct lk_shared *shared);

/* Until when (CLOCK_BOOTTIME ns; 0 = no longer) the agent may be stopped, replaced and unloaded, and trusted updaters may write known files. */
void lk_lsm_release(struct lk_shared *shared, uint64_t until_ns);
void lk_lsm_maintenance(struct lk_shared *shared, uint64_t until_ns);
