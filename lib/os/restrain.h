// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Restraints: what a process takes from itself so that neither it nor any of its children can run code by the roads that no permission event
 * asks about. For programs of other people, which go on to do their work (unlike os/sandbox.h, which is for our own duties and allows only
 * what is named): everything is allowed but what stands here, a refused call fails with EPERM, and nobody is killed.
 *
 * Inherited by every child, kept over execve, never lifted. Call it single-threaded.
 *
 *   name           what is refused                                                           by
 *   mdwe           memory that becomes executable after it was not                           PR_SET_MDWE (Linux 6.3)
 *   memory         mmap writable and executable, mprotect to executable, shmat executable    seccomp
 *   personality    READ_IMPLIES_EXEC                                                         seccomp
 *   trace          ptrace, process_vm_writev, pidfd_getfd                                    seccomp
 *   proc-mem       writing below /proc, /proc/sys excepted (/proc/PID/mem)                   Landlock (ABI 2)
 *   memfd          memfd_create without MFD_NOEXEC_SEAL, memfd_secret                        seccomp
 *   modules        loading and unloading of kernel modules                                   seccomp
 *   kexec          loading of another kernel                                                 seccomp
 *   bpf            bpf                                                                       seccomp
 *   userfaultfd    userfaultfd                                                               seccomp
 *   io-uring       io_uring_setup and the calls on what is set up                            seccomp
 *   namespaces     new user namespaces; clone3 says ENOSYS, so that libraries fall back      seccomp
 *   mounts         mounting, unmounting, moving of mounts                                    seccomp
 *   execution      execution of files outside of the stated places; moving files into them   Landlock (ABI 2)
 *
 * Calls of the 32-bit architecture are ruled like those of the 64-bit one; the x32 numbers answer ENOSYS, those of any other
 * architecture EPERM. Landlock also refuses mounting (whatever `mounts` says) and tracing processes outside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sk_restraint {
	SK_RESTRAIN_MDWE = 1,
	SK_RESTRAIN_MEMORY = 2,
	SK_RESTRAIN_PERSONALITY = 4,
	SK_RESTRAIN_TRACE = 8,
	SK_RESTRAIN_PROC_MEM = 16,
	SK_RESTRAIN_MEMFD = 32,
	SK_RESTRAIN_MODULES = 64,
	SK_RESTRAIN_KEXEC = 128,
	SK_RESTRAIN_BPF = 256,
	SK_RESTRAIN_USERFAULTFD = 512,
	SK_RESTRAIN_IO_URING = 1024,
	SK_RESTRAIN_NAMESPACES = 2048,
	SK_RESTRAIN_MOUNTS = 4096,
	SK_RESTRAIN_EXECUTION = 8192,
	SK_RESTRAIN_ALL = 16383,
	/* What a just-in-time compiler cannot live with. */
	SK_RESTRAIN_NOT_JIT = SK_RESTRAIN_MDWE | SK_RESTRAIN_MEMORY,
	SK_RESTRAIN_BY_LANDLOCK = SK_RESTRAIN_PROC_MEM | SK_RESTRAIN_EXECUTION,
};

struct sk_restraint_row {
	enum sk_restraint bit;
	const char *name;
	const char *en, *ja; /* what is refused, in a few words */
};
/* Ends with name NULL. */
extern const struct sk_restraint_row sk_restraints[];

/* 0; SK_NONE. */
int sk_restraint_find(const char *name, enum sk_restraint *ret_bit);
/* The restraints that this kernel can put on. */
unsigned sk_restraints_here(void);

struct sk_restrain {
	unsigned what;      /* enum sk_restraint bits */
	bool no_new_privs;  /* also: setuid programs lose their power. Not root: needed for everything but mdwe */
	/* Folders and files from which programs may be executed (`execution`), NULL at the end. What does not exist is skipped. */
	const char *const *places;
};

/*
 * Puts them on. *ret_missing (may be NULL): those that this kernel does not have. 0; SK_DENIED: neither root nor no_new_privs, nothing was
 * put on; -errno: some may have been put on, do not go on.
 */
int sk_restrain(const struct sk_restrain *restrain, unsigned *ret_missing);

/* The seccomp half: of this build's architecture and its 32-bit sister. 0, SK_NONE this kernel has no filters, -errno. */
int sk_restrain_calls(unsigned what);
