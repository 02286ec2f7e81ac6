// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed objects beside policies: a maintenance window, a release (of the agent from a machine), a vendor's manifest, a pass. One table each (signed-tables.c)
 * gives parser, draft, canonical payload and reference; one list of kinds says which use of a delegated key signs it. They share their head: id, dates,
 * labels, who asked and who approved.
 *
 * A manifest is the exception: no site key delegates to a vendor. It is believed when a key signed it that the policy in force names under the
 * manifest's vendor.
 *
 * Verifying answers with a reason for each refusal, as for policies, and keeps nothing: who acts on an object remembers its id.
 */
#pragma once

#include "policy/policy.h"

#define SK_TYPE_WINDOW "application/vnd.sekisho.window+json"
#define SK_TYPE_RELEASE "application/vnd.sekisho.release+json"
#define SK_TYPE_MANIFEST "application/vnd.sekisho.manifest+json"
#define SK_TYPE_PASS "application/vnd.sekisho.pass+json"

enum sk_signed_kind { SK_SIGNED_WINDOW, SK_SIGNED_RELEASE, SK_SIGNED_MANIFEST, SK_SIGNED_PASS, SK_SIGNED_KINDS };

struct sk_signed_head {
	char *id;                     /* unlike any other of its kind at this site */
	int64_t from, until;          /* seconds; until 0 only in a manifest: no end */
	struct sk_labels labels;      /* whom it is for */
	char *change, *owner, *title; /* may be NULL */
	struct sk_strings approvers;
	char *note;
};

struct sk_window { /* maintenance: during it trusted updaters make files known */
	struct sk_signed_head head;
	char *vendor_consent;         /* the vendor's consent on record: a number, a name, a letter; may be NULL */
	struct sk_records updaters;   /* of struct sk_hash_note: beside those of the policy; sorted by hash */
};

enum sk_release_action { SK_RELEASE_REMOVE, SK_RELEASE_STOP, SK_RELEASE_REPLACE };
struct sk_release { /* what the agent otherwise refuses to have done to itself */
	struct sk_signed_head head;
	int action; /* enum sk_release_action */
	char *reason;
};

struct sk_manifest { /* what a vendor ships */
	struct sk_signed_head head;
	char *vendor, *product, *version;
	int64_t serial;
	struct sk_records programs;   /* of struct sk_program; sorted by hash, none twice */
};

enum sk_pass_subject { SK_PASS_TOOL, SK_PASS_LAPTOP, SK_PASS_MEDIUM };
enum sk_pass_result { SK_PASS_GOOD, SK_PASS_FOUND, SK_PASS_WAIVED, SK_PASS_SKIPPED };
struct sk_pass_check { /* one thing that was looked at on its way in */
	char *name;                   /* "allowlist", "malware", "vulnerabilities" */
	int result;                   /* enum sk_pass_result */
	char *with;                   /* program and version, or who; may be NULL */
	char *data;                   /* age of what it compared with: "signatures of 2026-11-20"; may be NULL */
	int64_t looked, found;        /* numbers of things */
	uint8_t report[SK_SHA256_SIZE]; /* of the report that is kept beside */
	char *note;
};
struct sk_pass {
	struct sk_signed_head head;
	int subject;                  /* enum sk_pass_subject */
	char *maker, *model, *serial; /* the serial number binds the pass to the thing */
	char *uuid;                   /* of a medium's file system, or a machine's id; may be NULL */
	char *inspector;
	uint8_t content[SK_SHA256_SIZE]; /* over what was on it, when the inspection made one */
	struct sk_records checks;     /* of struct sk_pass_check */
};

struct sk_signed_info {
	const char *name, *type;
	enum sk_use use;              /* of a delegated key; 0: a vendor's key */
	const struct sk_table *table;
	const char *suffix;           /* of its files: ".skw" */
};
extern const struct sk_signed_info sk_signed_kinds[SK_SIGNED_KINDS];

union sk_signed_object { /* each begins with the head */
	struct sk_signed_head head;
	struct sk_window window;
	struct sk_release release;
	struct sk_manifest manifest;
	struct sk_pass pass;
};

/* By name ("window") or by payload type. 0 or SK_NONE. */
int sk_signed_kind_find(const char *name, enum sk_signed_kind *ret_kind);
int sk_signed_kind_of_type(const char *type, enum sk_signed_kind *ret_kind);

/* YAML draft -> object; lists of hashes are sorted. A draft may lack dates. 0, SK_BAD with line and column, fatal. */
int sk_signed_parse_draft(enum sk_signed_kind kind, const char *text, size_t size, union sk_signed_object *ret_object, struct sk_diag *diag);
int sk_signed_write_draft(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_buf *out);
int sk_signed_write_payload(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_buf *out);
/* 0; SK_DENIED with *ret_refusal: not the table's shape, not canonical, or not complete. */
int sk_signed_read_payload(enum sk_signed_kind kind, const char *text, size_t size, union sk_signed_object *ret_object,
			   enum sk_refusal *ret_refusal, struct sk_diag *diag);
void sk_signed_done(enum sk_signed_kind kind, union sk_signed_object *object);

/* Complete enough to be signed? 0 or SK_BAD with the path. */
int sk_signed_ready(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_diag *diag);
/* `delegation` as in sk_policy_sign(); NULL for a manifest. 0, SK_BAD, fatal. */
int sk_signed_sign(enum sk_signed_kind kind, const union sk_signed_object *object, const struct sk_private *key,
		   const struct sk_envelope *delegation, struct sk_envelope **ret_envelope, struct sk_diag *diag);

struct sk_signed_question {
	const struct sk_trust *trust;
	struct sk_moment when;
	struct sk_place place;
	bool any_place;                   /* labels are not judged: at a desk */
	const struct sk_records *vendors; /* of struct sk_vendor, from the policy in force: for manifests */
};

struct sk_signed_answer {
	enum sk_refusal refusal, held; /* as in struct sk_policy_answer */
	struct sk_diag diag;
	enum sk_signed_kind kind;
	bool has_object;               /* complete when accepted, or refused for a date or a label */
	union sk_signed_object object;
	struct sk_delegation delegation;
	uint8_t hash[SK_SHA256_SIZE];  /* of the payload */
	char signer[SK_KEY_ID_SIZE];
};

/* 0 when accepted; SK_DENIED with answer->refusal; fatal. `kind` -1 = whichever of these kinds it is. `answer` is always to be freed. */
int sk_signed_verify(int kind, const struct sk_signed_question *question, const char *envelope, size_t size, struct sk_signed_answer *answer);
void sk_signed_answer_done(struct sk_signed_answer *answer);
#define _cleanup_signed_answer_ __attribute__((cleanup(sk_signed_answer_done)))
