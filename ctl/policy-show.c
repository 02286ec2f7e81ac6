// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho policy show: what is in a policy, a delegation, a revocation list, a bundle, a public key; for people or as JSON. Verifies nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "policy.h"
#include "wire/json.h"

int policy_refused(const struct ctl *ctl, const char *path, enum sk_refusal refusal, const struct sk_diag *diag)
{
	const char *text = sk_refusal_text(refusal, ctl_japanese());
	struct json_object *json;

	fprintf(stderr, "sekisho: %s: %s", path, text);
	if (diag->path[0] || diag->has_offset) {
		char place[640];

		fprintf(stderr, " (%s)", sk_diag_format(diag, place, sizeof place));
	}
	fputc('\n', stderr);
	if (!ctl->json)
		return CTL_FOUND;
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "refused", sk_refusal_code(refusal)) != 0 || sk_json_put_string(json, "text", text) != 0 ||
	    sk_json_put_string(json, "path", diag->path) != 0 || sk_json_put_string(json, "detail", diag->text) != 0)
		json = sk_json_free(json);
	ctl_print_json(ctl, json);
	return CTL_FOUND;
}

static void print_list(const char *name, const struct sk_strings *list)
{
	if (list->count == 0)
		return;
	printf("%s%*s", CTL_PADDED(name, 12));
	for (size_t i = 0; i < list->count; i++)
		printf("%s%s", i ? ", " : " ", list->items[i]);
	printf("\n");
}

static void print_lockdown(const struct sk_lockdown *lockdown)
{
	printf("%s%*s %s, failure %s, %" PRId64 " ms\n", CTL_PADDED(CTL_T("mode", "モード"), 12), sk_mode_names[lockdown->mode],
	       sk_failure_names[lockdown->failure], lockdown->deadline_ms);
	print_list(CTL_T("scope", "対象範囲"), &lockdown->scope);
	printf("%s%*s %zu\n", CTL_PADDED(CTL_T("programs", "プログラム"), 12), lockdown->programs.count);
}

static void print_gateway(const struct sk_gateway *gateway)
{
	const struct sk_conduit *list = gateway->conduits.items;

	printf("%s%*s %zu\n", CTL_PADDED(CTL_T("zones", "ゾーン"), 12), gateway->zones.count);
	for (size_t i = 0; i < gateway->conduits.count; i++)
		printf("%s%*s %s: %s -> %s, %s, %s\n", CTL_PADDED(i ? "" : CTL_T("conduits", "コンジット"), 12), list[i].name, list[i].from, list[i].to,
		       sk_flow_action_names[list[i].action], sk_watch_names[list[i].mode]);
	printf("%s%*s %s, %s\n", CTL_PADDED(CTL_T("otherwise", "その他"), 12), sk_flow_action_names[gateway->otherwise_action],
	       sk_watch_names[gateway->otherwise_mode]);
}

static void print_policy(const struct sk_policy *policy, const struct sk_policy_answer *answer)
{
	char a[21], b[21], hex[65];

	printf("%s%*s %s %" PRId64 "\n", CTL_PADDED("policy", 12), sk_part_names[policy->part], policy->serial);
	if (policy->not_before)
		printf("%s%*s %s - %s\n", CTL_PADDED(CTL_T("valid", "有効期間"), 12), sk_time_text(policy->not_before, a), sk_time_text(policy->expires, b));
	if (policy->title)
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("title", "題名"), 12), policy->title);
	if (policy->change)
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("change", "変更番号"), 12), policy->change);
	if (policy->owner)
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("owner", "責任者"), 12), policy->owner);
	print_list(CTL_T("approvers", "承認者"), &policy->approvers);
	print_list("org", &policy->labels.org);
	print_list("site", &policy->labels.site);
	print_list("asset", &policy->labels.asset);
	print_list("host", &policy->labels.host);
	if (policy->part == SK_PART_GATEWAY)
		print_gateway(&policy->gateway);
	else
		print_lockdown(&policy->lockdown);
	if (answer) {
		printf("%s%*s %s%s%s\n", CTL_PADDED(CTL_T("signed by", "署名者"), 12), answer->signer, answer->delegation.holder ? " " : "",
		       answer->delegation.holder ? answer->delegation.holder : "");
		printf("%s%*s %s\n", CTL_PADDED("SHA-256", 12), sk_hex(answer->hash, sizeof answer->hash, hex));
		if (answer->held != SK_ACCEPTED)
			printf("%s%*s %s\n", CTL_PADDED(CTL_T("dates held", "日付保留"), 12), sk_refusal_text(answer->held, ctl_japanese()));
	}
}

/* The payload itself is JSON: it is shown as it is, in {"policy": ...}. */
static struct json_object *policy_json(const struct sk_policy *policy, const struct sk_policy_answer *answer)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PAYLOAD_MAX);
	struct json_object *json = json_object_new_object(), *payload = NULL;
	bool good = json && sk_policy_write_payload(policy, &text) == 0 && sk_json_parse(text.data, text.size, SK_PAYLOAD_MAX, &payload, NULL) == 0 &&
		    sk_json_put(json, "policy", payload) == 0;

	if (good && answer)
		good = sk_json_put_string(json, "signer", answer->signer) == 0 && sk_json_put_hex(json, "hash", answer->hash, sizeof answer->hash) == 0 &&
		       sk_json_put_string(json, "held", answer->held ? sk_refusal_code(answer->held) : "") == 0;
	return good ? json : sk_json_free(json);
}

int policy_show(const struct ctl *ctl, const struct sk_policy *policy, const struct sk_policy_answer *answer)
{
	if (ctl->json)
		return ctl_print_json(ctl, policy_json(policy, answer));
	print_policy(policy, answer);
	return CTL_OK;
}

/* Anything signed: its type, its signers, its payload. */
static struct json_object *envelope_json(const struct sk_envelope *envelope)
{
	struct json_object *json = json_object_new_object(), *payload = NULL, *signers;
	bool good = json && sk_json_put_string(json, "type", envelope->type) == 0 && sk_json_put_array(json, "signers", &signers) == 0;

	for (size_t i = 0; good && i < envelope->signature_count; i++)
		good = sk_json_append(signers, json_object_new_string(envelope->signatures[i].keyid)) == 0;
	if (good && sk_json_parse(envelope->payload, envelope->payload_size, SK_PAYLOAD_MAX, &payload, NULL) == 0)
		good = sk_json_put(json, "payload", payload) == 0;
	if (good && envelope->delegation)
		good = sk_json_put(json, "delegation", envelope_json(envelope->delegation)) == 0;
	return good ? json : sk_json_free(json);
}

static void print_other(const struct sk_envelope *envelope)
{
	printf("%s\n", envelope->type);
	for (size_t i = 0; i < envelope->signature_count; i++)
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("signed by", "署名者"), 12), envelope->signatures[i].keyid);
	fwrite(envelope->payload, 1, envelope->payload_size, stdout);
	printf("\n");
}

static int show_envelope(const struct ctl *ctl, const char *path, const char *text, size_t size)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_policy_ struct sk_policy policy = {0};
	union sk_signed_object object;
	enum sk_signed_kind kind;
	struct sk_diag diag = {0};
	enum sk_refusal refusal;
	int r;

	sk_diag_source(&diag, path);
	r = sk_envelope_parse(text, size, &envelope, &diag);
	if (r == SK_BAD)
		return ctl_fail_diag(ctl, &diag);
	if (r != 0)
		return ctl_fail_errno(ctl, r, path);
	if (ctl->json)
		return ctl_print_json(ctl, envelope_json(envelope));
	if (strcmp(envelope->type, SK_TYPE_POLICY) == 0 &&
	    sk_policy_read_payload(envelope->payload, envelope->payload_size, &policy, &refusal, NULL) == 0) {
		print_policy(&policy, NULL);
		for (size_t i = 0; i < envelope->signature_count; i++)
			printf("%s%*s %s\n", CTL_PADDED(CTL_T("signed by", "署名者"), 12), envelope->signatures[i].keyid);
		return CTL_OK;
	}
	if (sk_signed_kind_of_type(envelope->type, &kind) == 0 &&
	    sk_signed_read_payload(kind, envelope->payload, envelope->payload_size, &object, &refusal, NULL) == 0) {
		policy_print_signed(kind, &object);
		sk_signed_done(kind, &object);
		for (size_t i = 0; i < envelope->signature_count; i++)
			printf("%s%*s %s\n", CTL_PADDED(CTL_T("signed by", "署名者"), 12), envelope->signatures[i].keyid);
		return CTL_OK;
	}
	print_other(envelope);
	return CTL_OK;
}

static int show_bundle_json(const struct ctl *ctl, const struct sk_bundle *bundle)
{
	struct json_object *json = json_object_new_object(), *items = NULL;
	bool good = json && sk_json_put_array(json, "items", &items) == 0;

	for (size_t i = 0; good && i < bundle->count; i++) {
		_cleanup_envelope_ struct sk_envelope *envelope = NULL;

		good = sk_envelope_parse(bundle->items[i].text, bundle->items[i].size, &envelope, NULL) == 0 &&
		       sk_json_append(items, envelope_json(envelope)) == 0;
	}
	return ctl_print_json(ctl, good ? json : sk_json_free(json));
}

static int show_bundle(const struct ctl *ctl, const char *path, const void *data, size_t size)
{
	struct sk_diag diag = {0};
	struct sk_bundle bundle;
	int r;

	sk_diag_source(&diag, path);
	r = sk_bundle_parse(data, size, &bundle, &diag);
	if (r != 0)
		return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r, path);
	if (ctl->json)
		return show_bundle_json(ctl, &bundle);
	for (size_t i = 0; i < bundle.count && r == CTL_OK; i++) {
		printf("%s[%zu]\n", i ? "\n" : "", i);
		r = show_envelope(ctl, path, bundle.items[i].text, bundle.items[i].size);
	}
	return r;
}

static int show_public(const struct ctl *ctl, const struct sk_public *key)
{
	struct json_object *json;

	if (!ctl->json) {
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("key id", "鍵 ID"), 12), key->id);
		return CTL_OK;
	}
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "keyid", key->id) != 0)
		json = sk_json_free(json);
	return ctl_print_json(ctl, json);
}

int policy_run_show(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	const char *path = ctl->arguments[0];
	struct sk_public public;
	int r = ctl_read_file(ctl, path, SK_BUNDLE_MAX, &text);

	if (r != CTL_OK)
		return r;
	if (text.size >= 4 && memcmp(text.data, "SKB1", 4) == 0)
		return show_bundle(ctl, path, text.data, text.size);
	if (text.size && sk_public_parse(text.data, text.size, NULL, &public) == 0)
		return show_public(ctl, &public);
	return show_envelope(ctl, path, text.data ? text.data : "", text.size);
}
