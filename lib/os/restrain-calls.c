// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The seccomp half of restraints: a table of refused calls, and a program of classic BPF made from it for each architecture whose calls this
 * kernel takes from us. Made here and not with libseccomp, which cannot say two things of one argument (a query of the personality
 * has all bits set) nor answer differently for a foreign architecture; the numbers are libseccomp's.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/restrain.h"

enum {
	NO_EXEC_SEAL = 8,      /* MFD_NOEXEC_SEAL of newer headers */
	SHM_EXECUTABLE = 0100000, /* SHM_EXEC */
	IPC_SHMAT = 21,        /* of the 32-bit x86 call ipc() */
	WX = PROT_WRITE | PROT_EXEC,
	X32 = 0x40000000,
	INSTRUCTIONS = 1024,
	CONDITIONS = 2,
};

struct condition {
	uint8_t used, not, arg;
	uint32_t mask, value; /* holds when (arg & mask) == value; the upper half of an argument never counts in these calls */
};

#define HAS(number, bits) {.used = 1, .arg = (number), .mask = (bits), .value = (bits)}
#define LACKS(number, bits) {.used = 1, .arg = (number), .mask = (bits), .value = 0}
#define IS(number, bits, wanted) {.used = 1, .arg = (number), .mask = (bits), .value = (wanted)}
#define IS_NOT(number, wanted) {.used = 1, .not = 1, .arg = (number), .mask = UINT32_MAX, .value = (wanted)}

enum { ANY, ONLY_32 };

/* All conditions of a row must hold. The number counts where libseccomp does not know the name (it is the same on all architectures). */
static const struct rule {
	unsigned what;
	const char *call;
	struct condition conditions[CONDITIONS];
	int number, error, where;
} rules[] = {
	{SK_RESTRAIN_MEMORY, "mmap", {HAS(2, WX)}},
	{SK_RESTRAIN_MEMORY, "mmap2", {HAS(2, WX)}},
	{SK_RESTRAIN_MEMORY, "mprotect", {HAS(2, PROT_EXEC)}},
	{SK_RESTRAIN_MEMORY, "pkey_mprotect", {HAS(2, PROT_EXEC)}},
	{SK_RESTRAIN_MEMORY, "shmat", {HAS(2, SHM_EXECUTABLE)}},
	{SK_RESTRAIN_MEMORY, "ipc", {IS(0, 0xffff, IPC_SHMAT), HAS(2, SHM_EXECUTABLE)}, .where = ONLY_32},
	{SK_RESTRAIN_PERSONALITY, "personality", {IS_NOT(0, UINT32_MAX), HAS(0, READ_IMPLIES_EXEC)}},
	{SK_RESTRAIN_TRACE, "ptrace", {{0}}},
	{SK_RESTRAIN_TRACE, "process_vm_writev", {{0}}},
	{SK_RESTRAIN_TRACE, "pidfd_getfd", {{0}}, .number = 438},
	{SK_RESTRAIN_MEMFD, "memfd_create", {LACKS(1, NO_EXEC_SEAL)}},
	{SK_RESTRAIN_MEMFD, "memfd_secret", {{0}}, .number = 447},
	{SK_RESTRAIN_MODULES, "init_module", {{0}}},
	{SK_RESTRAIN_MODULES, "finit_module", {{0}}},
	{SK_RESTRAIN_MODULES, "delete_module", {{0}}},
	{SK_RESTRAIN_MODULES, "create_module", {{0}}},
	{SK_RESTRAIN_KEXEC, "kexec_load", {{0}}},
	{SK_RESTRAIN_KEXEC, "kexec_file_load", {{0}}},
	{SK_RESTRAIN_BPF, "bpf", {{0}}},
	{SK_RESTRAIN_USERFAULTFD, "userfaultfd", {{0}}},
	{SK_RESTRAIN_IO_URING, "io_uring_setup", {{0}}, .number = 425},
	{SK_RESTRAIN_IO_URING, "io_uring_enter", {{0}}, .number = 426},
	{SK_RESTRAIN_IO_URING, "io_uring_register", {{0}}, .number = 427},
	{SK_RESTRAIN_NAMESPACES, "clone", {HAS(0, CLONE_NEWUSER)}},
	{SK_RESTRAIN_NAMESPACES, "unshare", {HAS(0, CLONE_NEWUSER)}},
	{SK_RESTRAIN_NAMESPACES, "setns", {HAS(1, CLONE_NEWUSER)}},
	{SK_RESTRAIN_NAMESPACES, "clone3", {{0}}, .number = 435, .error = ENOSYS}, /* its flags lie in memory that may change */
	{SK_RESTRAIN_MOUNTS, "mount", {{0}}},
	{SK_RESTRAIN_MOUNTS, "umount", {{0}}},
	{SK_RESTRAIN_MOUNTS, "umount2", {{0}}},
	{SK_RESTRAIN_MOUNTS, "pivot_root", {{0}}},
	{SK_RESTRAIN_MOUNTS, "open_tree", {{0}}, .number = 428},
	{SK_RESTRAIN_MOUNTS, "move_mount", {{0}}, .number = 429},
	{SK_RESTRAIN_MOUNTS, "fsopen", {{0}}, .number = 430},
	{SK_RESTRAIN_MOUNTS, "fsconfig", {{0}}, .number = 431},
	{SK_RESTRAIN_MOUNTS, "fsmount", {{0}}, .number = 432},
	{SK_RESTRAIN_MOUNTS, "fspick", {{0}}, .number = 433},
	{SK_RESTRAIN_MOUNTS, "mount_setattr", {{0}}, .number = 442},
	{SK_RESTRAIN_MOUNTS, "open_tree_attr", {{0}}, .number = 467},
};

/* An architecture and its 32-bit sister, whose calls the same kernel takes. */
static const uint32_t families[][2] = {{SCMP_ARCH_X86_64, SCMP_ARCH_X86}, {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},
				       {SCMP_ARCH_X86, 0}, {SCMP_ARCH_ARM, 0}};

struct program {
	struct sock_filter code[INSTRUCTIONS];
	unsigned short count;
};

static void put(struct program *p, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	if (p->count < INSTRUCTIONS)
		p->code[p->count++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void answer(struct program *p, int error)
{
	put(p, BPF_RET | BPF_K, 0, 0, error ? SECCOMP_RET_ERRNO | (uint32_t)error : SECCOMP_RET_ALLOW);
}

static size_t lower_half(unsigned arg)
{
	return offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
}

/* The number is in the accumulator, before and after. */
static void put_rule(struct program *p, const struct rule *rule, uint32_t number)
{
	unsigned short begin = p->count, conditions[CONDITIONS], count = 0;

	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, number);
	for (const struct condition *c = rule->conditions; c < rule->conditions + CONDITIONS && c->used; c++) {
		load(p, lower_half(c->arg));
		put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, c->mask);
		conditions[count++] = p->count;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, c->value);
	}
	answer(p, rule->error ? rule->error : EPERM);
	/* Not this call: behind the whole. A condition does not hold: to the line that loads the number again. */
	for (unsigned short i = 0; i < count; i++) {
		uint8_t away = (uint8_t)(p->count - conditions[i] - 1);

		*(rule->conditions[i].not ? &p->code[conditions[i]].jt : &p->code[conditions[i]].jf) = away;
	}
	if (count)
		load(p, offsetof(struct seccomp_data, nr));
	p->code[begin].jf = (uint8_t)(p->count - begin - 1);
}

static int number_of(const struct rule *rule, uint32_t architecture)
{
	int number = seccomp_syscall_resolve_name_arch(architecture, rule->call);
	bool is_32 = architecture == SCMP_ARCH_X86 || architecture == SCMP_ARCH_ARM;

	if (rule->where == ONLY_32 && !is_32)
		return -1;
	return number == __NR_SCMP_ERROR && rule->number ? rule->number : number;
}

/* The calls of one architecture; begins with the test whether it is this one. */
static void put_architecture(struct program *p, unsigned what, uint32_t architecture)
{
	unsigned short begin = p->count;

	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, architecture); /* libseccomp's tokens are the kernel's AUDIT_ARCH_* */
	put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	load(p, offsetof(struct seccomp_data, nr));
	if (architecture == SCMP_ARCH_X86_64) {
		put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32);
		answer(p, ENOSYS);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++) {
		int number = number_of(&rules[i], architecture);

		/* The old mmap of 32-bit x86 has its arguments in memory, which may change after the look. */
		if (architecture == SCMP_ARCH_X86 && strcmp(rules[i].call, "mmap") == 0) {
			if (what & rules[i].what)
				put_rule(p, &(struct rule){.call = "mmap"}, (uint32_t)number);
		} else if (what & rules[i].what && number >= 0) {
			put_rule(p, &rules[i], (uint32_t)number);
		}
	}
	answer(p, 0);
	p->code[begin + 1].k = (uint32_t)(p->count - begin - 2);
}

int sk_restrain_calls(unsigned what)
{
	static struct program p;
	struct sock_fprog program = {.filter = p.code};
	uint32_t native = seccomp_arch_native();
	bool known = false;

	what &= ~(unsigned)(SK_RESTRAIN_MDWE | SK_RESTRAIN_BY_LANDLOCK);
	if (!what)
		return 0;
	p.count = 0;
	load(&p, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < SK_ARRAY_SIZE(families); i++)
		for (int j = 0; families[i][0] == native && j < 2 && families[i][j]; j++) {
			known = true;
			put_architecture(&p, what, families[i][j]);
		}
	answer(&p, EPERM);
	program.len = p.count;
	if (!known || p.count == INSTRUCTIONS) {
		sk_log(SK_LOG_ERROR, "restrain: no rules for this architecture");
		return sk_origin(-ENOTSUP);
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0)
		return 0;
	return errno == EINVAL ? SK_NONE : sk_origin_errno();
}
