// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tier B: known files are not written by a subject, where the policy protects them.
 *
 *   writeback_mark_inode_dirty   whoever is about to write gives the file a new change time first, and this comes with it. The writing that follows gives up when a fatal
 *                                signal waits, before its first byte
 *
 * A writable shared mapping is stopped where it is made (lockdown-map.bpf.c). What does not ask for a signal is not stopped: truncation, holes, O_DIRECT, and a second writer within
 * the clock's beat of another. Attached only while the policy protects known files, and in no maintenance window.
 */
#include "lockdown-judge.h"

char LICENSE[] SEC("license") = "GPL";

enum { TASK_IS_COMPAT = 2, IO_WORKER = 0x00000010, RING = 426 };

/* Is the current task in a system call that writes content? */
static __always_inline bool writes_native(long number)
{
	switch (number) {
	case 1: /* write, pwrite64, writev, sendfile, splice, pwritev, copy_file_range, pwritev2 */
	case 18:
	case 20:
	case 40:
	case 275:
	case 296:
	case 326:
	case 328:
	case RING:
		return true;
	}
	return false;
}

static __always_inline bool writes_compat(long number)
{
	switch (number) {
	case 4:
	case 146:
	case 181:
	case 187:
	case 239:
	case 313:
	case 334:
	case 377:
	case 379:
	case RING:
		return true;
	}
	return false;
}

static __always_inline bool writes(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	if (task->flags & IO_WORKER)
		return true;
	return task->thread_info.status & TASK_IS_COMPAT ? writes_compat((__u32)regs->orig_ax) : writes_native((long)regs->orig_ax & ~0x40000000L);
}

/* Its content changes now: both times are the same, and new. When it was only read, or given another mode, they are not. */
static __always_inline bool changes(struct inode *inode, const struct sk_look *look)
{
	struct sk_known *known = bpf_map_lookup_elem(&sk_known, &look->key);

	if (BPF_CORE_READ(inode, i_mtime_sec) != look->changed_s || (BPF_CORE_READ(inode, i_mtime_nsec) & SK_CTIME_MASK) != look->changed_ns)
		return false;
	return known && (known->changed_s != look->changed_s || known->changed_ns != look->changed_ns);
}

SEC("tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(sk_trace_write, struct inode *inode, int flags)
{
	struct sk_told told = {.road = SK_ROAD_FILE_WRITE, .reason = SK_REASON_KIND};
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders;
	struct sk_look look;

	if ((task->flags & SK_PF_KTHREAD) || !writes(task))
		return 0;
	orders = sk_subject_orders();
	if (!orders || !(orders->what & SK_DO_PROTECT))
		return 0;
	sk_look_at(inode, &look);
	if ((look.mode & SK_S_IFMT) != SK_S_IFREG || !sk_was_known(orders, &look) || !changes(inode, &look) || sk_is_dying(task) || sk_spares_us(orders, task))
		return 0;
	told.look = &look;
	told.verdict = sk_decide(orders);
	if (told.verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(orders, &told);
	return 0;
}
