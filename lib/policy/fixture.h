// SPDX-License-Identifier: GPL-3.0-or-later
/* Keys and signed objects for the tests of this folder, which include support/harness.h before. Keys come from fixed seeds: a failure repeats. */
#pragma once


#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "policy/policy.h"

enum { FX_DAY = 86400 };
#define FX_NOW 1800000000 /* 2027-01-15 */

static const struct sk_place fx_place = {"acme", "kumamoto", "etch-01", "pc-7"};
static const struct sk_moment fx_now = {FX_NOW, false};

static inline struct sk_private *fx_key(uint8_t seed)
{
	struct sk_private *key = NULL;
	uint8_t bytes[SK_PUBLIC_SIZE] = {seed, 7};

	assert_int_equal(sk_private_from_seed(bytes, &key), 0);
	return key;
}

static inline struct sk_envelope *fx_delegate(const struct sk_private *site, const struct sk_private *key, unsigned uses, int64_t serial,
					      int64_t from, int64_t to)
{
	const struct sk_delegation terms = {.key = *sk_private_public(key), .uses = uses, .serial = serial, .not_before = from, .expires = to,
					    .holder = (char *)"policy desk"};
	struct sk_envelope *envelope = NULL;

	assert_int_equal(sk_delegation_make(site, &terms, &envelope, NULL), 0);
	return envelope;
}

static inline struct sk_envelope *fx_revoke(const struct sk_private *site, int64_t serial, const char *keyid)
{
	struct sk_revoked key = {(char *)keyid, (char *)"lost"};
	const struct sk_revocations list = {serial, {&key, keyid ? 1 : 0}};
	struct sk_envelope *envelope = NULL;

	assert_int_equal(sk_revocations_make(site, &list, &envelope, NULL), 0);
	return envelope;
}

/* `more` is inserted at the top level: labels, or nothing. */
static inline void fx_policy(struct sk_policy *policy, unsigned serial, int64_t from, int64_t to, const char *more)
{
	char text[2048], a[21], b[21];
	struct sk_diag diag = {0};

	snprintf(text, sizeof text,
		 "part: lockdown\nserial: %u\nnot_before: %s\nexpires: %s\n%s"
		 "lockdown:\n  mode: enforce\n  scope: [/]\n  programs:\n"
		 "    - {sha256: %064x, name: /usr/bin/b, size: 7, publisher: coreutils, provenance: scan}\n"
		 "    - {sha256: %064x, name: /usr/bin/a}\n",
		 serial, sk_time_text(from, a), sk_time_text(to, b), more, 2, 1);
	if (sk_policy_parse_draft(text, strlen(text), policy, &diag) != 0)
		fail_msg("%s", diag.text);
}

/* Appends the signed envelope's text. */
static inline void fx_signed(const struct sk_private *key, const struct sk_envelope *delegation, unsigned serial, int64_t from, int64_t to,
			     const char *more, struct sk_buf *out)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_policy_ struct sk_policy policy;

	fx_policy(&policy, serial, from, to, more);
	assert_int_equal(sk_policy_sign(&policy, key, delegation, &envelope, NULL), 0);
	sk_buf_clear(out);
	assert_int_equal(sk_envelope_write(envelope, out), 0);
}
