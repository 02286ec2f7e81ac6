/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what an interpreter was called with: its words and variables, from the memory of the program that is about to begin, through the machine of
 * lockdown-argv.h; which row of the table it is, by its content; and whether the policy exempts the call. It judges nothing else and stops nobody.
 */
#pragma once

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
	__u64 base;        /* and of its last part */
	__u32 inside;      /* the piece that comes next belongs to the word before */
	__u32 skip;        /* words of a chooser that are passed over */
	__u32 variable;    /* one that may not be set was seen */
	__u32 row_number;
	__u32 own_row;     /* before a chooser chose */
	__u32 over; /* there is no further word, or none that can be read */
	__u32 unused;
	unsigned char name[SK_FILE_NAME]; /* the word that names the script, its begin */
	__u8 hash[32];     /* of the interpreter */
};

/* By thread: a task that is held may be preempted in the middle. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct sk_call);
} sk_calls SEC(".maps");

/* What a call's place is made from: nothing reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sk_call);
} sk_call_blank SEC(".maps");

struct at_call {
	struct sk_call *call;
};

static __always_inline struct sk_call *new_call(void)
{
	__u32 zero = 0, thread = (__u32)bpf_get_current_pid_tgid();
	struct sk_call *blank = bpf_map_lookup_elem(&sk_call_blank, &zero);

	if (!blank || bpf_map_update_elem(&sk_calls, &thread, blank, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&sk_calls, &thread);
}

static __always_inline void end_call(void)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&sk_calls, &thread);
}

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

/* The hash of the script's path, which begins in the word at `skip`, and of its last part. */
__noinline int note_script(struct sk_call *call, __u32 skip)
{
	__u64 hash = sk_hash_begin(), base = hash;

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
		base = call->state.word[at] == '/' ? sk_hash_begin() : sk_hash_byte(base, (__u8)call->state.word[at]);
	}
	call->script = hash;
	call->base = base;
	__builtin_memcpy(call->name, call->state.word, sizeof call->name);
	call->name[sizeof call->name - 1] = 0;
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

static long read_argument(__u32 step, struct at_call *at)
{
	return one_word(at->call, false);
}

static long read_variable(__u32 step, struct at_call *at)
{
	return one_word(at->call, true);
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
	struct at_call at = {.call = call};
	__u32 verdict;

	call->over = 0;
	bpf_loop(4096, read_argument, &at, 0);
	if (!row)
		return;
	if (call->state.verdict == SK_ARGV_MORE && !call->over)
		call->state.verdict = SK_ARGV_UNPROVABLE; /* more than is looked at */
	sk_argv_end(row, &call->state);
	verdict = call->state.verdict;
	if (verdict == SK_ARGV_NOTHING || (verdict >= SK_ARGV_INLINE && verdict != SK_ARGV_STDIN) || (row->flags & SK_ROW_LOADER))
		return; /* a loader's environment is its program's: whoever knows that one looks at it */
	call->at = BPF_CORE_READ(mm, env_start);
	call->end = BPF_CORE_READ(mm, env_end);
	call->inside = call->over = 0;
	bpf_loop(8192, read_variable, &at, 0);
	if (call->variable || !call->over) /* more than is looked at: among what was not may be one that decides */
		call->state.verdict = SK_ARGV_ENVIRONMENT;
}

/* The call of an interpreter with this content. NULL: it is a chooser that chose none, or *ret_unsure says that it cannot be told. */
static __always_inline struct sk_call *begin_call(struct sk_scripts *scripts, struct mm_struct *mm, const __u8 *hash, bool *ret_unsure)
{
	struct sk_call *call = new_call();
	struct sk_row *its;

	*ret_unsure = !call;
	if (!call)
		return NULL;
	__builtin_memset(&call->state, 0, __builtin_offsetof(struct sk_argv_state, word));
	call->script = call->base = 0;
	call->inside = call->skip = call->variable = 0;
	__builtin_memcpy(call->hash, hash, sizeof call->hash);
	call->row_number = call->own_row = (__u32)row_of(scripts, call);
	call->at = BPF_CORE_READ(mm, arg_start);
	call->end = BPF_CORE_READ(mm, arg_end);
	its = row_at(call);
	*ret_unsure = !its;
	if (its && (!(its->flags & SK_ROW_CHOOSER) || choose(call, scripts)))
		return call;
	end_call();
	return NULL;
}
