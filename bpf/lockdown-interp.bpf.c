// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interpreters, in both tiers: a known interpreter runs known scripts and nothing else, when the policy restricts them.
 *
 *   sched_process_exec       arguments and environment, as they lie on the new program's stack before its first instruction, judged by the machine of
 *                            lockdown-argv.h (lockdown-call.h reads them). Code in them, on standard input or in the environment: SIGKILL
 *   sched_process_fork       a child is what its parent is
 *   mm_filemap_get_pages     (tier B) what such a task reads must be known, or data; SIGKILL comes before the read returns
 *
 * lockdown-ask.bpf.c compiles the same for kernels that can hold a task (lockdown-ask.h): what is not known there is asked about before anybody is stopped, and so is
 * what an interpreter is given, which may be a FIFO, or lie where reading is not seen.
 *
 * Tier A's hook on reading a file is in lsm-scripts.h. Memory file systems have no such tracepoint: what a restricted interpreter reads from a tmpfs beyond the script it
 * is given is not seen in tier B.
 */
#include "lockdown-judge.h"

#include "scripts-read.h"

#include "lockdown-call.h"

#ifndef SK_SCRIPT_EXEC
#define SK_SCRIPT_EXEC sk_script_exec
#define SK_SCRIPT_FORK sk_script_fork
#define SK_SCRIPT_READ sk_script_read
#endif

char LICENSE[] SEC("license") = "GPL";

enum { FRESH_NS = 10000000 }; /* two beats of the clock that change times are taken from */

static __always_inline __u32 road_of(__u32 verdict)
{
	return verdict == SK_ARGV_STDIN	    ? SK_ROAD_SCRIPT_STDIN
	       : verdict == SK_ARGV_MODULE      ? SK_ROAD_SCRIPT_MODULE
	       : verdict == SK_ARGV_ENVIRONMENT ? SK_ROAD_SCRIPT_ENVIRONMENT
						: SK_ROAD_SCRIPT_INLINE;
}

static __always_inline void stop(const struct sk_orders *orders, struct sk_told *told)
{
	told->verdict = sk_decide(orders);
	if (told->verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(orders, told);
}

/* What a file is, by its content: known, or the guard has told of it for this process. Its hash and kinds. */
static __always_inline bool identify(const struct sk_orders *orders, const struct sk_look *look, __u32 process, const __u8 **ret_hash, __u32 *ret_kinds)
{
	struct sk_permit_key key = {.process = process, .device = look->key.device, .inode = look->key.inode};
	struct sk_known *known;
	struct sk_permit *permit;

	if (!sk_is_known(orders, look, ret_kinds)) {
		known = bpf_map_lookup_elem(&sk_known, &look->key);
		if (known)
			*ret_hash = known->hash;
		return known;
	}
	permit = bpf_map_lookup_elem(&sk_permits, &key);
	if (!permit || permit->epoch != orders->epoch || permit->changed_s != look->changed_s || permit->changed_ns != look->changed_ns ||
	    permit->size != look->size)
		return false;
	*ret_hash = permit->hash;
	*ret_kinds = permit->deny ? 0 : permit->kinds;
	return true;
}

static long see_file(struct task_struct *task, struct vm_area_struct *vma, struct file **file)
{
	*file = BPF_CORE_READ(vma, vm_file);
	return 0;
}

/* An overlay shows another inode than it maps; the mapped one may be known by its own file system. */
static __always_inline bool identify_below(struct task_struct *task, const struct sk_orders *orders, struct sk_look *look, __u32 process, const __u8 **ret_hash,
					   __u32 *ret_kinds)
{
	struct file *file = NULL;

	if (look->magic != SK_OVERLAY || bpf_find_vma(task, BPF_CORE_READ(task, mm, start_code), see_file, &file, 0) || !file)
		return false;
	sk_look_at(BPF_CORE_READ(file, f_inode), look);
	return identify(orders, look, process, ret_hash, ret_kinds);
}

/* May it be read: known as it is now, or the guard has just said so. Who writes it moves its change time before anybody reads that; who has it mapped need not. */
static __always_inline __u32 judge_reading(const struct sk_orders *orders, const struct sk_look *look, __u32 process, __u32 *ret_kinds)
{
	__u32 reason = sk_is_known(orders, look, ret_kinds);

	if (reason && look->mappings <= 0 && sk_is_permitted(orders, look, process, false, ret_kinds))
		return SK_REASON_NONE;
	return reason;
}

/* From here on the task reads known files and data alone. False: there is no memory to keep it so. */
static __always_inline bool restrict_task(struct task_struct *task, const struct sk_orders *orders, __u32 row, __u32 device, __u64 inode, bool restricted)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!mark)
		return !restricted;
	mark->restricted = restricted;
	mark->row = row;
	mark->since = orders->scripts_since;
	mark->device = device;
	mark->inode = inode;
	return true;
}

/* One of the names of an inode; a file has one here, or its folder does not matter. */
static __always_inline struct dentry *name_of(struct inode *inode)
{
	struct hlist_node *node = BPF_CORE_READ(inode, i_dentry.first);

	return node ? (struct dentry *)((char *)node - bpf_core_field_offset(struct dentry, d_u)) : NULL;
}

static __always_inline void is_given(struct task_struct *task)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, 0);

	if (mark)
		mark->given = 1;
}

/* Tier A: until it has read the script of this name, it opens nothing that is no file (lsm-scripts.h). 0: none is awaited. */
static __always_inline void await(struct task_struct *task, __u64 name)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, 0);

	if (mark)
		mark->awaited = name;
}

#ifdef SK_ASK
#include "lockdown-ask.h"
#else
static __always_inline bool ask_about(const struct sk_orders *orders, __u32 process, struct sk_told *told)
{
	return false;
}

static __always_inline bool ask_for_program(const struct sk_orders *orders, __u32 process, const struct sk_look *look)
{
	return false;
}

static __always_inline bool ask_for_call(const struct sk_orders *orders, __u32 process, const struct sk_call *call)
{
	return false;
}
#endif

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

/* Code is read from a descriptor. It may be a known script's; from a pipe, a terminal or a socket anything may come. True: nobody need be stopped for it. */
static __always_inline int judge_descriptor(struct task_struct *task, struct sk_orders *orders, int fd, __u32 process)
{
	struct sk_told told = {.road = SK_ROAD_SCRIPT_STDIN};
	struct file *file;
	struct inode *inode;
	struct sk_look look;

	if (!task || !orders)
		return 0;
	file = file_of(task, fd);
	if (!file)
		return fd >= 0; /* closed: it reads nothing */
	inode = BPF_CORE_READ(file, f_inode);
	sk_look_at(inode, &look);
	if ((look.mode & SK_S_IFMT) == SK_S_IFCHR && BPF_CORE_READ(inode, i_rdev) == SK_NULL_DEVICE)
		return 1;
	if ((look.mode & SK_S_IFMT) != SK_S_IFREG)
		return 0;
	told.look = &look;
	told.file = file;
	told.reason = judge_reading(orders, &look, process, &told.kinds);
	return !told.reason || ask_about(orders, process, &told);
}

/* The call is read. Stops the task, has it asked about, or restricts it. */
static __always_inline void judge_call(struct task_struct *task, struct sk_orders *orders, struct sk_call *call, __u32 process, const struct sk_look *look, struct sk_told *told)
{
	__u32 verdict = call->state.verdict;
	struct sk_row *row = row_at(call);
	bool loader = row && (row->flags & SK_ROW_LOADER);

	if (verdict == SK_ARGV_STDIN && judge_descriptor(task, orders, call->state.descriptor, process))
		verdict = SK_ARGV_LOAD;
	told->road = verdict >= SK_ARGV_INLINE ? road_of(verdict) : SK_ROAD_SCRIPT_OPERAND;
	if (verdict >= SK_ARGV_INLINE || /* what a loader becomes says who is asked */
	    (!loader && !restrict_task(task, orders, call->row_number, look->key.device, look->key.inode, verdict != SK_ARGV_NOTHING && verdict != SK_ARGV_DATA))) {
		told->look = look;
		told->reason = SK_REASON_KIND;
		stop(orders, told);
		return;
	}
	if (!call->state.file || (verdict != SK_ARGV_SCRIPT && verdict != SK_ARGV_LOAD))
		return;
	if (ask_for_call(orders, process, call))
		is_given(task);
	else
		await(task, call->base);
}

/* What the task has become, by its content. */
static __always_inline void judge_program(struct task_struct *task, struct sk_orders *orders, struct sk_scripts *scripts, const __u8 *hash, __u32 process,
					  const struct sk_look *look, struct sk_told *told)
{
	bool unsure = false;
	struct sk_call *call = begin_call(scripts, task->mm, hash, &unsure);

	if (unsure) { /* it is one of them, and nobody can say what it was called with */
		told->road = SK_ROAD_SCRIPT_INLINE;
		told->look = look;
		told->reason = SK_REASON_KIND;
		sk_count(SK_COUNT_UNSURE);
		stop(orders, told);
	}
	if (!call)
		return;
	read_call(call, task->mm);
	if (!is_exempt(scripts, call))
		judge_call(task, orders, call, process, look, told);
	end_call();
}

/* The marks of a task that is no interpreter any more. */
static __always_inline void unmark(struct task_struct *task)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, 0);

	if (mark)
		*mark = (struct sk_mark){};
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(SK_SCRIPT_EXEC, struct task_struct *given, int old_pid, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct file *file = bprm->file;
	struct sk_told told = {.file = file};
	struct sk_scripts *scripts;
	const __u8 *hash = NULL;
	struct sk_look look;
	__u32 process;

	unmark(task);
	if (!orders || !(orders->what & SK_DO_SCRIPTS))
		return 0;
	process = sk_process_of(given, orders->pid_space);
	scripts = sk_scripts_now();
	if (!scripts || sk_is_ours(orders, process))
		return 0;
	sk_look_at(BPF_CORE_READ(file, f_inode), &look);
	if (!identify(orders, &look, process, &hash, &told.kinds) && !identify_below(task, orders, &look, process, &hash, &told.kinds)) {
		ask_for_program(orders, process, &look); /* whoever judges executions stops it, or asks; then it is looked at again */
		return 0;
	}
	if (hash && (told.kinds & SK_AS_INTERPRETER))
		judge_program(task, orders, scripts, hash, process, &look, &told);
	if (bprm->interp != bprm->filename) /* the script was executed, and judged as that */
		await(task, 0);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(SK_SCRIPT_FORK, struct task_struct *parent, struct task_struct *child)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, parent, 0, 0), *its;

	if (!mark || !mark->inode)
		return 0;
	its = bpf_task_storage_get(&sk_marks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (its)
		*its = *mark;
	return 0;
}

/*
 * What was read before the guard looks must be what it looks at. A change in between shows in the change time, when that was looked at before, or is older than
 * the clock's beat.
 */
static __always_inline bool can_be_proved(const struct sk_look *look)
{
	struct sk_scripts *scripts = sk_scripts_now();
	__s64 changed_ns = look->changed_s * 1000000000 + look->changed_ns;

	return look->seen || (scripts && (__s64)bpf_ktime_get_tai_ns() - scripts->tai_ns - changed_ns > FRESH_NS);
}

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(SK_SCRIPT_READ, struct address_space *mapping, unsigned long first, unsigned long last)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, 0);
	struct sk_told told = {.road = SK_ROAD_SCRIPT_OPERAND};
	struct sk_orders *orders;
	struct dentry *name;
	struct inode *inode;
	struct sk_look look;
	__u32 process;

	if (!mark || !mark->restricted || BPF_CORE_READ_BITFIELD(task, in_execve)) /* what is executed is judged as such */
		return 0;
	orders = sk_subject_orders();
	if (!orders || !(orders->what & SK_DO_SCRIPTS) || mark->since != orders->scripts_since)
		return 0;
	inode = BPF_CORE_READ(mapping, host);
	sk_look_at(inode, &look);
	if ((look.mode & SK_S_IFMT) != SK_S_IFREG)
		return 0;
	process = sk_process_of(task, orders->pid_space);
	told.reason = judge_reading(orders, &look, process, &told.kinds);
	name = name_of(inode);
	if (!told.reason || sk_is_data(name))
		return 0;
	told.look = &look;
	if (mark->given)
		told.road = SK_ROAD_SCRIPT_MODULE;
	if (name)
		told.path = (const char *)BPF_CORE_READ(name, d_name.name);
	if (!can_be_proved(&look) || !ask_about(orders, process, &told))
		stop(orders, &told);
	return 0;
}
