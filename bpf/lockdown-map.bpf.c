// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tier B: executable mappings. A tracing program at the moment when a subject's mmap, mprotect or shmat is about to change its address space:
 *
 *   mmap_lock_start_locking   each taking of a memory's lock. For reading: lockdown-memory.h. For writing, the system call that the task is in says
 *                             whether something becomes executable. A file must be known; memory without one, or changed since it was read, belongs to
 *                             compilers that the policy names, where the policy wants that
 *
 * No program sits on the entry of system calls: that would tax every call of everybody. Between this look and the mapping another thread can exchange the
 * descriptor. Where the kernel has bpf_task_work (6.18), lockdown-look.bpf.c compiles the same with a second look, at what was really mapped, on the way back to
 * user space.
 */
#include "lockdown-judge.h"

#include "scripts-read.h"

#ifndef SK_TRACE_MAP
#define SK_TRACE_MAP sk_trace_map
#endif

char LICENSE[] SEC("license") = "GPL";

enum {
	PROTECT_READ = 1,
	PROTECT_WRITE = 2,
	PROTECT_EXEC = 4,
	MAP_IS_SHARED = 1,
	MAP_IS_FIXED = 0x10,
	MAP_IS_ANONYMOUS = 0x20,
	SHM_IS_EXEC = 0100000,
	MEMORY_IS_EXEC = 4, /* of vm_flags */
	READ_IMPLIES_EXEC = 0x0400000,
	TASK_IS_COMPAT = 2, /* in a 32-bit system call */
	FILE_IS_WRITTEN = 2, /* of f_mode */
	PIECES = 24,        /* mappings that one mprotect may span and still be looked at one by one */
	IS_BUSY = -16,      /* -EBUSY */
	PATIENCE_NS = 2000000000, /* for that lock, on the way back to user space: a busy machine takes a while, and who never lets it go hides something */
};

enum call_kind { CALL_OTHER, CALL_MMAP, CALL_MPROTECT, CALL_SHMAT, CALL_HEAP };

/* The system call that the current task is in. */
struct call {
	enum call_kind kind;
	__u64 address, length;
	__u32 protect, flags;
	int fd;
};

struct at {
	struct file *file;
	unsigned long flags, end;
	bool found, changed;
};

static long see_mapping(struct task_struct *task, struct vm_area_struct *vma, struct at *at)
{
	at->file = BPF_CORE_READ(vma, vm_file);
	at->flags = BPF_CORE_READ(vma, vm_flags);
	at->end = BPF_CORE_READ(vma, vm_end);
	at->changed = BPF_CORE_READ(vma, anon_vma) != NULL;
	at->found = true;
	return 0;
}

/* 0, -ENOENT: nothing is mapped there, IS_BUSY: another thread has the lock, or waits for it. */
static __always_inline long find_mapping(struct task_struct *task, __u64 address, struct at *at)
{
	long r = bpf_find_vma(task, address, see_mapping, at, 0);

	return r ? r : at->found ? 0 : -1;
}

static __always_inline void read_native(struct pt_regs *regs, struct call *call)
{
	__u64 number = regs->orig_ax;

	if (number == 9) {
		*call = (struct call){.kind = CALL_MMAP, .flags = (__u32)regs->r10, .fd = (int)regs->r8};
	} else if (number == 10 || number == 329) {
		*call = (struct call){.kind = CALL_MPROTECT};
	} else if ((number == 12 && regs->di) || number == 206) { /* brk, io_setup */
		call->kind = CALL_HEAP;
		return;
	} else if (number == 30) {
		*call = (struct call){.kind = CALL_SHMAT, .flags = (__u32)regs->dx};
		return;
	} else {
		return;
	}
	call->address = regs->di;
	call->length = regs->si;
	call->protect = (__u32)regs->dx;
}

static __always_inline void read_compat(struct pt_regs *regs, struct call *call)
{
	__u32 number = (__u32)regs->orig_ax, old[6] = {};

	if (number == 192) {
		*call = (struct call){.kind = CALL_MMAP, .flags = (__u32)regs->si, .fd = (int)regs->di};
	} else if (number == 125 || number == 380) {
		*call = (struct call){.kind = CALL_MPROTECT};
	} else if ((number == 45 && regs->bx) || number == 245) {
		call->kind = CALL_HEAP;
		return;
	} else if (number == 397 || number == 117) {
		*call = (struct call){.kind = CALL_SHMAT, .flags = (__u32)regs->dx};
		return;
	} else if (number == 90 && !bpf_probe_read_user(old, sizeof old, (void *)(regs->bx & 0xffffffff))) {
		*call = (struct call){.kind = CALL_MMAP, .address = old[0], .length = old[1], .protect = old[2], .flags = old[3], .fd = (int)old[4]};
		return;
	} else {
		return;
	}
	call->address = regs->bx & 0xffffffff;
	call->length = regs->cx & 0xffffffff;
	call->protect = (__u32)regs->dx;
}

static __always_inline void read_call(struct task_struct *task, struct call *call)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	bool implied = task->personality & READ_IMPLIES_EXEC;

	if (task->thread_info.status & TASK_IS_COMPAT)
		read_compat(regs, call);
	else
		read_native(regs, call);
	if (call->kind == CALL_SHMAT || call->kind == CALL_HEAP)
		call->protect = implied || (call->flags & SHM_IS_EXEC) ? PROTECT_READ | PROTECT_WRITE | PROTECT_EXEC : 0;
	else if ((call->protect & PROTECT_READ) && implied)
		call->protect |= PROTECT_EXEC;
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

/* Does the policy let this program make code? */
static __always_inline bool is_compiler(struct task_struct *task, const struct sk_orders *orders)
{
	struct file *program = BPF_CORE_READ(task, mm, exe_file);
	struct sk_look look;
	__u32 kinds = 0;

	sk_look_at(BPF_CORE_READ(program, f_inode), &look);
	return !sk_is_known(orders, &look, &kinds) && (kinds & SK_AS_JIT);
}

static __always_inline void stop(const struct sk_orders *orders, struct sk_told *told)
{
	told->verdict = sk_decide(orders);
	if (told->verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(orders, told);
}

/* Executable memory that is no unchanged file. */
__noinline int judge_memory(__u32 road, __u64 address)
{
	struct sk_told told = {.road = road, .reason = SK_REASON_NO_FILE, .address = address};
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();

	if (!orders || !(orders->what & SK_DO_MEMORY_DENY) || is_compiler(task, orders))
		return 0;
	stop(orders, &told);
	return 1;
}

/* A memfd or shared memory without a name. A compiler may write it by one mapping and run it by another. */
static __always_inline bool is_compilers(struct task_struct *task, const struct sk_orders *orders, struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_nlink) == 0 && BPF_CORE_READ(file, f_inode, i_sb, s_magic) == SK_TMPFS && is_compiler(task, orders);
}

/*
 * A dynamic loader maps an interpreter and becomes it. That is looked at when the loader begins (lockdown-interp); an interpreter that was not is none that its words were judged
 * for: the name was exchanged, or found in a folder of the loader's own.
 */
__noinline int judge_interpreter(__u64 inode, __u32 device, __u32 kinds) /* not static: proved once, and not for each place that calls it */
{
	struct sk_told told = {.road = SK_ROAD_SCRIPT_INLINE, .reason = SK_REASON_KIND, .kinds = kinds};
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders;
	struct sk_mark *mark;

	if (!(kinds & SK_AS_INTERPRETER))
		return 0;
	mark = bpf_task_storage_get(&sk_marks, task, 0, 0);
	orders = sk_subject_orders();
	if (!orders || !(orders->what & SK_DO_SCRIPTS) || (mark && mark->since == orders->scripts_since && mark->inode == inode && mark->device == device))
		return 0;
	told.file = BPF_CORE_READ(task, mm, exe_file);
	if (BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino) == inode)
		return 0;
	stop(orders, &told);
	return 1;
}

#ifdef SK_SECOND_LOOK
typedef int (*bpf_task_work_callback_t)(struct bpf_map *map, void *key, void *value);
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work, void *map__map, bpf_task_work_callback_t callback, void *aux__prog) __ksym;

#include "lockdown-wait.h"
#else
static __always_inline bool wait_for_guard(struct task_struct *task, const struct sk_orders *orders, __u32 process, struct sk_told *told, const struct sk_look *look)
{
	return false;
}
#endif

__noinline int judge_file(__u64 place, __u64 address)
{
	struct file *file = (struct file *)place;
	struct sk_told told = {.road = SK_ROAD_MAP_FILE, .address = address, .file = file};
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct sk_look look;
	__u32 process;

	if (!orders)
		return 0;
	sk_look_at(BPF_CORE_READ(file, f_inode), &look);
	if ((look.mode & SK_S_IFMT) != SK_S_IFREG) /* a device: the kernel's own */
		return 0;
	told.look = &look;
	told.reason = sk_is_known(orders, &look, &told.kinds);
	if (!told.reason)
		return judge_interpreter(look.key.inode, look.key.device, told.kinds);
	process = sk_process_of(task, orders->pid_space);
	if (!sk_is_written(&look) && sk_is_permitted(orders, &look, process, false, &told.kinds)) {
		sk_count(SK_COUNT_PERMITTED);
		return judge_interpreter(look.key.inode, look.key.device, told.kinds);
	}
	if (is_compilers(task, orders, file) || wait_for_guard(task, orders, process, &told, &look))
		return 0;
	stop(orders, &told);
	return 1;
}

/* One mapping that is, or becomes, executable. True: the task is stopped. */
static __always_inline int judge_piece(struct at *at, __u64 address, __u32 protect)
{
	struct file *file = at->file;

	if (!file)
		return judge_memory(SK_ROAD_MEM_CHANGED, address);
	if (at->changed || (protect & PROTECT_WRITE))
		if (judge_memory(SK_ROAD_MEM_CHANGED, address))
			return 1;
	return judge_file((__u64)file, address);
}

#ifdef SK_SECOND_LOOK
/* What was really mapped, on the way back to user space. */
struct second {
	struct bpf_task_work work;
	__u64 address, length, until_ns;
	__u32 kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* each piece of work needs a place of its own: two of each thread, by turns */
	__type(value, struct second);
} sk_seconds SEC(".maps");

static int second_look(struct bpf_map *map, void *key, void *value);

static __always_inline bool queue_look(struct task_struct *task, __u64 place, const struct second *from)
{
	struct second fresh = {}, *second;

	bpf_map_update_elem(&sk_seconds, &place, &fresh, BPF_NOEXIST);
	second = bpf_map_lookup_elem(&sk_seconds, &place);
	if (!second)
		return false;
	second->address = from->address;
	second->length = from->length;
	second->until_ns = from->until_ns;
	second->kind = from->kind;
	return bpf_task_work_schedule_resume_impl(task, &second->work, &sk_seconds, second_look, NULL) == 0;
}

/* Another thread has the lock: once more before this one is back in user space. For ever is not lawful: then nobody knows what is executable there. */
static __always_inline void look_later(struct task_struct *task, struct sk_orders *orders, __u64 place, __u64 address, __u64 end, __u64 until_ns)
{
	struct second rest = {.address = address, .length = end - address, .until_ns = until_ns, .kind = CALL_MPROTECT};

	if (bpf_ktime_get_ns() < until_ns && queue_look(task, place ^ 1, &rest))
		return;
	sk_count(SK_COUNT_UNSURE);
	judge_memory(SK_ROAD_MEM_CHANGED, address);
}

static int second_look(struct bpf_map *map, void *key, void *value)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct second *second = value;
	__u64 address = second->address, until_ns = second->until_ns, place = *(__u64 *)key, end;
	long r = 0;

	if (second->kind == CALL_MMAP)
		address = BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(task), ax);
	end = address + second->length;
	bpf_map_delete_elem(&sk_seconds, &place);
	for (int i = 0; i < PIECES && orders && address < end; i++) {
		struct at at = {};

		r = bpf_find_vma(task, address, see_mapping, &at, 0);
		if (r || !at.found)
			break;
		if ((at.flags & MEMORY_IS_EXEC) && judge_piece(&at, address, 0))
			break;
		address = at.end;
	}
	if (r == IS_BUSY && orders)
		look_later(task, orders, place, address, end, until_ns);
	return 0;
}

static __always_inline void look_again(struct task_struct *task, const struct call *call)
{
	const struct second first = {.address = call->address, .length = call->length, .until_ns = bpf_ktime_get_ns() + PATIENCE_NS, .kind = call->kind};

	if (!queue_look(task, (__u64)(__u32)bpf_get_current_pid_tgid() << 1, &first))
		sk_count(SK_COUNT_UNSURE);
}
#else
static __always_inline void look_again(struct task_struct *task, const struct call *call)
{
	(void)task;
	(void)call;
}
#endif

static __always_inline int judge_mmap(struct task_struct *task, const struct call *call)
{
	struct file *file;

	if (call->flags & MAP_IS_ANONYMOUS)
		return judge_memory(call->flags & MAP_IS_SHARED ? SK_ROAD_MEM_SHARED : SK_ROAD_MEM_ANONYMOUS, call->address);
	file = file_of(task, call->fd);
	if (!file)
		return 0; /* the call fails */
	if ((call->protect & PROTECT_WRITE) &&
	    judge_memory(call->flags & MAP_IS_SHARED ? SK_ROAD_MEM_SHARED : SK_ROAD_MEM_CHANGED, call->address))
		return 1;
#ifdef SK_SECOND_LOOK
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) == SK_OVERLAY)
		return 0; /* it maps the file below, and that is what the second look sees */
#endif
	return judge_file((__u64)file, call->address);
}

struct span {
	__u64 address, end;
	__u32 protect;
	int stopped;
	bool over;
};

/* One piece of it. 1: enough. */
static long judge_next(__u32 index, struct span *span)
{
	struct at at = {};
	long r;

	if (span->address >= span->end)
		return 1;
	r = find_mapping(bpf_get_current_task_btf(), span->address, &at);
	if (r) {
		span->over = true;
#ifndef SK_SECOND_LOOK
		if (r == IS_BUSY)
			span->stopped = judge_memory(SK_ROAD_MEM_CHANGED, span->address);
#endif
		return 1;
	}
	if (!(at.flags & MEMORY_IS_EXEC) || (span->protect & PROTECT_WRITE))
		span->stopped = judge_piece(&at, span->address, span->protect);
	span->address = at.end;
	return span->stopped ? 1 : 0;
}

static __always_inline int judge_mprotect(const struct call *call)
{
	struct span span = {.address = call->address, .end = call->address + call->length, .protect = call->protect};

	bpf_loop(PIECES, judge_next, &span, 0);
	if (span.stopped || span.over || span.address >= span.end)
		return span.stopped;
	return judge_memory(SK_ROAD_MEM_CHANGED, span.address);
}

#include "lockdown-memory.h"

/* A store through a shared mapping changes a file, and asks nobody. Who has it so may make it writable later. */
__noinline int judge_store(int fd)
{
	struct sk_told told = {.road = SK_ROAD_FILE_WRITE, .reason = SK_REASON_KIND};
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct file *file = file_of(task, fd);
	struct sk_look look;

	if (!orders || !(orders->what & SK_DO_PROTECT) || !file || !(BPF_CORE_READ(file, f_mode) & FILE_IS_WRITTEN))
		return 0;
	sk_look_at(BPF_CORE_READ(file, f_inode), &look);
	if ((look.mode & SK_S_IFMT) != SK_S_IFREG || !sk_was_known(orders, &look) || sk_spares_us(orders, task))
		return 0;
	told.file = file;
	told.look = &look;
	stop(orders, &told);
	return 1;
}

SEC("tp_btf/mmap_lock_start_locking")
int BPF_PROG(SK_TRACE_MAP, struct mm_struct *mm, bool write)
{
	struct task_struct *task;
	struct sk_orders *orders;
	struct call call = {};
	__u64 memory;
	int stopped = 0;

	if (!write)
		return reads_ahead(mm) || bpf_probe_read_kernel(&memory, sizeof memory, ctx) ? 0 : judge_write(memory);
	task = bpf_get_current_task_btf();
	if (task->mm != mm)
		return 0;
	read_call(task, &call); /* before anything is looked up: of a hundred takings of this lock, one or two make something executable */
	if (call.kind == CALL_MMAP && (call.flags & (MAP_IS_SHARED | MAP_IS_ANONYMOUS)) == MAP_IS_SHARED && judge_store(call.fd))
		return 0;
	if (!(call.protect & PROTECT_EXEC))
		return 0;
	orders = sk_subject_orders();
	if (!orders || !(orders->what & SK_DO_MAPS) || sk_is_ours(orders, sk_process_of(task, orders->pid_space)))
		return 0;
	sk_count(SK_COUNT_MAPS);
	if (call.kind == CALL_MMAP)
		stopped = judge_mmap(task, &call);
	else if (call.kind == CALL_MPROTECT)
		stopped = judge_mprotect(&call);
	else
		stopped = judge_memory(call.kind == CALL_HEAP ? SK_ROAD_MEM_ANONYMOUS : SK_ROAD_MEM_SHARED, call.address);
	if (!stopped && (call.kind == CALL_MPROTECT || (call.kind == CALL_MMAP && !(call.flags & MAP_IS_ANONYMOUS))))
		look_again(task, &call);
	return 0;
}
