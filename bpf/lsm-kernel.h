/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other processes' memory, and the kernel itself: tracing, modules, kexec, BPF. */
#pragma once

#include "lsm-base.h"

#define PTRACE_MODE_ATTACH 2
#define PTRACE_POKETEXT 4
#define PTRACE_POKEDATA 5

/* Numbers of these differ between kernels. */
enum kernel_read_file_id { READING_MODULE = 2, READING_KEXEC_IMAGE = 3, READING_KEXEC_INITRAMFS = 4 };
enum kernel_load_data_id { LOADING_MODULE = 2, LOADING_KEXEC_IMAGE = 3, LOADING_KEXEC_INITRAMFS = 4 };

#define IS_COMPAT 2

/* System calls, of both tables. */
enum call { CALL_OTHER, CALL_PTRACE, CALL_READ_OTHERS, CALL_WRITE_OTHERS };

static __always_inline enum call current_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	long number = (long)BPF_CORE_READ(regs, orig_ax);
	bool compat = task->thread_info.status & IS_COMPAT;

	if (number == (compat ? 26 : 101))
		return CALL_PTRACE;
	if (number == (compat ? 347 : 310) || number == 438) /* pidfd_getfd: /proc/PID/fd shows the same */
		return CALL_READ_OTHERS;
	return number == (compat ? 348 : 311) ? CALL_WRITE_OTHERS : CALL_OTHER;
}

/* Where a tracer's writing is looked at (below), it may look, as debuggers do. */
static __always_inline bool may_trace(void)
{
	struct lsm_self *s = self();

	return s && s->pokes;
}

/* Attaching covers ptrace, /proc/PID/mem, process_vm_readv and _writev, and taking another's descriptors (pidfd_getfd). */
SEC("lsm/ptrace_access_check")
int BPF_PROG(sk_ptrace, struct task_struct *child, unsigned int mode)
{
	struct sk_orders *o;
	enum call call;

	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	if (is_ours(child) && protects_us())
		return refuse_self(SK_ROAD_AGENT_TRACE, NULL, NULL);
	o = sk_subject_orders();
	if (!o || we_are_ours())
		return 0;
	call = current_call();
	if (may_trace() && (call == CALL_PTRACE || call == CALL_READ_OTHERS))
		return 0;
	return refuse(call == CALL_WRITE_OTHERS ? SK_ROAD_PROCESS_VM : SK_ROAD_PTRACE, SK_REASON_NO_FILE, NULL, NULL);
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(sk_traceme, struct task_struct *parent)
{
	return sk_subject_orders() && !may_trace() ? refuse(SK_ROAD_PTRACE, SK_REASON_NO_FILE, NULL, NULL) : 0;
}

/*
 * A tracer that writes. There is no security hook; but a task for which SIGKILL waits writes into no other's memory, so a kill when the call begins comes before
 * the first byte.
 */
static __always_inline int poke(unsigned int request)
{
	struct sk_told told = {.road = SK_ROAD_PTRACE, .reason = SK_REASON_NO_FILE};
	struct sk_orders *o;

	if (request != PTRACE_POKETEXT && request != PTRACE_POKEDATA)
		return 0;
	o = sk_subject_orders();
	if (!o || we_are_ours())
		return 0;
	told.verdict = o->what & SK_DO_ENFORCE ? SK_VERDICT_KILLED : SK_VERDICT_WOULD;
	if (told.verdict == SK_VERDICT_KILLED && bpf_send_signal(SK_SIGKILL))
		sk_count(SK_COUNT_UNSURE);
	sk_tell(o, &told);
	return 0;
}

SEC("fentry/__x64_sys_ptrace")
int BPF_PROG(sk_poke, const struct pt_regs *regs)
{
	return poke((unsigned int)regs->di);
}

SEC("fentry/__ia32_compat_sys_ptrace")
int BPF_PROG(sk_poke_compat, const struct pt_regs *regs)
{
	return poke((unsigned int)regs->bx);
}

static __always_inline int module_from(const struct sk_orders *o, struct file *file)
{
	__u32 kinds, reason = SK_REASON_NO_FILE;

	if (!(o->what & (SK_DO_MODULES_LISTED | SK_DO_MODULES_DENY)))
		return 0;
	if (file && !(o->what & SK_DO_MODULES_DENY))
		reason = judge(file, o, &kinds);
	if (reason == SK_REASON_NONE)
		return 0;
	return refuse(SK_ROAD_MODULE, o->what & SK_DO_MODULES_DENY ? SK_REASON_KIND : reason, file ? file->f_inode : NULL, file ? file->f_path.dentry : NULL);
}

SEC("lsm.s/kernel_read_file")
int BPF_PROG(sk_read_file, struct file *file, enum kernel_read_file_id id, bool contents)
{
	struct sk_orders *o = sk_subject_orders();

	if (!o)
		return 0;
	if (id == bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE))
		return module_from(o, file);
	if (id == bpf_core_enum_value(enum kernel_read_file_id, READING_KEXEC_IMAGE))
		return refuse(SK_ROAD_KEXEC, SK_REASON_NONE, file ? file->f_inode : NULL, file ? file->f_path.dentry : NULL);
	return 0;
}

/* The same from memory: of a module only an address is known, so it is never a listed one. */
SEC("lsm/kernel_load_data")
int BPF_PROG(sk_load_data, enum kernel_load_data_id id, bool contents)
{
	struct sk_orders *o = sk_subject_orders();

	if (!o)
		return 0;
	if (id == bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE) && (o->what & (SK_DO_MODULES_LISTED | SK_DO_MODULES_DENY)))
		return refuse(SK_ROAD_MODULE, SK_REASON_NO_FILE, NULL, NULL);
	if (id == bpf_core_enum_value(enum kernel_load_data_id, LOADING_KEXEC_IMAGE))
		return refuse(SK_ROAD_KEXEC, SK_REASON_NO_FILE, NULL, NULL);
	return 0;
}

/* Kinds of programs that decide about packets and devices of a control group, as containers and systemd use them, and can reach nothing else. */
static __always_inline bool is_harmless(__u32 type)
{
	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
		return true;
	}
	return false;
}

/* Could take our links apart: links have no hook of their own, so only we get at any. */
static __always_inline bool reaches_links(int command)
{
	return command == BPF_LINK_GET_FD_BY_ID || command == BPF_LINK_DETACH || command == BPF_LINK_UPDATE || command == BPF_OBJ_GET;
}

SEC("lsm/bpf")
int BPF_PROG(sk_bpf, int command, union bpf_attr *attr, unsigned int size)
{
	if (reaches_links(command) && protects_us() && !(command == BPF_OBJ_GET && sk_is_first_process()))
		return refuse_self(SK_ROAD_AGENT_UNLOAD, NULL, NULL);
	if (command != BPF_PROG_LOAD || !sk_subject_orders() || is_harmless(attr->prog_type) || sk_is_first_process() || we_are_ours())
		return 0;
	return refuse(SK_ROAD_BPF, SK_REASON_NO_FILE, NULL, NULL);
}

static __always_inline bool is_our_object(__u64 id)
{
	return bpf_map_lookup_elem(&lsm_objects, &id) != NULL;
}

SEC("lsm/bpf_map")
int BPF_PROG(sk_bpf_map, struct bpf_map *map, unsigned int mode)
{
	return is_our_object(map->id) && protects_us() ? refuse_self(SK_ROAD_AGENT_UNLOAD, NULL, NULL) : 0;
}

SEC("lsm/bpf_prog")
int BPF_PROG(sk_bpf_prog, struct bpf_prog *prog)
{
	return is_our_object(prog->aux->id | LSM_PROGRAM) && protects_us() ? refuse_self(SK_ROAD_AGENT_UNLOAD, NULL, NULL) : 0;
}
