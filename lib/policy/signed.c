// SPDX-License-Identifier: GPL-3.0-or-later
/* Signed objects: drafts, payloads, signing, and why one is not taken. As with policies, nothing of a payload is looked at before its signature is good. */
#include "policy/signed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "conf/node.h"
#include "policy/payload.h"

int sk_signed_kind_find(const char *name, enum sk_signed_kind *ret_kind)
{
	for (int i = 0; i < SK_SIGNED_KINDS; i++)
		if (strcmp(sk_signed_kinds[i].name, name) == 0) {
			*ret_kind = (enum sk_signed_kind)i;
			return 0;
		}
	return SK_NONE;
}

int sk_signed_kind_of_type(const char *type, enum sk_signed_kind *ret_kind)
{
	for (int i = 0; i < SK_SIGNED_KINDS; i++)
		if (strcmp(sk_signed_kinds[i].type, type) == 0) {
			*ret_kind = (enum sk_signed_kind)i;
			return 0;
		}
	return SK_NONE;
}

/* The list of hashes of a kind that has one: its records begin with the hash. */
static struct sk_records *hashes_of(enum sk_signed_kind kind, union sk_signed_object *object, const struct sk_table **ret_table)
{
	if (kind == SK_SIGNED_WINDOW) {
		*ret_table = &sk_hash_note_table;
		return &object->window.updaters;
	}
	*ret_table = &sk_program_table;
	return kind == SK_SIGNED_MANIFEST ? &object->manifest.programs : NULL;
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, SK_SHA256_SIZE);
}

static void normalise(enum sk_signed_kind kind, union sk_signed_object *object)
{
	const struct sk_table *table;
	struct sk_records *list = hashes_of(kind, object, &table);
	size_t kept = 0;

	if (!list || list->count < 2)
		return;
	qsort(list->items, list->count, table->size, by_hash);
	for (size_t i = 1; i < list->count; i++) {
		char *last = (char *)list->items + kept * table->size, *item = (char *)list->items + i * table->size;

		if (by_hash(last, item) == 0) {
			sk_conf_done(table, item);
		} else if (++kept != i) {
			memcpy(last + table->size, item, table->size);
			memset(item, 0, table->size);
		}
	}
	list->count = kept + 1;
}

static int check_sorted(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_diag *diag)
{
	const struct sk_table *table;
	const struct sk_records *list = hashes_of(kind, (union sk_signed_object *)object, &table);

	for (size_t i = 1; list && i < list->count; i++)
		if (by_hash((const char *)list->items + (i - 1) * table->size, (const char *)list->items + i * table->size) >= 0)
			return sk_diag_path(diag, kind == SK_SIGNED_WINDOW ? "updaters" : "programs", "is not sorted by hash, or has one twice");
	return 0;
}

int sk_signed_parse_draft(enum sk_signed_kind kind, const char *text, size_t size, union sk_signed_object *ret_object, struct sk_diag *diag)
{
	union sk_signed_object object = {0};
	int r = sk_conf_parse(sk_signed_kinds[kind].table, text, size, &object, diag);

	if (r != 0)
		return r;
	normalise(kind, &object);
	*ret_object = object;
	return 0;
}

int sk_signed_write_draft(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_buf *out)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_object(arena, sk_signed_kinds[kind].table, object, false, &root);
	return r != 0 ? r : sk_node_yaml(root, out);
}

int sk_signed_write_payload(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_buf *out)
{
	return sk_payload_write(sk_signed_kinds[kind].table, object, out);
}

void sk_signed_done(enum sk_signed_kind kind, union sk_signed_object *object)
{
	sk_conf_done(sk_signed_kinds[kind].table, object);
}

int sk_signed_ready(enum sk_signed_kind kind, const union sk_signed_object *object, struct sk_diag *diag)
{
	const struct sk_signed_head *head = &object->head;

	if (head->from <= 0)
		return sk_diag_path(diag, "from", "is missing");
	if (head->until <= head->from && !(kind == SK_SIGNED_MANIFEST && head->until == 0))
		return sk_diag_path(diag, "until", "is missing, or not after from");
	if (kind == SK_SIGNED_WINDOW && (!head->change || !head->owner))
		return sk_diag_path(diag, head->change ? "owner" : "change", "is missing: a window has a change number and a tool's owner on record");
	if (kind == SK_SIGNED_MANIFEST && object->manifest.programs.count == 0)
		return sk_diag_path(diag, "programs", "is empty");
	if (kind == SK_SIGNED_PASS && object->pass.checks.count == 0)
		return sk_diag_path(diag, "checks", "is empty: nothing was looked at");
	return check_sorted(kind, object, diag);
}

static int denied(enum sk_refusal refusal, enum sk_refusal *ret_refusal)
{
	*ret_refusal = refusal;
	return SK_DENIED;
}

int sk_signed_read_payload(enum sk_signed_kind kind, const char *text, size_t size, union sk_signed_object *ret_object,
			   enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	union sk_signed_object object = {0};
	int r = sk_payload_read(sk_signed_kinds[kind].table, text, size, &object, ret_refusal, diag);

	if (r != 0)
		return r;
	r = sk_signed_ready(kind, &object, diag);
	if (r != 0) {
		sk_signed_done(kind, &object);
		return r < 0 ? r : denied(SK_REFUSED_MALFORMED, ret_refusal);
	}
	*ret_object = object;
	return 0;
}

int sk_signed_sign(enum sk_signed_kind kind, const union sk_signed_object *object, const struct sk_private *key,
		   const struct sk_envelope *delegation, struct sk_envelope **ret_envelope, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf payload = SK_BUF(SK_PAYLOAD_MAX);
	int r = sk_signed_ready(kind, object, diag);

	if (r == 0 && kind == SK_SIGNED_MANIFEST && delegation)
		return sk_diag_path(diag, "delegation", "a manifest is signed by the vendor's own key, which no site delegates");
	if (r == 0)
		r = sk_signed_write_payload(kind, object, &payload);
	if (r == SK_FULL)
		return sk_diag_path(diag, "", "is larger than %u bytes", SK_PAYLOAD_MAX);
	return r != 0 ? r : sk_envelope_make(sk_signed_kinds[kind].type, &payload, key, delegation, ret_envelope, diag);
}

void sk_signed_answer_done(struct sk_signed_answer *answer)
{
	if (answer->has_object)
		sk_signed_done(answer->kind, &answer->object);
	sk_delegation_done(&answer->delegation);
	memset(answer, 0, sizeof *answer);
}

static int deny(struct sk_signed_answer *answer, enum sk_refusal refusal)
{
	answer->refusal = refusal;
	return SK_DENIED;
}

/* Signed by one of the vendors' keys; *ret_vendors gets a bit for each entry of the list whose key it is. */
static int check_vendor(const struct sk_signed_question *q, const struct sk_envelope *envelope, struct sk_signed_answer *answer,
			bool fits[static SK_VENDORS_MAX])
{
	const struct sk_vendor *vendors = q->vendors ? q->vendors->items : NULL;
	enum sk_refusal refusal = SK_REFUSED_UNKNOWN_KEY;
	bool any = false;

	if (envelope->signature_count == 0)
		return deny(answer, SK_REFUSED_UNSIGNED);
	for (size_t i = 0; q->vendors && i < q->vendors->count && i < SK_VENDORS_MAX; i++) {
		struct sk_public key;
		int r = sk_public_parse(vendors[i].key, strlen(vendors[i].key), NULL, &key);

		if (r == 0)
			r = sk_envelope_verify(envelope, &key);
		if (r < 0)
			return r;
		if (r == SK_DENIED)
			refusal = SK_REFUSED_SIGNATURE;
		if (r == 0 && q->trust && sk_trust_revoked(q->trust, key.id)) {
			refusal = SK_REFUSED_REVOKED;
			continue;
		}
		fits[i] = r == 0;
		if (r == 0)
			memcpy(answer->signer, key.id, sizeof answer->signer);
		any |= r == 0;
	}
	return any ? 0 : deny(answer, refusal);
}

static bool vendor_named(const struct sk_signed_question *q, const bool *fits, const char *name)
{
	const struct sk_vendor *vendors = q->vendors->items;

	for (size_t i = 0; i < q->vendors->count && i < SK_VENDORS_MAX; i++)
		if (fits[i] && strcmp(vendors[i].name, name) == 0)
			return true;
	return false;
}

static int check_signer(const struct sk_signed_question *q, const struct sk_envelope *envelope, struct sk_signed_answer *answer, bool *fits)
{
	int r;

	if (answer->kind == SK_SIGNED_MANIFEST)
		return check_vendor(q, envelope, answer, fits);
	r = sk_trust_check(q->trust, envelope, sk_signed_kinds[answer->kind].use, &q->when, &answer->delegation, &answer->refusal, &answer->held,
			   &answer->diag);
	if (r == 0)
		memcpy(answer->signer, answer->delegation.key.id, sizeof answer->signer);
	return r;
}

static int check_dates(const struct sk_signed_question *q, struct sk_signed_answer *answer)
{
	const struct sk_signed_head *head = &answer->object.head;
	enum sk_refusal refusal = q->when.now < head->from			? SK_REFUSED_NOT_YET
				  : head->until && q->when.now >= head->until ? SK_REFUSED_EXPIRED
									      : SK_ACCEPTED;

	if (refusal == SK_ACCEPTED)
		return 0;
	if (!q->when.wrong)
		return deny(answer, refusal);
	answer->held = refusal;
	return 0;
}

static int judge(const struct sk_signed_question *q, const struct sk_envelope *envelope, struct sk_signed_answer *answer)
{
	bool fits[SK_VENDORS_MAX] = {false};
	int r = check_signer(q, envelope, answer, fits);

	if (r != 0)
		return r;
	r = sk_signed_read_payload(answer->kind, envelope->payload, envelope->payload_size, &answer->object, &answer->refusal, &answer->diag);
	if (r != 0)
		return r;
	answer->has_object = true;
	r = sk_sha256(envelope->payload, envelope->payload_size, answer->hash);
	if (r != 0)
		return r;
	if (answer->kind == SK_SIGNED_MANIFEST && !vendor_named(q, fits, answer->object.manifest.vendor))
		return deny(answer, SK_REFUSED_UNKNOWN_KEY);
	if (!q->any_place && !sk_labels_fit(&answer->object.head.labels, &q->place))
		return deny(answer, SK_REFUSED_LABEL);
	return check_dates(q, answer);
}

int sk_signed_verify(int kind, const struct sk_signed_question *question, const char *envelope, size_t size, struct sk_signed_answer *answer)
{
	_cleanup_envelope_ struct sk_envelope *parsed = NULL;
	int r;

	memset(answer, 0, sizeof *answer);
	sk_diag_source(&answer->diag, kind >= 0 ? sk_signed_kinds[kind].name : "signed object");
	if (size > SK_ENVELOPE_MAX)
		return deny(answer, SK_REFUSED_TOO_LARGE);
	r = sk_envelope_parse(envelope, size, &parsed, &answer->diag);
	if (r == SK_BAD)
		return deny(answer, SK_REFUSED_MALFORMED);
	if (r != 0)
		return r;
	r = sk_signed_kind_of_type(parsed->type, &answer->kind) == 0 && (kind < 0 || (int)answer->kind == kind) ? judge(question, parsed, answer)
														: deny(answer, SK_REFUSED_TYPE);
	if (r == SK_DENIED && !answer->diag.text[0])
		sk_diag_path(&answer->diag, "", "%s", sk_refusal_text(answer->refusal, false));
	return r;
}
