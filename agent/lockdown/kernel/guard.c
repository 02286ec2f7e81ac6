// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The guard's two threads for the kernel side: one tells it the orders and that the guard lives, one takes what it recorded and hands it to the clerk.
 *
 * When the list changes, what the kernel side knows is gone through before the new orders count as carried out: nothing that was taken off the list runs
 * from then on. Owns ring 3.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "bpf/lockdown.h"
#include "event/attack.h"
#include "lockdown/guard/guard.h"
#include "lockdown/kernel/lsm.h"

static const uint8_t roads[SK_ROADS] = {
	[SK_ROAD_EXEC_FILE] = SK_ATTACK_EXEC_OUTSIDE_SCOPE,
	[SK_ROAD_EXEC_MEMFD] = SK_ATTACK_EXEC_MEMFD,
	[SK_ROAD_EXEC_DELETED] = SK_ATTACK_EXEC_DELETED,
	[SK_ROAD_EXEC_OVERLAY] = SK_ATTACK_EXEC_OVERLAY,
	[SK_ROAD_EXEC_ELSEWHERE] = SK_ATTACK_EXEC_NAMESPACE,
	[SK_ROAD_EXEC_LOADER] = SK_ATTACK_MAP_LOADER,
	[SK_ROAD_MAP_FILE] = SK_ATTACK_MAP_LIBRARY,
	[SK_ROAD_MEM_ANONYMOUS] = SK_ATTACK_MEM_ANONYMOUS,
	[SK_ROAD_MEM_CHANGED] = SK_ATTACK_MEM_MPROTECT,
	[SK_ROAD_MEM_SHARED] = SK_ATTACK_MEM_SHARED,
	[SK_ROAD_SCRIPT_INLINE] = SK_ATTACK_SCRIPT_INLINE,
	[SK_ROAD_SCRIPT_STDIN] = SK_ATTACK_SCRIPT_STDIN,
	[SK_ROAD_SCRIPT_OPERAND] = SK_ATTACK_SCRIPT_OPERAND,
	[SK_ROAD_SCRIPT_ENVIRONMENT] = SK_ATTACK_SCRIPT_ENVIRONMENT,
	[SK_ROAD_SCRIPT_MODULE] = SK_ATTACK_SCRIPT_MODULE,
	[SK_ROAD_PTRACE] = SK_ATTACK_MEM_PTRACE,
	[SK_ROAD_PROC_MEM] = SK_ATTACK_MEM_PROC_WRITE,
	[SK_ROAD_PROCESS_VM] = SK_ATTACK_MEM_PROCESS_VM,
	[SK_ROAD_MODULE] = SK_ATTACK_MODULE_LOAD,
	[SK_ROAD_KEXEC] = SK_ATTACK_KEXEC,
	[SK_ROAD_BPF] = SK_ATTACK_BPF_LOAD,
	[SK_ROAD_MOUNT] = SK_ATTACK_MOUNT_SHADOW,
	[SK_ROAD_FILE_WRITE] = SK_ATTACK_FILE_WRITE,
	[SK_ROAD_FILE_RENAME] = SK_ATTACK_FILE_RENAME,
	[SK_ROAD_FILE_ATTRIBUTE] = SK_ATTACK_FILE_ATTRIBUTE,
	[SK_ROAD_FILE_LINK] = SK_ATTACK_FILE_HARDLINK,
	[SK_ROAD_AGENT_SIGNAL] = SK_ATTACK_AGENT_SIGNAL,
	[SK_ROAD_AGENT_TRACE] = SK_ATTACK_AGENT_TRACE,
	[SK_ROAD_AGENT_FILE] = SK_ATTACK_AGENT_REPLACE,
	[SK_ROAD_AGENT_UNLOAD] = SK_ATTACK_AGENT_UNLOAD,
	[SK_ROAD_AGENT_STARVE] = SK_ATTACK_AGENT_STARVE,
	[SK_ROAD_DEVICE] = SK_ATTACK_DEVICE_WRITE,
	[SK_ROAD_BINFMT] = SK_ATTACK_BINFMT,
};

static uint64_t utc_ms(uint64_t mono_ns)
{
	struct timespec utc, mono;

	clock_gettime(CLOCK_REALTIME, &utc);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (uint64_t)utc.tv_sec * 1000 + (uint64_t)utc.tv_nsec / 1000000 -
	       ((uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000 - mono_ns / 1000000);
}

static enum lk_rule rule_of(uint32_t road, uint32_t trouble)
{
	if (trouble)
		return LK_RULE_FAILURE;
	switch (road) {
	case SK_ATTACK_MEM_ANONYMOUS ... SK_ATTACK_MEM_PROCESS_VM:
		return LK_RULE_MEMORY;
	case SK_ATTACK_SCRIPT_OPERAND ... SK_ATTACK_SCRIPT_MODULE:
		return LK_RULE_INTERPRETERS;
	case SK_ATTACK_MODULE_LOAD:
	case SK_ATTACK_KEXEC:
	case SK_ATTACK_BPF_LOAD:
		return LK_RULE_MODULES;
	case SK_ATTACK_MOUNT_SHADOW:
		return LK_RULE_MOUNTS;
	case SK_ATTACK_FILE_WRITE ... SK_ATTACK_FILE_HARDLINK:
		return LK_RULE_PROTECT;
	case SK_ATTACK_AGENT_SIGNAL ... SK_ATTACK_AGENT_STARVE:
		return LK_RULE_SELF;
	case SK_ATTACK_MEDIA_MOUNT ... SK_ATTACK_MEDIA_COPY:
		return LK_RULE_MEDIA;
	default:
		return LK_RULE_ALLOWLIST;
	}
}

/*
 * The process itself may have been killed: it is as the kernel told it. Who had its parent's number and was there already when it happened is its parent: so the
 * time of the record stands for the start that is not known.
 */
static void find_ancestry(struct lk_record *record, const struct sk_record *from)
{
	struct lk_witness witness = {.pid = from->process, .count = 1};
	struct lk_seen *seen = &witness.seen[0];

	*seen = (struct lk_seen){.pid = from->process, .parent = from->parent, .uid = from->uid, .start = lk_ticks_of(from->time_ns / 1000), .at_most = true};
	memcpy(seen->comm, record->comm, sizeof seen->comm);
	lk_ancestry(record, "/proc", &witness, 0, LK_DEPTH_ALL);
	if (record->ancestors < 2)
		memcpy(record->parent_comm, from->parent_comm, sizeof record->parent_comm - 1);
}

static void on_record(void *arg, const struct sk_record *from)
{
	struct lk_shared *shared = arg;
	struct lk_record *record;

	if (from->verdict == SK_VERDICT_ASKED) {
		lk_asked(from);
		return;
	}
	record = lk_ring_space(&shared->rings[3]);
	if (!record) {
		lk_add(&shared->count.lost_records);
		return;
	}
	record->kind = from->verdict == SK_VERDICT_NOTICED ? LK_RECORD_NOTICED : LK_RECORD_KERNEL;
	record->role = from->role;
	record->detail = from->detail;
	record->road = from->road < SK_ROADS ? roads[from->road] : SK_ATTACK_NONE;
	record->verdict = from->verdict;
	record->reason = from->reason;
	record->answer = from->verdict == SK_VERDICT_KILLED || from->verdict == SK_VERDICT_DENIED ? FAN_DENY : FAN_ALLOW;
	record->mode = from->verdict == SK_VERDICT_WOULD ? LK_OBSERVE : LK_ENFORCE;
	record->trouble = from->verdict == SK_VERDICT_FAILURE ? LK_TROUBLE_UNATTENDED : LK_TROUBLE_NONE;
	record->time_ms = utc_ms(from->time_ns);
	record->serial = from->serial;
	record->pid = from->process;
	record->device = from->device;
	record->inode = from->inode;
	record->size = from->size;
	memcpy(record->comm, from->comm, sizeof record->comm);
	memcpy(record->path, from->name, sizeof from->name);
	record->comm[sizeof record->comm - 1] = record->path[sizeof from->name - 1] = 0;
	record->rule = (uint8_t)rule_of(record->road, record->trouble);
	find_ancestry(record, from);
	lk_ring_publish(&shared->rings[3]);
	lk_wake(&shared->news);
}

void *lk_kernel_listener(void *arg)
{
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;
	uint64_t told = lk_kernel_lost(shared);

	for (;;) {
		uint64_t lost;

		lk_kernel_read(-1, on_record, shared);
		lost = lk_kernel_lost(shared);
		if (lost > told) { /* who floods us to hide something is told as a flood */
			atomic_fetch_add(&shared->count.lost_records, lost - told);
			lk_wake(&shared->news);
		}
		told = lost;
	}
}

static bool still_listed(void *arg, const uint8_t hash[LK_HASH], uint32_t *kinds)
{
	struct lk_orders orders;

	return lk_listed_as(arg, hash, &orders, kinds);
}

/* What was left alone under another list asks again, so that what is taken off is refused, and what comes on is found out. The folders' marks go, too. */
static void change_list(struct lk_shared *shared)
{
	atomic_store(&shared->maps_ready, false);
	fanotify_mark(atomic_load(&shared->groups[0].fan), FAN_MARK_FLUSH, 0, AT_FDCWD, NULL);
	lk_cache_clear(&shared->cache);
	lk_kernel_review(shared, still_listed, shared);
	lk_kernel_seal(shared);
	lk_lsm_list(shared);
	lk_wake(&shared->wanted); /* the marks on images and nodes went too */
}

/* What the clerk put in force, carried over. The orders may change meanwhile: then once more. */
static void carry_over(struct lk_shared *shared)
{
	uint64_t count;
	uint32_t acted = atomic_load(&shared->kernel.acting);
	struct lk_orders orders;
	bool changed = false;

	do {
		orders = lk_orders_get(shared, &count);
		if (count != atomic_load(&shared->orders_carried))
			change_list(shared), changed = true;
		atomic_store(&shared->ignore_exec, orders.subject == SK_SUBJECT_MACHINE || atomic_load(&shared->ignore_always));
		lk_kernel_orders(shared, &orders);
		atomic_store(&shared->orders_carried, count);
	} while (atomic_load(&shared->orders_count) != count);
	if (changed)
		lk_wake(&shared->foresee);
	if (changed || atomic_load(&shared->kernel.acting) != acted)
		lk_wake(&shared->news);
}

static void tell_ours(struct lk_shared *shared)
{
	lk_kernel_ours(shared, 0, (uint32_t)atomic_load(&shared->guard_pid));
	lk_kernel_ours(shared, 1, (uint32_t)atomic_load(&shared->keeper_pid));
}

enum { LK_SELF_US = 5000000 }; /* between two looks at ourselves */

/* How soon one of the pair is served, as it began: who made it worse is not one of us. */
struct urgency {
	pid_t pid;
	int scheduler, nice;
	bool told; /* and it could not be put right */
};

struct self {
	struct rlimit files;
	struct urgency guard, keeper;
	bool limits_told;
};

static struct urgency urgency_of(pid_t pid)
{
	return (struct urgency){.pid = pid, .scheduler = sched_getscheduler(pid), .nice = getpriority(PRIO_PROCESS, (id_t)pid)};
}

static bool is_real_time(const struct urgency *u)
{
	return (u->scheduler & ~SCHED_RESET_ON_FORK) == SCHED_FIFO || (u->scheduler & ~SCHED_RESET_ON_FORK) == SCHED_RR;
}

static void begin_self(struct self *self)
{
	if (getrlimit(RLIMIT_NOFILE, &self->files) < 0)
		self->files.rlim_cur = 0;
	self->guard = urgency_of(getpid());
	self->keeper = (struct urgency){.pid = 0};
}

static void tell_hurt(struct lk_guard *guard, enum sk_role role, enum lk_hurt what)
{
	struct lk_shared *shared = guard->shared;
	struct lk_record *record;

	pthread_mutex_lock(&guard->telling);
	record = lk_ring_space(&shared->rings[0]);
	if (record) {
		record->kind = LK_RECORD_HURT;
		record->role = role;
		record->detail = what;
		record->time_ms = utc_ms(lk_now_us() * 1000);
		lk_ring_publish(&shared->rings[0]);
		lk_wake(&shared->news);
	} else {
		lk_add(&shared->count.lost_records);
	}
	pthread_mutex_unlock(&guard->telling);
}

static void look_at_urgency(struct lk_guard *guard, enum sk_role role, pid_t pid, struct urgency *began)
{
	const struct sched_param param = {.sched_priority = is_real_time(began) ? 1 : 0};
	struct urgency now = urgency_of(pid);

	if (now.scheduler < 0) /* it is gone, another comes */
		return;
	if (began->pid != pid || (is_real_time(&now) && !is_real_time(began)))
		*began = now;
	if (now.scheduler == began->scheduler && now.nice <= began->nice) {
		began->told = false;
		return;
	}
	if (!began->told)
		tell_hurt(guard, role, LK_HURT_PRIORITY);
	began->told = sched_setscheduler(pid, began->scheduler, &param) < 0 || setpriority(PRIO_PROCESS, (id_t)pid, began->nice) < 0;
}

/* What cannot be seen in the moment it is done: limits and priority are put right as far as we may, and an emptied map is filled anew. */
static void look_at_self(struct lk_guard *guard, struct self *self)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur < self->files.rlim_cur && !self->limits_told) {
		tell_hurt(guard, SK_ROLE_GUARD, LK_HURT_LIMITS);
		self->limits_told = true;
	}
	look_at_urgency(guard, SK_ROLE_GUARD, getpid(), &self->guard);
	look_at_urgency(guard, SK_ROLE_KEEPER, (pid_t)atomic_load(&guard->shared->keeper_pid), &self->keeper);
	if (!lk_kernel_is_whole(guard->shared)) {
		tell_hurt(guard, SK_ROLE_GUARD, LK_HURT_MAPS);
		change_list(guard->shared);
		lk_wake(&guard->shared->foresee);
	}
}

/* Until the next look at ourselves, or until the mode ends by its time, which the kernel side does not know of. */
static uint64_t next_look(const struct lk_shared *shared)
{
	uint64_t count, now = lk_now_us();
	struct lk_orders orders = lk_orders_get(shared, &count);

	return orders.until_us > now ? SK_MIN(orders.until_us - now + 1, (uint64_t)LK_SELF_US) : LK_SELF_US;
}

void *lk_kernel_minder(void *arg)
{
	struct lk_shared *shared = ((struct lk_guard *)arg)->shared;
	struct self self = {.limits_told = false};

	begin_self(&self);
	lk_kernel_seal(shared);

	for (;;) {
		uint32_t seen = atomic_load(&shared->orders_word);

		tell_ours(shared);
		carry_over(shared);
		look_at_self(arg, &self);
		lk_wait(&shared->orders_word, seen, next_look(shared));
	}
}
