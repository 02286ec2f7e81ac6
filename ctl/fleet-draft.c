// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho fleet drafts --onto FILE: what people approved, written into the draft that somebody will sign. The serial is raised by one, as a policy that is
 * to replace another must have a higher one; everything else of the draft stays.
 */
#include "fleet-draft.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "policy/policy.h"
#include "server-call.h"

enum { DRAFT_MAX = 16 << 20 };

static int add_program(struct sk_policy *policy, struct json_object *one, unsigned *added)
{
	struct sk_program program = {.name = (char *)server_text(one, "name"), .provenance = (char *)"allow", .size = server_number(one, "size")};
	int r = sk_unhex(server_text(one, "sha256"), program.sha256, sizeof program.sha256);

	if (r)
		return 0; /* the request named no program: nothing to add */
	if (!program.name[0])
		program.name = (char *)server_text(one, "path");
	if (server_member(one, "publisher"))
		program.publisher = (char *)server_text(one, "publisher");
	r = sk_policy_add_program(policy, &program);
	*added += r == 0;
	return r == SK_NONE ? 0 : r;
}

static int add_drafts(struct sk_policy *policy, struct json_object *drafts, unsigned *added)
{
	int r = 0;

	for (size_t i = 0; !r && i < json_object_array_length(drafts); i++) {
		struct json_object *programs = server_member(json_object_array_get_idx(drafts, i), "programs");

		for (size_t k = 0; !r && k < json_object_array_length(programs); k++)
			r = add_program(policy, json_object_array_get_idx(programs, k), added);
	}
	return r;
}

static int write_draft(const struct ctl *ctl, struct sk_policy *policy, unsigned added)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(DRAFT_MAX);
	const char *out = ctl_option(ctl, "out") ? ctl_option(ctl, "out") : "-";
	int r;

	if (added && policy->serial > 0)
		policy->serial++;
	r = sk_policy_write_draft(policy, &text);
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, out);
	r = ctl_write_file(ctl, out, text.data, text.size, true);
	if (r == CTL_OK)
		fprintf(stderr, CTL_T("%u programs added. Sign it: sekisho policy sign\n", "%u 件追加しました。署名してください: sekisho policy sign\n"), added);
	return r;
}

int fleet_draft_onto(const struct ctl *ctl, struct json_object *drafts)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	_cleanup_buf_ struct sk_buf text = SK_BUF(DRAFT_MAX);
	struct sk_diag diag = {0};
	unsigned added = 0;
	int r = ctl_read_file(ctl, ctl_option(ctl, "onto"), DRAFT_MAX, &text);

	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, ctl_option(ctl, "onto"));
	r = sk_policy_parse_draft(text.data ? text.data : "", text.size, &policy, &diag);
	if (r)
		return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, ctl_option(ctl, "onto"));
	r = add_drafts(&policy, drafts, &added);
	return r ? ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "draft") : write_draft(ctl, &policy, added);
}
