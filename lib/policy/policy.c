// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a policy is: its table, drafts, payloads, programs, and whether it is complete enough to be signed. A part that gets policies adds its
 * section to `rows` and its rules to sk_policy_ready().
 */
#include "policy/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/node.h"
#include "policy/payload.h"

const char *const sk_part_names[] = {"lockdown", NULL};
const char *const sk_mode_names[] = {"observe", "learn", "enforce", NULL};
const char *const sk_failure_names[] = {"allow", "deny", NULL};

static const struct sk_setting program_rows[] = {
	{"sha256", SK_KIND_HASH, SK_AT(struct sk_program, sha256), .required = true, .en = "What decides: SHA-256 of the file's content.",
	 .ja = "判定の基準。ファイル内容の SHA-256。"},
	{"name", SK_KIND_STRING, SK_AT(struct sk_program, name), .min = 1, .max = 4096, .en = "Where it was found; for people, never decides.",
	 .ja = "見つかった場所。表示用で、判定には使わない。"},
	{"size", SK_KIND_INT, SK_AT(struct sk_program, size), .en = "Bytes; 0 = not recorded.", .ja = "バイト数。0 は記録なし。"},
	{"publisher", SK_KIND_STRING, SK_AT(struct sk_program, publisher), .min = 1, .max = 256, .en = "Package or maker.",
	 .ja = "パッケージまたは製造元。"},
	{"provenance", SK_KIND_STRING, SK_AT(struct sk_program, provenance), .min = 1, .max = 256,
	 .en = "How it came on the list: scan, learn, allow, with date or request.", .ja = "登録の経緯。scan、learn、allow と日付や申請番号。"},
	{"note", SK_KIND_STRING, SK_AT(struct sk_program, note), .min = 1, .max = 1024, .en = "Anything else.", .ja = "備考。"},
	{0}};

const struct sk_table sk_program_table = {"program", sizeof(struct sk_program), program_rows, "A program that may start.",
					  "実行を許可するプログラム。"};

#define LABEL(field, what_en, what_ja)                                                                                                \
	{                                                                                                                             \
		"labels." #field, SK_KIND_STRINGS, SK_AT(struct sk_policy, labels.field), .max = 256, .item_max = 128, .en = what_en,  \
		.ja = what_ja                                                                                                         \
	}

static const struct sk_setting policy_rows[] = {
	{"part", SK_KIND_ENUM, SK_AT(struct sk_policy, part), .names = sk_part_names, .required = true, .en = "Which part it is for.",
	 .ja = "対象の機能。"},
	{"serial", SK_KIND_INT, SK_AT(struct sk_policy, serial), .en = "Of two policies of a part the higher serial counts; may not go down.",
	 .ja = "シリアル番号。大きいものが有効で、小さくすることはできない。"},
	{"not_before", SK_KIND_TIME, SK_AT(struct sk_policy, not_before), .en = "From when it is in force.", .ja = "有効期間の開始日時。"},
	{"expires", SK_KIND_TIME, SK_AT(struct sk_policy, expires), .en = "Until when; then the last good policy stays.",
	 .ja = "有効期限。切れた後は最後の有効なポリシーを維持する。"},
	{"title", SK_KIND_STRING, SK_AT(struct sk_policy, title), .min = 1, .max = 256, .en = "What it is for.", .ja = "目的。"},
	{"change", SK_KIND_STRING, SK_AT(struct sk_policy, change), .min = 1, .max = 128, .en = "Change number.", .ja = "変更管理番号。"},
	{"owner", SK_KIND_STRING, SK_AT(struct sk_policy, owner), .min = 1, .max = 128, .en = "Who answers for it.", .ja = "責任者。"},
	{"approvers", SK_KIND_STRINGS, SK_AT(struct sk_policy, approvers), .max = 8, .item_max = 128, .en = "Who approved it.", .ja = "承認者。"},
	LABEL(org, "Organisations it is for; none = any. A name may end in *.", "対象の組織。空はすべて。末尾に * を使える。"),
	LABEL(site, "Sites it is for.", "対象のサイト。"),
	LABEL(asset, "Equipment ids it is for.", "対象の装置 ID。"),
	LABEL(host, "Host names it is for.", "対象のホスト名。"),
	{"lockdown.mode", SK_KIND_ENUM, SK_AT(struct sk_policy, lockdown.mode), .names = sk_mode_names, .required = true,
	 .en = "observe: report; learn: report as candidates; enforce: deny what is not listed.",
	 .ja = "observe は報告のみ、learn は候補として報告、enforce は未登録を拒否。"},
	{"lockdown.scope", SK_KIND_PATHS, SK_AT(struct sk_policy, lockdown.scope), .max = SK_SCOPE_MAX,
	 .en = "Mount points of the file systems that are guarded.", .ja = "保護するファイルシステムのマウントポイント。"},
	{"lockdown.failure", SK_KIND_ENUM, SK_AT(struct sk_policy, lockdown.failure), .names = sk_failure_names, .fallback = "allow",
	 .en = "Answer when the deadline passes or the guard is gone.", .ja = "期限超過時や監視停止時の応答。"},
	{"lockdown.deadline_ms", SK_KIND_INT, SK_AT(struct sk_policy, lockdown.deadline_ms), .min = 10, .max = 60000, .fallback = "200",
	 .en = "Milliseconds until the failure setting answers; hashing that goes on extends it.",
	 .ja = "failure の設定で応答するまでのミリ秒。ハッシュ計算が進む間は延長する。"},
	{"lockdown.programs", SK_KIND_RECORDS, SK_AT(struct sk_policy, lockdown.programs), .max = SK_PROGRAMS_MAX, .inner = &sk_program_table,
	 .en = "The allowlist.", .ja = "許可リスト（ホワイトリスト）。"},
	{0}};

const struct sk_table sk_policy_table = {"policy", sizeof(struct sk_policy), policy_rows, "What a part enforces.", "各機能が適用する内容。"};

void sk_policy_done(struct sk_policy *policy)
{
	sk_conf_done(&sk_policy_table, policy);
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(((const struct sk_program *)a)->sha256, ((const struct sk_program *)b)->sha256, SK_SHA256_SIZE);
}

/* Sorted, one of each hash: copies of one file need one entry. */
static void normalise(struct sk_records *programs)
{
	struct sk_program *list = programs->items;
	size_t kept = 0;

	if (programs->count < 2)
		return;
	qsort(list, programs->count, sizeof *list, by_hash);
	for (size_t i = 1; i < programs->count; i++)
		if (by_hash(&list[kept], &list[i]) == 0)
			sk_conf_done(&sk_program_table, &list[i]);
		else
			list[++kept] = list[i];
	programs->count = kept + 1;
}

int sk_policy_parse_draft(const char *text, size_t size, struct sk_policy *ret_policy, struct sk_diag *diag)
{
	struct sk_policy policy;
	int r = sk_conf_parse(&sk_policy_table, text, size, &policy, diag);

	if (r != 0)
		return r;
	normalise(&policy.lockdown.programs);
	*ret_policy = policy;
	return 0;
}

int sk_policy_write_draft(const struct sk_policy *policy, struct sk_buf *out)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_object(arena, &sk_policy_table, policy, false, &root);
	return r != 0 ? r : sk_node_yaml(root, out);
}

int sk_policy_write_payload(const struct sk_policy *policy, struct sk_buf *out)
{
	return sk_payload_write(&sk_policy_table, policy, out);
}

static int check_sorted(const struct sk_policy *policy, struct sk_diag *diag)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	char path[64];

	for (size_t i = 1; i < policy->lockdown.programs.count; i++)
		if (by_hash(&list[i - 1], &list[i]) >= 0) {
			snprintf(path, sizeof path, "lockdown.programs[%zu].sha256", i);
			return sk_diag_path(diag, path, "the list is not sorted by hash, or has one twice");
		}
	return 0;
}

int sk_policy_read_payload(const char *text, size_t size, struct sk_policy *ret_policy, enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	struct sk_policy policy;
	int r = sk_payload_read(&sk_policy_table, text, size, &policy, ret_refusal, diag);

	if (r != 0)
		return r;
	if (check_sorted(&policy, diag) != 0) {
		sk_policy_done(&policy);
		*ret_refusal = SK_REFUSED_NOT_CANONICAL;
		return SK_DENIED;
	}
	*ret_policy = policy;
	return 0;
}

/* The place of a hash, or where it would go. */
static size_t place_of(const struct sk_policy *policy, const uint8_t *sha256, bool *ret_found)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	size_t low = 0, high = policy->lockdown.programs.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(list[middle].sha256, sha256, SK_SHA256_SIZE);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

const struct sk_program *sk_policy_find_program(const struct sk_policy *policy, const uint8_t sha256[static SK_SHA256_SIZE])
{
	bool found;
	size_t at = place_of(policy, sha256, &found);

	return found ? (const struct sk_program *)policy->lockdown.programs.items + at : NULL;
}

static int copy_text(const char *from, char **to)
{
	*to = from ? sk_strdup(from) : NULL;
	return from && !*to ? sk_origin(-ENOMEM) : 0;
}

static int copy_program(const struct sk_program *from, struct sk_program *to)
{
	int r;

	*to = (struct sk_program){.size = from->size};
	memcpy(to->sha256, from->sha256, SK_SHA256_SIZE);
	r = copy_text(from->name, &to->name);
	if (r == 0)
		r = copy_text(from->publisher, &to->publisher);
	if (r == 0)
		r = copy_text(from->provenance, &to->provenance);
	if (r == 0)
		r = copy_text(from->note, &to->note);
	if (r != 0)
		sk_conf_done(&sk_program_table, to);
	return r;
}

int sk_policy_add_program(struct sk_policy *policy, const struct sk_program *program)
{
	struct sk_records *list = &policy->lockdown.programs;
	struct sk_program copy, *grown;
	bool found;
	size_t at = place_of(policy, program->sha256, &found);
	int r;

	if (found)
		return SK_NONE;
	if (list->count >= SK_PROGRAMS_MAX)
		return SK_FULL;
	r = copy_program(program, &copy);
	if (r != 0)
		return r;
	grown = sk_realloc_array(list->items, list->count + 1, sizeof *grown);
	if (!grown) {
		sk_conf_done(&sk_program_table, &copy);
		return sk_origin(-ENOMEM);
	}
	list->items = grown;
	memmove(grown + at + 1, grown + at, (list->count - at) * sizeof *grown);
	grown[at] = copy;
	list->count++;
	return 0;
}

static int not_ready(enum sk_refusal refusal, enum sk_refusal *ret_refusal)
{
	*ret_refusal = refusal;
	return SK_BAD;
}

int sk_policy_ready(const struct sk_policy *policy, enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	const struct sk_lockdown *lockdown = &policy->lockdown;

	if (policy->serial < 1) {
		sk_diag_path(diag, "serial", "is missing: it starts at 1 and goes up with each policy");
		return not_ready(SK_REFUSED_MALFORMED, ret_refusal);
	}
	if (policy->not_before <= 0 || policy->expires <= policy->not_before) {
		sk_diag_path(diag, policy->not_before <= 0 ? "not_before" : "expires", "is missing, or not after not_before");
		return not_ready(SK_REFUSED_MALFORMED, ret_refusal);
	}
	if (lockdown->mode == SK_MODE_ENFORCE && (lockdown->programs.count == 0 || lockdown->scope.count == 0)) {
		sk_diag_path(diag, lockdown->scope.count ? "lockdown.programs" : "lockdown.scope", "is empty: there is nothing to enforce");
		return not_ready(SK_REFUSED_EMPTY, ret_refusal);
	}
	return 0;
}

int sk_policy_sign(const struct sk_policy *policy, const struct sk_private *key, const struct sk_envelope *delegation,
		   struct sk_envelope **ret_envelope, struct sk_diag *diag)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf payload = SK_BUF(SK_PAYLOAD_MAX), text = SK_BUF(SK_ENVELOPE_MAX);
	enum sk_refusal refusal;
	int r = sk_policy_ready(policy, &refusal, diag);

	if (r == 0)
		r = check_sorted(policy, diag);
	if (r == 0)
		r = sk_policy_write_payload(policy, &payload);
	if (r == SK_FULL)
		return sk_diag_path(diag, "lockdown.programs", "the policy is larger than %u bytes", SK_PAYLOAD_MAX);
	if (r == 0)
		r = sk_envelope_new(SK_TYPE_POLICY, payload.data, payload.size, &envelope);
	if (r == 0)
		r = sk_envelope_sign(envelope, key);
	if (r == 0 && delegation) {
		r = sk_envelope_write(delegation, &text);
		if (r == 0)
			r = sk_envelope_parse(text.data, text.size, &envelope->delegation, diag);
	}
	if (r == 0)
		*ret_envelope = SK_TAKE(envelope);
	return r;
}

static int compare_hash(const void *a, const void *b)
{
	return memcmp(a, b, SK_SHA256_SIZE);
}

int sk_allowlist_make(const struct sk_policy *policy, struct sk_allowlist *ret_list)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	size_t count = policy->lockdown.programs.count;
	uint8_t(*hashes)[SK_SHA256_SIZE] = sk_calloc(count, sizeof *hashes);

	if (!hashes)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < count; i++)
		memcpy(hashes[i], list[i].sha256, SK_SHA256_SIZE);
	*ret_list = (struct sk_allowlist){hashes, count};
	return 0;
}

bool sk_allowlist_has(const struct sk_allowlist *list, const uint8_t sha256[static SK_SHA256_SIZE])
{
	return list->count && bsearch(sha256, list->hashes, list->count, SK_SHA256_SIZE, compare_hash);
}

void sk_allowlist_done(struct sk_allowlist *list)
{
	free(list->hashes);
	*list = (struct sk_allowlist){0};
}
