/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals, limits and priorities against our own processes; which control groups they are in. */
#pragma once

#include "lsm-base.h"

#define PR_SET_MM 35
#define PR_SET_MM_EXE_FILE 13
#define PR_SET_MM_MAP 14

SEC("lsm/task_kill")
int BPF_PROG(sk_kill, struct task_struct *task, void *info, int signal)
{
	if (signal == 0 || signal == 17 || signal == 18 || signal == 28) /* asks, CHLD, CONT, WINCH: these end and hold nobody */
		return 0;
	if (!is_ours(task) || !protects_us())
		return 0;
	return refuse_self(SK_ROAD_AGENT_SIGNAL, NULL, NULL);
}

static __always_inline int starve(struct task_struct *task)
{
	return is_ours(task) && protects_us() ? refuse_self(SK_ROAD_AGENT_STARVE, NULL, NULL) : 0;
}

SEC("lsm/task_setnice")
int BPF_PROG(sk_nice, struct task_struct *task, int nice)
{
	return starve(task);
}

SEC("lsm/task_setioprio")
int BPF_PROG(sk_ioprio, struct task_struct *task, int priority)
{
	return starve(task);
}

SEC("lsm/task_setscheduler")
int BPF_PROG(sk_scheduler, struct task_struct *task)
{
	return starve(task);
}

SEC("lsm/task_movememory")
int BPF_PROG(sk_move_memory, struct task_struct *task)
{
	return starve(task);
}

SEC("lsm/task_setrlimit")
int BPF_PROG(sk_rlimit, struct task_struct *task, unsigned int resource, void *limit)
{
	return starve(task);
}

SEC("lsm/task_setpgid")
int BPF_PROG(sk_pgid, struct task_struct *task, int group)
{
	return starve(task);
}

/* Who could set its program file to ours would be one of us. */
SEC("lsm/task_prctl")
int BPF_PROG(sk_prctl, int option, unsigned long what)
{
	if (option != PR_SET_MM || (what != PR_SET_MM_EXE_FILE && what != PR_SET_MM_MAP) || !protects_us())
		return -ENOSYS; /* not ours to answer */
	return refuse_self(SK_ROAD_AGENT_FILE, NULL, NULL);
}

/* One of ours was moved, or is where a fork left it: its groups are known from now on. */
static __always_inline void note_groups(struct cgroup *cgroup)
{
	struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
	__u32 one = 1;
	__u64 id;

	for (int i = 0; i < 16 && node; i++) {
		struct kernfs_node___old *old = (void *)node;
		struct kernfs_node *up = bpf_core_field_exists(node->__parent) ? BPF_CORE_READ(node, __parent) : BPF_CORE_READ(old, parent);

		if (!up)
			return; /* the root has none of these files */
		id = BPF_CORE_READ(node, id);
		bpf_map_update_elem(&lsm_cgroups, &id, &one, BPF_ANY);
		node = up;
	}
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(sk_moved, struct cgroup *cgroup, const char *path, struct task_struct *task, bool whole)
{
	if (is_ours(task))
		note_groups(cgroup);
	return 0;
}
