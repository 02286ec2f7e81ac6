// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files of the family "policy" share. Results are CTL_* with the complaint printed. */
#pragma once

#include "ctl.h"
#include "policy/bundle.h"
#include "policy/policy.h"
#include "policy/signed.h"

#define POLICY_STORE "var/lib/sekisho/policy"

struct sk_moment policy_now(void);
/* From --org, --site, --asset, --host; `host` holds the machine's own name when none was given. */
struct sk_place policy_place(const struct ctl *ctl, char host[static 65]);
/* `type` NULL = any. */
int policy_read_envelope(const struct ctl *ctl, const char *path, const char *type, struct sk_envelope **ret_envelope);
/* A signed text, and the store whose keys it is judged by. */
int policy_read_signed(const struct ctl *ctl, const char *path, struct sk_buf *text, struct sk_policy_store **ret_store);
/* Prints a policy; `answer` (may be NULL) adds who signed. CTL_OK. */
int policy_show(const struct ctl *ctl, const struct sk_policy *policy, const struct sk_policy_answer *answer);
/* Says why not. CTL_FOUND. */
int policy_refused(const struct ctl *ctl, const char *path, enum sk_refusal refusal, const struct sk_diag *diag);

/* --kind: -1 = a policy (or not given). */
int policy_signed_kind(const struct ctl *ctl, int *ret_kind);
void policy_print_signed(enum sk_signed_kind kind, const union sk_signed_object *object);
int policy_signed_check(struct ctl *ctl, enum sk_signed_kind kind);
/* The draft's dates count, unless options say otherwise; `id` is what it calls itself. */
int policy_signed_sign(struct ctl *ctl, enum sk_signed_kind kind, const struct sk_private *key, const struct sk_envelope *delegation, int64_t from,
		       int64_t until, struct sk_envelope **ret_envelope, char id[static 129]);
int policy_signed_verify(const struct ctl *ctl, const struct sk_trust *trust, const struct sk_moment *when, const char *text, size_t size);
/* The draft of a signed object, or (envelope NULL) an example with every key explained. */
int policy_signed_draft(struct ctl *ctl, enum sk_signed_kind kind, const struct sk_envelope *envelope, struct sk_buf *out);

int policy_run_show(struct ctl *ctl);
int policy_run_bundle(struct ctl *ctl);
int policy_run_pin(struct ctl *ctl);
int policy_run_import(struct ctl *ctl);
int policy_run_status(struct ctl *ctl);
