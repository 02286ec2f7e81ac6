// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files of the family "lockdown" share. Results are CTL_* with the complaint printed. */
#pragma once

#include "crypto/hash.h"
#include "ctl.h"
#include "policy.h"
#include "policy/store.h"
#include "wire/call.h"
#include "wire/json.h"

#define LOCKDOWN_DRAFT_MAX (48u << 20)

/* A file as the allowlist sees it. */
struct lockdown_file {
	uint8_t sha256[SK_SHA256_SIZE];
	char hex[2 * SK_SHA256_SIZE + 1];
	uint64_t size;
};
/* Hashes one regular file. */
int lockdown_hash(const struct ctl *ctl, const char *path, struct lockdown_file *ret_file);

/*
 * The policy in force on this machine, from its store. Without one *ret_any is false and the answer is empty (free it all the same). Works without the
 * agent.
 */
int lockdown_in_force(const struct ctl *ctl, struct sk_policy_answer *answer, bool *ret_any);

/* Writes a draft, and says what comes next on standard error. `out` NULL or "-" = standard output. */
int lockdown_write_draft(const struct ctl *ctl, const struct sk_policy *policy, const char *out);
/* A string of a policy's own; the old one is freed. */
int lockdown_set(char **text, const char *value);
/* "scan 2026-11-23" */
void lockdown_provenance(const char *how, char *out, size_t size);

/* Asks the agent. CTL_OK with the answer's object; CTL_ENVIRONMENT when no agent runs (said, unless `quiet`). */
int lockdown_ask(const struct ctl *ctl, struct json_object *question, bool quiet, int (*on_part)(void *arg, const struct sk_frame *frame),
		 void *arg, struct json_object **ret_answer);
/* {"verb": verb}; NULL when memory is out. */
struct json_object *lockdown_question(const char *verb);

/* lockdown-words.c: a state of the agent, or a sentence by which it refused a call (`out` is filled and returned), in the language of the person. */
const char *lockdown_word(const char *word);
const char *lockdown_sentence(const char *text, char *out, size_t size);

/* What protects and what does not, for people. */
void lockdown_print_protection(struct json_object *status);
/* `refused` of an answer to explain, for people. NULL prints nothing. True: it said what would allow it. */
bool lockdown_print_refusal(struct json_object *refused);
/* `explain` without a file: what was refused last, the newest first. */
int lockdown_explain_last(struct ctl *ctl);

int lockdown_run_scan(struct ctl *ctl);
int lockdown_run_release(struct ctl *ctl);
int lockdown_run_learn(struct ctl *ctl);
int lockdown_run_enforce(struct ctl *ctl);
int lockdown_run_observe(struct ctl *ctl);
int lockdown_run_exec(struct ctl *ctl);
int lockdown_run_interpreters(struct ctl *ctl);
int lockdown_run_manifest(struct ctl *ctl);
int lockdown_run_harden(struct ctl *ctl);
int lockdown_run_pass(struct ctl *ctl);
int lockdown_run_accept(struct ctl *ctl);
