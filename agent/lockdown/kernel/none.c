// SPDX-License-Identifier: GPL-3.0-or-later
/* A build without libbpf, clang or bpftool: there is no kernel side, fanotify stands alone. The same functions as kernel.c and kernel/load.c, which then do nothing. */
#include <errno.h>
#include <stdio.h>

#include "event/attack.h"
#include "lockdown/kernel/lsm.h"
#include "lockdown/kernel/kernel.h"
#include "lockdown/kernel/maps.h"
#include "lockdown/shared.h"

int lk_kernel_fds[LK_MAPS] = {[0 ... LK_MAPS - 1] = -1};
int lk_kernel_inherited[] = {-1};

void lk_kernel_interpreters(const char *folder)
{
	(void)folder;
}

void lk_kernel_load(struct lk_shared *shared, const char *pins)
{
	(void)pins;
	shared->kernel.tier = SK_TIER_C;
	shared->kernel.hook_count = 1;
	snprintf(shared->kernel.hooks[0].name, sizeof shared->kernel.hooks[0].name, "bpf");
	shared->kernel.hooks[0].error = ENOSYS;
	shared->kernel.hooks[0].bit = SK_HOOK_TRACE_EXEC;
}

void *lk_map_memory(enum lk_map map, size_t size)
{
	(void)map;
	(void)size;
	return NULL;
}

void lk_map_drop(void *at)
{
	(void)at;
}

void lk_kernel_leave(void)
{
}

void lk_kernel_unload(struct lk_shared *shared)
{
	(void)shared;
}

bool lk_kernel_on(const struct lk_shared *shared)
{
	(void)shared;
	return false;
}

bool lk_kernel_acts(const struct lk_shared *shared)
{
	(void)shared;
	return false;
}

void lk_kernel_orders(struct lk_shared *shared, const struct lk_orders *orders)
{
	(void)shared;
	(void)orders;
}

bool lk_kernel_beat(struct lk_shared *shared)
{
	(void)shared;
	return false;
}

uint64_t lk_kernel_lost(const struct lk_shared *shared)
{
	(void)shared;
	return 0;
}

void lk_kernel_counts(struct lk_shared *shared)
{
	(void)shared;
}

void lk_kernel_ours(struct lk_shared *shared, unsigned place, uint32_t process)
{
	(void)shared;
	(void)place;
	(void)process;
}

void lk_kernel_watch(struct lk_shared *shared, unsigned place, uint32_t process)
{
	(void)shared;
	(void)place;
	(void)process;
}

bool lk_kernel_is_whole(const struct lk_shared *shared)
{
	(void)shared;
	return true;
}

void lk_kernel_seal(struct lk_shared *shared)
{
	(void)shared;
}

void lk_kernel_forget_all(struct lk_shared *shared)
{
	(void)shared;
}

void lk_kernel_forget(struct lk_shared *shared, uint64_t device, uint64_t inode)
{
	(void)shared;
	(void)device;
	(void)inode;
}

void lk_kernel_forget_system(struct lk_shared *shared, uint64_t device)
{
	(void)shared;
	(void)device;
}

bool lk_kernel_know(struct lk_shared *shared, const struct lk_key *key, const uint8_t hash[32], uint32_t kinds)
{
	(void)shared;
	(void)key;
	(void)hash;
	(void)kinds;
	return false;
}

void lk_kernel_permit(struct lk_shared *shared, uint32_t process, const struct lk_key *key, const uint8_t *hash, uint32_t kinds, bool keep)
{
	(void)shared;
	(void)hash;
	(void)process;
	(void)key;
	(void)kinds;
	(void)keep;
}

unsigned lk_kernel_review(struct lk_shared *shared, bool (*listed)(void *arg, const uint8_t hash[32], uint32_t *kinds), void *arg)
{
	(void)shared;
	(void)listed;
	(void)arg;
	return 0;
}

void lk_kernel_answer_call(struct lk_shared *shared, uint32_t process, const struct lk_call_answer *answer)
{
	(void)shared;
	(void)process;
	(void)answer;
}

uint32_t lk_kernel_device(uint64_t device)
{
	return (uint32_t)device;
}

void lk_kernel_answer(struct lk_shared *shared, const struct sk_record *asked, const uint8_t *hash, uint32_t kinds)
{
	(void)shared;
	(void)hash;
	(void)asked;
	(void)kinds;
}

int lk_kernel_reader(void)
{
	return 0;
}

void lk_kernel_read(int ms, void (*each)(void *arg, const struct sk_record *record), void *arg)
{
	(void)ms;
	(void)each;
	(void)arg;
}

void lk_lsm_begin(struct lk_shared *shared, const char *root, const char *pins)
{
	(void)shared;
	(void)root;
	(void)pins;
}

void lk_lsm_list(struct lk_shared *shared)
{
	(void)shared;
}

void lk_lsm_holds(const struct lk_shared *shared, const char *folder)
{
	(void)shared;
	(void)folder;
}

void lk_lsm_disks(const struct lk_shared *shared)
{
	(void)shared;
}

bool lk_lsm_is_held(const struct lk_shared *shared)
{
	(void)shared;
	return false;
}

void lk_lsm_release(struct lk_shared *shared, uint64_t until_ns)
{
	(void)shared;
	(void)until_ns;
}

void lk_lsm_maintenance(struct lk_shared *shared, uint64_t until_ns)
{
	(void)shared;
	(void)until_ns;
}
