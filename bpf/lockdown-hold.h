/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding a task that would be killed until the guard has looked at what it executes: so that what is lawful but was never judged (a known program through an overlay, on a
 * file system of a user namespace, with a change time that moved a moment ago) runs, and what is not does not.
 *
 * The task is held on its way back to user space: a piece of task work that finds no answer yet queues another one, and between the two the kernel schedules as it
 * likes. It never comes to its first instruction without an answer: known or permitted, it goes on; refused, or no answer in time, it is stopped as it would have
 * been at once. Each piece needs a place of its own, so there are two of each thread, by turns.
 *
 * Not asked: what can be changed behind the guard's back (a memfd that is not sealed: its writer is not counted), and file systems on which the guard itself might wait. A memfd
 * that is sealed against writing and shrinking stays what it is: runc and others start themselves from one.
 */
#pragma once

enum {
	HOLD_NS = 400000000, /* for an answer */
	HOLD_SIZE = 64 << 20, /* bytes; more is not hashed in that time */
	SEALED = 2 | 8, /* F_SEAL_SHRINK, F_SEAL_WRITE */
	FUSE = 0x65735546,
	NFS = 0x6969,
	CIFS = (int)0xff534d42,
};

struct held {
	struct bpf_task_work work;
	__u64 until_ns;
	__u32 road, reason;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct held);
} sk_holds SEC(".maps");

typedef int (*bpf_task_work_callback_t)(struct bpf_map *map, void *key, void *value);
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work, void *map__map, bpf_task_work_callback_t callback,
					      void *aux__prog) __ksym;

static int look_for_answer(struct bpf_map *map, void *key, void *value);

static __always_inline bool queue(struct task_struct *task, __u64 key, __u64 until_ns, __u32 road, __u32 reason)
{
	struct held fresh = {}, *held;

	bpf_map_update_elem(&sk_holds, &key, &fresh, BPF_NOEXIST);
	held = bpf_map_lookup_elem(&sk_holds, &key);
	if (!held)
		return false;
	held->until_ns = until_ns;
	held->road = road;
	held->reason = reason;
	return bpf_task_work_schedule_resume_impl(task, &held->work, &sk_holds, look_for_answer, NULL) == 0;
}

static __always_inline bool is_refused(const struct sk_look *look, __u32 process)
{
	struct sk_permit_key key = {.process = process, .device = look->key.device, .inode = look->key.inode};
	struct sk_permit *permit = bpf_map_lookup_elem(&sk_permits, &key);

	return permit && permit->deny && permit->until_ns > bpf_ktime_get_ns() && permit->changed_s == look->changed_s &&
	       permit->changed_ns == look->changed_ns;
}

static int look_for_answer(struct bpf_map *map, void *key, void *value)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct held *held = value;
	struct sk_told told = {.road = held->road, .reason = held->reason};
	__u64 place = *(__u64 *)key, until_ns = held->until_ns;
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct sk_look look;
	__u32 process, kinds = 0;

	bpf_map_delete_elem(&sk_holds, &place);
	if (!orders)
		return 0;
	process = sk_process_of(task, orders->pid_space);
	sk_look_at(BPF_CORE_READ(file, f_inode), &look);
	if (!sk_is_known(orders, &look, &kinds) || sk_is_permitted(orders, &look, process, true, &kinds)) {
		sk_count(SK_COUNT_PERMITTED);
		told.look = &look;
		told.road = SK_ROAD_EXEC_LOADER;
		told.reason = judge_entry(task, orders, process, &told, &look);
		if (told.reason)
			stop(orders, &told);
		return 0;
	}
	if (!is_refused(&look, process) && bpf_ktime_get_ns() < until_ns && queue(task, place ^ 1, until_ns, told.road, told.reason))
		return 0;
	told.file = file;
	told.look = &look;
	stop(orders, &told);
	return 0;
}

/* Can nobody change it any more? */
static __always_inline bool is_sealed(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct shmem_inode_info *info = (void *)((char *)inode - bpf_core_field_offset(struct shmem_inode_info, vfs_inode));

	return (BPF_CORE_READ(info, seals) & SEALED) == SEALED;
}

/* True: the guard is asked, and the task waits for it. */
static __always_inline bool hold(struct task_struct *task, const struct sk_orders *orders, __u32 process, struct sk_told *told, const struct sk_look *look)
{
	__u64 key = (__u64)(__u32)bpf_get_current_pid_tgid() << 1;

	if (!(orders->what & SK_DO_ENFORCE) || !(orders->what & SK_DO_RECORD) || !process || sk_guard_is_silent(orders))
		return false;
	if ((told->road == SK_ROAD_EXEC_MEMFD && !is_sealed(told->file)) || look->magic == FUSE || look->magic == NFS || look->magic == (__u32)CIFS || look->size > HOLD_SIZE)
		return false;
	if (look->writers > 0 || look->mappings > 0)
		return false;
	if (!queue(task, key, bpf_ktime_get_ns() + HOLD_NS, told->road, told->reason))
		return false;
	told->verdict = SK_VERDICT_ASKED;
	sk_tell(orders, told);
	return true;
}
