// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Signed passes of removable media (sekisho lockdown accept), kept where the policies are: passes/HASH.ska. Nothing is believed because it lies there: each is
 * verified again whenever the rules for media are made, and when one begins or ends. A rule with `pass: true` lets a medium in only with one of them;
 * who compares is the duty media, which sees serial numbers and superblocks.
 *
 *   CALL {"verb":"pass","pass":base64} -> RESULT {"id","serial","until","state"}      CALL {"verb":"pass","remove":id} -> RESULT {"removed":n}
 *   CALL {"verb":"passes"} -> RESULT {"passes":[{"id","serial","uuid","from","until","inspector","signer","state"}]}
 *
 * state: valid, expired, not-yet, clock-wrong (its dates cannot be judged), or why it is refused ("revoked", ...).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/clerk/clerk.h"
#include "os/file.h"
#include "policy/signed.h"

enum { PASS_MAX_BYTES = 256 << 10, PASSES_MAX = 256, KEPT_AFTER_S = 30 * 86400, LOOK_MAX_S = 3600 };

struct judged {
	struct sk_signed_answer answer;
	const char *state; /* NULL: nothing is known of it, it is not ours */
	char name[72];     /* its file */
};

static void judged_done(struct judged *one)
{
	sk_signed_answer_done(&one->answer);
}

static int judge(struct clerk *c, const char *envelope, size_t size, struct judged *out)
{
	struct sk_signed_question question = {.trust = sk_store_trust(c->store), .when = lk_moment(c), .place = lk_place(c)};
	int r = sk_signed_verify(SK_SIGNED_PASS, &question, envelope, size, &out->answer);

	out->state = NULL;
	if (r == SK_DENIED && out->answer.has_object)
		out->state = sk_refusal_code(out->answer.refusal);
	else if (r == 0)
		out->state = question.when.wrong ? "clock-wrong" : "valid";
	return r < 0 ? r : 0;
}

static int put_pass(struct json_object *list, const struct judged *one)
{
	const struct sk_pass *pass = &one->answer.object.pass;
	struct json_object *out = json_object_new_object();

	if (sk_json_append(list, out))
		return -ENOMEM;
	if (sk_json_put_string(out, "id", pass->head.id) || sk_json_put_string(out, "serial", pass->serial) ||
	    sk_json_put_string(out, "uuid", pass->uuid ? pass->uuid : "") || sk_json_put_i64(out, "from", pass->head.from * 1000) ||
	    sk_json_put_i64(out, "until", pass->head.until * 1000) || sk_json_put_string(out, "inspector", pass->inspector) ||
	    sk_json_put_string(out, "signer", one->answer.signer))
		return -ENOMEM;
	return sk_json_put_string(out, "state", one->state);
}

/* Each that lies there and is a medium's; an answer other than 0 ends it. */
static int each_pass(struct clerk *c, int (*each)(struct clerk *c, void *arg, struct judged *one), void *arg)
{
	const struct dirent *entry;
	int fd = -1, r = sk_open_in(c->ctx->root_dir, LOCKDOWN_PASSES, O_RDONLY | O_DIRECTORY, 0, &fd), seen = 0;
	DIR *folder = r ? NULL : fdopendir(fd);

	if (!folder) {
		sk_close_p(&fd);
		return r == SK_NONE ? 0 : r;
	}
	for (r = 0; r == 0 && seen < 2 * PASSES_MAX && (entry = readdir(folder)); seen++) {
		_cleanup_buf_ struct sk_buf text = SK_BUF(2 * PASS_MAX_BYTES);
		_cleanup_(judged_done) struct judged one = {.state = NULL};

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof one.name || sk_file_read(dirfd(folder), entry->d_name, PASS_MAX_BYTES, &text))
			continue;
		snprintf(one.name, sizeof one.name, "%.71s", entry->d_name);
		if (judge(c, text.size ? text.data : "", text.size, &one) == 0 && one.state && one.answer.object.pass.subject == SK_PASS_MEDIUM)
			r = each(c, arg, &one);
	}
	closedir(folder);
	return r;
}

/* --- for the rules */

struct rules {
	struct json_object *list;
	int64_t now, next;
};

static void sooner(struct rules *rules, int64_t time)
{
	if (time > rules->now && (!rules->next || time < rules->next))
		rules->next = time;
}

static int put_rule(struct clerk *c, void *arg, struct judged *one)
{
	static const char *const told[] = {"valid", "expired", "not-yet", "clock-wrong"};
	const struct sk_pass *pass = &one->answer.object.pass;
	struct rules *rules = arg;
	struct json_object *out;

	(void)c;
	sooner(rules, pass->head.from);
	sooner(rules, pass->head.until);
	for (size_t i = 0; i < SK_ARRAY_SIZE(told); i++) {
		if (strcmp(told[i], one->state) || json_object_array_length(rules->list) >= PASSES_MAX)
			continue;
		out = json_object_new_object();
		if (sk_json_append(rules->list, out) || sk_json_put_string(out, "serial", pass->serial) ||
		    sk_json_put_string(out, "uuid", pass->uuid ? pass->uuid : "") || sk_json_put_string(out, "state", told[i]))
			return -ENOMEM;
	}
	return 0;
}

static void on_dates(void *arg)
{
	if (lk_passes_renew(arg))
		lk_media_send(arg);
}

bool lk_passes_renew(struct clerk *c)
{
	struct rules rules = {.list = json_object_new_array(), .now = lk_moment(c).now};
	struct json_object *before;
	bool same;

	if (!c->media.rules || !rules.list || each_pass(c, put_rule, &rules)) {
		sk_json_free(rules.list);
		return false;
	}
	before = json_object_object_get(c->media.rules, "passes");
	same = before && json_object_equal(before, rules.list);
	if (rules.next && c->media.pass_dates) /* a clock that is set is noticed within the hour */
		sk_timer_arm(c->media.pass_dates, (uint64_t)SK_MIN(rules.next - rules.now, (int64_t)LOOK_MAX_S) * 1000 + 50);
	if (same)
		sk_json_free(rules.list);
	else if (sk_json_put(c->media.rules, "passes", rules.list))
		return false;
	return !same;
}

int lk_passes_open(struct clerk *c)
{
	return sk_watch_timer(c->loop, on_dates, c, &c->media.pass_dates);
}

/* --- the calls */

struct keeping {
	uint64_t count;
	const char *remove; /* an id; NULL = what ended long ago */
	uint64_t removed;
};

static int sort_out(struct clerk *c, void *arg, struct judged *one)
{
	const struct sk_pass *pass = &one->answer.object.pass;
	struct keeping *keeping = arg;
	bool gone = keeping->remove ? !strcmp(keeping->remove, pass->head.id)
				    : !strcmp(one->state, "expired") && pass->head.until + KEPT_AFTER_S < lk_moment(c).now;
	char path[160];

	keeping->count += !gone;
	if (!gone)
		return 0;
	snprintf(path, sizeof path, "%s/%s", LOCKDOWN_PASSES, one->name);
	if (sk_file_remove(c->ctx->root_dir, path) == 0)
		keeping->removed++;
	return 0;
}

/* In the folder under the hash of what was signed: the same again is the same file. */
static int keep(struct clerk *c, const struct judged *one, const char *envelope, size_t size, struct sk_diag *diag)
{
	struct keeping keeping = {0};
	char hex[2 * SK_SHA256_SIZE + 1], path[160];
	int r = each_pass(c, sort_out, &keeping);

	if (!r && keeping.count >= PASSES_MAX)
		return sk_diag_path(diag, "", "%d passes are kept already: remove one first", PASSES_MAX);
	snprintf(path, sizeof path, "%s/%s.ska", LOCKDOWN_PASSES, sk_hex(one->answer.hash, sizeof one->answer.hash, hex));
	return r ? r : sk_file_replace("pass.keep", c->ctx->root_dir, path, envelope, size, 0600);
}

static int take(struct clerk *c, const struct sk_json *at, struct json_object **ret_result)
{
	_cleanup_buf_ struct sk_buf object = SK_BUF(PASS_MAX_BYTES);
	_cleanup_(judged_done) struct judged one = {.state = NULL};
	struct json_object *out;
	size_t size = 0;
	char *space;
	int r = sk_buf_reserve(&object, PASS_MAX_BYTES, &space);

	if (!r)
		r = sk_json_base64(at, "pass", space, PASS_MAX_BYTES, &size);
	if (r)
		return r;
	r = judge(c, space, size, &one);
	if (r)
		return r;
	if (!one.state || strcmp(one.state, "valid")) {
		if (one.state && !strcmp(one.state, "clock-wrong"))
			return sk_diag_path(at->diag, "", "the clock of this machine is wrong: set it first, a pass ends by it");
		return sk_diag_path(at->diag, "", "the pass is refused: %s", sk_refusal_text(one.answer.refusal, false));
	}
	if (one.answer.object.pass.subject != SK_PASS_MEDIUM)
		return sk_diag_path(at->diag, "", "this pass is for a machine: only those of media are kept here");
	r = keep(c, &one, space, size, at->diag);
	if (r)
		return r;
	sk_log(SK_LOG_NOTICE, "pass %s for %s is kept", one.answer.object.pass.head.id, one.answer.object.pass.serial);
	out = json_object_new_object();
	if (!out || sk_json_put_string(out, "id", one.answer.object.pass.head.id) || sk_json_put_string(out, "serial", one.answer.object.pass.serial) ||
	    sk_json_put_i64(out, "until", one.answer.object.pass.head.until * 1000) || sk_json_put_string(out, "state", one.state))
		out = sk_json_free(out);
	*ret_result = out;
	return 0;
}

static int remove_by_id(struct clerk *c, const struct sk_json *at, struct json_object **ret_result)
{
	struct keeping keeping = {.remove = NULL};
	struct json_object *out;
	int r = sk_json_string(at, "remove", 1, 256, &keeping.remove);

	if (!r)
		r = each_pass(c, sort_out, &keeping);
	if (r)
		return r;
	if (!keeping.removed)
		return sk_diag_path(at->diag, "", "no pass %s is kept here", keeping.remove);
	out = json_object_new_object();
	*ret_result = out && sk_json_put_u64(out, "removed", keeping.removed) ? sk_json_free(out) : out;
	return 0;
}

static int list_pass(struct clerk *c, void *arg, struct judged *one)
{
	(void)c;
	return put_pass(arg, one);
}

static int list_all(struct clerk *c, struct json_object **ret_result)
{
	struct json_object *out = json_object_new_object(), *list;
	int r = out ? sk_json_put_array(out, "passes", &list) : -ENOMEM;

	if (!r)
		r = each_pass(c, list_pass, list);
	*ret_result = r ? sk_json_free(out) : out;
	return r;
}

int lk_passes_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result)
{
	int r;

	if (!sk_json_has(at, "pass") && !sk_json_has(at, "remove"))
		return list_all(c, ret_result);
	r = sk_json_has(at, "remove") ? remove_by_id(c, at, ret_result) : take(c, at, ret_result);
	if (r == 0 && lk_passes_renew(c))
		lk_media_send(c);
	return r;
}
