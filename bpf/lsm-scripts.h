/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier A: a restricted interpreter reads known files and data alone, whatever file system they are on.
 *
 * Not when it opens them: a file that is just being opened cannot be hashed yet, and the guard, who looks at files in folders of the policy, is asked after the
 * hook. By the first read it has answered. What is mapped instead of read is judged by its content when it is mapped.
 */
#pragma once

#include "lsm-base.h"
#include "scripts-read.h"

#define MAY_READ 4
#define FMODE_BACKING  0x2000000 /* since 6.8 */
#define FMODE_NONOTIFY 0x4000000
#define SYSFS_MAGIC 0x62656572

/* Does the calling task read nothing but what is known, and is this a file that counts? */
static __always_inline struct sk_orders *restricts(struct file *file)
{
	struct inode *inode = file->f_inode;
	struct sk_orders *o;
	unsigned long magic;

	if ((inode->i_mode & S_IFMT) != S_IFREG || !sk_is_restricted(bpf_get_current_task_btf()))
		return NULL;
	magic = inode->i_sb->s_magic;
	if (magic == PROC_SUPER_MAGIC || magic == SYSFS_MAGIC || magic == CGROUP2_SUPER_MAGIC)
		return NULL; /* what the kernel says */
	o = sk_subject_orders();
	return o && (o->what & SK_DO_SCRIPTS) ? o : NULL;
}

/* A read that belongs to another step: of what is being executed, and judged as such; or of the file below an overlay's, of which the upper one was asked about. */
static __always_inline bool is_within(struct file *file)
{
	return (file->f_mode & (FMODE_NONOTIFY | FMODE_BACKING)) || BPF_CORE_READ_BITFIELD(bpf_get_current_task_btf(), in_execve);
}

SEC("lsm/file_permission")
int BPF_PROG(sk_script_open, struct file *file, int mask)
{
	struct sk_orders *o;
	struct sk_look look;
	__u32 kinds;

	if (!(mask & MAY_READ)) /* the cheap question first: this is asked at every read and write on the machine */
		return 0;
	o = restricts(file);
	if (!o || is_within(file))
		return 0;
	if (recall(file->f_inode, o, &look, &kinds) > 0 && !sk_is_written(&look))
		return 0;
	if (sk_is_data(file->f_path.dentry))
		return 0;
	return refuse(SK_ROAD_SCRIPT_OPERAND, sk_is_written(&look) ? SK_REASON_WRITER : SK_REASON_UNLISTED, file->f_inode, file->f_path.dentry);
}

/* A mapping that is no executable one: those are judged for everybody. */
static __always_inline int map_script(struct file *file)
{
	struct sk_orders *o = restricts(file);
	__u32 kinds, reason;

	if (!o)
		return 0;
	reason = judge(file, o, &kinds);
	if (reason == SK_REASON_NONE || sk_is_data(file->f_path.dentry))
		return 0;
	return refuse(SK_ROAD_SCRIPT_OPERAND, reason, file->f_inode, file->f_path.dentry);
}
