// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed objects: the first byte chooses the kind, the next whether the rest is a draft or a payload behind a good signature. What is taken must survive being
 * written and read again.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "policy/signed.h"

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

static void payload_of(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_buf *out)
{
	if (sk_signed_write_payload(kind, object, out) != 0)
		__builtin_trap();
}

static void draft(enum sk_signed_kind kind, const char *text, size_t size)
{
	_cleanup_buf_ struct sk_buf yaml = SK_BUF(1 << 20), first = SK_BUF(1 << 20), second = SK_BUF(1 << 20);
	union sk_signed_object object, again;
	struct sk_diag diag = {0};

	if (sk_signed_parse_draft(kind, text, size, &object, &diag) != 0) {
		if (!diag.text[0])
			__builtin_trap();
		return;
	}
	payload_of(kind, &object, &first);
	if (sk_signed_write_draft(kind, &object, &yaml) != 0 || sk_signed_parse_draft(kind, yaml.data, yaml.size, &again, &diag) != 0)
		__builtin_trap();
	payload_of(kind, &again, &second);
	if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
		__builtin_trap();
	sk_signed_done(kind, &object);
	sk_signed_done(kind, &again);
}

static void payload(enum sk_signed_kind kind, const void *data, size_t size)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	char key[SK_PUBLIC_TEXT_SIZE];
	struct sk_vendor vendor = {(char *)"maker", sk_public_text(sk_private_public(site), key)};
	const struct sk_records vendors = {&vendor, 1};
	const struct sk_signed_question q = {.trust = &trust, .when = {1800000000, false}, .any_place = true, .vendors = &vendors};
	struct sk_signed_answer answer;
	int r;

	if (sk_envelope_new(sk_signed_kinds[kind].type, data, size, &envelope) != 0 || sk_envelope_sign(envelope, site) != 0 ||
	    sk_envelope_write(envelope, &text) != 0)
		__builtin_trap();
	r = sk_signed_verify(-1, &q, text.data, text.size, &answer);
	if ((r == 0) != (answer.refusal == SK_ACCEPTED) || (r != 0 && !answer.diag.text[0]) || (r == 0 && !answer.has_object))
		__builtin_trap();
	sk_signed_answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum sk_signed_kind kind;

	if (!site)
		begin();
	if (size < 2)
		return 0;
	kind = (enum sk_signed_kind)(data[0] % SK_SIGNED_KINDS);
	if (data[1] & 1)
		payload(kind, data + 2, size - 2);
	else
		draft(kind, (const char *)data + 2, size - 2);
	return 0;
}
