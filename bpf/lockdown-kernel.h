/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of the kernel's own structures that lockdown reads, and no others. libbpf finds their places in the running kernel's type information when a program
 * is loaded (CO-RE), so one object serves 6.1 as well as 6.18, and a build host needs neither the kernel's type information nor its headers.
 * Names after `___` are other kernels' shapes of the same structure.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} sk_atomic;

struct file_system_type {
	const char *name;
};

struct user_namespace;

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
	struct user_namespace *s_user_ns;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct rb_node {
	unsigned long __rb_parent_color;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct inode;

struct address_space {
	struct inode *host;
	sk_atomic i_mmap_writable;
	struct rb_root_cached i_mmap; /* all mappings of it */
};

struct inode {
	__u16 i_mode;
	__u32 i_rdev;
	struct super_block *i_sb;
	struct address_space *i_mapping;
	unsigned long i_ino;
	unsigned int i_nlink;
	__s64 i_size;
	__s64 i_mtime_sec;  /* since 6.11 */
	__u32 i_mtime_nsec;
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
	__u32 i_generation;
	void *i_private;
	sk_atomic i_writecount;
	struct hlist_head i_dentry; /* its names */
};

/* tmpfs and memfd */
struct shmem_inode_info {
	unsigned int seals;
	struct inode vfs_inode;
};

struct inode___plain { /* 6.6 to 6.10 */
	struct timespec64 __i_ctime;
};

struct inode___old { /* until 6.5 */
	struct timespec64 i_ctime;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
	struct inode *d_inode;
	struct dentry *d_parent;
	struct hlist_node d_u; /* place in its inode's list of names */
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	unsigned int f_mode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	sk_atomic count;
	struct fdtable *fdt;
	struct file *fd_array[64]; /* where the table lies until it grows */
};

struct task_struct;

struct mm_struct {
	unsigned long start_code, end_code;
	unsigned long start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	sk_atomic mm_users;
	struct file *exe_file;
	struct task_struct *owner;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_flags;
	struct file *vm_file;
	void *anon_vma;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};

struct signal_struct {
	struct pid *pids[4]; /* 1: of the thread group */
	int nr_threads;
};

typedef struct {
	__u32 val;
} sk_kuid;

struct cred {
	sk_kuid uid;
	struct user_namespace *user_ns;
};

struct css_set;

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int personality;
	unsigned int flags, ptrace;
	unsigned int in_execve : 1;
	int pid, tgid;
	struct hlist_node pid_links[4];
	struct task_struct *real_parent, *group_leader;
	const struct cred *cred;
	char comm[16];
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	struct sigpending pending;
	struct css_set *cgroups;
};

struct linux_binprm {
	struct mm_struct *mm;
	struct file *executable, *interpreter, *file;
	struct cred *cred;
	int argc, envc;
	const char *filename, *interp;
	unsigned int interp_flags;
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct kernfs_node {
	struct kernfs_node *__parent; /* since 6.15 */
	__u64 id;
};

struct kernfs_node___old {
	struct kernfs_node *parent;
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup *ancestors[1]; /* since 6.1 */
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct kernel_siginfo {
	int si_code;
};

struct iomap_iter {
	struct inode *inode;
	unsigned int flags;
};

struct bpf_map {
	__u32 id;
};

struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#endif

#pragma clang attribute pop
