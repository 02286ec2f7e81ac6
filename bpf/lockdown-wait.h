/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mapping that would be stopped waits for the guard, as an execution does (lockdown-hold.h): a library that is known by its content alone, because it lies on a memory file system, or in a
 * folder that the policy does not name, is loaded, and any other is not. The task waits on its way back from the call, and never runs what it mapped without an answer.
 *
 * Only a memory with one user is held. What one thread has mapped, another one could run while the first waits: so a process with threads, and one that shares its memory, is
 * stopped at once, as before. Nor is asked what can be changed behind the guard's back (a writer, a file without a name), or where it might wait itself.
 */
#pragma once

enum {
	WAIT_NS = 400000000, /* for an answer */
	WAIT_SIZE = 64 << 20, /* bytes; more is not hashed in that time */
	FUSE = 0x65735546,
	NFS = 0x6969,
	CIFS = (int)0xff534d42,
};

struct wait {
	struct bpf_task_work work;
	__u64 until_ns, address;
	struct sk_look look;
	__u32 reason, unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64); /* two of each thread, by turns */
	__type(value, struct wait);
} sk_waits SEC(".maps");

/* What a place is made from: nothing writes it. */
struct wait_blank {
	__u64 zeros[sizeof(struct wait) / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wait_blank);
} sk_wait_blank SEC(".maps");

static int look_for_answer(struct bpf_map *map, void *key, void *value);

static __always_inline bool queue_wait(__u64 key, const struct wait *from)
{
	__u32 zero = 0;
	struct wait_blank *blank = bpf_map_lookup_elem(&sk_wait_blank, &zero);
	struct wait *wait;

	if (!blank || bpf_map_update_elem(&sk_waits, &key, blank, BPF_NOEXIST))
		return false;
	wait = bpf_map_lookup_elem(&sk_waits, &key);
	if (!wait)
		return false;
	wait->until_ns = from->until_ns;
	wait->address = from->address;
	wait->look = from->look;
	wait->reason = from->reason;
	if (!bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &wait->work, &sk_waits, look_for_answer, NULL))
		return true;
	bpf_map_delete_elem(&sk_waits, &key);
	return false;
}

static __always_inline bool is_same_file(const struct sk_look *a, const struct sk_look *b)
{
	return a->key.inode == b->key.inode && a->key.device == b->key.device && a->changed_s == b->changed_s && a->changed_ns == b->changed_ns && a->size == b->size;
}

/* It was asked about already, when this call began. */
static __always_inline bool is_waited_for(__u64 key, const struct sk_look *look)
{
	struct wait *wait = bpf_map_lookup_elem(&sk_waits, &key);

	return wait && is_same_file(&wait->look, look);
}

static __always_inline bool has_one_user(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, nr_threads) == 1 && BPF_CORE_READ(task, mm, mm_users.counter) == 1;
}

static __always_inline bool may_wait(struct task_struct *task, const struct sk_orders *orders, __u32 process, const struct sk_look *look)
{
	if (!(orders->what & SK_DO_ENFORCE) || !(orders->what & SK_DO_RECORD) || !process || sk_guard_is_silent(orders))
		return false;
	if (look->magic == FUSE || look->magic == NFS || look->magic == (__u32)CIFS || look->size > WAIT_SIZE || !look->links || sk_is_written(look))
		return false;
	return has_one_user(task);
}

/* True: the guard is asked, and the task waits for it. */
static __always_inline bool wait_for_guard(struct task_struct *task, const struct sk_orders *orders, __u32 process, struct sk_told *told, const struct sk_look *look)
{
	__u64 key = (__u64)(__u32)bpf_get_current_pid_tgid() << 1;
	struct wait first = {.until_ns = bpf_ktime_get_ns() + WAIT_NS, .address = told->address, .look = *look, .reason = told->reason};

	if (!may_wait(task, orders, process, look))
		return false;
	if (is_waited_for(key, look) || is_waited_for(key ^ 1, look))
		return true;
	if (!queue_wait(key, &first) && !queue_wait(key ^ 1, &first))
		return false;
	told->verdict = SK_VERDICT_ASKED;
	sk_tell(orders, told);
	return true;
}

/* The answer is for the file as it was when it was asked about. */
static __always_inline bool is_answered(const struct sk_orders *orders, const struct wait *wait, __u32 process, bool *ret_allowed, __u32 *ret_kinds)
{
	struct sk_permit_key key = {.process = process, .device = wait->look.key.device, .inode = wait->look.key.inode};
	struct sk_permit *permit = bpf_map_lookup_elem(&sk_permits, &key);

	if (!permit || permit->epoch != orders->epoch || permit->until_ns < bpf_ktime_get_ns() || permit->changed_s != wait->look.changed_s ||
	    permit->changed_ns != wait->look.changed_ns || permit->size != wait->look.size)
		return false;
	*ret_allowed = !permit->deny;
	*ret_kinds = permit->kinds;
	return true;
}

static __always_inline void end_wait(const struct sk_orders *orders, const struct wait *wait)
{
	struct sk_told told = {.road = SK_ROAD_MAP_FILE, .reason = wait->reason, .address = wait->address, .look = &wait->look};

	stop(orders, &told);
}

static int look_for_answer(struct bpf_map *map, void *key, void *value)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sk_orders *orders = sk_subject_orders();
	struct wait *wait = value;
	__u64 place = *(__u64 *)key;
	__u32 process, kinds = 0;
	bool allowed = false;

	if (orders && !sk_is_dying(task)) {
		process = sk_process_of(task, orders->pid_space);
		if (is_answered(orders, wait, process, &allowed, &kinds)) {
			if (allowed)
				judge_interpreter(wait->look.key.inode, wait->look.key.device, kinds);
			else
				end_wait(orders, wait);
		} else if (bpf_ktime_get_ns() >= wait->until_ns || !queue_wait(place ^ 1, wait)) {
			end_wait(orders, wait);
		}
	}
	bpf_map_delete_elem(&sk_waits, &place);
	return 0;
}
