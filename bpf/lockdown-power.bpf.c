// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tier B: what root may do beside executing, as far as tracepoints see it in time.
 *
 *   cap_capable          each question whether a task may do something that needs a right. Few rights are looked at, and of these the system call that the task is in. What
 *                        follows the question gives up when a fatal signal waits (loading programs, modules, kernels: all of them read or allocate in pieces
 *                        that look for one), or yields a descriptor or a node to a process that never comes back: BPF programs, modules, kexec, a node of the disk
 *                        below a guarded file system, and tracing of the agent
 *   signal_generate      signals to the agent's processes: told, with who sent them. They cannot be taken back
 *   cgroup_attach_task   one of the agent's processes is moved to another group; a subject leaves its group: it stays a subject, and so do its children
 *   sched_process_fork   for that: a child of a subject came from there, wherever it goes
 *   iomap_iter           buffered writing to a block device that a guarded file system lies on, before the first byte
 *
 * Reads the attributes of bpf(2) from the task's memory: who exchanges them in another thread while the call is under way can have a program of another kind loaded.
 */
#include "lockdown-disk.h"
#include "lockdown-judge.h"

char LICENSE[] SEC("license") = "GPL";

enum {
	CAP_MODULE = 16,
	CAP_TRACE = 19,
	CAP_ADMIN = 21,
	CAP_BOOT = 22,
	CAP_NODES = 27,
	CAP_OF_BPF = 39,
	COMMAND_LOAD = 5,
	COMMAND_MAP_BY_ID = 14,
	ATTACH = 16,
	SEIZE = 0x4206,
	IOMAP_WRITES = 1,
	TASK_IS_COMPAT = 2,
	SIGNAL_STOP = 19,
};

#define RIGHTS (1ULL << CAP_MODULE | 1ULL << CAP_TRACE | 1ULL << CAP_ADMIN | 1ULL << CAP_BOOT | 1ULL << CAP_NODES | 1ULL << CAP_OF_BPF)

static __always_inline int stop(const struct sk_orders *orders, struct sk_told *told)
{
	told->verdict = sk_decide(orders);
	if (told->verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(orders, told);
	return 0;
}

static __always_inline struct file *file_of(struct task_struct *task, int fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **slots = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < 0 || (unsigned int)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof file, slots + fd);
	return file;
}

/* --- the system call in which a right is asked for; the numbers of 32-bit calls are others */

enum call_kind { CALL_OTHER, CALL_BPF, CALL_MODULE_FILE, CALL_MODULE_MEMORY, CALL_KEXEC, CALL_NODE, CALL_TRACE, CALL_DESCRIPTOR, CALL_VM };

struct call {
	enum call_kind kind;
	__u64 a, b, c, d;
};

static __always_inline enum call_kind native_kind(long number)
{
	switch (number) {
	case 321:
		return CALL_BPF;
	case 313:
		return CALL_MODULE_FILE;
	case 175:
		return CALL_MODULE_MEMORY;
	case 246:
	case 320:
		return CALL_KEXEC;
	case 133:
	case 259:
		return CALL_NODE;
	case 101:
		return CALL_TRACE;
	case 438:
		return CALL_DESCRIPTOR;
	case 310:
	case 311:
		return CALL_VM;
	}
	return CALL_OTHER;
}

static __always_inline enum call_kind compat_kind(long number)
{
	switch (number) {
	case 357:
		return CALL_BPF;
	case 350:
		return CALL_MODULE_FILE;
	case 128:
		return CALL_MODULE_MEMORY;
	case 283:
		return CALL_KEXEC;
	case 14:
	case 297:
		return CALL_NODE;
	case 26:
		return CALL_TRACE;
	case 438:
		return CALL_DESCRIPTOR;
	case 347:
	case 348:
		return CALL_VM;
	}
	return CALL_OTHER;
}

static __always_inline void read_call(struct task_struct *task, struct call *call)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long number = (long)regs->orig_ax;

	if (task->thread_info.status & TASK_IS_COMPAT) {
		*call = (struct call){.kind = compat_kind((__u32)number), .a = (__u32)regs->bx, .b = (__u32)regs->cx, .c = (__u32)regs->dx, .d = (__u32)regs->si};
		if ((__u32)number == 297) /* mknodat has the folder first */
			call->a = call->b, call->b = call->c, call->c = call->d;
	} else {
		*call = (struct call){.kind = native_kind(number), .a = regs->di, .b = regs->si, .c = regs->dx, .d = regs->r10};
		if (number == 259)
			call->a = call->b, call->b = call->c, call->c = call->d;
	}
}

/* --- the kernel itself */

/* As in tier A (lsm-kernel.h): these decide about packets and devices of a control group, as containers and systemd use them, and reach nothing else. */
static __always_inline bool is_harmless(__u32 type)
{
	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		return true;
	}
	return false;
}

static __always_inline int judge_bpf(const struct sk_orders *orders, const struct call *call)
{
	struct sk_told told = {.road = SK_ROAD_BPF, .reason = SK_REASON_NO_FILE};
	__u32 type = 0;

	if ((__u32)call->a != COMMAND_LOAD || sk_is_first_process())
		return 0;
	if (!bpf_probe_read_user(&type, sizeof type, (void *)call->b) && is_harmless(type))
		return 0;
	return stop(orders, &told);
}

static __always_inline int judge_module(const struct sk_orders *orders, struct task_struct *task, const struct call *call)
{
	struct sk_told told = {.road = SK_ROAD_MODULE, .reason = SK_REASON_NO_FILE};
	struct sk_look look;
	struct file *file;

	if (call->kind == CALL_MODULE_FILE) {
		file = file_of(task, (int)call->a);
		if (!file)
			return 0; /* the call fails */
		sk_look_at(BPF_CORE_READ(file, f_inode), &look);
		told.file = file;
		told.look = &look;
		told.reason = sk_is_known(orders, &look, &told.kinds);
		if (orders->what & SK_DO_MODULES_DENY)
			told.reason = SK_REASON_KIND;
	}
	return told.reason ? stop(orders, &told) : 0;
}

static __always_inline int judge_kernel(const struct sk_orders *orders, struct task_struct *task, const struct call *call)
{
	struct sk_told told = {.road = SK_ROAD_KEXEC, .reason = SK_REASON_NO_FILE};

	if (!(orders->what & (SK_DO_MODULES_LISTED | SK_DO_MODULES_DENY)))
		return 0;
	if (call->kind == CALL_BPF)
		return judge_bpf(orders, call);
	return call->kind == CALL_KEXEC ? stop(orders, &told) : judge_module(orders, task, call);
}

/* A node of one's own for the disk below a guarded file system has one use: to write past it. */
static __always_inline int judge_node(const struct sk_orders *orders, const struct call *call)
{
	struct sk_told told = {.road = SK_ROAD_DEVICE, .reason = SK_REASON_NO_FILE};
	__u32 number = (__u32)call->c, device = (number & 0xfff00) >> 8 << 20 | (number & 0xff) | (number >> 12 & 0xfff00);

	if ((call->b & SK_S_IFMT) != SK_S_IFBLK || !sk_is_below_us(device))
		return 0;
	return stop(orders, &told);
}

/* --- the agent */

/* A process descriptor's process; 0 = it is none. */
static __always_inline __u32 process_of_descriptor(const struct sk_orders *orders, struct file *file)
{
	struct pid *pid = BPF_CORE_READ(file, f_inode, i_private); /* since 6.9 */
	struct hlist_node *first;
	struct task_struct *task;

	if (!pid)
		pid = BPF_CORE_READ(file, private_data);
	first = BPF_CORE_READ(pid, tasks[0].first);
	if (!first)
		return 0;
	task = (struct task_struct *)((char *)first - bpf_core_field_offset(struct task_struct, pid_links));
	return sk_process_of(task, orders->pid_space);
}

/* Somebody asks for the right to reach into a process whose memory is closed, as ours is. */
static __always_inline int judge_tracer(struct sk_orders *orders, struct task_struct *task, const struct call *call)
{
	struct sk_told told = {.road = SK_ROAD_AGENT_TRACE, .verdict = SK_VERDICT_NOTICED, .detail = SK_NOTICE_TRACED};

	if (call->kind == CALL_TRACE && call->a != ATTACH && call->a != SEIZE)
		return 0;
	if (call->kind == CALL_DESCRIPTOR) {
		told.victim = process_of_descriptor(orders, file_of(task, (int)call->a));
		told.detail = SK_NOTICE_DESCRIPTOR;
	}
	if (call->kind != CALL_DESCRIPTOR)
		told.victim = call->kind == CALL_TRACE ? (__u32)call->b : (__u32)call->a;
	told.role = sk_role_of(told.victim);
	if (!told.role || sk_spares_us(orders, task))
		return 0;
	if ((orders->what & SK_DO_ENFORCE) && (orders->what & SK_DO_SELF) && sk_subject_orders() && !bpf_send_signal(SK_SIGKILL))
		told.verdict = SK_VERDICT_KILLED;
	sk_tell(orders, &told);
	return 0;
}

/* Who takes one of our maps by its number has the right to empty it. */
static __always_inline int judge_reach(struct sk_orders *orders, struct task_struct *task, const struct call *call)
{
	struct sk_told told = {.road = SK_ROAD_AGENT_UNLOAD, .verdict = SK_VERDICT_NOTICED, .detail = SK_NOTICE_MAP};
	__u32 id = 0;

	if ((__u32)call->a != COMMAND_MAP_BY_ID || bpf_probe_read_user(&id, sizeof id, (void *)call->b))
		return 0;
	for (int i = 0; i < SK_MAP_IDS; i++)
		if (id && orders->map_ids[i] == id && !sk_spares_us(orders, task)) {
			if ((orders->what & SK_DO_ENFORCE) && sk_subject_orders() && !bpf_send_signal(SK_SIGKILL))
				told.verdict = SK_VERDICT_KILLED;
			sk_tell(orders, &told);
			return 0;
		}
	return 0;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(sk_trace_power, const struct cred *cred, struct user_namespace *target, const struct user_namespace *capable, int cap, int ret)
{
	struct task_struct *task;
	struct sk_orders *orders;
	struct call call;

	if (ret || cap < 0 || cap > 63 || !(1ULL << cap & RIGHTS))
		return 0;
	task = bpf_get_current_task_btf();
	if (task->flags & SK_PF_KTHREAD)
		return 0;
	read_call(task, &call);
	if (call.kind == CALL_OTHER)
		return 0;
	orders = sk_all_orders();
	if (!orders || orders->subject == SK_SUBJECT_NONE || sk_is_dying(task))
		return 0;
	if (cap == CAP_TRACE)
		return call.kind == CALL_TRACE || call.kind == CALL_DESCRIPTOR || call.kind == CALL_VM ? judge_tracer(orders, task, &call) : 0;
	if (cap == CAP_ADMIN && call.kind == CALL_BPF)
		judge_reach(orders, task, &call);
	if (!sk_subject_orders() || sk_spares_us(orders, task))
		return 0;
	if (call.kind == CALL_NODE)
		return cap == CAP_NODES ? judge_node(orders, &call) : 0;
	if (call.kind == CALL_BPF ? cap == CAP_OF_BPF || cap == CAP_ADMIN : cap == CAP_MODULE || cap == CAP_BOOT)
		return judge_kernel(orders, task, &call);
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(sk_trace_signal, int signal, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	const __u64 harms = 1ULL << 1 | 1ULL << 2 | 1ULL << 3 | 1ULL << 6 | 1ULL << SK_SIGKILL | 1ULL << 11 | 1ULL << 15 | 1ULL << SIGNAL_STOP;
	struct sk_told told = {.road = SK_ROAD_AGENT_SIGNAL, .verdict = SK_VERDICT_NOTICED, .detail = signal};
	struct sk_orders *orders;

	if (result || signal <= 0 || signal > 31 || !(harms & 1ULL << signal))
		return 0;
	if ((unsigned long)info > 1 && BPF_CORE_READ(info, si_code) > 0) /* the kernel's own: a fault */
		return 0;
	orders = sk_all_orders();
	if (!orders || orders->subject == SK_SUBJECT_NONE)
		return 0;
	told.victim = sk_process_of(task, orders->pid_space);
	told.role = sk_role_of(told.victim);
	if (!told.role || sk_spares_us(orders, bpf_get_current_task_btf()))
		return 0;
	sk_tell(orders, &told);
	return 0;
}

/* --- groups */

/* Is this the subject's group, or one below it? */
static __always_inline bool is_subjects(const struct sk_orders *orders, struct cgroup *group)
{
	struct cgroup *above = NULL;
	struct kernfs_node *node;

	if (orders->level > 16 || BPF_CORE_READ(group, level) < (int)orders->level)
		return false;
	bpf_probe_read_kernel(&above, sizeof above, (char *)group + bpf_core_field_offset(struct cgroup, ancestors) + orders->level * sizeof above);
	if (!above)
		return false;
	node = BPF_CORE_READ(above, kn);
	return BPF_CORE_READ(node, id) == orders->cgroup;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(sk_trace_moved, struct cgroup *group, const char *path, struct task_struct *task, bool whole)
{
	struct sk_told told = {.verdict = SK_VERDICT_NOTICED, .path = path};
	struct task_struct *mover = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_all_orders();
	__u32 thread = (__u32)task->pid;

	if (!orders || orders->subject == SK_SUBJECT_NONE)
		return 0;
	told.victim = sk_process_of(task, orders->pid_space);
	told.role = sk_role_of(told.victim);
	if (told.role && !sk_spares_us(orders, mover)) {
		told.road = SK_ROAD_AGENT_STARVE;
		sk_tell(orders, &told);
		return 0;
	}
	if (orders->subject != SK_SUBJECT_CGROUP)
		return 0;
	if (is_subjects(orders, group)) {
		sk_set_origin(thread, true);
		return 0;
	}
	if (!sk_has_origin(thread))
		return 0;
	orders->strays = 1;
	told.road = SK_ROAD_AGENT_UNLOAD;
	sk_tell(orders, &told);
	return 0;
}

/* The child is where its parent was, unless it was made into another group (CLONE_INTO_CGROUP). */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(sk_trace_fork, struct task_struct *parent, struct task_struct *child)
{
	struct sk_orders *orders = sk_all_orders();

	if (!orders)
		return 0;
	if (orders->subject != SK_SUBJECT_CGROUP || (bpf_get_current_ancestor_cgroup_id(orders->level) != orders->cgroup && !sk_is_stray(orders))) {
		sk_set_origin((__u32)child->pid, false); /* of whoever had that number before */
		return 0;
	}
	sk_set_origin((__u32)child->pid, true);
	if (!is_subjects(orders, BPF_CORE_READ(child, cgroups, dfl_cgrp)))
		orders->strays = 1;
	return 0;
}

/* --- the disk below a file system */

SEC("tp_btf/iomap_iter")
int BPF_PROG(sk_trace_blocks, struct iomap_iter *iter, const void *ops, unsigned long caller)
{
	struct sk_told told = {.road = SK_ROAD_DEVICE, .reason = SK_REASON_NO_FILE};
	struct inode *inode = BPF_CORE_READ(iter, inode);
	struct task_struct *task;
	struct sk_orders *orders;
	__u32 device;

	if ((BPF_CORE_READ(inode, i_mode) & SK_S_IFMT) != SK_S_IFBLK || !(BPF_CORE_READ(iter, flags) & IOMAP_WRITES))
		return 0;
	orders = sk_subject_orders();
	task = bpf_get_current_task_btf();
	if (!orders || (task->flags & SK_PF_KTHREAD) || sk_is_dying(task) || sk_spares_us(orders, task))
		return 0;
	device = BPF_CORE_READ(inode, i_rdev);
	if (!sk_is_below_us(device))
		return 0;
	return stop(orders, &told);
}
