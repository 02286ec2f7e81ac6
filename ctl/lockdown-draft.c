// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown learn, enforce, observe: each writes a draft and nothing else. What is enforced changes when a draft was reviewed, signed and
 * imported (or published); the last lines printed say so.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown-archive.h"
#include "lockdown-packages.h"
#include "os/clock.h"
#include "os/file.h"

enum { PIECE = 1 << 18 };

int lockdown_hash(const struct ctl *ctl, const char *path, struct lockdown_file *ret_file)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ void *space = sk_malloc(PIECE);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ctl_fail_errno(ctl, -errno, path);
	if (!S_ISREG(st.st_mode))
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("%s is not a file", "%s はファイルではありません"), path);
	r = space ? sk_hasher_new(&hasher) : -ENOMEM;
	if (r == 0)
		r = sk_hasher_fd(hasher, fd, space, PIECE, NULL, NULL, ret_file->sha256, &ret_file->size);
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -EIO, path);
	sk_hex(ret_file->sha256, sizeof ret_file->sha256, ret_file->hex);
	return CTL_OK;
}

struct names {
	char org[256], site[256], asset[256], host[65];
};

/* As the enrolment said; a machine that is not enrolled has only its name. */
static struct sk_place machine_place(const struct ctl *ctl, struct names *names)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(65536);
	_cleanup_json_ struct json_object *object = NULL;
	_cleanup_close_ int root = -1;
	struct sk_json at;
	const char *word;

	*names = (struct names){.host = ""};
	if (gethostname(names->host, sizeof names->host) < 0)
		names->host[0] = 0;
	names->host[sizeof names->host - 1] = 0;
	if (sk_dir_open(ctl->root, "", &root) == 0 && sk_file_read(root, SK_PLACE_FILE, 65536, &text) == 0 &&
	    sk_json_parse_object(text.data, text.size, 65536, &object, NULL) == 0) {
		at = SK_JSON(object, "place", NULL);
		if (sk_json_string(&at, "org", 0, sizeof names->org - 1, &word) == 0)
			snprintf(names->org, sizeof names->org, "%s", word);
		if (sk_json_string(&at, "site", 0, sizeof names->site - 1, &word) == 0)
			snprintf(names->site, sizeof names->site, "%s", word);
		if (json_object_object_get_ex(object, "asset", NULL) && sk_json_string(&at, "asset", 0, sizeof names->asset - 1, &word) == 0)
			snprintf(names->asset, sizeof names->asset, "%s", word);
	}
	return (struct sk_place){.org = names->org, .site = names->site, .asset = names->asset, .host = names->host};
}

int lockdown_in_force(const struct ctl *ctl, struct sk_policy_answer *answer, bool *ret_any)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	struct sk_moment when = policy_now();
	struct names names;
	struct sk_place place = machine_place(ctl, &names);
	enum sk_force force;
	int64_t next;
	int r = sk_store_open(ctl->root, POLICY_STORE, &store);

	*ret_any = false;
	if (r)
		return ctl_fail_errno(ctl, r, POLICY_STORE);
	r = sk_store_in_force(store, SK_PART_LOCKDOWN, &place, &when, answer, &force, &next);
	if (r < 0)
		return ctl_fail_errno(ctl, r, POLICY_STORE);
	*ret_any = r == 0;
	return CTL_OK;
}

int lockdown_set(char **text, const char *value)
{
	char *copy = sk_strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

void lockdown_provenance(const char *how, char *out, size_t size)
{
	char time[25];

	snprintf(out, size, "%s %.10s", how, sk_clock_text(sk_clock_ms(), time));
}

int lockdown_write_draft(const struct ctl *ctl, const struct sk_policy *policy, const char *out)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LOCKDOWN_DRAFT_MAX);
	int r = sk_policy_write_draft(policy, &text);

	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "draft");
	r = ctl_write_file(ctl, out ? out : "-", text.data, text.size, false);
	if (r != CTL_OK)
		return r;
	if (!ctl->json)
		fprintf(stderr,
			CTL_T("A draft: nothing changes yet. Review it, then sign it (sekisho policy sign --key FILE --delegation FILE --serial %" PRId64
			      " --out FILE DRAFT) and bring it here (sekisho policy import FILE, or publish it on the console).\n",
			      "下書きを書き出しました。まだ何も変わりません。内容を確認し、署名して（sekisho policy sign --key FILE --delegation FILE --serial %" PRId64
			      " --out FILE 下書き）、この機器に取り込む（sekisho policy import FILE）か、コンソールで公開してください。\n"),
			policy->serial ? policy->serial : 1);
	return CTL_OK;
}

/* The policy in force as a draft for its successor. */
static int successor(const struct ctl *ctl, struct sk_policy_answer *answer)
{
	bool any;
	int r = lockdown_in_force(ctl, answer, &any);

	if (r != CTL_OK)
		return r;
	if (!any)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("no policy is in force here: begin with sekisho lockdown scan",
						      "有効なポリシーがありません。sekisho lockdown scan から始めてください"));
	answer->policy.serial++;
	answer->policy.not_before = answer->policy.expires = 0;
	return CTL_OK;
}

static int tell_draft(const struct ctl *ctl, const struct sk_policy *policy, const char *out)
{
	struct json_object *json;

	if (!ctl->json || !out || strcmp(out, "-") == 0)
		return CTL_OK;
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "written", out) || sk_json_put_u64(json, "programs", policy->lockdown.programs.count) ||
	    sk_json_put_u64(json, "serial", (uint64_t)policy->serial) || sk_json_put_string(json, "mode", sk_mode_names[policy->lockdown.mode]))
		json = sk_json_free(json);
	return ctl_print_json(ctl, json);
}

static int draft_with_mode(struct ctl *ctl, enum sk_mode mode)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	int r = successor(ctl, &answer);

	if (r != CTL_OK)
		return r;
	if (mode == SK_MODE_ENFORCE && answer.policy.lockdown.programs.count == 0)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("the allowlist is empty: enforcing it would stop everything. Use sekisho lockdown scan or learn",
						      "許可リスト（ホワイトリスト）が空です。このまま強制するとすべて止まります。sekisho lockdown scan か learn を使ってください"));
	answer.policy.lockdown.mode = mode;
	r = lockdown_write_draft(ctl, &answer.policy, ctl_option(ctl, "out"));
	return r != CTL_OK ? r : tell_draft(ctl, &answer.policy, ctl_option(ctl, "out"));
}

int lockdown_run_enforce(struct ctl *ctl)
{
	return draft_with_mode(ctl, SK_MODE_ENFORCE);
}

int lockdown_run_observe(struct ctl *ctl)
{
	return draft_with_mode(ctl, SK_MODE_OBSERVE);
}

/* --- learn */

struct learning {
	struct sk_collector collector;
	struct lockdown_packages *packages;
	struct sk_map *origins; /* what the fleet has accepted */
	char provenance[64];
	uint64_t added;
	int r;
};

static int add_learned(struct learning *learning, const struct sk_json *at)
{
	struct sk_program program = {.provenance = learning->provenance};
	const struct lockdown_origin *origin;
	char provenance[128], time[21];
	const char *name;
	uint64_t size = 0, first = 0;
	int r = sk_json_hex(at, "sha256", program.sha256, sizeof program.sha256);

	if (!r)
		r = sk_json_string(at, "name", 0, 4096, &name);
	if (!r)
		r = sk_json_u64(at, "size", 0, SK_JSON_MAX_INT, &size);
	if (r)
		return r;
	program.name = (char *)(name[0] ? name : "?");
	program.size = (int64_t)size;
	program.package = (char *)lockdown_package_of(learning->packages, program.name);
	program.publisher = (char *)lockdown_package_maker(learning->packages, program.package);
	program.version = (char *)lockdown_package_version(learning->packages, program.package);
	if (json_object_object_get_ex(at->value, "first", NULL) && sk_json_u64(at, "first", 0, SK_JSON_MAX_INT, &first) == 0 && first > 0) {
		snprintf(provenance, sizeof provenance, "%s, first used %.10s", learning->provenance, sk_time_text((int64_t)(first / 1000), time));
		program.provenance = provenance;
	}
	origin = learning->origins ? sk_map_get(learning->origins, program.sha256, sizeof program.sha256) : NULL;
	if (origin) {
		program.provenance = origin->provenance;
		program.publisher = origin->publisher ? origin->publisher : program.publisher;
	}
	r = sk_collect_program(&learning->collector, &program);
	learning->added += r == 0;
	return r == SK_NONE ? 0 : r;
}

static int on_learned(void *arg, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *body = NULL;
	struct learning *learning = arg;
	struct sk_json at, list, one;

	learning->r = sk_json_parse_object(frame->body, frame->size, frame->size, &body, NULL);
	if (learning->r)
		return learning->r;
	at = SK_JSON(body, "progress", NULL);
	learning->r = sk_json_array(&at, "programs", 1000, &list);
	for (size_t i = 0; !learning->r && i < sk_json_length(&list); i++) {
		learning->r = sk_json_item_object(&list, i, &one);
		if (!learning->r)
			learning->r = add_learned(learning, &one);
	}
	return learning->r;
}

static int forget(const struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = lockdown_ask(ctl, lockdown_question("forget"), false, NULL, NULL, &answer);

	if (r == CTL_OK && !ctl->json)
		puts(CTL_T("What was seen so far is forgotten: a new learning period begins.", "これまでの記録を消しました。新しい学習期間を開始します。"));
	return r == CTL_OK && ctl->json ? ctl_print_json(ctl, json_object_get(answer)) : r;
}

/* Of this machine, and of what is mounted where lockdown guards. */
static int read_packages(const struct sk_policy *policy, struct lockdown_packages **ret_packages)
{
	const struct sk_strings *scope = &policy->lockdown.scope;
	int r = lockdown_packages_new(ret_packages);

	if (r)
		return r;
	lockdown_packages_read(*ret_packages, "/");
	for (size_t i = 0; i < scope->count; i++)
		if (strcmp(scope->items[i], "/"))
			lockdown_packages_read(*ret_packages, scope->items[i]);
	return 0;
}

int lockdown_run_learn(struct ctl *ctl)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	_cleanup_json_ struct json_object *done = NULL;
	struct learning learning = {.r = 0};
	int r;

	if (ctl_option(ctl, "clear"))
		return forget(ctl);
	lockdown_provenance("learn", learning.provenance, sizeof learning.provenance);
	r = successor(ctl, &answer);
	if (r == CTL_OK && (read_packages(&answer.policy, &learning.packages) || sk_collect_begin(&learning.collector, &answer.policy) != 0))
		r = ctl_fail_errno(ctl, -ENOMEM, "learned");
	if (r == CTL_OK && ctl_option(ctl, "fleet"))
		r = lockdown_origins_new(&learning.origins) ? ctl_fail_errno(ctl, -ENOMEM, "learned") : lockdown_reviewed(ctl, learning.origins);
	if (r == CTL_OK)
		r = lockdown_ask(ctl, lockdown_question("learned"), false, on_learned, &learning, &done);
	sk_collect_end(&learning.collector);
	lockdown_packages_free(learning.packages);
	sk_map_free(learning.origins);
	if (r != CTL_OK)
		return r;
	if (learning.r)
		return ctl_fail_errno(ctl, learning.r < 0 ? learning.r : -EPROTO, "learned");
	fprintf(stderr, CTL_T("%" PRIu64 " programs were seen that are not on the allowlist; they are in the draft.\n",
			      "許可リスト（ホワイトリスト）にないプログラムを %" PRIu64 " 個見つけ、下書きに加えました。\n"), learning.added);
	r = ctl_option(ctl, "group") ? lockdown_write_grouped(ctl, &answer.policy, ctl_option(ctl, "out"))
				     : lockdown_write_draft(ctl, &answer.policy, ctl_option(ctl, "out"));
	return r != CTL_OK ? r : tell_draft(ctl, &answer.policy, ctl_option(ctl, "out"));
}
