/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tier A: a restricted interpreter opens known files and data alone, whatever file system they are on. */
#pragma once

#include "lsm-base.h"
#include "scripts-read.h"

#define FMODE_READ 1
#define SK_FMODE_EXEC 0x20

SEC("lsm.s/file_open")
int BPF_PROG(sk_script_open, struct file *file)
{
	struct inode *inode = file->f_inode;
	struct sk_orders *o;
	__u32 kinds, reason;

	/* The cheap questions first: this is asked at every opening on the machine. */
	if (!(file->f_mode & FMODE_READ) || (file->f_mode & SK_FMODE_EXEC) || (inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	if (!sk_is_restricted(bpf_get_current_task_btf()) || inode->i_sb->s_magic == PROC_SUPER_MAGIC || inode->i_sb->s_magic == CGROUP2_SUPER_MAGIC)
		return 0;
	o = sk_subject_orders();
	if (!o || !(o->what & SK_DO_SCRIPTS))
		return 0;
	reason = judge(file, o, &kinds);
	if (reason == SK_REASON_NONE || sk_is_data(file->f_path.dentry))
		return 0;
	return refuse(SK_ROAD_SCRIPT_OPERAND, reason, inode, file->f_path.dentry);
}
