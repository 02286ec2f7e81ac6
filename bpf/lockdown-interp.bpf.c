// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interpreters, in both tiers: a known interpreter runs known scripts and nothing else, when the policy restricts them.
 *
 *   sched_process_exec       arguments and environment, as they lie on the new program's stack before its first instruction, judged by the machine of
 *                            lockdown-argv.h. Code in them, on standard input or in the environment: SIGKILL
 *   sched_process_fork       a child is what its parent is
 *   mm_filemap_get_pages     (tier B) what such a task reads must be known, or data; SIGKILL comes before the read returns
 *
 * Tier A's hook on reading a file is in lsm-scripts.h. Memory file systems have no such tracepoint: what a restricted interpreter reads from a
 * tmpfs is not seen in tier B.
 */
#include "lockdown-judge.h"

#include "scripts-read.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SK_ROWS);
	__type(key, __u32);
	__type(value, struct sk_row);
} sk_rows SEC(".maps");

/* One call while it is read. */
struct sk_call {
	struct sk_argv_state state;
	unsigned long at, end;
	__u64 script;      /* hash of the script's path */
	__u32 inside;      /* the piece that comes next belongs to the word before */
	__u32 skip;        /* words of a chooser that are passed over */
	__u32 variable;    /* one that may not be set was seen */
	__u32 row_number;
	__u32 over;        /* there is no further word, or none that can be read */
	__u8 hash[32];     /* of the interpreter */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sk_call);
} sk_calls SEC(".maps");

/* The next piece of a string list in the task's memory. Its size without the terminator, SK_WORD - 1 when there is more; negative: the list is over. */
static __always_inline int next_piece(struct sk_call *call)
{
	long n;

	if (call->at >= call->end)
		return -1;
	n = bpf_probe_read_user_str(call->state.word, SK_WORD, (const void *)call->at);
	if (n <= 0) {
		call->state.verdict = SK_ARGV_UNPROVABLE;
		return -1;
	}
	call->at += n == SK_WORD ? SK_WORD - 1 : n;
	return (int)n - 1;
}

/* The hash of the script's path, which begins in the word at `skip`. */
__noinline int note_script(struct sk_call *call, __u32 skip)
{
	__u64 hash = sk_hash_begin();

	if (!call)
		return 0;
	skip &= SK_WORD - 1;
	for (__u32 i = 0; i < SK_WORD; i++) {
		__u32 at = skip + i;

		asm volatile("" : "+r"(at)); /* 6.1 does not see that it stays below twice SK_WORD */
		at &= 2 * SK_WORD - 1;
		if (!call->state.word[at])
			break;
		hash = sk_hash_byte(hash, (__u8)call->state.word[at]);
	}
	call->script = hash;
	return 0;
}

static __always_inline struct sk_row *row_at(const struct sk_call *call)
{
	__u32 number = call->row_number;

	return bpf_map_lookup_elem(&sk_rows, &number);
}

static __always_inline long take_word(struct sk_call *call, int cut)
{
	struct sk_row *row = row_at(call);

	if (!row)
		return 1;
	call->state.cut = cut;
	sk_argv_word(row, &call->state);
	if (call->state.script && call->state.script == call->state.number - 1)
		note_script(call, call->state.skip);
	return call->state.verdict != SK_ARGV_MORE;
}

static __always_inline long one_word(struct sk_call *call, bool variable)
{
	bool cut;
	int n = next_piece(call);

	if (n < 0) {
		call->over = 1;
		return 1;
	}
	cut = n == SK_WORD - 1;
	if (call->inside) {
		call->inside = cut;
		return 0;
	}
	call->inside = cut;
	if (variable) {
		struct sk_row *row = row_at(call);

		call->variable = row && sk_argv_variable(row, &call->state);
		return call->variable;
	}
	if (call->skip) {
		call->skip--;
		return 0;
	}
	return take_word(call, cut);
}

static long read_argument(__u32 step, void *unused)
{
	__u32 zero = 0;
	struct sk_call *call = bpf_map_lookup_elem(&sk_calls, &zero);

	return call ? one_word(call, false) : 1;
}

static long read_variable(__u32 step, void *unused)
{
	__u32 zero = 0;
	struct sk_call *call = bpf_map_lookup_elem(&sk_calls, &zero);

	return call ? one_word(call, true) : 1;
}

/* The row of the program that a chooser becomes by this word; SK_ROWS: no interpreter. */
__noinline int find_called(struct sk_scripts *scripts, struct sk_call *call)
{
	if (!scripts || !call)
		return SK_ROWS;
	for (__u32 i = 0; i < SK_CALLED && i < scripts->called; i++)
		if (scripts->call[i].name == call->state.hash)
			return (int)scripts->call[i].row;
	return SK_ROWS;
}

/* The hash of the last part of a path, without the dash of a login shell. */
__noinline int hash_base(struct sk_call *call)
{
	__u64 hash = sk_hash_begin();

	if (!call)
		return 0;
	for (__u32 i = 0; i < SK_WORD; i++) {
		__u8 c = (__u8)call->state.word[i];

		if (!c)
			break;
		hash = c == '/' || (!i && c == '-') ? sk_hash_begin() : sk_hash_byte(hash, c);
	}
	call->state.hash = hash;
	return 0;
}

/* BusyBox and its like: up to three words choose. */
static __always_inline bool choose(struct sk_call *call, struct sk_scripts *scripts)
{
	unsigned long begin = call->at;
	__u32 own = call->row_number;

	for (__u32 i = 0; i < 3; i++) {
		__u32 row;

		if (next_piece(call) < 0)
			return false;
		hash_base(call);
		row = (__u32)find_called(scripts, call);
		if (row == SK_ROWS)
			return false;
		if (row != own) {
			call->row_number = row;
			call->at = begin;
			call->skip = i;
			return true;
		}
	}
	call->state.verdict = SK_ARGV_UNPROVABLE;
	return true;
}

static __always_inline bool same_hash(const __u8 *a, const __u8 *b)
{
	for (int i = 0; i < 4; i++)
		if (((const __u64 *)a)[i] != ((const __u64 *)b)[i])
			return false;
	return true;
}

__noinline int row_of(struct sk_scripts *scripts, struct sk_call *call)
{
	if (!scripts || !call)
		return SK_ROWS;
	for (__u32 i = 0; i < SK_INTERPRETERS && i < scripts->interpreters; i++)
		if (same_hash(scripts->interpreter[i].hash, call->hash))
			return (int)scripts->interpreter[i].row;
	return SK_ROWS;
}

static __always_inline bool no_hash(const __u8 *hash)
{
	const __u64 *h = (const __u64 *)hash;

	return !(h[0] | h[1] | h[2] | h[3]);
}

static __always_inline bool fits(const struct sk_exemption *e, const struct sk_call *call, __u32 user)
{
	if (e->row != call->row_number || (e->user != SK_ANYBODY && e->user != user))
		return false;
	if (e->script && (e->script != call->script || call->state.verdict != SK_ARGV_SCRIPT))
		return false;
	return no_hash(e->hash) || same_hash(e->hash, call->hash);
}

__noinline int is_exempt(struct sk_scripts *scripts, struct sk_call *call)
{
	__u32 user = (__u32)bpf_get_current_uid_gid();

	if (!scripts || !call)
		return 0;
	for (__u32 i = 0; i < SK_EXEMPTIONS && i < scripts->exemptions; i++)
		if (fits(&scripts->exemption[i], call, user)) {
			__sync_fetch_and_add(&scripts->used[i], 1);
			return 1;
		}
	return 0;
}

static __always_inline void read_call(struct sk_call *call, struct mm_struct *mm)
{
	struct sk_row *row = row_at(call);
	__u32 verdict;

	call->over = 0;
	bpf_loop(4096, read_argument, NULL, 0);
	if (!row)
		return;
	if (call->state.verdict == SK_ARGV_MORE && !call->over)
		call->state.verdict = SK_ARGV_UNPROVABLE; /* more than is looked at */
	sk_argv_end(row, &call->state);
	verdict = call->state.verdict;
	if (verdict == SK_ARGV_NOTHING || verdict >= SK_ARGV_INLINE)
		return;
	call->at = BPF_CORE_READ(mm, env_start);
	call->end = BPF_CORE_READ(mm, env_end);
	call->inside = call->over = 0;
	bpf_loop(8192, read_variable, NULL, 0);
	if (call->variable || !call->over) /* more than is looked at: among what was not may be one that decides */
		call->state.verdict = SK_ARGV_ENVIRONMENT;
}

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

/* Is this the execution of an interpreter that is looked at? Begins the call; call->hash says which one. */
static __always_inline bool begin_call(struct sk_scripts *scripts, struct mm_struct *mm, struct sk_call *call)
{
	struct sk_row *its;

	__builtin_memset(&call->state, 0, __builtin_offsetof(struct sk_argv_state, word));
	call->script = 0;
	call->inside = call->skip = call->variable = 0;
	call->row_number = (__u32)row_of(scripts, call);
	call->at = BPF_CORE_READ(mm, arg_start);
	call->end = BPF_CORE_READ(mm, arg_end);
	its = row_at(call);
	return its && (!(its->flags & SK_ROW_CHOOSER) || choose(call, scripts));
}

/* The marks of a task that is no interpreter any more. */
static __always_inline void unmark(struct task_struct *task)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, 0);

	if (mark)
		mark->restricted = 0;
}

/* 0: the file is no interpreter; else its kinds, and call->hash says which. */
static __always_inline __u32 known_interpreter(const struct sk_orders *orders, struct sk_call *call, const struct sk_look *look)
{
	struct sk_known *known = bpf_map_lookup_elem(&sk_known, &look->key);

	if (!known || known->epoch != orders->epoch || !(known->kinds & SK_AS_INTERPRETER))
		return 0;
	__builtin_memcpy(call->hash, known->hash, sizeof call->hash);
	return known->kinds;
}

/*
 * What may not be remembered (a copy in memory, a file made a moment ago) runs by a permit, which is used up here: the program that judges the execution is attached
 * before this one, and has seen it.
 */
static __always_inline __u32 permitted_interpreter(const struct sk_orders *orders, struct sk_call *call, const struct sk_look *look, __u32 process)
{
	struct sk_permit_key key = {.process = process, .device = look->key.device, .inode = look->key.inode};
	struct sk_permit *permit = bpf_map_lookup_elem(&sk_permits, &key);
	__u32 kinds;

	if (!process || !permit || permit->deny || permit->epoch != orders->epoch || !(permit->kinds & SK_AS_INTERPRETER))
		return 0;
	__builtin_memcpy(call->hash, permit->hash, sizeof call->hash);
	kinds = permit->kinds;
	if (!permit->keep)
		bpf_map_delete_elem(&sk_permits, &key);
	return kinds;
}

static long see_file(struct task_struct *task, struct vm_area_struct *vma, struct file **file)
{
	*file = BPF_CORE_READ(vma, vm_file);
	return 0;
}

/* An overlay shows another inode than it maps; the mapped one may be known by its own file system. */
static __always_inline __u32 mapped_interpreter(const struct sk_orders *orders, struct sk_call *call, struct task_struct *task, struct sk_look *look)
{
	struct file *file = NULL;

	if (bpf_find_vma(task, BPF_CORE_READ(task, mm, start_code), see_file, &file, 0) || !file)
		return 0;
	sk_look_at(BPF_CORE_READ(file, f_inode), look);
	return known_interpreter(orders, call, look);
}

static __always_inline __u32 interpreter(const struct sk_orders *orders, struct sk_call *call, struct file *file, __u32 process, struct sk_look *look)
{
	__u32 kinds;

	sk_look_at(BPF_CORE_READ(file, f_inode), look);
	kinds = permitted_interpreter(orders, call, look, process);
	if (!kinds)
		kinds = known_interpreter(orders, call, look);
	return kinds || look->magic != SK_OVERLAY ? kinds : mapped_interpreter(orders, call, bpf_get_current_task_btf(), look);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sk_script_exec, struct task_struct *given, int old_pid, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct sk_told told = {.file = bprm->file};
	struct sk_scripts *scripts;
	struct sk_mark *mark;
	struct sk_look look;
	struct sk_call *call;
	__u32 zero = 0, process;

	unmark(task);
	if (!orders || !(orders->what & SK_DO_SCRIPTS))
		return 0;
	process = sk_process_of(given, orders->pid_space);
	scripts = bpf_map_lookup_elem(&sk_scripts, &zero);
	call = bpf_map_lookup_elem(&sk_calls, &zero);
	if (sk_is_ours(orders, process) || !scripts || !call)
		return 0;
	told.kinds = interpreter(orders, call, bprm->file, process, &look);
	if (!told.kinds || !begin_call(scripts, task->mm, call))
		return 0;
	read_call(call, task->mm);
	if (is_exempt(scripts, call))
		return 0;
	told.look = &look;
	if (call->state.verdict >= SK_ARGV_INLINE) {
		told.road = road_of(call->state.verdict);
		told.reason = SK_REASON_KIND;
		stop(orders, &told);
		return 0;
	}
	if (call->state.verdict == SK_ARGV_NOTHING || call->state.verdict == SK_ARGV_DATA)
		return 0;
	mark = bpf_task_storage_get(&sk_marks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (mark) {
		mark->restricted = 1;
		mark->row = call->row_number;
		return 0;
	}
	told.road = SK_ROAD_SCRIPT_OPERAND; /* no memory to keep it restricted */
	told.reason = SK_REASON_KIND;
	stop(orders, &told);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sk_script_fork, struct task_struct *parent, struct task_struct *child)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, parent, 0, 0), *its;

	if (!mark || !mark->restricted)
		return 0;
	its = bpf_task_storage_get(&sk_marks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (its)
		*its = *mark;
	return 0;
}

/* One of the names of an inode; a file has one here, or its folder does not matter. */
static __always_inline struct dentry *name_of(struct inode *inode)
{
	struct hlist_node *node = BPF_CORE_READ(inode, i_dentry.first);

	return node ? (struct dentry *)((char *)node - bpf_core_field_offset(struct dentry, d_u)) : NULL;
}

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(sk_script_read, struct address_space *mapping, unsigned long first, unsigned long last)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_told told = {.road = SK_ROAD_SCRIPT_OPERAND};
	struct sk_orders *orders;
	struct inode *inode;
	struct sk_look look;

	if (!sk_is_restricted(task) || BPF_CORE_READ_BITFIELD(task, in_execve)) /* what is executed is judged as such */
		return 0;
	orders = sk_subject_orders();
	if (!orders || !(orders->what & SK_DO_SCRIPTS))
		return 0;
	inode = BPF_CORE_READ(mapping, host);
	sk_look_at(inode, &look);
	if ((look.mode & SK_S_IFMT) != SK_S_IFREG)
		return 0;
	told.reason = sk_is_known(orders, &look, &told.kinds);
	if (!told.reason || sk_is_data(name_of(inode)))
		return 0;
	told.look = &look;
	stop(orders, &told);
	return 0;
}
