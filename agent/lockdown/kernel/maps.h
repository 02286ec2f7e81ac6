// SPDX-License-Identifier: GPL-3.0-or-later
/* Between the two halves of lockdown's kernel side in user space: who loads (kernel/load.c) and who writes the maps (kernel.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lockdown/kernel/kernel.h"

/* Index of each map in lk_kernel_fds. */
enum lk_map { LK_MAP_ORDERS, LK_MAP_KNOWN, LK_MAP_PERMITS, LK_MAP_RECORDS, LK_MAP_COUNTS, LK_MAP_LSM_DISKS, LK_MAP_LSM_SELF, LK_MAP_LSM_LIST, LK_MAP_LSM_PLACES,
	      LK_MAP_LSM_OBJECTS, LK_MAP_LSM_CGROUPS, LK_MAP_LSM_INODES, LK_MAP_LSM_TASKS, LK_MAP_HOLDS, LK_MAP_SECONDS,
	      LK_MAP_ROWS, LK_MAP_SCRIPTS, LK_MAP_MARKS, LK_MAP_ASKS, LK_MAP_ORIGINS, LK_MAP_WAITS, LK_MAPS };
extern const char *const lk_map_names[LK_MAPS];
extern int lk_kernel_fds[LK_MAPS]; /* -1 = there is none */

/* A map's memory, in this process and all that it makes from now on; NULL: there is none. Ended by lk_kernel_leave(). */
void *lk_map_memory(enum lk_map map, size_t size);
void lk_map_drop(void *at); /* and this ends one of them, for this process */
/* Maps the orders, for this process and those it makes. False: it could not. */
bool lk_maps_open(struct lk_shared *shared);
/* Nobody is acted upon any more. */
void lk_maps_stop(void);
