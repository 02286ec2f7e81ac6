// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho policy bundle, pin, import, status: signed objects in one file, and what this machine holds of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "pass.h"
#include "lockdown.h"
#include "policy.h"
#include "policy/store.h"
#include "wire/json.h"

static int kind_of(const char *type)
{
	if (strcmp(type, SK_TYPE_REVOCATIONS) == 0)
		return SK_BUNDLE_REVOCATIONS;
	if (strcmp(type, SK_TYPE_DELEGATION) == 0)
		return SK_BUNDLE_DELEGATION;
	if (strcmp(type, SK_TYPE_WINDOW) == 0)
		return SK_BUNDLE_WINDOW;
	return strcmp(type, SK_TYPE_POLICY) == 0 ? SK_BUNDLE_POLICY : -1;
}

static int collect(const struct ctl *ctl, const char *path, struct sk_buf *text, struct sk_bundle_item *item)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	int kind, r = policy_read_envelope(ctl, path, NULL, &envelope);

	if (r != CTL_OK)
		return r;
	kind = kind_of(envelope->type);
	if (kind < 0)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("%s: %s does not go into a bundle", "%s: %s はバンドルに入れられません"), path, envelope->type);
	text->max = SK_ENVELOPE_MAX;
	if (sk_envelope_write(envelope, text) != 0)
		return ctl_fail_errno(ctl, -ENOMEM, path);
	*item = (struct sk_bundle_item){(enum sk_bundle_kind)kind, text->data, text->size};
	return CTL_OK;
}

int policy_run_bundle(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(SK_BUNDLE_MAX);
	struct sk_bundle_item items[SK_BUNDLE_ITEMS];
	struct sk_buf texts[SK_BUNDLE_ITEMS] = {{0}};
	struct sk_diag diag = {0};
	int r = CTL_OK, made;

	for (size_t i = 0; i < ctl->argument_count && r == CTL_OK; i++)
		r = collect(ctl, ctl->arguments[i], &texts[i], &items[i]);
	if (r == CTL_OK) {
		made = sk_bundle_write(items, ctl->argument_count, &out, &diag);
		if (made != 0)
			r = made == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, made == SK_FULL ? -EFBIG : made, "bundle");
	}
	for (size_t i = 0; i < ctl->argument_count; i++)
		sk_buf_done(&texts[i]);
	return r != CTL_OK ? r : ctl_write_file(ctl, ctl_option(ctl, "out"), out.data, out.size, false);
}

static int open_store(const struct ctl *ctl, struct sk_policy_store **ret_store)
{
	int r = sk_store_open(ctl->root, POLICY_STORE, ret_store);

	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, CTL_T("the policy store " POLICY_STORE, "ポリシー保管庫 " POLICY_STORE));
}

int policy_read_signed(const struct ctl *ctl, const char *path, struct sk_buf *text, struct sk_policy_store **ret_store)
{
	int r = ctl_read_file(ctl, path, SK_ENVELOPE_MAX, text);

	return r == CTL_OK ? open_store(ctl, ret_store) : r;
}

int policy_run_pin(struct ctl *ctl)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	struct json_object *json;
	struct sk_public site;
	int r = ctl_load_public(ctl, ctl->arguments[0], &site);

	if (r == CTL_OK)
		r = open_store(ctl, &store);
	if (r != CTL_OK)
		return r;
	r = sk_store_pin(store, &site);
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("another site key (%s) is pinned on this machine: remove " POLICY_STORE "/site.pub if it moves to another site",
						      "この機器には別のサイト鍵 (%s) が固定されています。別サイトへ移す場合は " POLICY_STORE "/site.pub を削除してください"),
				sk_store_trust(store)->site.id);
	if (r != 0)
		return ctl_fail_errno(ctl, r, "site.pub");
	if (!ctl->json) {
		printf("%s %s\n", CTL_T("pinned", "固定しました"), site.id);
		return CTL_OK;
	}
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "pinned", site.id) != 0)
		json = sk_json_free(json);
	return ctl_print_json(ctl, json);
}

struct importing {
	const struct ctl *ctl;
	struct sk_policy_store *store;
	struct sk_place place;
	struct sk_moment when;
	struct json_object *results; /* with --json */
	int worst;
};

static int add_result(struct importing *im, const char *path, const struct sk_offer *offer, const char *state)
{
	struct json_object *json = json_object_new_object();
	char hex[65];

	if (!json || sk_json_put_string(json, "file", path) != 0 || sk_json_put_string(json, "type", offer->type) != 0 ||
	    sk_json_put_u64(json, "serial", offer->serial) != 0 || sk_json_put_bool(json, "changed", offer->changed) != 0 ||
	    sk_json_put_string(json, "state", state) != 0 || sk_json_put_string(json, "hash", sk_hex(offer->hash, sizeof offer->hash, hex)) != 0) {
		sk_json_free(json);
		return ctl_fail_errno(im->ctl, -ENOMEM, path);
	}
	return sk_json_append(im->results, json) == 0 ? CTL_OK : CTL_ENVIRONMENT;
}

/* One object. A refusal is told and the rest goes on; what is fatal ends it. */
static int offer(struct importing *im, const char *path, const char *text, size_t size)
{
	struct sk_offer o;
	int r = sk_store_offer(im->store, text, size, &im->place, &im->when, &o);
	bool waits = r == SK_DENIED && o.refusal == SK_REFUSED_NOT_YET;
	char detail[640], number[24] = "";

	if (r < 0)
		return ctl_fail_errno(im->ctl, r, path);
	if (o.serial)
		snprintf(number, sizeof number, "%" PRIu64, o.serial);
	if (r == SK_DENIED && !waits) {
		bool placed = o.diag.path[0] || o.diag.has_offset;

		im->worst = CTL_FOUND;
		fprintf(stderr, "sekisho: %s: %s%s%s%s\n", path, sk_refusal_text(o.refusal, ctl_japanese()), placed ? " (" : "",
			placed ? sk_diag_format(&o.diag, detail, sizeof detail) : "", placed ? ")" : "");
	}
	if (im->results)
		return add_result(im, path, &o, sk_refusal_code(o.refusal));
	if (r == 0 || waits)
		printf("%s: %s %s %s\n", path, strrchr(o.type, '.') ? strrchr(o.type, '.') + 1 : o.type, number,
		       waits	 ? sk_refusal_text(o.refusal, ctl_japanese())
		       : o.changed ? CTL_T("taken", "取り込みました")
				   : CTL_T("was here already", "取り込み済みです"));
	return CTL_OK;
}

static int import_file(struct importing *im, const char *path)
{
	_cleanup_buf_ struct sk_buf data = SK_BUF(0);
	struct sk_diag diag = {0};
	struct sk_bundle bundle;
	int r = ctl_read_file(im->ctl, path, SK_BUNDLE_MAX, &data);

	if (r != CTL_OK)
		return r;
	if (data.size < 4 || memcmp(data.data, "SKB1", 4) != 0)
		return offer(im, path, data.data ? data.data : "", data.size);
	sk_diag_source(&diag, path);
	r = sk_bundle_parse(data.data, data.size, &bundle, &diag);
	if (r != 0)
		return r == SK_BAD ? ctl_fail_diag(im->ctl, &diag) : ctl_fail_errno(im->ctl, r, path);
	for (size_t i = 0; i < bundle.count && r == CTL_OK; i++)
		r = offer(im, path, bundle.items[i].text, bundle.items[i].size);
	return r;
}

int policy_run_import(struct ctl *ctl)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	struct importing im = {.ctl = ctl, .when = policy_now(), .worst = CTL_OK};
	char host[65];
	int r = open_store(ctl, &store);

	im.store = store;
	im.place = policy_place(ctl, host);
	im.results = ctl->json ? json_object_new_array() : NULL;
	for (size_t i = 0; i < ctl->argument_count && r == CTL_OK; i++)
		r = import_file(&im, ctl->arguments[i]);
	if (ctl->json && r == CTL_OK)
		r = ctl_print_json(ctl, SK_TAKE(im.results));
	sk_json_free(im.results);
	return r != CTL_OK ? r : im.worst;
}

static int show_force(const struct ctl *ctl, const struct sk_policy_answer *answer, enum sk_force force, int64_t next)
{
	struct json_object *json;
	char time[21], hex[65];
	int r;

	if (!ctl->json) {
		r = policy_show(ctl, &answer->policy, answer);
		printf("%s%*s %s\n", CTL_PADDED(CTL_T("state", "状態"), 12), lockdown_word(sk_force_name(force)));
		if (next)
			printf("%s%*s %s\n", CTL_PADDED(CTL_T("next change", "次の変化"), 12), sk_time_text(next, time));
		return r != CTL_OK ? r : force == SK_FORCE_GOOD ? CTL_OK : CTL_FOUND;
	}
	json = json_object_new_object();
	if (!json || sk_json_put_u64(json, "serial", (uint64_t)answer->policy.serial) != 0 ||
	    sk_json_put_string(json, "mode", sk_mode_names[answer->policy.lockdown.mode]) != 0 ||
	    sk_json_put_string(json, "state", sk_force_name(force)) != 0 || sk_json_put_string(json, "signer", answer->signer) != 0 ||
	    sk_json_put_u64(json, "programs", answer->policy.lockdown.programs.count) != 0 ||
	    sk_json_put_string(json, "hash", sk_hex(answer->hash, sizeof answer->hash, hex)) != 0 ||
	    (next && sk_json_put_string(json, "next_change", sk_time_text(next, time)) != 0))
		json = sk_json_free(json);
	r = ctl_print_json(ctl, json);
	return r != CTL_OK ? r : force == SK_FORCE_GOOD ? CTL_OK : CTL_FOUND;
}

int policy_run_status(struct ctl *ctl)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_moment when = policy_now();
	struct sk_place place;
	enum sk_force force;
	int64_t next = 0;
	char host[65];
	int r = open_store(ctl, &store);

	if (r != CTL_OK)
		return r;
	place = policy_place(ctl, host);
	r = sk_store_in_force(store, SK_PART_LOCKDOWN, &place, &when, &answer, &force, &next);
	if (r == SK_NONE)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("no policy is in force: import one (sekisho policy import FILE)",
						      "有効なポリシーがありません。取り込んでください（sekisho policy import ファイル）"));
	return r < 0 ? ctl_fail_errno(ctl, r, POLICY_STORE) : show_force(ctl, &answer, force, next);
}
