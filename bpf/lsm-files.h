/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files: known ones are not written, renamed, removed or changed; ours neither; disks are not written behind their file systems; nothing is mounted over
 * folders that hold known files. Whoever opens a file for writing makes the kernel forget what it was.
 */
#pragma once

#include "lsm-base.h"

#define NAME_MAX_HERE 24
#define DEPTH 24

static __always_inline bool is_named(struct dentry *dentry, const char *name, __u32 size)
{
	char have[NAME_MAX_HERE] = {};

	bpf_probe_read_kernel_str(have, sizeof have, BPF_CORE_READ(dentry, d_name.name));
	return bpf_strncmp(have, size, name) == 0;
}
#define IS_NAMED(dentry, text) is_named(dentry, text, sizeof text)

static __always_inline bool is_offerer(void)
{
	return place_of(BPF_CORE_READ(bpf_get_current_task_btf(), mm, exe_file, f_inode)) & LSM_OFFERER;
}

/* Our unit's name: with a link of this name systemd starts or masks us, and looks for settings in a folder that begins so. */
static __always_inline bool is_our_unit(struct dentry *dentry)
{
	char have[NAME_MAX_HERE] = {};
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);

	bpf_probe_read_kernel_str(have, sizeof have, name);
	return bpf_strncmp(have, 21, "sekisho-agent.service") == 0 && (have[21] == 0 || (have[21] == '.' && have[22] == 'd'));
}

/* Is it ours to change: the file itself, or below a folder of ours? The nearest folder decides. */
static __noinline bool is_our_file(struct dentry *dentry)
{
	struct dentry *at = dentry, *up;
	struct inode *inode;
	__u32 bits;

	for (int i = 0; i < DEPTH && at; i++) {
		inode = BPF_CORE_READ(at, d_inode);
		bits = inode ? place_of(inode) : 0;
		if (at == dentry && (bits & (LSM_OURS | LSM_AGENT)))
			return true;
		if (bits & LSM_TREE)
			return !((bits & LSM_OFFERS) && is_offerer());
		up = BPF_CORE_READ(at, d_parent);
		if (up == at)
			return false;
		at = up;
	}
	return false;
}

/* --- opening for writing */

/* The task behind a file of /proc/PID. */
static __always_inline struct task_struct *task_of(struct inode *inode)
{
	struct proc_inode *proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct hlist_node *first;
	struct pid *pid = NULL;

	bpf_core_read(&pid, sizeof pid, &proc->pid);
	if (!pid)
		return NULL;
	first = BPF_CORE_READ(pid, tasks[0].first); /* PIDTYPE_PID */
	return first ? (void *)first - bpf_core_field_offset(struct task_struct, pid_links) : NULL;
}

/* Files of /proc that reach into other processes or switch us off. */
static __always_inline int open_proc(struct file *file, struct inode *inode)
{
	struct dentry *dentry = file->f_path.dentry;
	struct task_struct *task = task_of(inode);

	if (task && is_ours(task) && protects_us())
		return refuse_self(SK_ROAD_AGENT_STARVE, inode, dentry); /* oom_score_adj, mem, sched ... */
	if (IS_NAMED(dentry, "mem"))
		return refuse(SK_ROAD_PROC_MEM, SK_REASON_NO_FILE, inode, dentry);
	if (sk_is_first_process() || !protects_us())
		return 0;
	if (IS_NAMED(dentry, "ftrace_enabled"))
		return refuse_self(SK_ROAD_AGENT_UNLOAD, inode, dentry); /* what BPF programs hang on */
	return IS_NAMED(dentry, "sysrq-trigger") ? refuse_self(SK_ROAD_AGENT_SIGNAL, inode, dentry) : 0;
}

/* The folder of a control group: is it the subject's, or below that? */
static __always_inline bool is_subject_group(const struct sk_orders *o, struct dentry *folder)
{
	struct dentry *up;

	for (int i = 0; i < 16; i++) {
		if (BPF_CORE_READ(folder, d_inode, i_ino) == o->cgroup)
			return true;
		up = BPF_CORE_READ(folder, d_parent);
		if (up == folder)
			return false;
		folder = up;
	}
	return false;
}

/* The files of a control group that hold processes still or starve them, where one of ours is in it; and those by which a subject would leave its group. */
static __always_inline int open_cgroup(const struct sk_orders *o, struct file *file, struct inode *inode)
{
	struct dentry *dentry = file->f_path.dentry;
	__u64 id = BPF_CORE_READ(dentry, d_parent, d_inode, i_ino);
	char name[8] = {};

	if (o->subject == SK_SUBJECT_CGROUP && (IS_NAMED(dentry, "cgroup.procs") || IS_NAMED(dentry, "cgroup.threads")))
		return is_subject_group(o, BPF_CORE_READ(dentry, d_parent)) || we_are_ours() ? 0 : refuse(SK_ROAD_AGENT_UNLOAD, SK_REASON_NONE, inode, dentry);
	if (!bpf_map_lookup_elem(&lsm_cgroups, &id) || !protects_us())
		return 0;
	bpf_probe_read_kernel_str(name, sizeof name, BPF_CORE_READ(dentry, d_name.name));
	if (bpf_strncmp(name, 7, "cgroup.") == 0) {
		if (!IS_NAMED(dentry, "cgroup.freeze") && !IS_NAMED(dentry, "cgroup.kill"))
			return 0;
	} else if (bpf_strncmp(name, 4, "cpu.") && bpf_strncmp(name, 7, "cpuset.") && bpf_strncmp(name, 7, "memory.") &&
		   bpf_strncmp(name, 5, "pids.") && bpf_strncmp(name, 3, "io.")) {
		return 0;
	}
	return refuse_self(SK_ROAD_AGENT_STARVE, inode, dentry);
}

/* A disk below a guarded file system, or memory and ports of the machine. */
static __always_inline int open_device(struct file *file, struct inode *inode)
{
	__u32 device = inode->i_rdev, major = device >> 20, minor = device & 0xfffff;
	bool block = (inode->i_mode & SK_S_IFMT) == SK_S_IFBLK;

	if (block ? sk_is_below_us(device) : (major == 1 && (minor == 1 || minor == 2 || minor == 4)) || major == 21)
		return refuse(SK_ROAD_DEVICE, SK_REASON_NONE, inode, file->f_path.dentry);
	return 0;
}

/* A known file, or one that is mapped: nobody writes beneath running code, as nobody does beneath a running program. */
static __always_inline int open_known(const struct sk_orders *o, struct file *file, struct inode *inode)
{
	bool mapped;

	if (!was_known(inode))
		return 0;
	mapped = BPF_CORE_READ(inode, i_mapping, i_mmap.rb_root.rb_node) != NULL;
	if ((mapped || (o->what & SK_DO_PROTECT)) && !updates() && !we_are_ours()) /* the recorder of a window puts back what was */
		return refuse(SK_ROAD_FILE_WRITE, mapped ? SK_REASON_WRITER : SK_REASON_KIND, inode, file->f_path.dentry);
	return 0;
}

static __always_inline void learn_place(struct lsm_self *s, struct inode *inode)
{
	struct sk_orders *o = bpf_map_lookup_elem(&sk_orders, &(__u32){0});

	if (s->lesson == LSM_HOLDS && (inode->i_mode & SK_S_IFMT) != SK_S_IFDIR)
		return; /* another thread of the guard */
	if (o && sk_process_of(bpf_get_current_task_btf(), o->pid_space) == s->teacher)
		mark_place(inode, s->lesson);
}

static __always_inline int open_file(struct sk_orders *o, struct file *file, struct inode *inode)
{
	int r = 0;

	if (o && is_our_file(file->f_path.dentry) && protects_us())
		return refuse_self(SK_ROAD_AGENT_FILE, inode, file->f_path.dentry);
	if (o)
		r = open_known(o, file, inode);
	if (!r)
		forget(inode); /* whoever it is */
	return r;
}

static __noinline int open_for_writing(struct file *file)
{
	struct inode *inode = file->f_inode;
	struct sk_orders *o = is_kernel_thread() ? NULL : sk_subject_orders();
	unsigned long magic = inode->i_sb->s_magic;
	__u32 type = inode->i_mode & SK_S_IFMT;

	if (type == SK_S_IFREG && magic != SK_PROC && magic != CGROUP2_SUPER_MAGIC && magic != BINFMTFS_MAGIC)
		return open_file(o, file, inode);
	if (!o)
		return 0;
	if (type == SK_S_IFBLK || type == SK_S_IFCHR)
		return open_device(file, inode);
	if (magic == SK_PROC)
		return open_proc(file, inode);
	if (magic == CGROUP2_SUPER_MAGIC)
		return open_cgroup(o, file, inode);
	return 0; /* who registers a format has its interpreter judged whenever it is started: binfmt_misc needs no refusal */
}

SEC("lsm/file_open")
int BPF_PROG(sk_open, struct file *file)
{
	struct lsm_self *s;

	if (file->f_mode & FMODE_WRITE)
		return open_for_writing(file);
	s = self();
	if (s && s->teacher)
		learn_place(s, file->f_inode);
	return open_script(file);
}

/* --- changes without opening */

/* Of a file or folder: is the calling task kept from changing it by `road`? */
static __noinline int change(struct dentry *dentry, __u32 road)
{
	bool is_there = BPF_CORE_READ(dentry, d_inode) != NULL; /* from 6.4 on the verifier drops the comparison of what it takes for granted, and a new name has none */
	struct inode *inode = dentry->d_inode;
	struct sk_orders *o = sk_subject_orders();

	if (!is_there || !inode || !o || is_kernel_thread())
		return 0;
	if (is_our_file(dentry) && protects_us())
		return refuse_self(SK_ROAD_AGENT_FILE, inode, dentry);
	if (!o || !(o->what & SK_DO_PROTECT) || updates() || we_are_ours())
		return 0;
	if (was_known(inode) || (road == SK_ROAD_FILE_RENAME && (place_of(inode) & LSM_HOLDS)))
		return refuse(road, SK_REASON_KIND, inode, dentry);
	return 0;
}

static __always_inline int set_attributes(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	int r = change(dentry, SK_ROAD_FILE_ATTRIBUTE);

	if (!r)
		forget(inode); /* also a truncation by path */
	return r;
}

SEC("lsm/inode_setattr")
int BPF_PROG(sk_setattr, struct dentry *dentry)
{
	return set_attributes(dentry);
}

/* The same hook since 6.9. */
SEC("lsm/inode_setattr")
int BPF_PROG(sk_setattr_ids, void *ids, struct dentry *dentry)
{
	return set_attributes(dentry);
}

/* file_setattr(2), since 6.17. */
SEC("lsm/inode_file_setattr")
int BPF_PROG(sk_file_setattr, struct dentry *dentry)
{
	return change(dentry, SK_ROAD_FILE_ATTRIBUTE);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(sk_setxattr, void *ids, struct dentry *dentry)
{
	return change(dentry, SK_ROAD_FILE_ATTRIBUTE);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(sk_removexattr, void *ids, struct dentry *dentry)
{
	return change(dentry, SK_ROAD_FILE_ATTRIBUTE);
}

SEC("lsm/inode_unlink")
int BPF_PROG(sk_unlink, struct inode *dir, struct dentry *dentry)
{
	if (is_our_unit(dentry) && protects_us())
		return refuse_self(SK_ROAD_AGENT_FILE, dir, dentry);
	return change(dentry, SK_ROAD_FILE_RENAME);
}

SEC("lsm/inode_rmdir")
int BPF_PROG(sk_rmdir, struct inode *dir, struct dentry *dentry)
{
	return change(dentry, SK_ROAD_FILE_RENAME);
}

SEC("lsm/inode_rename")
int BPF_PROG(sk_rename, struct inode *from_dir, struct dentry *from, struct inode *to_dir, struct dentry *to)
{
	int r = change(from, SK_ROAD_FILE_RENAME);

	if (!r)
		r = change(to, SK_ROAD_FILE_RENAME);
	if (!r && (is_our_file(BPF_CORE_READ(to, d_parent)) || is_our_unit(from) || is_our_unit(to)) && protects_us())
		r = refuse_self(SK_ROAD_AGENT_FILE, to_dir, to);
	return r;
}

/* Another link to a known file is lawful: what is protected is the file, by whatever name. One of ours gets none. */
SEC("lsm/inode_link")
int BPF_PROG(sk_link, struct dentry *from, struct inode *dir, struct dentry *to)
{
	if ((is_our_file(from) || is_our_file(BPF_CORE_READ(to, d_parent)) || is_our_unit(to)) && protects_us())
		return refuse_self(SK_ROAD_AGENT_FILE, from->d_inode, from);
	return 0;
}

/* Nothing new in folders of ours. */
static __always_inline int create(struct inode *dir, struct dentry *dentry)
{
	return (is_our_file(BPF_CORE_READ(dentry, d_parent)) || is_our_unit(dentry)) && protects_us() ? refuse_self(SK_ROAD_AGENT_FILE, dir, dentry) : 0;
}

SEC("lsm/inode_create")
int BPF_PROG(sk_create, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	return create(dir, dentry);
}

SEC("lsm/inode_symlink")
int BPF_PROG(sk_symlink, struct inode *dir, struct dentry *dentry, const char *name)
{
	return create(dir, dentry);
}

SEC("lsm/inode_mkdir")
int BPF_PROG(sk_mkdir, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	return create(dir, dentry);
}

#define TCGETS 0x5401u
#define FS_IOC_SETFLAGS 0x40086602u
#define FS_IOC32_SETFLAGS 0x40046602u
#define FS_IOC_FSSETXATTR 0x401c5820u

static __always_inline bool sets_flags(unsigned int command)
{
	return command == FS_IOC_SETFLAGS || command == FS_IOC32_SETFLAGS || command == FS_IOC_FSSETXATTR;
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(sk_ioctl, struct file *file, unsigned int command, unsigned long argument)
{
	struct sk_orders *o = command == TCGETS ? restricts(file) : NULL;

	if (o)
		foresee(file, o, SCRIPT_MAX);
	if (!sets_flags(command))
		return 0;
	o = sk_subject_orders();
	if (o && (o->what & SK_DO_PROTECT) && !was_known(file->f_inode)) /* here is a file to hash: it becomes known now, if it is */
		foresee(file, o, HASH_MAX);
	return change(file->f_path.dentry, SK_ROAD_FILE_ATTRIBUTE);
}

/* Programs of 32 bits, since 6.8; before that they come by the hook above. This one may not sleep: what nobody has looked at yet it takes for unknown. */
SEC("lsm/file_ioctl_compat")
int BPF_PROG(sk_ioctl_compat, struct file *file, unsigned int command, unsigned long argument)
{
	return sets_flags(command) ? change(file->f_path.dentry, SK_ROAD_FILE_ATTRIBUTE) : 0;
}

/* --- mounts */

static __noinline int mount_over(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	struct sk_orders *o = sk_subject_orders();

	if (is_our_file(dentry) && protects_us())
		return refuse_self(SK_ROAD_AGENT_FILE, inode, dentry);
	if (!o || !(o->what & SK_DO_MOUNTS_DENY) || sk_is_first_process() || updates())
		return 0;
	if (was_known(inode) || (place_of(inode) & LSM_HOLDS))
		return refuse(SK_ROAD_MOUNT, SK_REASON_KIND, inode, dentry);
	return 0;
}

#define MS_REMOUNT 32
#define MS_CHANGES_TYPE (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)

SEC("lsm/sb_mount")
int BPF_PROG(sk_mount, const char *device, const struct path *path, const char *type, unsigned long flags, void *data)
{
	if (flags & (MS_REMOUNT | MS_CHANGES_TYPE))
		return 0;
	return mount_over(path->dentry);
}

SEC("lsm/move_mount")
int BPF_PROG(sk_move_mount, const struct path *from, const struct path *to)
{
	return mount_over(to->dentry);
}

/* The old control groups would freeze us where nobody looks. */
SEC("lsm/sb_kern_mount")
int BPF_PROG(sk_kern_mount, struct super_block *sb)
{
	return sb->s_magic == CGROUP_SUPER_MAGIC && protects_us() ? refuse_self(SK_ROAD_AGENT_STARVE, NULL, NULL) : 0;
}

/* What holds our links in the kernel is not unmounted. */
SEC("lsm/sb_umount")
int BPF_PROG(sk_umount, struct vfsmount *mount, int flags)
{
	return mount->mnt_sb->s_magic == BPF_FS_MAGIC && protects_us() ? refuse_self(SK_ROAD_AGENT_UNLOAD, NULL, NULL) : 0;
}
