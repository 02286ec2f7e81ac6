/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tier A: a restricted interpreter reads known files and data alone, whatever file system they are on.
 *
 * Not when it opens them: a file that is just being opened cannot be hashed yet, and the guard, who looks at files in folders of the policy, is asked after the
 * hook. By the first read it has answered. The hook of reading cannot hash either, because it may not sleep; so a file is looked at when the interpreter asks for its
 * status or its terminal, as nearly all do before they read, and what it has open when it is started, at its start. What is mapped instead of read is judged by its
 * content when it is mapped.
 */
#pragma once

#include "lsm-base.h"
#include "scripts-read.h"

#define MAY_READ 4
#define FMODE_READ 1
#define FMODE_NOACCOUNT 0x20000000 /* opened by the kernel for itself: by an overlay for what lies below, whose other marks have no fixed place */
#define SYSFS_MAGIC 0x62656572

#define MEMORY 1 /* the major number of null, zero, random */

enum { DESCRIPTORS = 64, SCRIPT_MAX = 4 << 20, NAME_SIZE = 128, BY_NUMBER = 10 };

/* Does the calling task read nothing but what is known, and is this a file that counts? */
static __always_inline struct sk_orders *restricts(struct file *file)
{
	struct inode *inode = file->f_inode;
	struct sk_orders *o;
	unsigned long magic;

	if ((inode->i_mode & SK_S_IFMT) != SK_S_IFREG || !sk_is_restricted(bpf_get_current_task_btf()))
		return NULL;
	magic = inode->i_sb->s_magic;
	if (magic == SK_PROC || magic == SYSFS_MAGIC || magic == CGROUP2_SUPER_MAGIC)
		return NULL; /* what the kernel says */
	o = sk_subject_orders();
	return o && (o->what & SK_DO_SCRIPTS) ? o : NULL;
}

/* A read that belongs to another step: of what is being executed, and judged as such; or of the file below an overlay's, of which the upper one was asked about. */
static __always_inline bool is_within(struct file *file)
{
	return (file->f_mode & FMODE_NOACCOUNT) || BPF_CORE_READ_BITFIELD(bpf_get_current_task_btf(), in_execve);
}

/* --- the script that an interpreter was given: until it has read that, it opens no pipe and no terminal, from which anybody's code may come */

/* The hash of a file's name, as lockdown-call.h makes that of a word's last part. */
static __noinline __u64 name_hash(struct dentry *dentry)
{
	char name[NAME_SIZE] = {};
	__u64 hash = sk_hash_begin();

	bpf_probe_read_kernel_str(name, sizeof name, BPF_CORE_READ(dentry, d_name.name));
	for (int i = 0; i < NAME_SIZE && name[i]; i++)
		hash = sk_hash_byte(hash, (__u8)name[i]);
	return hash;
}

static __always_inline struct sk_mark *restricted_mark(void)
{
	struct sk_mark *mark = bpf_task_storage_get(&sk_marks, bpf_get_current_task_btf(), 0, 0);

	return mark && mark->restricted ? mark : NULL;
}

/* What is read now is known as a script, or data. */
static __always_inline void note_read(struct file *file, __u32 kinds)
{
	struct sk_mark *mark = restricted_mark();

	if (mark && mark->awaited && (kinds & (SK_AS_SCRIPT | SK_AS_PROGRAM)) && name_hash(file->f_path.dentry) == mark->awaited)
		mark->awaited = 0;
}

/* In the hook of opening. */
static __always_inline int open_script(struct file *file)
{
	struct inode *inode = file->f_inode;
	__u32 type = inode->i_mode & SK_S_IFMT;
	struct sk_mark *mark;
	struct sk_orders *o;

	if (type != SK_S_IFIFO && (type != SK_S_IFCHR || inode->i_rdev >> 20 == MEMORY))
		return 0;
	mark = restricted_mark();
	if (!mark || !mark->awaited)
		return 0;
	o = sk_subject_orders();
	return o && (o->what & SK_DO_SCRIPTS) ? refuse(SK_ROAD_SCRIPT_STDIN, SK_REASON_NO_FILE, inode, file->f_path.dentry) : 0;
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
	if (recall(file->f_inode, o, &look, &kinds) > 0 && !sk_is_written(&look)) {
		note_read(file, kinds);
		return 0;
	}
	if (sk_is_data(file->f_path.dentry)) {
		note_read(file, SK_AS_SCRIPT);
		return 0;
	}
	return refuse(SK_ROAD_SCRIPT_OPERAND, sk_is_written(&look) ? SK_REASON_WRITER : SK_REASON_UNLISTED, file->f_inode, file->f_path.dentry);
}

/* --- what is going to be read is looked at in time */

/* Reads it, and keeps what it is with the inode, unless that is known already. A function of its own: hooks have little room on their stack. */
static __noinline void foresee(struct file *file, struct sk_orders *o, __u64 most)
{
	struct inode *inode;
	struct sk_look look;
	__u32 kinds;

	if (!file || !o)
		return;
	inode = file->f_inode;
	if ((inode->i_mode & SK_S_IFMT) != SK_S_IFREG || recall(inode, o, &look, &kinds) >= 0 || sk_is_written(&look) || !is_steady(&look) || look.size > most ||
	    !(file->f_mode & FMODE_READ) || sk_is_data(file->f_path.dentry))
		return;
	judge(file, o, &kinds);
}

/*
 * The table of what the calling task has open, while nobody else can change it, and none that grew: its files stay where they are for as long as we look. Not
 * every kernel lets a program take a file from there; where it does not, these two are not attached.
 */
static __always_inline struct files_struct *own_files(void)
{
	struct files_struct *files = bpf_get_current_task_btf()->files;

	return files && files->count.counter == 1 && files->fdt->max_fds == DESCRIPTORS ? files : NULL;
}

SEC("lsm.s/inode_getattr")
int BPF_PROG(sk_script_look, const struct path *path)
{
	struct files_struct *files;
	struct file *file = NULL;
	struct inode *inode;
	struct sk_orders *o;

	if (!restricted_mark())
		return 0;
	o = sk_subject_orders();
	files = own_files();
	if (!o || !(o->what & SK_DO_SCRIPTS) || !files)
		return 0;
	inode = path->dentry->d_inode;
#pragma clang loop unroll(full)
	for (int i = 0; i < DESCRIPTORS; i++)
		if (!file && files->fd_array[i] && files->fd_array[i]->f_inode == inode)
			file = files->fd_array[i];
	foresee(file, o, SCRIPT_MAX);
	return 0;
}

/* An interpreter begins: what it has open may be its script, whatever name that had. */
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(sk_script_begin, struct linux_binprm *bprm)
{
	struct files_struct *files = own_files();
	struct sk_orders *o = sk_subject_orders();
	struct sk_look look;
	__u32 kinds = 0;

	if (!o || !(o->what & SK_DO_SCRIPTS) || !files || recall(bprm->file->f_inode, o, &look, &kinds) <= 0 || !(kinds & SK_AS_INTERPRETER))
		return 0;
#pragma clang loop unroll(full)
	for (int i = 0; i < BY_NUMBER; i++)
		foresee(files->fd_array[i], o, SCRIPT_MAX);
	return 0;
}

/* A mapping that is no executable one: those are judged for everybody. */
static __always_inline int map_script(struct file *file)
{
	struct sk_orders *o = restricts(file);
	__u32 kinds, reason;

	if (!o)
		return 0;
	reason = judge(file, o, &kinds);
	if (reason == SK_REASON_NONE || sk_is_data(file->f_path.dentry)) {
		note_read(file, reason == SK_REASON_NONE ? kinds : SK_AS_SCRIPT);
		return 0;
	}
	return refuse(SK_ROAD_SCRIPT_OPERAND, reason, file->f_inode, file->f_path.dentry);
}
