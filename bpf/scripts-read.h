/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a restricted interpreter may read: the maps, and the question whether a file lies in a folder of data. Both tiers include it. */
#pragma once

#include "lockdown-scripts.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sk_scripts);
} sk_scripts SEC(".maps");

static __always_inline struct sk_scripts *sk_scripts_now(void)
{
	__u32 which = 0;
	struct sk_scripts *first = bpf_map_lookup_elem(&sk_scripts, &which);

	if (!first)
		return NULL;
	which = first->now & 1;
	return bpf_map_lookup_elem(&sk_scripts, &which);
}

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sk_mark);
} sk_marks SEC(".maps");

struct sk_walk {
	struct dentry *at;
	struct sk_scripts *scripts;
	int found;
};

static long sk_walk_up(__u32 step, struct sk_walk *walk)
{
	struct dentry *at = walk->at, *parent;
	struct inode *inode = BPF_CORE_READ(at, d_inode);
	struct sk_folder here = {.device = BPF_CORE_READ(inode, i_sb, s_dev), .inode = BPF_CORE_READ(inode, i_ino)};

	for (__u32 i = 0; i < SK_DATA && i < walk->scripts->folders; i++)
		if (walk->scripts->folder[i].inode == here.inode && walk->scripts->folder[i].device == here.device) {
			walk->found = 1;
			return 1;
		}
	parent = BPF_CORE_READ(at, d_parent);
	walk->at = parent;
	return parent == at;
}

static __always_inline bool sk_is_data(struct dentry *dentry)
{
	struct sk_walk walk = {.at = dentry, .scripts = sk_scripts_now()};

	if (!dentry || !walk.scripts || !walk.scripts->folders)
		return false;
	bpf_loop(SK_DEPTH, sk_walk_up, &walk, 0);
	return walk.found;
}

static __always_inline bool sk_is_restricted(struct task_struct *task)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, task, 0, 0);

	return mark && mark->restricted;
}
