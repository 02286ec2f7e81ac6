// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Is this envelope a policy for this machine, now? Every step has its refusal. The order matters: nothing of the payload is looked at before a
 * signature of a delegated key was found good over it.
 */
#include "policy/policy.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

void sk_policy_answer_done(struct sk_policy_answer *answer)
{
	bool large = answer->policy.lockdown.programs.count > 1000;

	sk_policy_done(&answer->policy);
	sk_delegation_done(&answer->delegation);
	memset(answer, 0, sizeof *answer);
	if (large)
		sk_mem_trim(); /* a duty that has carried a policy over rests for days */
}

static bool label_fits(const struct sk_strings *list, const char *value)
{
	if (list->count == 0)
		return true;
	for (size_t i = 0; value && *value && i < list->count; i++) {
		const char *item = list->items[i];
		size_t size = strlen(item);

		if (item[size - 1] == '*' ? strncmp(item, value, size - 1) == 0 : strcmp(item, value) == 0)
			return true;
	}
	return false;
}

bool sk_labels_fit(const struct sk_labels *labels, const struct sk_place *place)
{
	return label_fits(&labels->org, place->org) && label_fits(&labels->site, place->site) && label_fits(&labels->asset, place->asset) &&
	       label_fits(&labels->host, place->host);
}

static int deny(struct sk_policy_answer *answer, enum sk_refusal refusal)
{
	answer->refusal = refusal;
	return SK_DENIED;
}

/* 0: go on. A revoked key and a delegation's dates are remembered, and reading goes on: the signature is good. */
static int check_signer(const struct sk_policy_question *q, const struct sk_envelope *envelope, struct sk_policy_answer *answer)
{
	int r = sk_trust_check(q->trust, envelope, SK_USE_POLICY, &q->when, &answer->delegation, &answer->refusal, &answer->held, &answer->diag);

	if (r == SK_DENIED && (answer->refusal == SK_REFUSED_REVOKED || answer->refusal == SK_REFUSED_DELEGATION_NOT_YET ||
			       answer->refusal == SK_REFUSED_DELEGATION_EXPIRED))
		r = 0;
	if (r == 0)
		memcpy(answer->signer, answer->delegation.key.id, sizeof answer->signer);
	return r;
}

static int read_policy(const struct sk_envelope *envelope, struct sk_policy_answer *answer)
{
	enum sk_refusal refusal;
	int r = sk_policy_read_payload(envelope->payload, envelope->payload_size, &answer->policy, &refusal, &answer->diag);

	if (r == 0) {
		r = sk_policy_ready(&answer->policy, &refusal, &answer->diag);
		if (r == SK_BAD)
			sk_policy_done(&answer->policy);
	}
	if (r == SK_BAD || r == SK_DENIED)
		return deny(answer, refusal);
	return r != 0 ? r : sk_sha256(envelope->payload, envelope->payload_size, answer->hash);
}

static int check_serial(const struct sk_policy_question *q, struct sk_policy_answer *answer)
{
	uint64_t serial = (uint64_t)answer->policy.serial;

	if (serial < q->floor)
		return deny(answer, SK_REFUSED_OLDER);
	if (q->floor && serial == q->floor && memcmp(answer->hash, q->floor_hash, SK_SHA256_SIZE) != 0)
		return deny(answer, SK_REFUSED_SAME_SERIAL);
	return 0;
}

static int check_dates(const struct sk_policy_question *q, struct sk_policy_answer *answer)
{
	enum sk_refusal refusal = q->when.now < answer->policy.not_before ? SK_REFUSED_NOT_YET
				  : q->when.now >= answer->policy.expires ? SK_REFUSED_EXPIRED
									  : SK_ACCEPTED;

	if (refusal == SK_ACCEPTED)
		return 0;
	if (!q->when.wrong)
		return deny(answer, refusal);
	answer->held = refusal;
	return 0;
}

static int judge(const struct sk_policy_question *q, const struct sk_envelope *envelope, struct sk_policy_answer *answer)
{
	enum sk_refusal earlier;
	int r;

	if (strcmp(envelope->type, SK_TYPE_POLICY) != 0)
		return deny(answer, SK_REFUSED_TYPE);
	r = check_signer(q, envelope, answer);
	if (r != 0)
		return r;
	earlier = answer->refusal;
	r = read_policy(envelope, answer);
	if (r != 0)
		return r;
	if (earlier != SK_ACCEPTED)
		return deny(answer, earlier);
	if (q->part >= 0 && answer->policy.part != q->part)
		return deny(answer, SK_REFUSED_PART);
	if (!sk_labels_fit(&answer->policy.labels, &q->place))
		return deny(answer, SK_REFUSED_LABEL);
	r = check_serial(q, answer);
	return r != 0 ? r : check_dates(q, answer);
}

int sk_policy_verify(const struct sk_policy_question *question, const char *envelope, size_t size, struct sk_policy_answer *answer)
{
	_cleanup_envelope_ struct sk_envelope *parsed = NULL;
	int r;

	memset(answer, 0, sizeof *answer);
	sk_diag_source(&answer->diag, "policy");
	if (size > SK_ENVELOPE_MAX)
		return deny(answer, SK_REFUSED_TOO_LARGE);
	r = sk_envelope_parse(envelope, size, &parsed, &answer->diag);
	if (r == SK_BAD)
		return deny(answer, SK_REFUSED_MALFORMED);
	if (r != 0)
		return r;
	r = judge(question, parsed, answer);
	if (r == SK_DENIED && !answer->diag.text[0])
		sk_diag_path(&answer->diag, "", "%s", sk_refusal_text(answer->refusal, false));
	return r;
}
