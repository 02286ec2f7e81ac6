// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Envelopes, and payloads behind a good signature: signed here by the fuzzer's own key, so that what comes after the signature check is
 * reached by every input.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sk_private *site;
static struct sk_trust trust;

static void begin(void)
{
	static const uint8_t seed[SK_PUBLIC_SIZE] = {1};

	if (sk_private_from_seed(seed, &site) != 0)
		__builtin_trap();
	sk_trust_init(&trust, sk_private_public(site));
}

static void verify(const char *text, size_t size)
{
	const struct sk_policy_question q = {.trust = &trust, .when = {1800000000, false}, .part = -1};
	struct sk_policy_answer answer;
	int r = sk_policy_verify(&q, text, size, &answer);

	if ((r == 0) != (answer.refusal == SK_ACCEPTED) || (r != 0 && !answer.diag.text[0]))
		__builtin_trap();
	sk_policy_answer_done(&answer);
}

static void verify_signed(const char *type, const uint8_t *data, size_t size)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	struct sk_delegation delegation;
	struct sk_trust other;
	enum sk_refusal refusal;

	if (sk_envelope_new(type, data, size, &envelope) != 0 || sk_envelope_sign(envelope, site) != 0 || sk_envelope_write(envelope, &text) != 0)
		__builtin_trap();
	verify(text.data, text.size);
	if (sk_delegation_read(&trust, envelope, &delegation, &refusal, NULL) == 0)
		sk_delegation_done(&delegation);
	sk_trust_init(&other, sk_private_public(site));
	sk_trust_revoke(&other, envelope, &refusal, NULL);
	sk_trust_done(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {SK_TYPE_POLICY, SK_TYPE_DELEGATION, SK_TYPE_REVOCATIONS};

	if (!site)
		begin();
	verify((const char *)data, size);
	if (size > 0)
		verify_signed(types[data[0] % 3], data + 1, size - 1);
	return 0;
}
