// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho fleet programs list|import|review|draft|show: the organisation's list of programs by hash. A draft of one tool (scan, learn) is imported, a person
 * reviews what is new, and every further tool with the same files finds them reviewed; `draft` takes what was accepted into a policy and leaves the rest out.
 */
#include "fleet-programs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "policy/policy.h"
#include "server-call.h"

enum { DRAFT_MAX = 48 << 20, A_CALL = 500, A_PAGE = 1000 };

static const char *org_of(const struct ctl *ctl)
{
	return ctl_option(ctl, "org") ? ctl_option(ctl, "org") : "";
}

static int read_draft(const struct ctl *ctl, const char *path, struct sk_policy *policy)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(DRAFT_MAX);
	struct sk_diag diag = {0};
	int r = ctl_read_file(ctl, path, DRAFT_MAX, &text);

	if (r != CTL_OK)
		return r;
	sk_diag_source(&diag, path);
	r = sk_policy_parse_draft(text.data ? text.data : "", text.size, policy, &diag);
	return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : r ? ctl_fail_errno(ctl, r, path) : CTL_OK;
}

/* --- import */

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static int put_program(struct json_object *list, const struct sk_program *p)
{
	struct json_object *one = json_object_new_object();
	int r = one ? sk_json_append(list, one) : -ENOMEM;
	const struct {
		const char *key, *value;
	} words[] = {{"name", p->name}, {"publisher", p->publisher}, {"package", p->package}, {"version", p->version}, {"provenance", p->provenance},
		     {"kind", sk_program_kind_names[p->kind]}};

	if (!r)
		r = sk_json_put_hex(one, "sha256", p->sha256, sizeof p->sha256);
	for (size_t i = 0; !r && i < SK_ARRAY_SIZE(words); i++)
		r = sk_json_put_string(one, words[i].key, text_of(words[i].value));
	return r ? r : sk_json_put_i64(one, "size", p->size);
}

static const char *const counts[] = {"new", "open", "accepted", "refused"};

static int import_some(const struct ctl *ctl, struct sk_call *call, const struct sk_program *programs, size_t count, uint64_t sums[static 4])
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = server_verb("program.import"), *list;
	const char *endpoint = ctl_option(ctl, "endpoint");
	int r = question ? sk_json_put_string(question, endpoint ? "agent" : "org", endpoint ? endpoint : org_of(ctl)) : -ENOMEM;

	if (!r)
		r = sk_json_put_array(question, "programs", &list);
	for (size_t i = 0; !r && i < count; i++)
		r = put_program(list, &programs[i]);
	if (r) {
		sk_json_free(question);
		return ctl_fail_errno(ctl, r, "programs");
	}
	r = server_ask(ctl, call, question, &answer);
	for (size_t i = 0; r == CTL_OK && i < 4; i++)
		sums[i] += (uint64_t)server_number(answer, counts[i]);
	return r;
}

static int run_import(struct ctl *ctl)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	struct json_object *json = NULL;
	struct sk_call *call = NULL;
	uint64_t sums[4] = {0};
	int r;

	if (ctl->argument_count != 2)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("import DRAFT: the draft of a scan or of learning", "import DRAFT: scan または learn の下書きを指定してください"));
	r = read_draft(ctl, ctl->arguments[1], &policy);
	if (r == CTL_OK)
		r = server_open(ctl, SK_PROTO_FLEET, &call);
	for (size_t at = 0; r == CTL_OK && at < policy.lockdown.programs.count; at += A_CALL)
		r = import_some(ctl, call, sk_policy_programs(&policy) + at, SK_MIN(policy.lockdown.programs.count - at, (size_t)A_CALL), sums);
	sk_call_free(call);
	if (r != CTL_OK)
		return r;
	if (!ctl->json) {
		printf(CTL_T("new %" PRIu64 ", seen and not reviewed %" PRIu64 ", accepted %" PRIu64 ", refused %" PRIu64 "\n",
			     "新規 %" PRIu64 "、確認待ち %" PRIu64 "、承認済み %" PRIu64 "、却下済み %" PRIu64 "\n"), sums[0], sums[1], sums[2], sums[3]);
		return CTL_OK;
	}
	json = json_object_new_object();
	for (size_t i = 0; json && i < 4; i++)
		if (sk_json_put_u64(json, counts[i], sums[i]))
			json = sk_json_free(json);
	return ctl_print_json(ctl, json);
}

/* --- list */

/* All of them, page after page. */
static int each_program(const struct ctl *ctl, const char *decision, int (*each)(void *arg, struct json_object *one), void *arg)
{
	char after[65] = "";
	struct sk_call *call = NULL;
	size_t count = A_PAGE;
	int r = server_open(ctl, SK_PROTO_FLEET, &call);

	while (r == CTL_OK && count == A_PAGE) {
		_cleanup_json_ struct json_object *answer = NULL;
		struct json_object *question = server_verb("program.list"), *list;

		if (!question || sk_json_put_u64(question, "limit", A_PAGE) || (after[0] && sk_json_put_string(question, "after", after)) ||
		    (ctl_option(ctl, "org") && sk_json_put_string(question, "org", ctl_option(ctl, "org"))) ||
		    (decision && sk_json_put_string(question, "decision", decision)) ||
		    (ctl_option(ctl, "text") && sk_json_put_string(question, "text", ctl_option(ctl, "text")))) {
			sk_json_free(question);
			r = ctl_fail_errno(ctl, -ENOMEM, "programs");
			break;
		}
		r = server_ask(ctl, call, question, &answer);
		list = server_member(answer, "programs");
		count = list ? json_object_array_length(list) : 0;
		for (size_t i = 0; r == CTL_OK && i < count; i++) {
			struct json_object *one = json_object_array_get_idx(list, i);

			snprintf(after, sizeof after, "%s", server_text(one, "sha256"));
			if (each(arg, one))
				r = ctl_fail_errno(ctl, -ENOMEM, "programs");
		}
	}
	sk_call_free(call);
	return r;
}

static int print_one(void *arg, struct json_object *one)
{
	(void)arg;
	printf("%.12s  %-8s  %4" PRId64 "  %s  %s%s%s  %s%s%s\n", server_text(one, "sha256"), server_text(one, "decision"), server_number(one, "endpoints"),
	       server_text(one, "name"), server_text(one, "publisher")[0] ? server_text(one, "publisher") : "-", server_text(one, "version")[0] ? " " : "",
	       server_text(one, "version"), server_text(one, "by"), server_text(one, "note")[0] ? ": " : "", server_text(one, "note"));
	return 0;
}

static int collect_one(void *arg, struct json_object *one)
{
	return sk_json_append(arg, json_object_get(one));
}

static int run_list(struct ctl *ctl)
{
	struct json_object *list = ctl->json ? json_object_new_array() : NULL;
	int r = each_program(ctl, ctl_option(ctl, "decision"), ctl->json ? collect_one : print_one, list);

	if (r == CTL_OK && ctl->json)
		return ctl_print_json(ctl, list);
	sk_json_free(list);
	return r;
}

/* --- review */

static int send_review(const struct ctl *ctl, struct sk_call *call, char (*hashes)[65], size_t count)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = server_verb("program.review"), *list;
	const char *decision = ctl_option(ctl, "decision");
	int r = question ? sk_json_put_string(question, "org", org_of(ctl)) : -ENOMEM;

	if (!r)
		r = sk_json_put_string(question, "decision", decision);
	if (!r)
		r = sk_json_put_string(question, "note", ctl_option(ctl, "note") ? ctl_option(ctl, "note") : "");
	if (!r && ctl_option(ctl, "by"))
		r = sk_json_put_string(question, "by", ctl_option(ctl, "by"));
	if (!r)
		r = sk_json_put_array(question, "hashes", &list);
	for (size_t i = 0; !r && i < count; i++)
		r = sk_json_append(list, json_object_new_string(hashes[i]));
	if (r) {
		sk_json_free(question);
		return ctl_fail_errno(ctl, r, "review");
	}
	return server_ask(ctl, call, question, &answer);
}

/* HASH..., or a draft: everything that is in it. */
static int run_review(struct ctl *ctl)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	_cleanup_free_ char (*hashes)[65] = NULL;
	uint8_t hash[SK_SHA256_SIZE];
	struct sk_call *call = NULL;
	size_t count = ctl->argument_count - 1;
	int r = CTL_OK;

	if (!count || !ctl_option(ctl, "decision"))
		return ctl_fail(ctl, CTL_USAGE, CTL_T("review HASH...|DRAFT --decision accepted|refused [--note TEXT]", "review ハッシュ...|DRAFT --decision accepted|refused [--note 理由]"));
	if (sk_unhex(ctl->arguments[1], hash, sizeof hash)) {
		r = read_draft(ctl, ctl->arguments[1], &policy);
		count = policy.lockdown.programs.count;
	}
	hashes = r == CTL_OK ? sk_calloc(count + 1, sizeof *hashes) : NULL;
	if (r == CTL_OK && !hashes)
		return ctl_fail_errno(ctl, -ENOMEM, "review");
	for (size_t i = 0; r == CTL_OK && i < count; i++)
		if (policy.lockdown.programs.count)
			sk_hex(sk_policy_programs(&policy)[i].sha256, SK_SHA256_SIZE, hashes[i]);
		else if (sk_unhex(ctl->arguments[i + 1], hash, sizeof hash))
			r = ctl_fail(ctl, CTL_USAGE, CTL_T("%s is no SHA-256", "%s は SHA-256 ではありません"), ctl->arguments[i + 1]);
		else
			sk_hex(hash, sizeof hash, hashes[i]);
	if (r == CTL_OK)
		r = server_open(ctl, SK_PROTO_FLEET, &call);
	for (size_t at = 0; r == CTL_OK && at < count; at += A_CALL)
		r = send_review(ctl, call, hashes + at, SK_MIN(count - at, (size_t)A_CALL));
	sk_call_free(call);
	if (r == CTL_OK && !ctl->json)
		printf(CTL_T("%zu reviewed: %s\n", "%zu 件を確認しました: %s\n"), count, ctl_option(ctl, "decision"));
	return r;
}

/* --- draft */

static int keep_accepted(void *arg, struct json_object *one)
{
	uint8_t hash[SK_SHA256_SIZE];
	char text[257], when[24];
	char *reason;

	if (sk_unhex(server_text(one, "sha256"), hash, sizeof hash))
		return 0;
	snprintf(text, sizeof text, "fleet review %.10s, %.120s", server_time(server_number(one, "reviewed"), when), server_text(one, "by"));
	reason = sk_strdup(text);
	if (!reason || sk_map_put(arg, hash, sizeof hash, reason)) {
		free(reason);
		return -ENOMEM;
	}
	return 0;
}

static int run_draft(struct ctl *ctl)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	_cleanup_map_ struct sk_map *accepted = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(DRAFT_MAX);
	struct sk_program *programs;
	size_t kept = 0, all;
	int r;

	if (ctl->argument_count != 2)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("draft DRAFT --out FILE", "draft DRAFT --out ファイル"));
	r = read_draft(ctl, ctl->arguments[1], &policy);
	if (r == CTL_OK && sk_map_new(SK_PROGRAMS_MAX * 4, free, &accepted))
		r = ctl_fail_errno(ctl, -ENOMEM, "draft");
	if (r == CTL_OK)
		r = each_program(ctl, "accepted", keep_accepted, accepted);
	if (r != CTL_OK)
		return r;
	programs = policy.lockdown.programs.items;
	all = policy.lockdown.programs.count;
	for (size_t i = 0; i < all; i++) {
		char *reason = sk_map_get(accepted, programs[i].sha256, SK_SHA256_SIZE);
		struct sk_program one = programs[i];

		if (!reason)
			continue;
		programs[i] = programs[kept]; /* what is left out moves behind, and is freed with the list */
		programs[kept] = one;
		free(programs[kept].provenance);
		programs[kept++].provenance = sk_strdup(reason);
	}
	policy.lockdown.programs.count = kept;
	r = sk_policy_write_draft(&policy, &text);
	policy.lockdown.programs.count = all;
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "draft");
	r = ctl_write_file(ctl, ctl_option(ctl, "out") ? ctl_option(ctl, "out") : "-", text.data, text.size, true);
	if (r != CTL_OK)
		return r;
	fprintf(stderr, CTL_T("%zu of %zu programs were accepted by the fleet; %zu are left out.\n", "%zu / %zu 個が承認済みです。%zu 個は除きました。\n"), kept, all, all - kept);
	return kept == all ? CTL_OK : CTL_FOUND;
}

/* --- show */

static int run_show(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *question = server_verb("program.show"), *list;
	char when[24];
	int r;

	if (ctl->argument_count != 2 || !question || sk_json_put_string(question, "org", org_of(ctl)) || sk_json_put_string(question, "sha256", ctl->arguments[1])) {
		sk_json_free(question);
		return ctl_fail(ctl, CTL_USAGE, "show SHA-256");
	}
	r = server_call(ctl, SK_PROTO_FLEET, question, &answer);
	if (r != CTL_OK || ctl->json)
		return r == CTL_OK ? ctl_print_json(ctl, json_object_get(answer)) : r;
	list = server_member(answer, "reviews");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		printf("%s  %-8s  %s: %s\n", server_time(server_number(one, "created"), when), server_text(one, "decision"), server_text(one, "by"), server_text(one, "note"));
	}
	return CTL_OK;
}

int fleet_run_programs(struct ctl *ctl)
{
	static const struct {
		const char *word;
		int (*run)(struct ctl *ctl);
	} rows[] = {{"list", run_list}, {"import", run_import}, {"review", run_review}, {"draft", run_draft}, {"show", run_show}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].word, ctl->arguments[0]))
			return rows[i].run(ctl);
	return ctl_fail(ctl, CTL_USAGE, CTL_T("programs %s: expected list, import, review, draft or show", "programs %s: list、import、review、draft、show のいずれかを指定してください"),
			ctl->arguments[0]);
}
