// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tier B: tracing programs that stop what the guard's permission events cannot see. They cannot refuse, so they kill, before the first instruction.
 *
 * lockdown-hold.bpf.c compiles the same with a question: see lockdown-hold.h.
 *
 *   sched_process_exec   each execution, whatever it came from: memfd, overlay, a file system of a user namespace, a deleted file. The program, and the loader that
 *                        the kernel has mapped for it, must be known. The task is still in the kernel: SIGKILL comes before its first instruction
 */
#include "lockdown-judge.h"

#ifndef SK_TRACE_EXEC
#define SK_TRACE_EXEC sk_trace_exec
#endif

char LICENSE[] SEC("license") = "GPL";

enum { TRIES = 8 };

/* The file that a task has mapped somewhere. */
struct at {
	struct file *file;
	unsigned long flags;
	bool found;
};

static long see_mapping(struct task_struct *task, struct vm_area_struct *vma, struct at *at)
{
	at->file = BPF_CORE_READ(vma, vm_file);
	at->flags = BPF_CORE_READ(vma, vm_flags);
	at->found = true;
	return 0;
}

static __always_inline __u32 exec_road(struct sk_look *look)
{
	if (look->magic == SK_TMPFS && !look->links)
		return SK_ROAD_EXEC_MEMFD;
	if (!look->links)
		return SK_ROAD_EXEC_DELETED;
	return look->magic == SK_OVERLAY ? SK_ROAD_EXEC_OVERLAY : SK_ROAD_EXEC_FILE;
}

/* Stops the current task, or not, and tells. */
static __always_inline void stop(const struct sk_orders *orders, struct sk_told *told)
{
	told->verdict = sk_decide(orders);
	if (told->verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(orders, told);
}

/* NONE when the file behind a mapping is known or permitted. */
static __always_inline __u32 judge_mapped(const struct sk_orders *orders, struct at *at, struct sk_look *look, __u32 process, __u32 *ret_kinds)
{
	struct file *file = at->file;
	__u32 reason;

	if (!at->found || !file)
		return SK_REASON_NO_FILE;
	sk_look_at(BPF_CORE_READ(file, f_inode), look);
	reason = sk_is_known(orders, look, ret_kinds);
	return reason && sk_is_permitted(orders, look, process, false, ret_kinds) ? SK_REASON_NONE : reason;
}

/*
 * What an overlay shows is another inode than what it maps. The mapped one is what runs, and it may well be known by its own file system.
 */
static __always_inline __u32 judge_below(struct task_struct *task, const struct sk_orders *orders, __u32 process, __u32 *ret_kinds)
{
	struct at at = {};
	struct sk_look look;

	if (bpf_find_vma(task, BPF_CORE_READ(task, mm, start_code), see_mapping, &at, 0))
		return SK_REASON_UNLISTED;
	return judge_mapped(orders, &at, &look, process, ret_kinds);
}

/* Without a loader it is the program that was judged already, and whose permit is used up. */
static __always_inline bool is_program(struct task_struct *task, struct file *entry)
{
	struct at at = {};
	struct file *program;

	if (bpf_find_vma(task, BPF_CORE_READ(task, mm, start_code), see_mapping, &at, 0) || !at.found || !at.file || !entry)
		return false;
	program = at.file;
	return BPF_CORE_READ(program, f_inode) == BPF_CORE_READ(entry, f_inode);
}

/* The first instruction is the loader's, when there is one. */
static __always_inline __u32 judge_entry(struct task_struct *task, const struct sk_orders *orders, __u32 process, struct sk_told *told, struct sk_look *look)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct at at = {};
	__u32 kinds, reason;
	long r = -1;

	told->address = BPF_CORE_READ(regs, ip);
	for (int i = 0; i < TRIES && r; i++)
		r = bpf_find_vma(task, told->address, see_mapping, &at, 0);
	if (r) { /* somebody holds the lock of a memory that is new (/proc/PID/clear_refs does), over and over: nobody can say what begins there */
		sk_count(SK_COUNT_UNSURE);
		return SK_REASON_UNLISTED;
	}
	told->file = at.file;
	reason = judge_mapped(orders, &at, look, process, &kinds);
	return reason && is_program(task, at.file) ? SK_REASON_NONE : reason;
}

#ifdef SK_HOLD
#include "lockdown-hold.h"
#else
static __always_inline bool hold(struct task_struct *task, const struct sk_orders *orders, __u32 process, struct sk_told *told, const struct sk_look *look)
{
	return false;
}
#endif

SEC("tp_btf/sched_process_exec")
int BPF_PROG(SK_TRACE_EXEC, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct sk_orders *orders = sk_subject_orders();
	struct sk_told told = {.road = SK_ROAD_EXEC_FILE};
	struct file *file;
	struct sk_look look;
	__u32 process;

	if (!orders)
		return 0;
	process = sk_process_of(task, orders->pid_space);
	if (sk_is_ours(orders, process))
		return 0;
	sk_count(SK_COUNT_EXECS);
	if (orders->subject == SK_SUBJECT_CGROUP) /* who was there before us */
		sk_set_origin((__u32)bpf_get_current_pid_tgid(), true);
	file = BPF_CORE_READ(bprm, file);
	told.file = file;
	told.look = &look;
	sk_look_at(BPF_CORE_READ(file, f_inode), &look);
	told.reason = sk_is_known(orders, &look, &told.kinds);
	if (told.reason && sk_is_permitted(orders, &look, process, true, &told.kinds)) {
		sk_count(SK_COUNT_PERMITTED);
		told.reason = SK_REASON_NONE;
	}
	if (told.reason && look.magic == SK_OVERLAY && !judge_below(bpf_get_current_task_btf(), orders, process, &told.kinds))
		told.reason = SK_REASON_NONE;
	if (told.reason) {
		told.road = exec_road(&look);
		if (!hold(bpf_get_current_task_btf(), orders, process, &told, &look))
			stop(orders, &told);
		return 0;
	}
	told.reason = judge_entry(bpf_get_current_task_btf(), orders, process, &told, &look);
	if (told.reason) {
		told.road = SK_ROAD_EXEC_LOADER;
		stop(orders, &told);
		return 0;
	}
	sk_count(SK_COUNT_KNOWN);
	return 0;
}
