/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How code comes to run: executions, executable mappings, memory that becomes executable. */
#pragma once

#include "lsm-scripts.h"

static __always_inline __u32 road_of(struct inode *inode, __u32 ordinary)
{
	unsigned long magic = inode->i_sb->s_magic;

	if (magic == SK_OVERLAY)
		return SK_ROAD_EXEC_OVERLAY;
	if (inode->i_nlink == 0)
		return magic == SK_TMPFS ? SK_ROAD_EXEC_MEMFD : SK_ROAD_EXEC_DELETED;
	return ordinary;
}

/* What is more than ordinary about a program is kept with its task from the moment it is committed, and inherited by the task's children. */
static __always_inline void intend(__u32 kinds)
{
	const __u32 special = kinds & (SK_AS_JIT | SK_AS_UPDATER);
	struct lsm_task *t = bpf_task_storage_get(&lsm_tasks, bpf_get_current_task_btf(), 0, special ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);

	if (t)
		t->intended = special;
}

SEC("lsm.s/bprm_check_security")
int BPF_PROG(sk_bprm, struct linux_binprm *bprm)
{
	struct sk_orders *o = sk_subject_orders();
	__u32 kinds, reason;

	if (!o)
		return 0;
	sk_count(SK_COUNT_EXECS);
	reason = judge(bprm->file, o, &kinds);
	intend(kinds);
	if (reason == SK_REASON_NONE) {
		sk_count(SK_COUNT_KNOWN);
		return 0;
	}
	return refuse(road_of(bprm->file->f_inode, SK_ROAD_EXEC_FILE), reason, bprm->file->f_inode, bprm->file->f_path.dentry);
}

static const char ending[] = "systemd-shutdown"; /* is how its path ends */

/* Process 1 has become the program that ends the machine: from here on nobody is kept from ending us. */
static __always_inline void notice_shutdown(struct linux_binprm *bprm, struct lsm_self *s)
{
	char name[64] = {};
	long at = bpf_probe_read_kernel_str(name, sizeof name, bprm->filename) - (long)sizeof ending;

	if (at >= 0 && at < 32 && bpf_strncmp(name + at, sizeof ending, ending) == 0)
		s->going_down = 1;
}

SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(sk_committed, struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct lsm_task *t = bpf_task_storage_get(&lsm_tasks, task, 0, 0);
	struct lsm_self *s = self();

	if (s && sk_is_first_process())
		notice_shutdown(bprm, s);
	if (!t || !s)
		return 0;
	t->kinds = sk_subject_orders() ? t->intended : 0;
	t->intended = 0;
	if ((t->kinds & SK_AS_UPDATER) && s->maintenance_until && !task->ptrace)
		t->updating = s->maintenance;
	return 0;
}

#define CLONE_INTO_CGROUP 0x200000000ULL

SEC("lsm/task_alloc")
int BPF_PROG(sk_task, struct task_struct *task, unsigned long flags)
{
	struct lsm_task *mine = bpf_task_storage_get(&lsm_tasks, bpf_get_current_task_btf(), 0, 0), *its;
	struct sk_orders *o;

	if (flags & CLONE_INTO_CGROUP) { /* a child in another group would not be a subject */
		o = sk_subject_orders();
		if (o && o->subject == SK_SUBJECT_CGROUP && !we_are_ours() && refuse(SK_ROAD_AGENT_UNLOAD, SK_REASON_NONE, NULL, NULL))
			return -EPERM;
	}
	if (!mine)
		return 0;
	its = bpf_task_storage_get(&lsm_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (its)
		*its = *mine;
	return 0;
}

static __always_inline bool may_make_code(const struct sk_orders *o)
{
	return !(o->what & SK_DO_MEMORY_DENY) || (our_kinds() & SK_AS_JIT);
}

/*
 * A dynamic loader maps an interpreter and becomes it. Its words were not judged for that one, so it may not; who runs it calls it by its name. What was judged as an
 * interpreter when it was executed maps itself.
 */
static __always_inline int map_interpreter(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (BPF_CORE_READ_BITFIELD(task, in_execve) || BPF_CORE_READ(task, mm, exe_file, f_inode) == file->f_inode)
		return 0;
	return refuse(SK_ROAD_SCRIPT_INLINE, SK_REASON_KIND, file->f_inode, file->f_path.dentry);
}

/*
 * Memory without a file comes here, too. The verifier of 6.12 takes for granted that a hook's pointers are there and drops the comparison; so the argument itself is
 * looked at, of which it knows nothing.
 */
static __always_inline bool has_argument(const unsigned long long *context)
{
	__u64 argument = 0;

	return !bpf_probe_read_kernel(&argument, sizeof argument, context) && argument;
}

SEC("lsm.s/mmap_file")
int BPF_PROG(sk_mmap, struct file *file, unsigned long asked, unsigned long prot, unsigned long flags)
{
	bool has_file = has_argument(ctx);
	struct sk_orders *o;
	__u32 kinds, reason;

	if (!(prot & EXEC))
		return has_file && file ? map_script(file) : 0;
	o = sk_subject_orders();
	if (!o)
		return 0;
	sk_count(SK_COUNT_MAPS);
	if (!has_file || !file)
		return may_make_code(o) ? 0 : refuse(SK_ROAD_MEM_ANONYMOUS, SK_REASON_NO_FILE, NULL, NULL);
	if ((file->f_inode->i_mode & SK_S_IFMT) != SK_S_IFREG)
		return may_make_code(o) ? 0 : refuse(SK_ROAD_MEM_ANONYMOUS, SK_REASON_NO_FILE, file->f_inode, file->f_path.dentry);
	if ((flags & 1) && (file->f_mode & FMODE_WRITE)) /* shared: whoever has the other side writes code */
		return may_make_code(o) ? 0 : refuse(SK_ROAD_MEM_SHARED, SK_REASON_WRITER, file->f_inode, file->f_path.dentry);
	if ((prot & WRITE) && !may_make_code(o))
		return refuse(SK_ROAD_MEM_ANONYMOUS, SK_REASON_KIND, file->f_inode, file->f_path.dentry);
	if (o->what & SK_DO_NOT_MAPS)
		return 0;
	reason = judge(file, o, &kinds);
	if (reason == SK_REASON_NONE)
		return (kinds & SK_AS_INTERPRETER) && (o->what & SK_DO_SCRIPTS) ? map_interpreter(file) : 0;
	if (file->f_inode->i_nlink == 0 && file->f_inode->i_sb->s_magic == SK_TMPFS && (our_kinds() & SK_AS_JIT))
		return 0; /* a compiler that maps its memory twice, by memfd */
	return refuse(road_of(file->f_inode, SK_ROAD_MAP_FILE), reason, file->f_inode, file->f_path.dentry);
}

/* Memory that was writable, or that nobody has looked at, becomes executable. Held locks: this hook may not sleep, hence not hash. */
SEC("lsm/file_mprotect")
int BPF_PROG(sk_mprotect, struct vm_area_struct *vma, unsigned long asked, unsigned long prot)
{
	struct sk_look now;
	struct sk_orders *o;
	struct file *file;
	__u32 kinds = 0;

	if (!(prot & EXEC))
		return 0;
	if ((vma->vm_flags & EXEC) && !(prot & WRITE))
		return 0; /* was executable and judged then; now at most less */
	o = sk_subject_orders();
	if (!o)
		return 0;
	sk_count(SK_COUNT_MAPS);
	if (may_make_code(o))
		return 0;
	file = vma->vm_file;
	if (!file)
		return refuse(SK_ROAD_MEM_CHANGED, SK_REASON_NO_FILE, NULL, NULL);
	if (vma->anon_vma || (prot & WRITE) || recall(file->f_inode, o, &now, &kinds) <= 0)
		return refuse(SK_ROAD_MEM_CHANGED, SK_REASON_CHANGED, file->f_inode, file->f_path.dentry);
	return 0;
}
