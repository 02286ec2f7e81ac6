// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The decision: a pure function of what is known about a file and of the orders. And the look at a file that finds its place in the
 * verdict cache. Nothing here opens, waits, allocates or logs; guard and keeper both use it on the answer path.
 */
#pragma once

#include "lockdown/shared.h"

/* FAN_ALLOW or FAN_DENY for a file whose content is known or not. */
uint32_t lk_judge_known(const struct lk_orders *orders, bool known);
/* The answer when the content could not be judged. */
uint32_t lk_judge_trouble(const struct lk_orders *orders, enum lk_trouble trouble);
/* Is this content on the list in force? *ret_orders are the orders that the answer belongs to. */
bool lk_listed(const struct lk_shared *shared, const uint8_t hash[LK_HASH], struct lk_orders *ret_orders);

/* The same; *ret_kinds is what it may be used as. */
bool lk_listed_as(const struct lk_shared *shared, const uint8_t hash[LK_HASH], struct lk_orders *ret_orders, uint32_t *ret_kinds);

/* What the file is now. False when it cannot be said. Asks no remote server and no FUSE daemon. */
bool lk_look(int fd, struct lk_key *ret_key);
/* The file system of the scope that the device belongs to; NULL = none. */
struct lk_scope *lk_scope_of(struct lk_shared *shared, uint64_t device);
/* May verdicts about files of this device be remembered? */
bool lk_may_remember(struct lk_shared *shared, uint64_t device);
/*
 * The fast half of the answer path: looks, and finds the file in the cache. True: slot->known and slot->hash are set.
 * False: it must be hashed. Only for groups whose file systems cannot hang.
 */
bool lk_recall(struct lk_shared *shared, struct lk_slot *slot, struct lk_orders *ret_orders);

/* What is known and may be remembered, in the kernel side's map as well: sets slot->kept. `drops` as for lk_cache_put(). */
void lk_keep(struct lk_shared *shared, struct lk_slot *slot, uint64_t drops);
/* Nothing that was remembered counts any more, neither here nor in the kernel. */
void lk_forget_all(struct lk_shared *shared);
/* The same for the files of one file system, as far as the kernel side goes. */
void lk_forget_system(struct lk_shared *shared, uint64_t device);

/*
 * Before the kernel is told FAN_ALLOW: the kernel side looks at the same execution again, and must find it known or permitted. When slot->kept is set it is
 * known there; else it gets a permit for what the file is now.
 */
void lk_allow(struct lk_shared *shared, const struct lk_slot *slot, const struct lk_orders *orders);

/*
 * A notification in `slot`: something remembered was written to, and is forgotten; or the image behind a file system was, whose files are not
 * remembered from now on.
 */
void lk_forget(struct lk_shared *shared, const struct lk_slot *slot);
/* Reads what inotify says of device nodes (fanotify says nothing of them). Written to: as above, for what lies on them. */
void lk_check_nodes(struct lk_shared *shared);
