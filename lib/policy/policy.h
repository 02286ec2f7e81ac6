// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A policy: what people write in YAML, what is signed as canonical JSON, and what a part enforces.
 *
 * The envelope of a policy is the same for all parts: part, serial, dates, labels, who asked and who approved. Each part adds one section
 * under its own name ("lockdown" here, "gateway" in gateway.h), one table in lib/policy. docs/policy.md is the reference for writers.
 *
 * Verification answers with a reason for each refusal and never changes what is in force: the store (store.h) does.
 */
#pragma once

#include "base/map.h"
#include "conf/conf.h"
#include "crypto/hash.h"
#include "policy/gateway.h"
#include "policy/trust.h"

enum sk_part { SK_PART_LOCKDOWN, SK_PART_GATEWAY, SK_PART_COUNT };
enum sk_mode { SK_MODE_OBSERVE, SK_MODE_LEARN, SK_MODE_ENFORCE, SK_MODE_SHADOW, SK_MODE_COUNT };
enum sk_failure { SK_FAILURE_ALLOW, SK_FAILURE_DENY };
enum sk_overload { SK_OVERLOAD_FAILURE, SK_OVERLOAD_ALLOW, SK_OVERLOAD_DENY };   /* FAILURE: as the failure setting says */
enum sk_program_kind { SK_PROGRAM, SK_LIBRARY, SK_SCRIPT, SK_MODULE, SK_PROGRAM_KINDS };
enum sk_modules { SK_MODULES_ALLOW, SK_MODULES_LISTED, SK_MODULES_DENY };        /* kernel modules */
enum sk_allow_deny { SK_ALLOW, SK_DENY };
enum sk_mount { SK_MOUNT_RW, SK_MOUNT_RO, SK_MOUNT_DENY };
enum sk_interlock { SK_INTERLOCK_NONE, SK_INTERLOCK_OPERATOR, SK_INTERLOCK_PROBE, SK_INTERLOCK_GEM };

extern const char *const sk_part_names[], *const sk_mode_names[], *const sk_failure_names[], *const sk_program_kind_names[], *const sk_mount_names[];

#define SK_PROGRAMS_MAX 120000
#define SK_SCOPE_MAX 64
#define SK_FOLDERS_MAX 20000
#define SK_EXCEPTIONS_MAX 4096 /* each of jit, updaters, media */
#define SK_EXEMPT_MAX 64       /* interpreters.exempt: as many as the kernel side holds (bpf/lockdown-scripts.h) */
#define SK_DATA_MAX 64         /* interpreters.data: the same */
#define SK_VENDORS_MAX 256

struct sk_program {
	uint8_t sha256[SK_SHA256_SIZE];
	int kind;         /* enum sk_program_kind: by which road it was meant to run; for people and for what judges by kind */
	char *name;       /* path where it was found: for people; never decides */
	int64_t size;     /* bytes; 0 = not recorded */
	char *publisher;  /* maker, or who packaged it; may be NULL */
	char *package;    /* name in the package database; may be NULL */
	char *version;    /* of the package or the product; may be NULL */
	char *provenance; /* how it came on the list: "scan", "learn", "allow", ... ; may be NULL */
	char *note;
};

struct sk_labels { /* an empty list = any */
	struct sk_strings org, site, asset, host;
};

struct sk_hash_note { /* a program by its hash: one that may make code in memory (jit), one whose files become known (updaters) */
	uint8_t sha256[SK_SHA256_SIZE];
	char *name, *note; /* for people; may be NULL */
};

struct sk_exempt { /* what a restricted interpreter may do all the same: all that is given must fit */
	char *program; /* path of the interpreter, or its bare name */
	char *user;    /* name or number; NULL = any */
	char *script;  /* path of the script operand; NULL = whatever it is given, also code in an argument or on standard input */
	char *note;
};

struct sk_interpreters {
	bool restrict_; /* interpreters open known files only, and take no code from an argument, a pipe or the environment */
	struct sk_records exempt; /* of struct sk_exempt */
	struct sk_strings data;   /* folders whose files a restricted interpreter may read */
};

struct sk_media_terms {
	int mount;     /* enum sk_mount */
	bool execute;  /* known programs on it may start */
	bool copy;     /* may be written to by copying */
	bool pass;     /* only with a valid pass (sekisho lockdown accept) for this very medium; else as mount: deny */
};

struct sk_media {
	char *vendor, *product; /* USB ids, four hex digits; NULL = any */
	char *serial;           /* of the device; NULL = any */
	char *uuid;             /* of the file system; NULL = any */
	struct sk_media_terms terms;
	char *note;
};

struct sk_interlock_terms {
	int source;     /* enum sk_interlock: who says that the tool is idle */
	char *probe;    /* program that exits 0 when it is */
	int64_t wait_s; /* how long a change waits for it; 0 = for ever */
};

struct sk_vendor {
	char *name;
	char *key; /* public key, base64, that signs the vendor's manifests */
};

struct sk_lockdown {
	int mode;              /* enum sk_mode */
	struct sk_strings scope; /* mount points of the file systems that are guarded */
	int failure;           /* enum sk_failure: answer when the deadline passes or the guard is gone */
	int overload;          /* enum sk_overload: answer when more starts wait than can be hashed */
	int64_t deadline_ms;
	struct sk_records programs; /* of struct sk_program; sorted by hash, none twice */
	struct sk_strings folders; /* where copies of them lie besides: an entry has one name */
	struct sk_records jit, updaters; /* of struct sk_hash_note; sorted by hash, none twice */
	struct sk_interpreters interpreters;
	bool protect;          /* known files cannot be written, renamed or removed (tier A) */
	int modules;           /* enum sk_modules */
	int mounts, memory_exec; /* enum sk_allow_deny: mounts that shadow; executable memory that is or was writable */
	struct sk_records media; /* of struct sk_media: the first that fits decides */
	struct sk_media_terms media_default; /* for a medium that no entry fits */
	struct sk_interlock_terms interlock;
	bool self_release;     /* removing the agent takes a signed release */
	struct sk_records vendors; /* of struct sk_vendor: whose manifests are believed */
};

struct sk_policy {
	int part;              /* enum sk_part */
	int64_t serial;        /* 1 .. 2^53 - 1; 0 in a draft that has none yet */
	int64_t not_before, expires;
	struct sk_labels labels;
	char *title, *change, *owner; /* what it is for, change number, who answers for it; may be NULL */
	struct sk_strings approvers;
	struct sk_lockdown lockdown; /* of the sections only the part's own says anything; the others are all zero */
	struct sk_gateway gateway;
};

extern const struct sk_table sk_policy_table, sk_gateway_policy_table, sk_program_table, sk_hash_note_table;

/* The table of a part's policies: sk_policy_table is lockdown's. */
const struct sk_table *sk_policy_table_of(int part);

/* Which machine this is, for labels. NULL or "" = not known: a policy that names one then does not fit. */
struct sk_place {
	const char *org, *site, *asset, *host;
};

static inline struct sk_program *sk_policy_programs(const struct sk_policy *policy)
{
	return policy->lockdown.programs.items;
}

/* Is a program of this hash in a list of struct sk_hash_note (jit, updaters)? NULL when not. */
const struct sk_hash_note *sk_policy_find_note(const struct sk_records *list, const uint8_t sha256[static SK_SHA256_SIZE]);
/* The answer under overload, with "as failure" resolved. */
enum sk_failure sk_policy_overload(const struct sk_lockdown *lockdown);

/* Does the policy's labels name this place? An empty list takes all; "etch-*" takes what begins so. */
bool sk_labels_fit(const struct sk_labels *labels, const struct sk_place *place);

/* YAML draft -> policy. Programs are sorted by hash; of several with the same hash one stays. 0, SK_BAD with line and column, fatal. A draft may lack serial and dates. */
int sk_policy_parse_draft(const char *text, size_t size, struct sk_policy *ret_policy, struct sk_diag *diag);
/* Policy -> YAML draft. 0, SK_FULL, fatal. */
int sk_policy_write_draft(const struct sk_policy *policy, struct sk_buf *out);
/* Canonical payload <-> policy. Reading refuses what is not canonical (SK_BAD, *ret_refusal). */
int sk_policy_write_payload(const struct sk_policy *policy, struct sk_buf *out);
int sk_policy_read_payload(const char *text, size_t size, struct sk_policy *ret_policy, enum sk_refusal *ret_refusal, struct sk_diag *diag);
void sk_policy_done(struct sk_policy *policy);
#define _cleanup_policy_ __attribute__((cleanup(sk_policy_done)))

/* Adds a program; SK_NONE when its hash is listed already (nothing changes), SK_FULL at SK_PROGRAMS_MAX. Strings are copied. */
int sk_policy_add_program(struct sk_policy *policy, const struct sk_program *program);
/*
 * Many programs: each costs the same, however long the list is. Until sk_collect_end() the list is not in order, and nothing may be looked up in it or
 * written. sk_collect_program() answers as sk_policy_add_program().
 */
struct sk_collector {
	struct sk_policy *policy;
	struct sk_map *seen; /* hashes on the list */
	size_t space;        /* programs that the list has memory for */
};
int sk_collect_begin(struct sk_collector *c, struct sk_policy *policy); /* 0 or -ENOMEM; to be ended whatever it says */
int sk_collect_program(struct sk_collector *c, const struct sk_program *program);
void sk_collect_end(struct sk_collector *c);
#define _cleanup_collect_ __attribute__((cleanup(sk_collect_end)))

/* Sorted by hash: bsearch. NULL when not listed. */
const struct sk_program *sk_policy_find_program(const struct sk_policy *policy, const uint8_t sha256[static SK_SHA256_SIZE]);

/* Is it complete enough to be signed? 0, or SK_BAD with the path (serial, dates, empty list to enforce, ...). */
int sk_policy_ready(const struct sk_policy *policy, enum sk_refusal *ret_refusal, struct sk_diag *diag);
/* Checks, signs. `delegation` (copied in) may be NULL when the site key itself signs. 0, SK_BAD, fatal. */
int sk_policy_sign(const struct sk_policy *policy, const struct sk_private *key, const struct sk_envelope *delegation,
		   struct sk_envelope **ret_envelope, struct sk_diag *diag);

struct sk_policy_question {
	const struct sk_trust *trust;
	struct sk_moment when;
	int part;                  /* enum sk_part that asks; -1 = any */
	struct sk_place place;
	uint64_t floor;            /* serial in force; 0 = none */
	uint8_t floor_hash[SK_SHA256_SIZE]; /* SHA-256 of its payload */
};

struct sk_policy_answer {
	enum sk_refusal refusal;   /* SK_ACCEPTED, or why not */
	enum sk_refusal held;      /* with a wrong clock: the date that would have refused; else SK_ACCEPTED */
	struct sk_diag diag;
	struct sk_policy policy;   /* complete when accepted, or refused for a date, a label, the part, the serial or a revoked key */
	struct sk_delegation delegation;
	uint8_t hash[SK_SHA256_SIZE]; /* of the payload; what POLICY_STATE reports */
	char signer[SK_KEY_ID_SIZE];
};

/* 0 when accepted; SK_DENIED with answer->refusal; fatal. `answer` is always to be freed. */
int sk_policy_verify(const struct sk_policy_question *question, const char *envelope, size_t size, struct sk_policy_answer *answer);
void sk_policy_answer_done(struct sk_policy_answer *answer);
#define _cleanup_answer_ __attribute__((cleanup(sk_policy_answer_done)))

/*
 * What the guard keeps: 32 bytes a program, sorted. Look-up allocates nothing. Names and the rest stay on disk.
 */
struct sk_allowlist {
	uint8_t (*hashes)[SK_SHA256_SIZE];
	size_t count;
};
int sk_allowlist_make(const struct sk_policy *policy, struct sk_allowlist *ret_list);
bool sk_allowlist_has(const struct sk_allowlist *list, const uint8_t sha256[static SK_SHA256_SIZE]);
void sk_allowlist_done(struct sk_allowlist *list);
