// SPDX-License-Identifier: GPL-3.0-or-later
/* Policy drafts in YAML. What is taken must survive being written as a draft and read again, and its payload must be canonical. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void payload_of(const struct sk_policy *policy, struct sk_buf *out)
{
	if (sk_policy_write_payload(policy, out) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct sk_buf draft = SK_BUF(1 << 20), first = SK_BUF(1 << 20), second = SK_BUF(1 << 20);
	_cleanup_policy_ struct sk_policy policy = {0}, again = {0}, back = {0};
	struct sk_diag diag = {0};
	enum sk_refusal refusal;

	if (sk_policy_parse_draft((const char *)data, size, &policy, &diag) != 0)
		return 0;
	payload_of(&policy, &first);
	if (sk_policy_read_payload(first.data, first.size, &back, &refusal, &diag) != 0)
		__builtin_trap();
	if (sk_policy_write_draft(&policy, &draft) != 0 || sk_policy_parse_draft(draft.data, draft.size, &again, &diag) != 0)
		__builtin_trap();
	payload_of(&again, &second);
	if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
		__builtin_trap();
	return 0;
}
