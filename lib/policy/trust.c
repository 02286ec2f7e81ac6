// SPDX-License-Identifier: GPL-3.0-or-later
/* Delegations and revocations: making them, reading them, and judging by them who signed. */
#include "policy/trust.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "policy/payload.h"

/* What is signed, as text; struct sk_delegation is what it means. */
struct delegation_text {
	char *key;
	struct sk_strings uses;
	int64_t serial, not_before, expires;
	char *holder;
};

static const struct sk_setting delegation_rows[] = {
	{"key", SK_KIND_STRING, SK_AT(struct delegation_text, key), .required = true, .min = 44, .max = 44,
	 .en = "The delegated public key, base64.", .ja = "委任される公開鍵（base64）。"},
	{"uses", SK_KIND_STRINGS, SK_AT(struct delegation_text, uses), .required = true, .min = 1, .max = 4, .item_max = 16,
	 .en = "What it may sign: policy, exception, release, accept.", .ja = "署名できる対象。policy、exception、release、accept。"},
	{"serial", SK_KIND_INT, SK_AT(struct delegation_text, serial), .required = true, .min = 1,
	 .en = "Of two delegations of one key the higher serial governs.", .ja = "同じ鍵の委任は番号の大きいものが有効。"},
	{"not_before", SK_KIND_TIME, SK_AT(struct delegation_text, not_before), .required = true, .en = "From when.", .ja = "開始日時。"},
	{"expires", SK_KIND_TIME, SK_AT(struct delegation_text, expires), .required = true, .en = "Until when.", .ja = "終了日時。"},
	{"holder", SK_KIND_STRING, SK_AT(struct delegation_text, holder), .min = 1, .max = 256, .en = "Who holds the key.", .ja = "鍵の保有者。"},
	{0}};

static const struct sk_table delegation_table = {"delegation", sizeof(struct delegation_text), delegation_rows,
						 "A key that the site key lets sign.", "サイト鍵が署名を委任した鍵。"};

static const struct sk_setting revoked_rows[] = {
	{"keyid", SK_KIND_STRING, SK_AT(struct sk_revoked, keyid), .required = true, .min = 16, .max = 16, .en = "Key id.", .ja = "鍵 ID。"},
	{"reason", SK_KIND_STRING, SK_AT(struct sk_revoked, reason), .min = 1, .max = 256, .en = "Why.", .ja = "理由。"},
	{0}};

static const struct sk_table revoked_table = {"revoked key", sizeof(struct sk_revoked), revoked_rows, "A revoked key.", "失効した鍵。"};

static const struct sk_setting revocations_rows[] = {
	{"serial", SK_KIND_INT, SK_AT(struct sk_revocations, serial), .required = true, .min = 1, .en = "May not go down.",
	 .ja = "小さくすることはできない。"},
	{"keys", SK_KIND_RECORDS, SK_AT(struct sk_revocations, keys), .max = SK_REVOKED_MAX, .inner = &revoked_table, .en = "The revoked keys.",
	 .ja = "失効した鍵。"},
	{0}};

static const struct sk_table revocations_table = {"revocations", sizeof(struct sk_revocations), revocations_rows,
						  "Keys that the site key revoked.", "サイト鍵が失効させた鍵。"};

static const struct {
	const char *name;
	enum sk_use use;
} use_names[] = {{"policy", SK_USE_POLICY}, {"exception", SK_USE_EXCEPTION}, {"release", SK_USE_RELEASE}, {"accept", SK_USE_ACCEPT}};

const char *sk_use_name(enum sk_use use)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(use_names); i++)
		if (use_names[i].use == use)
			return use_names[i].name;
	return "unknown";
}

static int add_use(const char *name, size_t size, unsigned *uses)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(use_names); i++)
		if (strlen(use_names[i].name) == size && strncmp(use_names[i].name, name, size) == 0) {
			*uses |= use_names[i].use;
			return 0;
		}
	return SK_BAD;
}

int sk_uses_parse(const char *text, unsigned *ret_uses)
{
	unsigned uses = 0;

	for (;;) {
		size_t size = strcspn(text, ",");

		if (add_use(text, size, &uses) != 0)
			return SK_BAD;
		if (!text[size])
			break;
		text += size + 1;
	}
	*ret_uses = uses;
	return 0;
}

void sk_delegation_done(struct sk_delegation *delegation)
{
	free(delegation->holder);
	memset(delegation, 0, sizeof *delegation);
}

void sk_revocations_done(struct sk_revocations *list)
{
	sk_conf_done(&revocations_table, list);
}

void sk_trust_init(struct sk_trust *trust, const struct sk_public *site)
{
	memset(trust, 0, sizeof *trust);
	if (site) {
		trust->site = *site;
		trust->has_site = true;
	}
}

void sk_trust_done(struct sk_trust *trust)
{
	sk_revocations_done(&trust->revocations);
	for (size_t i = 0; i < trust->known_count; i++)
		sk_delegation_done(&trust->known[i]);
	free(trust->known);
	memset(trust, 0, sizeof *trust);
}

/* Writes the payload by its table and signs it with the site key. */
static int make(const struct sk_private *site, const struct sk_table *table, const void *object, const char *type,
		struct sk_envelope **ret_envelope)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf payload = SK_BUF(SK_PAYLOAD_MAX);
	int r = sk_payload_write(table, object, &payload);

	if (r == 0)
		r = sk_envelope_new(type, payload.data, payload.size, &envelope);
	if (r == 0)
		r = sk_envelope_sign(envelope, site);
	if (r == 0)
		*ret_envelope = SK_TAKE(envelope);
	return r;
}

static int check_terms(const struct sk_delegation *terms, struct sk_diag *diag)
{
	if (terms->serial < 1)
		return sk_diag_path(diag, "serial", "starts at 1");
	if (terms->not_before <= 0 || terms->expires <= terms->not_before)
		return sk_diag_path(diag, "expires", "must be after not_before");
	if ((terms->uses & SK_USE_ANY) == 0)
		return sk_diag_path(diag, "uses", "at least one of policy, exception, release, accept");
	return 0;
}

int sk_delegation_make(const struct sk_private *site, const struct sk_delegation *terms, struct sk_envelope **ret_envelope,
		       struct sk_diag *diag)
{
	char key[SK_PUBLIC_TEXT_SIZE], *uses[SK_ARRAY_SIZE(use_names)];
	struct delegation_text text = {.key = key, .uses = {uses, 0}, .serial = terms->serial, .not_before = terms->not_before,
				       .expires = terms->expires, .holder = terms->holder};
	int r = check_terms(terms, diag);

	if (r != 0)
		return r;
	if (strcmp(terms->key.id, sk_private_public(site)->id) == 0)
		return sk_diag_path(diag, "key", "the site key needs no delegation");
	sk_public_text(&terms->key, key);
	for (size_t i = 0; i < SK_ARRAY_SIZE(use_names); i++)
		if (terms->uses & use_names[i].use)
			uses[text.uses.count++] = (char *)use_names[i].name;
	return make(site, &delegation_table, &text, SK_TYPE_DELEGATION, ret_envelope);
}

int sk_revocations_make(const struct sk_private *site, const struct sk_revocations *list, struct sk_envelope **ret_envelope,
			struct sk_diag *diag)
{
	const struct sk_revoked *keys = list->keys.items;

	if (list->serial < 1 || list->keys.count > SK_REVOKED_MAX)
		return sk_diag_path(diag, "serial", "starts at 1, with at most %d keys", SK_REVOKED_MAX);
	for (size_t i = 0; i < list->keys.count; i++) {
		if (strlen(keys[i].keyid) != 16 || keys[i].keyid[strspn(keys[i].keyid, "0123456789abcdef")])
			return sk_diag_path(diag, "keys", "\"%.40s\" is not a key id of 16 hex digits", keys[i].keyid);
		if (strcmp(keys[i].keyid, sk_private_public(site)->id) == 0)
			return sk_diag_path(diag, "keys", "the site key cannot revoke itself: pin a new one on each machine");
	}
	return make(site, &revocations_table, list, SK_TYPE_REVOCATIONS, ret_envelope);
}

static int deny(enum sk_refusal refusal, enum sk_refusal *ret_refusal)
{
	*ret_refusal = refusal;
	return SK_DENIED;
}

/* Signed by the pinned site key, and of this type? */
static int check_site(const struct sk_trust *trust, const struct sk_envelope *envelope, const char *type, enum sk_refusal *ret_refusal)
{
	int r;

	if (!trust->has_site)
		return deny(SK_REFUSED_NO_SITE_KEY, ret_refusal);
	if (strcmp(envelope->type, type) != 0)
		return deny(SK_REFUSED_TYPE, ret_refusal);
	if (envelope->signature_count == 0)
		return deny(SK_REFUSED_UNSIGNED, ret_refusal);
	r = sk_envelope_verify(envelope, &trust->site);
	if (r == SK_NONE)
		return deny(SK_REFUSED_DELEGATION, ret_refusal);
	return r == SK_DENIED ? deny(SK_REFUSED_SIGNATURE, ret_refusal) : r;
}

static int read_delegation_text(struct delegation_text *text, struct sk_delegation *d, struct sk_diag *diag)
{
	int r = sk_public_parse(text->key, strlen(text->key), diag, &d->key);

	if (r != 0)
		return r == SK_BAD ? sk_diag_path(diag, "key", "is not a public key") : r;
	for (size_t i = 0; i < text->uses.count; i++)
		if (add_use(text->uses.items[i], strlen(text->uses.items[i]), &d->uses) != 0)
			return sk_diag_path(diag, "uses", "\"%.32s\" is not one of policy, exception, release, accept", text->uses.items[i]);
	if (text->expires <= text->not_before)
		return sk_diag_path(diag, "expires", "must be after not_before");
	d->serial = text->serial;
	d->not_before = text->not_before;
	d->expires = text->expires;
	d->holder = SK_TAKE(text->holder);
	return 0;
}

int sk_delegation_read(const struct sk_trust *trust, const struct sk_envelope *envelope, struct sk_delegation *ret_delegation,
		       enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	struct delegation_text text;
	struct sk_delegation d = {0};
	int r = check_site(trust, envelope, SK_TYPE_DELEGATION, ret_refusal);

	if (r != 0)
		return r;
	r = sk_payload_read(&delegation_table, envelope->payload, envelope->payload_size, &text, ret_refusal, diag);
	if (r != 0)
		return r;
	r = read_delegation_text(&text, &d, diag);
	sk_conf_done(&delegation_table, &text);
	if (r == 0)
		*ret_delegation = d;
	return r == SK_BAD ? deny(SK_REFUSED_MALFORMED, ret_refusal) : r;
}

static bool same_revocations(const struct sk_revocations *a, const struct sk_revocations *b)
{
	const struct sk_revoked *x = a->keys.items, *y = b->keys.items;

	if (a->serial != b->serial || a->keys.count != b->keys.count)
		return false;
	for (size_t i = 0; i < a->keys.count; i++)
		if (strcmp(x[i].keyid, y[i].keyid) != 0)
			return false;
	return true;
}

int sk_trust_revoke(struct sk_trust *trust, const struct sk_envelope *envelope, enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	struct sk_revocations list;
	int r = check_site(trust, envelope, SK_TYPE_REVOCATIONS, ret_refusal);

	if (r != 0)
		return r;
	r = sk_payload_read(&revocations_table, envelope->payload, envelope->payload_size, &list, ret_refusal, diag);
	if (r != 0)
		return r;
	if (list.serial > trust->revocations.serial) {
		sk_revocations_done(&trust->revocations);
		trust->revocations = list;
		return 0;
	}
	if (list.serial < trust->revocations.serial)
		r = deny(SK_REFUSED_OLDER, ret_refusal);
	else if (!same_revocations(&list, &trust->revocations))
		r = deny(SK_REFUSED_SAME_SERIAL, ret_refusal);
	sk_revocations_done(&list);
	return r;
}

const char *sk_trust_revoked(const struct sk_trust *trust, const char *keyid)
{
	const struct sk_revoked *keys = trust->revocations.keys.items;

	for (size_t i = 0; i < trust->revocations.keys.count; i++)
		if (strcmp(keys[i].keyid, keyid) == 0)
			return keys[i].reason ? keys[i].reason : "";
	return NULL;
}

static int copy_delegation(const struct sk_delegation *from, struct sk_delegation *to)
{
	char *holder = from->holder ? sk_strdup(from->holder) : NULL;

	if (from->holder && !holder)
		return sk_origin(-ENOMEM);
	*to = *from;
	to->holder = holder;
	return 0;
}

static struct sk_delegation *find_known(const struct sk_trust *trust, const char *keyid)
{
	for (size_t i = 0; i < trust->known_count; i++)
		if (strcmp(trust->known[i].key.id, keyid) == 0)
			return &trust->known[i];
	return NULL;
}

int sk_trust_remember(struct sk_trust *trust, const struct sk_delegation *delegation)
{
	struct sk_delegation *known = find_known(trust, delegation->key.id), copy, *grown;
	int r;

	if (known && known->serial >= delegation->serial)
		return SK_NONE;
	if (!known && trust->known_count == SK_DELEGATIONS_MAX)
		return SK_FULL;
	r = copy_delegation(delegation, &copy);
	if (r != 0)
		return r;
	if (known) {
		sk_delegation_done(known);
		*known = copy;
		return 0;
	}
	grown = sk_realloc_array(trust->known, trust->known_count + 1, sizeof *grown);
	if (!grown) {
		sk_delegation_done(&copy);
		return sk_origin(-ENOMEM);
	}
	trust->known = grown;
	trust->known[trust->known_count++] = copy;
	return 0;
}

static int check_site_signer(const struct sk_trust *trust, const struct sk_envelope *envelope, struct sk_delegation *d,
			     enum sk_refusal *ret_refusal)
{
	int r = sk_envelope_verify(envelope, &trust->site);

	if (r == SK_NONE)
		return deny(SK_REFUSED_DELEGATION, ret_refusal);
	if (r == SK_DENIED)
		return deny(SK_REFUSED_SIGNATURE, ret_refusal);
	d->key = trust->site;
	d->uses = SK_USE_ANY;
	return r;
}

static bool same_delegation(const struct sk_delegation *a, const struct sk_delegation *b)
{
	return a->uses == b->uses && a->not_before == b->not_before && a->expires == b->expires &&
	       strcmp(a->holder ? a->holder : "", b->holder ? b->holder : "") == 0;
}

/* The delegation that governs: the newest of this key, whichever came along. Of two with one serial it is the first; another one says nothing. */
static int governing(const struct sk_trust *trust, struct sk_delegation *d, enum sk_refusal *ret_refusal)
{
	const struct sk_delegation *known = find_known(trust, d->key.id);

	if (!known || known->serial < d->serial)
		return 0;
	if (known->serial == d->serial)
		return same_delegation(known, d) ? 0 : deny(SK_REFUSED_SAME_SERIAL, ret_refusal);
	sk_delegation_done(d);
	return copy_delegation(known, d);
}

static int check_dates(const struct sk_delegation *d, const struct sk_moment *when, enum sk_refusal *ret_refusal, enum sk_refusal *ret_held)
{
	enum sk_refusal refusal = when->now < d->not_before ? SK_REFUSED_DELEGATION_NOT_YET
				  : when->now >= d->expires ? SK_REFUSED_DELEGATION_EXPIRED
							    : SK_ACCEPTED;

	if (refusal == SK_ACCEPTED)
		return 0;
	if (!when->wrong)
		return deny(refusal, ret_refusal);
	if (ret_held)
		*ret_held = refusal;
	return 0;
}

int sk_trust_check(const struct sk_trust *trust, const struct sk_envelope *envelope, enum sk_use use, const struct sk_moment *when,
		   struct sk_delegation *ret_delegation, enum sk_refusal *ret_refusal, enum sk_refusal *ret_held, struct sk_diag *diag)
{
	struct sk_delegation *d = ret_delegation;
	unsigned had;
	int r;

	memset(d, 0, sizeof *d);
	if (!trust->has_site)
		return deny(SK_REFUSED_NO_SITE_KEY, ret_refusal);
	if (envelope->signature_count == 0)
		return deny(SK_REFUSED_UNSIGNED, ret_refusal);
	if (!envelope->delegation)
		return check_site_signer(trust, envelope, d, ret_refusal);
	r = sk_delegation_read(trust, envelope->delegation, d, ret_refusal, diag);
	if (r != 0)
		return r == SK_DENIED && (*ret_refusal == SK_REFUSED_TYPE || *ret_refusal == SK_REFUSED_UNSIGNED || *ret_refusal == SK_REFUSED_SIGNATURE)
			       ? deny(SK_REFUSED_DELEGATION, ret_refusal)
			       : r;
	had = d->uses;
	r = sk_envelope_verify(envelope, &d->key);
	if (r != 0)
		return r == SK_NONE ? deny(SK_REFUSED_UNKNOWN_KEY, ret_refusal) : r == SK_DENIED ? deny(SK_REFUSED_SIGNATURE, ret_refusal) : r;
	r = governing(trust, d, ret_refusal);
	if (r != 0)
		return r;
	if (!(d->uses & use))
		return deny(had & use ? SK_REFUSED_REVOKED : SK_REFUSED_USE, ret_refusal); /* taken back, or never given */
	if (sk_trust_revoked(trust, d->key.id))
		return deny(SK_REFUSED_REVOKED, ret_refusal);
	return check_dates(d, when, ret_refusal, ret_held);
}
