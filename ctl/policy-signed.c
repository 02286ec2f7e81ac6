// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho policy sign|check|draft --kind window|release|manifest|pass, and what show and verify say of such objects. The tables of lib/policy decide what
 * they are; this file owns only how they meet files and people.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pass.h"
#include "policy.h"
#include "wire/json.h"

int policy_signed_kind(const struct ctl *ctl, int *ret_kind)
{
	const char *name = ctl_option(ctl, "kind");
	enum sk_signed_kind kind;

	*ret_kind = -1;
	if (!name || strcmp(name, "policy") == 0)
		return CTL_OK;
	if (sk_signed_kind_find(name, &kind) != 0)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--kind %s: expected policy, window, release, manifest or pass",
						      "--kind %s: policy、window、release、manifest、pass のいずれかを指定してください"), name);
	*ret_kind = (int)kind;
	return CTL_OK;
}

static void print_list(const char *name, const struct sk_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		printf("%s%*s %s\n", CTL_PADDED(i ? "" : name, 12), list->items[i]);
}

static void print_text(const char *name, const char *text)
{
	if (text)
		printf("%s%*s %s\n", CTL_PADDED(name, 12), text);
}

static void print_pass(const struct sk_pass *pass)
{
	static const char *const results[] = {"good", "found", "waived", "skipped"};
	const struct sk_pass_check *checks = pass->checks.items;

	print_text(CTL_T("maker", "製造元"), pass->maker);
	print_text(CTL_T("model", "型式"), pass->model);
	print_text(CTL_T("serial", "製造番号"), pass->serial);
	print_text(CTL_T("inspector", "検査者"), pass->inspector);
	for (size_t i = 0; i < pass->checks.count; i++)
		printf("%s%*s %s: %s%s%s\n", CTL_PADDED(i ? "" : CTL_T("checks", "検査"), 12), checks[i].name, results[checks[i].result], checks[i].with ? ", " : "",
		       checks[i].with ? checks[i].with : "");
}

static void print_own(enum sk_signed_kind kind, const union sk_signed_object *object)
{
	static const char *const actions[] = {"remove", "stop", "replace"};

	switch (kind) {
	case SK_SIGNED_WINDOW:
		print_text(CTL_T("consent", "同意"), object->window.vendor_consent);
		printf("%s%*s %zu\n", CTL_PADDED(CTL_T("updaters", "更新プログラム"), 12), object->window.updaters.count);
		break;
	case SK_SIGNED_RELEASE:
		print_text(CTL_T("action", "操作"), actions[object->release.action]);
		print_text(CTL_T("reason", "理由"), object->release.reason);
		break;
	case SK_SIGNED_MANIFEST:
		print_text(CTL_T("vendor", "ベンダー"), object->manifest.vendor);
		print_text(CTL_T("product", "製品"), object->manifest.product);
		print_text(CTL_T("version", "版"), object->manifest.version);
		printf("%s%*s %zu\n", CTL_PADDED(CTL_T("programs", "プログラム"), 12), object->manifest.programs.count);
		break;
	default:
		print_pass(&object->pass);
	}
}

void policy_print_signed(enum sk_signed_kind kind, const union sk_signed_object *object)
{
	const struct sk_signed_head *head = &object->head;
	char a[21], b[21];

	printf("%s%*s %s\n", CTL_PADDED(sk_signed_kinds[kind].name, 12), head->id);
	if (head->from)
		printf("%s%*s %s - %s\n", CTL_PADDED(CTL_T("valid", "有効期間"), 12), sk_time_text(head->from, a), head->until ? sk_time_text(head->until, b) : "");
	print_text(CTL_T("title", "題名"), head->title);
	print_text(CTL_T("change", "変更番号"), head->change);
	print_text(CTL_T("owner", "責任者"), head->owner);
	print_list(CTL_T("approvers", "承認者"), &head->approvers);
	print_list("org", &head->labels.org);
	print_list("site", &head->labels.site);
	print_list("asset", &head->labels.asset);
	print_list("host", &head->labels.host);
	print_own(kind, object);
	print_text(CTL_T("note", "備考"), head->note);
}

/* {"window": payload, "signer", "hash", "held"} */
static struct json_object *signed_json(enum sk_signed_kind kind, const union sk_signed_object *object, const struct sk_signed_answer *answer)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PAYLOAD_MAX);
	struct json_object *json = json_object_new_object(), *payload = NULL;
	bool good = json && sk_signed_write_payload(kind, object, &text) == 0 &&
		    sk_json_parse(text.data, text.size, SK_PAYLOAD_MAX, &payload, NULL) == 0 && sk_json_put(json, sk_signed_kinds[kind].name, payload) == 0;

	if (good && answer)
		good = sk_json_put_string(json, "signer", answer->signer) == 0 && sk_json_put_hex(json, "hash", answer->hash, sizeof answer->hash) == 0 &&
		       sk_json_put_string(json, "held", answer->held ? sk_refusal_code(answer->held) : "") == 0;
	return good ? json : sk_json_free(json);
}

static int show(const struct ctl *ctl, enum sk_signed_kind kind, const union sk_signed_object *object, const struct sk_signed_answer *answer)
{
	if (ctl->json)
		return ctl_print_json(ctl, signed_json(kind, object, answer));
	policy_print_signed(kind, object);
	if (answer)
		printf("%s%*s %s%s%s\n", CTL_PADDED(CTL_T("signed by", "署名者"), 12), answer->signer, answer->delegation.holder ? " " : "",
		       answer->delegation.holder ? answer->delegation.holder : "");
	return CTL_OK;
}

static int read_draft(const struct ctl *ctl, enum sk_signed_kind kind, union sk_signed_object *ret_object)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_diag diag = {0};
	int r = ctl_read_file(ctl, ctl->arguments[0], SK_CONF_MAX, &text);

	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, ctl->arguments[0]);
	r = sk_signed_parse_draft(kind, text.data ? text.data : "", text.size, ret_object, &diag);
	return r == 0 ? CTL_OK : r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, ctl->arguments[0]);
}

int policy_signed_check(struct ctl *ctl, enum sk_signed_kind kind)
{
	union sk_signed_object object = {0};
	int r = read_draft(ctl, kind, &object);

	if (r == CTL_OK)
		r = show(ctl, kind, &object, NULL);
	sk_signed_done(kind, &object);
	return r;
}

int policy_signed_sign(struct ctl *ctl, enum sk_signed_kind kind, const struct sk_private *key, const struct sk_envelope *delegation, int64_t from,
		       int64_t until, struct sk_envelope **ret_envelope, char id[static 129])
{
	union sk_signed_object object = {0};
	struct sk_diag diag = {0};
	int r = read_draft(ctl, kind, &object);

	if (r != CTL_OK)
		return r;
	if (!object.head.from || ctl_option(ctl, "from"))
		object.head.from = from;
	if ((!object.head.until && kind != SK_SIGNED_MANIFEST) || ctl_option(ctl, "until") || ctl_option(ctl, "days"))
		object.head.until = until;
	snprintf(id, 129, "%s", object.head.id);
	sk_diag_source(&diag, ctl->arguments[0]);
	r = sk_signed_sign(kind, &object, key, delegation, ret_envelope, &diag);
	sk_signed_done(kind, &object);
	return r == 0 ? CTL_OK : r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, "sign");
}

int policy_signed_verify(const struct ctl *ctl, const struct sk_trust *trust, const struct sk_moment *when, const char *text, size_t size)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	struct sk_signed_question q = {.trust = trust, .when = *when};
	char host[65], name[129], key[SK_PUBLIC_TEXT_SIZE];
	struct sk_vendor vendor = {name, key};
	struct sk_records vendors = {&vendor, 1};
	struct sk_public public;
	int r;

	q.place = policy_place(ctl, host);
	if (ctl_option(ctl, "vendor-pub")) {
		if (!ctl_option(ctl, "vendor"))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--vendor-pub needs --vendor NAME", "--vendor-pub には --vendor NAME が必要です"));
		r = ctl_load_public(ctl, ctl_option(ctl, "vendor-pub"), &public);
		if (r != CTL_OK)
			return r;
		snprintf(name, sizeof name, "%s", ctl_option(ctl, "vendor"));
		sk_public_text(&public, key);
		q.vendors = &vendors;
	}
	r = sk_signed_verify(-1, &q, text, size, &answer);
	if (r < 0)
		return ctl_fail_errno(ctl, r, ctl->arguments[0]);
	if (r == SK_DENIED)
		return policy_refused(ctl, ctl->arguments[0], answer.refusal, &answer.diag);
	return show(ctl, answer.kind, &answer.object, &answer);
}

int policy_signed_draft(struct ctl *ctl, enum sk_signed_kind kind, const struct sk_envelope *envelope, struct sk_buf *out)
{
	union sk_signed_object object = {0};
	struct sk_diag diag = {0};
	enum sk_refusal refusal;
	int r;

	if (!envelope)
		return sk_conf_example(sk_signed_kinds[kind].table, ctl_japanese(), out) == 0 ? CTL_OK : ctl_fail_errno(ctl, -ENOMEM, "draft");
	sk_diag_source(&diag, ctl->arguments[0]);
	r = sk_signed_read_payload(kind, envelope->payload, envelope->payload_size, &object, &refusal, &diag);
	if (r == SK_DENIED)
		return policy_refused(ctl, ctl->arguments[0], refusal, &diag);
	if (r == 0)
		r = sk_signed_write_draft(kind, &object, out);
	sk_signed_done(kind, &object);
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, "draft");
}
