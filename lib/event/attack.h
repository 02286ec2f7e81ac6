// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The one table of attack classes: every road by which code that nobody approved can come to run on a locked-down machine, and what may be claimed about it.
 * `lockdown status`, the console, docs/events.md and the attack suite read it; records and events name a road by its id.
 *
 * A claim belongs to a tier *and* to the hooks that are in force there, and names the test that proves it on that tier. A claim that no
 * test proves does not stand here: add the test and the claim in one change.
 *
 *   tier A   BPF LSM programs and fanotify      tier B   tracing programs (tp_btf) and fanotify      tier C   fanotify alone
 *
 * A claim speaks of mode enforce.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum sk_tier { SK_TIER_A, SK_TIER_B, SK_TIER_C, SK_TIERS };

/* What can be in force, as bits of a mask. A program that is attached but has no subject to act upon is not in force. */
enum sk_hook {
	SK_HOOK_FANOTIFY = 1 << 0,       /* execution permission on the file systems of the scope */
	SK_HOOK_TRACE_EXEC = 1 << 1,     /* each execution of a subject, before its first instruction */
	SK_HOOK_TRACE_MAP = 1 << 2,      /* executable mappings of a subject */
	SK_HOOK_TRACE_ARGUMENTS = 1 << 3, /* what an interpreter is started with */
	SK_HOOK_TRACE_READ = 1 << 4,     /* what an interpreter reads */
	SK_HOOK_LSM_EXEC = 1 << 5,
	SK_HOOK_LSM_MAP = 1 << 6,
	SK_HOOK_LSM_OPEN = 1 << 7,       /* what an interpreter opens */
	SK_HOOK_LSM_MEMORY = 1 << 8,     /* ptrace, /proc/PID/mem */
	SK_HOOK_LSM_KERNEL = 1 << 9,     /* modules, kexec, BPF */
	SK_HOOK_LSM_MOUNT = 1 << 10,
	SK_HOOK_LSM_WRITE = 1 << 11,     /* writing, renaming and changing known files */
	SK_HOOK_LSM_SELF = 1 << 12,      /* signals and tracing against the agent */
	SK_HOOK_RESTRAINTS = 1 << 13,    /* what an ancestor put on and children inherit */
	SK_HOOK_MEDIA = 1 << 14,         /* removable media by identity */
	SK_HOOK_MEMORY = 1 << 15,        /* the policy denies executable memory that is no known file */
	SK_HOOK_TRACE_POWER = 1 << 16,   /* rights that a subject uses: BPF, modules, kexec, devices */
	SK_HOOK_TRACE_WRITE = 1 << 18,   /* writing known files */
	SK_HOOK_TRACE_SELF = 1 << 17,    /* signals and moves of the agent's processes, and subjects that leave their cgroup */
};
extern const struct sk_hook_name {
	uint32_t hook;
	const char *name; /* "fanotify" */
} sk_hook_names[];
extern const unsigned sk_hook_count;

enum sk_attack {
	SK_ATTACK_NONE, /* not a class: no road is known */
	SK_ATTACK_EXEC_FILE,
	SK_ATTACK_EXEC_OUTSIDE_SCOPE,
	SK_ATTACK_EXEC_MEMFD,
	SK_ATTACK_EXEC_NAMESPACE,
	SK_ATTACK_EXEC_OVERLAY,
	SK_ATTACK_EXEC_DELETED,
	SK_ATTACK_EXEC_FD,
	SK_ATTACK_MAP_LIBRARY,
	SK_ATTACK_MAP_PRELOAD,
	SK_ATTACK_MAP_LOADER,
	SK_ATTACK_MAP_DLOPEN,
	SK_ATTACK_MEM_ANONYMOUS,
	SK_ATTACK_MEM_MPROTECT,
	SK_ATTACK_MEM_SHARED,
	SK_ATTACK_MEM_PROC_WRITE,
	SK_ATTACK_MEM_PTRACE,
	SK_ATTACK_MEM_PROCESS_VM,
	SK_ATTACK_SCRIPT_OPERAND,
	SK_ATTACK_SCRIPT_SHEBANG,
	SK_ATTACK_SCRIPT_INLINE,
	SK_ATTACK_SCRIPT_STDIN,
	SK_ATTACK_SCRIPT_ENVIRONMENT,
	SK_ATTACK_SCRIPT_MODULE,
	SK_ATTACK_BINFMT,
	SK_ATTACK_MODULE_LOAD,
	SK_ATTACK_KEXEC,
	SK_ATTACK_BPF_LOAD,
	SK_ATTACK_MOUNT_SHADOW,
	SK_ATTACK_FILE_WRITE,
	SK_ATTACK_FILE_RENAME,
	SK_ATTACK_FILE_ATTRIBUTE,
	SK_ATTACK_FILE_HARDLINK,
	SK_ATTACK_RACE_RENAME,
	SK_ATTACK_RACE_WRITER,
	SK_ATTACK_RACE_MAPPING,
	SK_ATTACK_RACE_OVERLAY,
	SK_ATTACK_RACE_FUSE,
	SK_ATTACK_IO_URING,
	SK_ATTACK_AGENT_SIGNAL,
	SK_ATTACK_AGENT_TRACE,
	SK_ATTACK_AGENT_REPLACE,
	SK_ATTACK_AGENT_UNLOAD,
	SK_ATTACK_AGENT_STARVE,
	SK_ATTACK_MEDIA_MOUNT,
	SK_ATTACK_MEDIA_EXEC,
	SK_ATTACK_MEDIA_COPY,
	SK_ATTACK_DEVICE_WRITE,
	SK_ATTACKS
};

/* From worse to better: a class gets the best claim that its tier and hooks allow. */
enum sk_claim {
	SK_CLAIM_OPEN,       /* not stopped, and not reported either */
	SK_CLAIM_NOTICED,    /* not stopped; reported when it happens */
	SK_CLAIM_RESTRAINED, /* stopped for processes under a restraint (`sekisho lockdown exec`, a drop-in), else not */
	SK_CLAIM_STOPPED,
};
extern const char *const sk_claim_names[]; /* "open", "noticed", "restrained", "stopped" */

struct sk_attack_class {
	const char *id; /* "exec-file" */
	const char *en, *ja;
};
extern const struct sk_attack_class sk_attacks[SK_ATTACKS]; /* [0] has the id "" */

/* What one test proves. */
struct sk_attack_proof {
	enum sk_attack attack;
	uint32_t tiers; /* 1 << SK_TIER_... */
	uint32_t hooks; /* all of them must be in force */
	enum sk_claim claim;
	const char *test; /* "integration/lockdown-cache": tests/integration/lockdown-cache.* */
};
extern const struct sk_attack_proof sk_attack_proofs[];
extern const unsigned sk_attack_proof_count;

extern const char *const sk_tier_names[]; /* "A", "B", "C" */
/* SK_ATTACK_NONE when it is no id. */
enum sk_attack sk_attack_of(const char *id);
/* What may be claimed. *ret_test, when wanted: the test that proves it; NULL for SK_CLAIM_OPEN. */
enum sk_claim sk_attack_claim(enum sk_attack attack, enum sk_tier tier, uint32_t hooks, const char **ret_test);

/* Its part of docs/events.md. */
int sk_attack_document(struct sk_buf *out);
