/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that is written past all mappings: by ptrace, /proc/PID/mem and process_vm_writev, which reach into a memory without its owner's page protection. Each of
 * them takes the lock of that memory first (lockdown-map.bpf.c has the program), and gives up its work when a fatal signal waits: so a kill at the lock comes before the first
 * byte, and not behind it.
 *
 * Whoever only looks is left alone, and so is who writes data: what counts is whether the place is executable, or cannot be told. The agent's own memory is nobody's to write.
 * Known gap: a thread that exchanges its descriptor of /proc/self/mem while another one's write(2) is under way, and io_uring writes to one's own memory.
 */
#pragma once

#define SK_PF_IO_WORKER 0x00000010
#define SK_X32_BIT      0x40000000

enum {
	POKE_TEXT = 4,
	POKE_DATA = 5,
	WRITE_PIECES = 4, /* mappings that one write may span and still be looked at */
	NUMBER_NONE = -1,
};

enum write_kind { WRITE_NONE, WRITE_PTRACE, WRITE_FILE, WRITE_VM, WRITE_RING };

struct write_call {
	enum write_kind kind;
	int fd;
	bool has_place; /* else it cannot be told where it writes to */
	__u64 address, length;
};

static __always_inline void read_write_native(struct pt_regs *regs, long number, struct write_call *call)
{
	switch (number) {
	case 101:
		if (regs->di == POKE_TEXT || regs->di == POKE_DATA)
			*call = (struct write_call){.kind = WRITE_PTRACE, .has_place = true, .address = regs->dx, .length = 8};
		break;
	case 18: /* pwrite64 */
		*call = (struct write_call){.kind = WRITE_FILE, .fd = (int)regs->di, .has_place = true, .address = regs->r10, .length = regs->dx};
		break;
	case 1: /* write, writev, pwritev, pwritev2: pieces, or a position that another thread can move */
	case 20:
	case 296:
	case 328:
		*call = (struct write_call){.kind = WRITE_FILE, .fd = (int)regs->di};
		break;
	case 311:
		call->kind = WRITE_VM;
		break;
	case 426:
		call->kind = WRITE_RING;
		break;
	}
}

static __always_inline void read_write_compat(struct pt_regs *regs, long number, struct write_call *call)
{
	switch (number) {
	case 26:
		if ((__u32)regs->bx == POKE_TEXT || (__u32)regs->bx == POKE_DATA)
			*call = (struct write_call){.kind = WRITE_PTRACE, .has_place = true, .address = (__u32)regs->dx, .length = 4};
		break;
	case 4:
	case 146:
	case 181:
	case 334:
	case 379:
		*call = (struct write_call){.kind = WRITE_FILE, .fd = (int)regs->bx};
		break;
	case 348:
		call->kind = WRITE_VM;
		break;
	case 426:
		call->kind = WRITE_RING;
		break;
	}
}

/* Of the current task: does the system call that it is in write memory past its protection? */
static __always_inline void read_write(struct task_struct *task, struct write_call *call)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	long number = (long)regs->orig_ax;

	if (number == NUMBER_NONE) /* a page fault */
		return;
	if (task->thread_info.status & TASK_IS_COMPAT)
		read_write_compat(regs, (__u32)number, call);
	else
		read_write_native(regs, number & ~SK_X32_BIT, call);
}

/* "mem" of a process, or of a thread. */
static __always_inline bool is_memory_file(struct file *file)
{
	const unsigned char *name;
	char text[8] = {};

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SK_PROC)
		return false;
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel_str(text, sizeof text, name);
	return text[0] == 'm' && text[1] == 'e' && text[2] == 'm' && !text[3];
}

struct place {
	unsigned long flags, end;
	bool found;
};

static long see_place(struct task_struct *task, struct vm_area_struct *vma, struct place *place)
{
	place->flags = BPF_CORE_READ(vma, vm_flags);
	place->end = BPF_CORE_READ(vma, vm_end);
	place->found = true;
	return 0;
}

/* Is any of it executable? What is not mapped cannot be written, and what cannot be looked at (its lock is taken) counts as code. */
static __always_inline bool is_code(struct task_struct *task, __u64 address, __u64 length)
{
	__u64 end = address + length;

	for (int i = 0; i < WRITE_PIECES && address < end; i++) {
		struct place place = {};
		long r = bpf_find_vma(task, address, see_place, &place, 0);

		if (r == -2) /* ENOENT: the kernel will not write there */
			return false;
		if (r || !place.found || (place.flags & MEMORY_IS_EXEC))
			return true;
		address = place.end;
	}
	return address < end;
}

/* The same in the memory of somebody else. Only the object for newer kernels can look there; for the other one all of it is code. */
#ifdef SK_SECOND_LOOK
extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

static __always_inline bool is_code_of(struct mm_struct *mm, __u64 address, __u64 length)
{
	struct task_struct *owner, *task;
	bool code = true;

	if (!bpf_core_field_exists(mm->owner))
		return true;
	owner = BPF_CORE_READ(mm, owner);
	task = bpf_task_from_pid(BPF_CORE_READ(owner, pid));
	if (!task)
		return true;
	if (BPF_CORE_READ(task, mm) == mm)
		code = is_code(task, address, length);
	bpf_task_release(task);
	return code;
}
#else
static __always_inline bool is_code_of(struct mm_struct *mm, __u64 address, __u64 length)
{
	return mm && length && address;
}
#endif

/* Does the policy let the program of this memory make code? */
static __always_inline bool is_compilers_memory(struct mm_struct *mm, const struct sk_orders *orders)
{
	struct file *program = BPF_CORE_READ(mm, exe_file);
	struct sk_look look;
	__u32 kinds = 0;

	sk_look_at(BPF_CORE_READ(program, f_inode), &look);
	return !sk_is_known(orders, &look, &kinds) && (kinds & SK_AS_JIT);
}

static __always_inline bool is_watched_memory(struct mm_struct *mm, const struct sk_orders *orders)
{
	struct task_struct *owner;

	if (!bpf_core_field_exists(mm->owner))
		return false;
	owner = BPF_CORE_READ(mm, owner);
	return owner && sk_role_of(sk_process_of(owner, orders->pid_space)) != SK_ROLE_NONE;
}

/* process_vm_writev obeys the protection of pages: it reaches code only where memory is writable and executable at once, and that is what compilers have. */
static __always_inline bool writes_code(struct task_struct *task, struct mm_struct *mm, bool other, const struct sk_orders *orders, const struct write_call *call)
{
	switch (call->kind) {
	case WRITE_VM:
		return other && (!(orders->what & SK_DO_MEMORY_DENY) || is_compilers_memory(mm, orders));
	case WRITE_RING:
		return other;
	case WRITE_PTRACE:
		return other && is_code_of(mm, call->address, call->length);
	case WRITE_FILE:
		if (!is_memory_file(file_of(task, call->fd)))
			return other && BPF_CORE_READ(task, signal, nr_threads) > 1; /* it was one when the call began */
		if (!call->has_place)
			return true;
		return other ? is_code_of(mm, call->address, call->length) : is_code(task, call->address, call->length);
	default:
		return false;
	}
}

static __always_inline __u32 write_road(const struct write_call *call)
{
	return call->kind == WRITE_PTRACE ? SK_ROAD_PTRACE : call->kind == WRITE_VM ? SK_ROAD_PROCESS_VM : SK_ROAD_PROC_MEM;
}

/* It touches the agent: told whoever does it, stopped when it is a subject. */
static __always_inline int judge_own_memory(struct sk_orders *orders, struct mm_struct *mm)
{
	struct sk_told told = {.road = SK_ROAD_AGENT_TRACE, .verdict = SK_VERDICT_NOTICED, .detail = SK_NOTICE_MEMORY};
	struct task_struct *owner = BPF_CORE_READ(mm, owner);

	told.victim = sk_process_of(owner, orders->pid_space);
	told.role = sk_role_of(told.victim);
	if (sk_subject_orders() && (orders->what & SK_DO_ENFORCE))
		told.verdict = bpf_send_signal(SK_SIGKILL) ? SK_VERDICT_NOTICED : SK_VERDICT_KILLED;
	sk_tell(orders, &told);
	return 1;
}

/* A fault of one's own: what nearly all of it is. */
static __always_inline bool reads_ahead(struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	return (long)regs->orig_ax == NUMBER_NONE && task->mm == mm;
}

/* True: somebody was stopped, or noticed. */
__noinline int judge_write(__u64 memory)
{
	struct mm_struct *mm = (struct mm_struct *)memory;
	struct task_struct *task = bpf_get_current_task_btf();
	bool other = task->mm != mm;
	struct sk_told told = {.reason = SK_REASON_NO_FILE};
	struct write_call call = {};
	struct sk_orders *orders;

	if (task->flags & SK_PF_KTHREAD)
		return 0;
	if (task->flags & SK_PF_IO_WORKER)
		call.kind = other ? WRITE_RING : WRITE_NONE;
	else
		read_write(task, &call);
	if (call.kind == WRITE_NONE || ((call.kind == WRITE_VM || call.kind == WRITE_RING) && !other) || sk_is_dying(task))
		return 0;
	orders = sk_all_orders();
	if (!orders || orders->subject == SK_SUBJECT_NONE)
		return 0;
	if (sk_spares_us(orders, task))
		return 0;
	if (other && is_watched_memory(mm, orders))
		return judge_own_memory(orders, mm);
	if (!sk_subject_orders() || !writes_code(task, mm, other, orders, &call) || is_compiler(task, orders))
		return 0;
	told.road = write_road(&call);
	told.address = call.address;
	stop(orders, &told);
	return 1;
}
