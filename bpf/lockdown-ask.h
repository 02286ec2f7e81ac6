/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A restricted interpreter waits for the guard where the kernel side alone cannot tell: on its way back to user space, before it sees what it read, or before its
 * first instruction. Held as in lockdown-hold.h: a piece of task work that finds no answer queues another. Three questions:
 *
 *   FILE      a file that it has read, or will read from a descriptor: is its content known? The answer is a permit for that file
 *   CALL      what it is given as a script (or, a dynamic loader, as a program): the guard reads its words, finds the file as it would, and answers under SK_ASKED_CALL
 *   PROGRAM   what it has become is not known yet. Whoever judges executions asks (lockdown-hold.h); when the answer is there, its call is judged
 *
 * No answer in time is a refusal, unless the guard is silent: then the failure setting decides (sk_decide).
 */
#pragma once

enum ask_what { ASK_FILE, ASK_CALL, ASK_PROGRAM };

enum {
	ASK_NS = 2000000000, /* for an answer */
	ASK_SIZE = 64 << 20, /* bytes; more is not hashed in that time */
	FUSE = 0x65735546,
	NFS = 0x6969,
	CIFS = (int)0xff534d42,
};

struct ask {
	struct bpf_task_work work;
	__u64 until_ns;
	struct sk_look look; /* without meaning for CALL */
	__u32 what, road, reason, unused;
	unsigned char name[SK_FILE_NAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct ask);
} sk_asks SEC(".maps");

/* What a question's place is made from: nothing writes it. */
struct ask_blank {
	__u64 zeros[sizeof(struct ask) / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ask_blank);
} sk_ask_blank SEC(".maps");

typedef int (*bpf_task_work_callback_t)(struct bpf_map *map, void *key, void *value);
extern int bpf_task_work_schedule_resume_impl(struct task_struct *task, struct bpf_task_work *work, void *map__map, bpf_task_work_callback_t callback,
					      void *aux__prog) __ksym;

static int look_for_answer(struct bpf_map *map, void *key, void *value);

static __always_inline struct ask *new_ask(__u64 *key)
{
	__u32 zero = 0;
	struct ask_blank *blank = bpf_map_lookup_elem(&sk_ask_blank, &zero);

	if (!blank || bpf_map_update_elem(&sk_asks, key, blank, BPF_NOEXIST))
		return NULL;
	return bpf_map_lookup_elem(&sk_asks, key);
}

static __always_inline bool queue(__u64 *key, struct ask *ask)
{
	if (!bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &ask->work, &sk_asks, look_for_answer, NULL))
		return true;
	bpf_map_delete_elem(&sk_asks, key);
	return false;
}

static __always_inline bool may_ask(const struct sk_orders *orders, __u32 process)
{
	return (orders->what & SK_DO_ENFORCE) && (orders->what & SK_DO_RECORD) && process && !sk_guard_is_silent(orders);
}

static __always_inline bool can_be_looked_at(const struct sk_look *look)
{
	return look->magic != FUSE && look->magic != NFS && look->magic != (__u32)CIFS && look->size <= ASK_SIZE && look->mappings <= 0;
}

static __always_inline __u64 first_key(void)
{
	return (__u64)(__u32)bpf_get_current_pid_tgid() << 1;
}

/* The same question again, in the place beside. */
static __always_inline bool ask_again(__u64 place, const struct ask *old)
{
	__u64 key = place ^ 1;
	struct ask *ask = new_ask(&key);

	if (!ask)
		return false;
	ask->until_ns = old->until_ns;
	ask->look = old->look;
	ask->what = old->what;
	ask->road = old->road;
	ask->reason = old->reason;
	__builtin_memcpy(ask->name, old->name, sizeof ask->name);
	return queue(&key, ask);
}

static __always_inline bool begin_ask(__u32 what, const struct sk_look *look, const struct sk_told *told)
{
	__u64 key = first_key();
	struct ask *ask = new_ask(&key);

	if (!ask) {
		key ^= 1;
		ask = new_ask(&key);
	}
	if (!ask)
		return false;
	ask->until_ns = bpf_ktime_get_ns() + ASK_NS;
	ask->what = what;
	if (look)
		ask->look = *look;
	if (told) {
		ask->road = told->road;
		ask->reason = told->reason;
		if (told->path)
			bpf_probe_read_kernel_str(ask->name, sizeof ask->name, told->path);
	}
	return queue(&key, ask);
}

static __always_inline bool is_asked(__u64 key, const struct sk_look *look)
{
	struct ask *ask = bpf_map_lookup_elem(&sk_asks, &key);

	return ask && ask->what == ASK_FILE && ask->look.key.inode == look->key.inode && ask->look.key.device == look->key.device;
}

/* A file that is read, or will be. One call may read it in several pieces. */
static __always_inline bool ask_about(const struct sk_orders *orders, __u32 process, struct sk_told *told)
{
	const struct sk_look *look = told->look;

	if (!may_ask(orders, process) || !look || !can_be_looked_at(look))
		return false;
	if (is_asked(first_key(), look) || is_asked(first_key() ^ 1, look))
		return true;
	if (!begin_ask(ASK_FILE, look, told))
		return false;
	told->verdict = SK_VERDICT_ASKED;
	sk_tell(orders, told);
	return true;
}

static __always_inline bool ask_for_program(const struct sk_orders *orders, __u32 process, const struct sk_look *look)
{
	return may_ask(orders, process) && begin_ask(ASK_PROGRAM, look, NULL);
}

static __always_inline bool ask_for_call(const struct sk_orders *orders, __u32 process, const struct sk_call *call)
{
	struct sk_permit_key key = {.process = process, .device = SK_ASKED_CALL};
	struct sk_told told = {.road = SK_ROAD_SCRIPT_OPERAND, .verdict = SK_VERDICT_ASKED, .kinds = call->own_row, .path = (const char *)call->name};

	if (!may_ask(orders, process))
		return false;
	bpf_map_delete_elem(&sk_permits, &key); /* of an earlier program of this process */
	if (!begin_ask(ASK_CALL, NULL, &told))
		return false;
	sk_tell(orders, &told);
	return true;
}

static __always_inline void refuse(const struct sk_orders *orders, const struct ask *ask, __u32 reason)
{
	struct sk_told told = {.road = ask->road, .reason = reason, .path = (const char *)ask->name};

	if (ask->what == ASK_FILE)
		told.look = &ask->look;
	told.verdict = sk_decide(orders);
	if (told.verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(orders, &told);
}

/* The permit for the file that was asked about, as it was then. */
static __always_inline struct sk_permit *answer_about(const struct sk_orders *orders, const struct ask *ask, __u32 process)
{
	struct sk_permit_key key = {.process = process, .device = SK_ASKED_CALL};
	struct sk_permit *permit;

	if (ask->what == ASK_FILE) {
		key.device = ask->look.key.device;
		key.inode = ask->look.key.inode;
	}
	permit = bpf_map_lookup_elem(&sk_permits, &key);
	if (!permit || permit->epoch != orders->epoch || permit->until_ns < bpf_ktime_get_ns())
		return NULL;
	if (ask->what == ASK_FILE && (permit->changed_s != ask->look.changed_s || permit->changed_ns != ask->look.changed_ns || permit->size != ask->look.size))
		return NULL;
	return permit;
}

/* NONE: it may go on; UNLISTED: it may not; else there is no answer yet. */
static __always_inline bool take_answer(const struct sk_orders *orders, struct ask *ask, __u32 process)
{
	struct sk_permit *permit = answer_about(orders, ask, process);

	if (!permit)
		return false;
	if (permit->deny) {
		if (permit->kinds && permit->kinds < SK_ROADS)
			ask->road = permit->kinds;
		refuse(orders, ask, ask->reason ? ask->reason : SK_REASON_UNLISTED);
	} else if (ask->what == ASK_CALL && permit->program_inode) {
		if (!restrict_task(bpf_get_current_task_btf(), orders, 0, permit->program_device, permit->program_inode, permit->restricted))
			refuse(orders, ask, SK_REASON_KIND);
		is_given(bpf_get_current_task_btf());
	}
	return true;
}

static __always_inline void judge_program(struct task_struct *task, struct sk_orders *orders, struct sk_scripts *scripts, const __u8 *hash, __u32 process,
					  const struct sk_look *look, struct sk_told *told);

/* What it has become is known by now, or will not be. */
static __always_inline bool take_program(struct task_struct *task, struct sk_orders *orders, __u32 process)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct sk_told told = {.file = file};
	const __u8 *hash = NULL;
	struct sk_look look;
	struct sk_scripts *scripts = sk_scripts_now();

	sk_look_at(BPF_CORE_READ(file, f_inode), &look);
	if (!identify(orders, &look, process, &hash, &told.kinds) && !identify_below(task, orders, &look, process, &hash, &told.kinds))
		return false;
	if (scripts && hash && (told.kinds & SK_AS_INTERPRETER))
		judge_program(task, orders, scripts, hash, process, &look, &told);
	return true;
}

static int look_for_answer(struct bpf_map *map, void *key, void *value)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct ask *ask = value;
	__u64 place = *(__u64 *)key;
	__u32 process;
	bool done;

	if (orders) {
		process = sk_process_of(task, orders->pid_space);
		done = ask->what == ASK_PROGRAM ? take_program(task, orders, process) : take_answer(orders, ask, process);
		if (!done && bpf_ktime_get_ns() < ask->until_ns && ask_again(place, ask))
			done = true;
		if (!done && ask->what != ASK_PROGRAM)
			refuse(orders, ask, ask->reason ? ask->reason : SK_REASON_UNLISTED);
	}
	bpf_map_delete_elem(&sk_asks, &place);
	return 0;
}
