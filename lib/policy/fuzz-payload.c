// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Payloads. What the reader calls malformed or not canonical must be just what lib/wire's tree and its canonical form say; what is taken must be
 * written again byte for byte, but for keys that are spelled out although they say nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "conf/node.h"
#include "policy/envelope.h"
#include "policy/policy.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the payload's reader judges the text alone. */
static int judge(const char *text, size_t size)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	struct sk_diag diag = {0};
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_json(arena, text, size, SK_PAYLOAD_MAX, &root, &diag);
	if ((r == SK_BAD || r == SK_DENIED) && !diag.text[0])
		__builtin_trap();
	return r;
}

/* A key that comes again with others between is refused at once by who makes a tree; to who reads on, the keys are out of order. */
static int judge_by_tree(const char *text, size_t size, bool *ret_twice)
{
	_cleanup_json_ struct json_object *value = NULL;
	struct sk_diag diag = {0};
	int r = sk_json_parse(text, size, SK_PAYLOAD_MAX, &value, &diag);

	*ret_twice = r == SK_BAD && strcmp(diag.text, "the key is there twice") == 0;

	if (r == 0 && sk_json_check_canonical(value, text, size, NULL) != 0)
		r = SK_DENIED;
	return r;
}

static void write_again(const struct sk_policy *policy)
{
	_cleanup_buf_ struct sk_buf first = SK_BUF(SK_PAYLOAD_MAX), second = SK_BUF(SK_PAYLOAD_MAX);
	_cleanup_policy_ struct sk_policy again = {0};
	enum sk_refusal refusal;

	if (sk_policy_write_payload(policy, &first) != 0 || sk_policy_read_payload(first.data, first.size, &again, &refusal, NULL) != 0 ||
	    sk_policy_write_payload(&again, &second) != 0 || first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_policy policy;
	struct sk_diag diag = {0};
	enum sk_refusal refusal = SK_ACCEPTED;
	char *text = sk_malloc(size ? size : 1); /* no zero byte behind it */
	int ours, theirs, r;
	bool twice;

	if (!text)
		return 0;
	memcpy(text, data, size);
	ours = judge(text, size);
	theirs = judge_by_tree(text, size, &twice);
	if (ours != theirs && !(twice && ours == SK_DENIED))
		__builtin_trap();
	r = sk_policy_read_payload(text, size, &policy, &refusal, &diag);
	if ((r == 0 && ours != 0) || (r == SK_DENIED && (refusal == SK_ACCEPTED || !diag.text[0])))
		__builtin_trap();
	if (r == 0) {
		write_again(&policy);
		sk_policy_done(&policy);
	}
	free(text);
	return 0;
}
