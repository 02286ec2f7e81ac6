/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps, and the one rule of lockdown's kernel side, for every program of it: is the current task a subject, is this file known as it is now, and if not, what is
 * done about it. Each object that includes this names the same maps; the loader makes each of them once and gives all objects the same.
 */
#pragma once

#include "lockdown-file.h"

#define SK_PF_KTHREAD      0x00200000
#define SK_SIGKILL         9
#define SK_FIRST_PID_SPACE 0xEFFFFFFCu /* include/linux/proc_ns.h: the one that the kernel made */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sk_orders);
} sk_orders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SK_PERMITS_MAX);
	__type(key, struct sk_permit_key);
	__type(value, struct sk_permit);
} sk_permits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SK_RECORDS_BYTES);
} sk_records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SK_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} sk_counts SEC(".maps");

/* A number is set or cleared by each fork, so what is said of it does not outlive its thread. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SK_ORIGINS_MAX / SK_ORIGINS);
	__type(key, __u32);
	__type(value, struct sk_origins);
} sk_origins SEC(".maps");

static __always_inline void sk_count(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&sk_counts, &what);

	if (count)
		*count += 1;
}

/* The orders, whoever the current task is. */
static __always_inline struct sk_orders *sk_all_orders(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sk_orders, &zero);
}

/* Who brings the machine up may load programs and open disks. */
static __always_inline bool sk_is_first_process(void)
{
	return bpf_get_current_pid_tgid() >> 32 == 1;
}

static __always_inline __u8 *sk_origin_of(__u32 thread)
{
	__u32 place = thread / SK_ORIGINS;
	struct sk_origins *origins = bpf_map_lookup_elem(&sk_origins, &place);

	return origins ? &origins->came[thread % SK_ORIGINS] : NULL;
}

/* A number that there was not when the map was made counts as one of them. */
static __always_inline bool sk_has_origin(__u32 thread)
{
	__u8 *came = sk_origin_of(thread);

	return !came || *came;
}

static __always_inline void sk_set_origin(__u32 thread, bool value)
{
	__u8 *came = sk_origin_of(thread);

	if (came && *came != value)
		*came = value;
}

/* Who came from the subject's cgroup stays a subject wherever it goes. Looked at only when one has left. */
static __always_inline bool sk_is_stray(const struct sk_orders *orders)
{
	return orders->strays && sk_has_origin((__u32)bpf_get_current_pid_tgid());
}

/* The orders, when the current task is a subject and not one of us; else NULL. */
static __always_inline struct sk_orders *sk_subject_orders(void)
{
	struct sk_orders *orders = sk_all_orders();

	if (!orders || orders->subject == SK_SUBJECT_NONE)
		return NULL;
	if (orders->subject == SK_SUBJECT_CGROUP && bpf_get_current_ancestor_cgroup_id(orders->level) != orders->cgroup && !sk_is_stray(orders))
		return NULL;
	return orders;
}

/*
 * Functions that are no part of their callers are verified once, by themselves, instead of along each way to each call: with their loops that is the difference between
 * tenths of a second and seconds until the kernel side is there. They take numbers for pointers, and read through them as one reads foreign memory.
 */

/* The thread group of a task's `signal` as the guard counts it; 0 = it cannot see it. */
__noinline __u32 sk_number_of(__u64 place, __u32 space)
{
	struct signal_struct *group = (struct signal_struct *)place;
	struct pid *pid = BPF_CORE_READ(group, pids[1]);
	unsigned int level = BPF_CORE_READ(pid, level);

	for (unsigned int i = 0; i < 8; i++) {
		struct pid_namespace *space_at;
		struct upid at;

		if (i > level)
			break;
		if (bpf_core_read(&at, sizeof at, (char *)&pid->numbers[0] + i * sizeof at))
			break;
		space_at = at.ns;
		if (BPF_CORE_READ(space_at, ns.inum) == space)
			return (__u32)at.nr;
	}
	return 0;
}

static __always_inline __u32 sk_process_of(struct task_struct *task, __u32 space)
{
	if (space == SK_FIRST_PID_SPACE)
		return (__u32)BPF_CORE_READ(task, tgid);
	return sk_number_of((__u64)BPF_CORE_READ(task, signal), space);
}

__noinline __u32 sk_our_number(__u32 process)
{
	struct sk_orders *orders = sk_all_orders();

	for (int i = 0; i < SK_OURS && orders; i++)
		if (orders->ours[i] && orders->ours[i] == process)
			return 1;
	return 0;
}

static __always_inline bool sk_is_ours(const struct sk_orders *orders, __u32 process)
{
	return sk_our_number(process);
}

/* One of the agent's processes: what is done to it is told. SK_ROLE_NONE: it is not. */
__noinline __u32 sk_role_of(__u32 process)
{
	struct sk_orders *orders = sk_all_orders();

	if (!orders || !process)
		return SK_ROLE_NONE;
	for (__u32 i = 0; i < SK_OURS; i++)
		if (orders->ours[i] == process)
			return SK_ROLE_GUARD + i;
	for (__u32 i = 0; i < SK_WATCHED; i++)
		if (orders->watched[i] == process)
			return SK_ROLE_MAIN + i;
	return SK_ROLE_NONE;
}

/* Who is one of them does to the others what has to be done. */
static __always_inline bool sk_spares_us(const struct sk_orders *orders, struct task_struct *task)
{
	return sk_role_of(sk_process_of(task, orders->pid_space)) != SK_ROLE_NONE;
}

/* A fatal signal waits already: there is no second verdict. */
static __always_inline bool sk_is_dying(struct task_struct *task)
{
	return BPF_CORE_READ(task, pending.signal.sig[0]) & (1ULL << (SK_SIGKILL - 1));
}

/* NONE: it is known as it is now, *ret_kinds is what it may be used as. */
static __always_inline __u32 sk_is_known(const struct sk_orders *orders, const struct sk_look *look, __u32 *ret_kinds)
{
	struct sk_known *known = bpf_map_lookup_elem(&sk_known, &look->key);

	if (!known)
		return SK_REASON_UNLISTED;
	if (known->epoch != orders->epoch)
		return SK_REASON_EPOCH;
	if (!SK_IS_UNCHANGED(known, look) || !sk_is_generation(known, look->generation))
		return SK_REASON_CHANGED;
	if (sk_is_written(look))
		return SK_REASON_WRITER;
	*ret_kinds = known->kinds;
	return SK_REASON_NONE;
}

/* Was it known until now, for what known files are protected from? Its change time may be new already, and somebody has it open for writing. What was cut is no longer known. */
static __always_inline bool sk_was_known(const struct sk_orders *orders, const struct sk_look *look)
{
	struct sk_known *known = look->size ? bpf_map_lookup_elem(&sk_known, &look->key) : NULL;

	return known && known->epoch == orders->epoch && known->size == look->size && sk_is_generation(known, look->generation);
}

/* Has the guard just allowed this process this file, and is it still the same? `use`: the permit is for this one use. */
static __always_inline bool sk_is_permitted(const struct sk_orders *orders, const struct sk_look *look, __u32 process, bool use, __u32 *ret_kinds)
{
	struct sk_permit_key key = {.process = process, .device = look->key.device, .inode = look->key.inode};
	struct sk_permit *permit = bpf_map_lookup_elem(&sk_permits, &key);

	if (!process || !permit || permit->deny || (permit->used && !permit->keep) || permit->epoch != orders->epoch || permit->until_ns < bpf_ktime_get_ns())
		return false;
	if (!SK_IS_UNCHANGED(permit, look))
		return false;
	*ret_kinds = permit->kinds;
	if (use)
		permit->used = 1;
	return true;
}

static __always_inline bool sk_guard_is_silent(const struct sk_orders *orders)
{
	return orders->stale_ns && bpf_ktime_get_ns() > orders->beat_ns + orders->stale_ns;
}

/* What becomes of something that is not known. */
static __always_inline __u32 sk_decide(const struct sk_orders *orders)
{
	if (!(orders->what & SK_DO_ENFORCE))
		return SK_VERDICT_WOULD;
	if (sk_guard_is_silent(orders) && !(orders->what & SK_DO_FAIL_DENY))
		return SK_VERDICT_FAILURE;
	return SK_VERDICT_KILLED;
}

/* What a program tells of one event, beyond who did it. */
struct sk_told {
	__u32 road, verdict, reason, kinds;
	__u32 victim, role, detail; /* as in struct sk_record */
	__u64 address;
	const struct sk_look *look; /* may be NULL */
	struct file *file;          /* may be NULL: names it */
	struct dentry *dentry;      /* or this does */
	const char *path;           /* may be NULL: or this does */
};

static __always_inline void sk_record_process(struct sk_record *record, const struct sk_orders *orders)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task(), *parent = BPF_CORE_READ(task, real_parent);

	record->process = sk_process_of(task, orders->pid_space);
	record->parent = sk_process_of(parent, orders->pid_space);
	record->uid = (__u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(record->comm, sizeof record->comm);
	BPF_CORE_READ_STR_INTO(&record->parent_comm, parent, comm);
}

static __always_inline void sk_tell(const struct sk_orders *orders, const struct sk_told *told)
{
	struct file *file = told->file; /* local ones: the macros below record each step of a path */
	struct dentry *dentry = told->dentry;
	struct sk_record *record;

	if (told->verdict != SK_VERDICT_ASKED && told->verdict != SK_VERDICT_NOTICED)
		sk_count(told->verdict == SK_VERDICT_WOULD ? SK_COUNT_WOULD : told->verdict == SK_VERDICT_FAILURE ? SK_COUNT_FAILURE : SK_COUNT_STOPPED);
	if (!(orders->what & SK_DO_RECORD))
		return;
	record = bpf_ringbuf_reserve(&sk_records, sizeof *record, 0);
	if (!record) {
		sk_count(SK_COUNT_LOST);
		return;
	}
	__builtin_memset(record, 0, sizeof *record);
	record->time_ns = bpf_ktime_get_ns();
	record->road = told->road;
	record->verdict = told->verdict;
	record->reason = told->reason;
	record->kinds = told->kinds;
	record->address = told->address;
	record->victim = told->victim;
	record->role = told->role;
	record->detail = told->detail;
	record->serial = orders->serial;
	if (told->look) {
		record->device = told->look->key.device;
		record->inode = told->look->key.inode;
		record->size = told->look->size;
		record->changed_s = told->look->changed_s;
		record->changed_ns = told->look->changed_ns;
	}
	sk_record_process(record, orders);
	if (file)
		dentry = BPF_CORE_READ(file, f_path.dentry);
	if (dentry) {
		const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);

		bpf_probe_read_kernel_str(record->name, sizeof record->name, name);
	} else if (told->path) {
		bpf_probe_read_kernel_str(record->name, sizeof record->name, told->path);
	}
	bpf_ringbuf_submit(record, 0);
}
