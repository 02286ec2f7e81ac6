// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown window ask|open|status|close|difference|approve|rollback, code, idle: maintenance at the tool, with or without a network. The agent decides;
 * here is what people type and read. The difference is read from where the recorder left it, grouped by package (dpkg's lists on the guarded file system).
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/phone.h"
#include "lockdown-packages.h"
#include "lockdown-window.h"
#include "lockdown.h"
#include "os/clock.h"
#include "os/file.h"
#include "policy/signed.h"

enum { CHANGES_MAX = 64 << 20, LIST_MAX = 8 << 20, ITEMS_MAX = 120000, WAIT_S = 600 };

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : "";
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? (uint64_t)json_object_get_int64(value) : 0;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static struct json_object *question(const char *what)
{
	struct json_object *out = lockdown_question("window");

	return out && sk_json_put_string(out, "do", what) ? sk_json_free(out) : out;
}

static int ask(const struct ctl *ctl, struct json_object *q, struct json_object **ret_answer)
{
	return lockdown_ask(ctl, q, false, NULL, NULL, ret_answer);
}

static const char *who(const struct ctl *ctl)
{
	const char *by = ctl_option(ctl, "by");

	if (!by)
		by = getenv("SUDO_USER");
	return by ? by : "root";
}

/* --- status */

static const char *phase_text(const char *phase)
{
	static const struct {
		const char *phase, *en, *ja;
	} rows[] = {{"none", "no maintenance window", "保守時間帯はありません"},
		    {"waiting", "a maintenance window waits until the tool is idle", "保守時間帯は装置の待機を待っています"},
		    {"opening", "a maintenance window is being opened: what is there now is being kept", "保守時間帯を開いています。現在の内容を保存中です"},
		    {"open", "a maintenance window is OPEN", "保守時間帯が開いています"},
		    {"closing", "the maintenance window is being closed: the difference is being worked out", "保守時間帯を閉じています。差分を調べています"},
		    {"closed", "the maintenance window is closed; its difference waits: approve or rollback", "保守時間帯は閉じました。差分の承認（approve）または元に戻す操作（rollback）を待っています"},
		    {"approved", "the last maintenance window was approved", "直近の保守時間帯は承認済みです"},
		    {"rolling-back", "what was there before the maintenance window is being put back", "保守時間帯の前の状態に戻しています"},
		    {"rolled-back", "the last maintenance window was rolled back", "直近の保守時間帯は元に戻しました"}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].phase, phase))
			return CTL_T(rows[i].en, rows[i].ja);
	return phase;
}

void lockdown_print_window(struct json_object *w, bool only_when_there)
{
	const char *phase = text_of(w, "phase");
	char when[25];

	if (only_when_there && (!w || !strcmp(phase, "none") || !strcmp(phase, "approved") || !strcmp(phase, "rolled-back")))
		return;
	printf("%s\n", phase_text(phase));
	if (strcmp(phase, "none") && strcmp(phase, "waiting"))
		printf(CTL_T("  number %s, change %s, owner %s, opened by %s, scope %s\n", "  番号 %s、変更番号 %s、装置責任者 %s、開始方法 %s、範囲 %s\n"), text_of(w, "id"),
		       text_of(w, "change")[0] ? text_of(w, "change") : "-", text_of(w, "owner")[0] ? text_of(w, "owner") : "-", lockdown_word(text_of(w, "source")),
		       lockdown_word(text_of(w, "scope")));
	if (!strcmp(phase, "open"))
		printf(CTL_T("  until %s (%" PRIu64 " min left); %" PRIu64 " files became known; kept for rolling back: %" PRIu64 " files, %" PRIu64 " MB\n",
			     "  終了 %s（残り %" PRIu64 " 分）、新たに登録 %" PRIu64 " 個、復元用に保存 %" PRIu64 " 個（%" PRIu64 " MB）\n"),
		       sk_clock_text(number_of(w, "until"), when), number_of(w, "left_s") / 60, number_of(w, "known"), number_of(w, "kept"),
		       number_of(w, "kept_bytes") >> 20);
	if (number_of(w, "not_kept"))
		printf(CTL_T("  %" PRIu64 " files could NOT be kept (no room): rolling back does not cover them\n",
			     "  容量不足のため %" PRIu64 " 個は保存できていません。これらは元に戻せません\n"), number_of(w, "not_kept"));
	if (!strcmp(phase, "closed"))
		printf(CTL_T("  ended by: %s; added %" PRIu64 ", changed %" PRIu64 ", removed %" PRIu64 ": sekisho lockdown window difference\n",
			     "  終了理由 %s、追加 %" PRIu64 "、変更 %" PRIu64 "、削除 %" PRIu64 ": sekisho lockdown window difference\n"),
		       !strcmp(text_of(w, "closed_by"), "expired") ? CTL_T("its time is over", "時間の終了") : lockdown_word(text_of(w, "closed_by")), number_of(w, "added"), number_of(w, "changed"), number_of(w, "removed"));
	if (number_of(w, "provisional"))
		printf(CTL_T("  %" PRIu64 " approved files are known until %s or the next signed policy\n",
			     "  承認済みの %" PRIu64 " 個は %s または次の署名済みポリシーまで有効です\n"), number_of(w, "provisional"),
		       sk_clock_text(number_of(w, "provisional_until"), when));
}

static void print_interlock(struct json_object *lock)
{
	struct json_object *waiting = member(lock, "waiting");

	if (!strcmp(text_of(lock, "source"), "none"))
		return;
	printf(CTL_T("tool idle: %s (told by %s)\n", "装置の待機: %s（判断元 %s）\n"), lockdown_word(text_of(lock, "idle")), lockdown_word(text_of(lock, "source")));
	for (size_t i = 0; waiting && i < json_object_array_length(waiting); i++)
		printf(CTL_T("  waits for it: %s\n", "  待っている変更: %s\n"), lockdown_word(json_object_get_string(json_object_array_get_idx(waiting, i))));
}

static int print_state(const struct ctl *ctl, struct json_object *answer)
{
	if (ctl->json)
		return ctl_print_json(ctl, json_object_get(answer));
	lockdown_print_window(member(answer, "window"), false);
	print_interlock(member(answer, "interlock"));
	return CTL_OK;
}

static int run_status(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ask(ctl, question("status"), &answer);

	return r == CTL_OK ? print_state(ctl, answer) : r;
}

/* Until it is none of the phases that pass by themselves. */
static int wait_phase(const struct ctl *ctl, struct json_object **ret_answer)
{
	static const char *const passing[] = {"opening", "closing", "rolling-back", NULL};
	int r = CTL_OK;

	for (int i = 0; r == CTL_OK && i < WAIT_S * 10; i++) {
		bool passes = false;

		for (int k = 0; passing[k]; k++)
			passes |= !strcmp(text_of(member(*ret_answer, "window"), "phase"), passing[k]);
		if (!passes || ctl_option(ctl, "no-wait"))
			return CTL_OK;
		usleep(100000);
		*ret_answer = sk_json_free(*ret_answer);
		r = ask(ctl, question("status"), ret_answer);
	}
	return r;
}

static int ask_wait_print(const struct ctl *ctl, struct json_object *q)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ask(ctl, q, &answer);

	if (r == CTL_OK)
		r = wait_phase(ctl, &answer);
	return r == CTL_OK ? print_state(ctl, answer) : r;
}

/* --- ask, open, close */

static int run_ask(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	const char *scope = ctl_option(ctl, "scope"), *length = ctl_option(ctl, "for");
	struct json_object *q;
	uint64_t ms;
	int r;

	if (sk_parse_duration(length ? length : "4h", &ms) || ms < 1800000 || ms > (uint64_t)SK_PHONE_HALF_HOURS * 1800000)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("--for takes half an hour to two days: 30m, 4h, 48h", "--for は 30m、4h、48h のように 30 分から 2 日で指定してください"));
	q = question("ask");
	if (q && (sk_json_put_string(q, "scope", scope ? scope : "updaters") || sk_json_put_u64(q, "half_hours", (ms + 1799999) / 1800000)))
		q = sk_json_free(q);
	r = ask(ctl, q, &answer);
	if (r != CTL_OK || ctl->json)
		return r == CTL_OK ? ctl_print_json(ctl, json_object_get(answer)) : r;
	printf(CTL_T("Read this to the desk:\n\n    %s\n\n", "この番号を受付に読み上げてください:\n\n    %s\n\n"), text_of(answer, "challenge"));
	printf(CTL_T("Scope: %s, %" PRIu64 " minutes. Say also the name of this machine, the change number and why.\n"
		     "Then type what the desk reads back: sekisho lockdown code NUMBER --change NUMBER --owner NAME\n",
		     "範囲: %s、%" PRIu64 " 分。機器の名前、変更番号、理由も伝えてください。\n"
		     "続いて、受付が読み上げた番号を入力します: sekisho lockdown code 番号 --change 変更番号 --owner 氏名\n"),
	       text_of(answer, "scope"), number_of(answer, "minutes"));
	return CTL_OK;
}

int lockdown_run_code(struct ctl *ctl)
{
	_cleanup_buf_ struct sk_buf digits = SK_BUF(256);
	struct json_object *q = lockdown_question("code");
	const char *change = ctl_option(ctl, "change"), *owner = ctl_option(ctl, "owner");

	for (size_t i = 0; i < ctl->argument_count; i++)
		if (sk_buf_append_str(&digits, ctl->arguments[i]))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("the answer is too long", "番号が長すぎます"));
	if (q && (sk_buf_append_char(&digits, '\0') || sk_json_put_string(q, "answer", digits.data) || sk_json_put_string(q, "change", change ? change : "") ||
		  sk_json_put_string(q, "owner", owner ? owner : who(ctl))))
		q = sk_json_free(q);
	return ask_wait_print(ctl, q);
}

static int send_window(const struct ctl *ctl, const char *envelope)
{
	struct json_object *q = question("open");

	if (q && sk_json_put_string(q, "envelope", envelope))
		q = sk_json_free(q);
	return ask_wait_print(ctl, q);
}

static int open_file(struct ctl *ctl, const char *path)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);
	int r = ctl_read_file(ctl, path, 1 << 20, &text);

	if (r != CTL_OK)
		return r;
	while (text.size && text.data[text.size - 1] == '\n')
		text.data[--text.size] = 0;
	return send_window(ctl, text.size ? text.data : "");
}

/* Windows that `sekisho policy import` brought. */
struct brought {
	const char *id; /* NULL: all are listed */
	struct json_object *list;
	struct sk_buf found;
	size_t count;
	bool japanese;
};

static int list_window(struct brought *b, const struct sk_signed_answer *answer, const char *state)
{
	const struct sk_signed_head *head = &answer->object.window.head;
	char from[21], until[21];
	struct json_object *one;

	if (!b->list) {
		printf("%s  %s - %s  %s  %s  %s\n", head->id, sk_time_text(head->from, from), sk_time_text(head->until, until), head->change ? head->change : "-",
		       head->owner ? head->owner : "-", answer->refusal ? sk_refusal_text(answer->refusal, b->japanese) : CTL_T("can be opened", "開けます"));
		return 0;
	}
	one = json_object_new_object();
	if (!one || sk_json_append(b->list, one))
		return -ENOMEM;
	return sk_json_put_string(one, "id", head->id) || sk_json_put_i64(one, "from", head->from) || sk_json_put_i64(one, "until", head->until) ||
		       sk_json_put_string(one, "change", head->change ? head->change : "") || sk_json_put_string(one, "owner", head->owner ? head->owner : "") ||
		       sk_json_put_string(one, "state", state)
		       ? -ENOMEM : 0;
}

static int each_window(void *arg, const struct sk_signed_answer *answer, const char *text, size_t size)
{
	struct brought *b = arg;

	b->count++;
	if (!b->id)
		return list_window(b, answer, sk_refusal_code(answer->refusal));
	if (strcmp(answer->object.window.head.id, b->id))
		return 0;
	sk_buf_clear(&b->found);
	if (sk_buf_append(&b->found, text, size) || sk_buf_append_char(&b->found, '\0'))
		return -ENOMEM;
	return answer->refusal ? 0 : SK_END; /* of two with one number the one that can be opened */
}

static int look_through(const struct ctl *ctl, struct brought *b)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	struct sk_moment when = policy_now();
	char host[65];
	struct sk_place place = policy_place(ctl, host);
	int r = sk_store_open(ctl->root, "var/lib/sekisho/policy", &store);

	if (!r)
		r = sk_store_windows(store, &place, &when, each_window, b);
	return r < 0 ? ctl_fail_errno(ctl, r, "windows") : CTL_OK;
}

static int list_brought(const struct ctl *ctl)
{
	struct brought b = {.japanese = ctl_japanese(), .list = ctl->json ? json_object_new_array() : NULL};
	int r = look_through(ctl, &b);

	if (r == CTL_OK && ctl->json)
		return ctl_print_json(ctl, b.list);
	sk_json_free(b.list);
	if (r == CTL_OK && !b.count)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("open FILE|NUMBER: which signed window? None was imported here", "open FILE|番号: 署名済みの保守時間帯を指定してください。取り込み済みのものはありません"));
	return r;
}

static int run_open(struct ctl *ctl)
{
	struct brought b = {.found = SK_BUF(1 << 20)};
	int r;

	if (ctl->argument_count < 2)
		return list_brought(ctl);
	if (access(ctl->arguments[1], F_OK) == 0)
		return open_file(ctl, ctl->arguments[1]);
	b.id = ctl->arguments[1];
	r = look_through(ctl, &b);
	if (r == CTL_OK)
		r = b.found.size ? send_window(ctl, b.found.data)
				 : ctl_fail(ctl, CTL_FOUND, CTL_T("%s: no such file, and no window of this number was imported", "%s: そのファイルも、その番号の取り込み済み保守時間帯もありません"), b.id);
	sk_buf_done(&b.found);
	return r;
}

static int run_simple(struct ctl *ctl, const char *what)
{
	struct json_object *q = question(what);

	if (q && sk_json_put_string(q, "by", who(ctl)))
		q = sk_json_free(q);
	return ask_wait_print(ctl, q);
}

/* --- the difference */

struct change {
	struct json_object *item;
	char path[4096];
	const char *package; /* of `packages`; "" = no package's */
};

struct difference {
	struct json_object *tree;
	struct lockdown_packages *packages;
	struct change *list;
	size_t count;
};

static void difference_done(struct difference *d)
{
	sk_json_free(d->tree);
	lockdown_packages_free(d->packages);
	free(d->list);
}

static int by_package(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	int r = strcmp(x->package, y->package);

	return r ? r : strcmp(x->path, y->path);
}

static int group(struct difference *d, struct json_object *scope)
{
	struct sk_json at = SK_JSON(d->tree, "changes", NULL), items, one;
	int r = sk_json_array(&at, "items", ITEMS_MAX, &items);
	size_t size;

	if (r)
		return r;
	d->list = sk_calloc(sk_json_length(&items) + 1, sizeof *d->list);
	if (!d->list || lockdown_packages_new(&d->packages))
		return -ENOMEM;
	for (size_t i = 0; scope && i < json_object_array_length(scope); i++) {
		const char *top = text_of(json_object_array_get_idx(scope, i), "path");

		lockdown_packages_read(d->packages, top);
	}
	for (size_t i = 0; i < sk_json_length(&items); i++) {
		struct change *change = &d->list[d->count];

		if (sk_json_item_object(&items, i, &one) || sk_json_base64(&one, "path", change->path, sizeof change->path - 1, &size))
			continue;
		change->item = one.value;
		change->package = lockdown_package_of(d->packages, change->path);
		if (!change->package)
			change->package = "";
		d->count++;
	}
	qsort(d->list, d->count, sizeof *d->list, by_package);
	return 0;
}

static int load_difference(const struct ctl *ctl, struct difference *d)
{
	_cleanup_json_ struct json_object *answer = NULL, *status = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(CHANGES_MAX);
	_cleanup_close_ int root = -1;
	struct sk_diag diag = {0};
	char path[256];
	int r = ask(ctl, question("status"), &answer);

	if (r == CTL_OK)
		r = lockdown_ask(ctl, lockdown_question("status"), false, NULL, NULL, &status);
	if (r != CTL_OK)
		return r;
	snprintf(path, sizeof path, "var/lib/sekisho/window/%s/changes.json", text_of(member(answer, "window"), "id"));
	r = sk_dir_open(ctl->root, "", &root);
	if (!r)
		r = sk_file_read(root, path, CHANGES_MAX, &text);
	if (r == SK_NONE)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("there is no difference to show: no window was closed", "差分はありません。閉じた保守時間帯がありません"));
	if (!r)
		r = sk_json_parse_object(text.data, text.size, CHANGES_MAX, &d->tree, &diag);
	if (!r)
		r = group(d, member(status, "scope"));
	return r ? ctl_fail_errno(ctl, r < 0 ? r : -EBADMSG, path) : CTL_OK;
}

static const char *change_word(const char *change)
{
	if (!strcmp(change, "added"))
		return CTL_T("added  ", "追加");
	if (!strcmp(change, "attributes"))
		return CTL_T("rights ", "権限"); /* its content is what it was */
	return !strcmp(change, "changed") ? CTL_T("changed", "変更") : CTL_T("removed", "削除");
}

static const char *kind_word(const char *kind)
{
	if (kind[0] == 'l')
		return CTL_T("library", "ライブラリー");
	return kind[0] == 's' ? CTL_T("script ", "スクリプト") : CTL_T("program", "プログラム");
}

static void print_path(const char *path)
{
	for (; *path; path++)
		putchar((unsigned char)*path < ' ' || *path == 127 ? '?' : *path);
}

static void print_difference(const struct difference *d)
{
	const char *package = NULL;
	size_t others = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct change *change = &d->list[i];
		bool trusted = json_object_get_boolean(member(change->item, "trusted")), gone = !strcmp(text_of(change->item, "change"), "removed");
		bool known = gone || !strcmp(text_of(change->item, "change"), "attributes");

		if (!package || strcmp(package, change->package)) {
			package = change->package;
			printf("%s\n", package[0] ? package : CTL_T("(of no package)", "（パッケージ外）"));
		}
		printf("  %s  %s  %s ", change_word(text_of(change->item, "change")), kind_word(text_of(change->item, "kind")),
		       trusted || known ? " " : "!");
		print_path(change->path);
		if (json_object_get_boolean(member(change->item, "privileged")))
			printf(CTL_T("  (gives rights: set-uid or capabilities)", "  （権限付与: set-uid またはケーパビリティ）"));
		putchar('\n');
		others += !trusted && !known;
	}
	printf(CTL_T("added %" PRIu64 ", changed %" PRIu64 ", removed %" PRIu64 "\n", "追加 %" PRIu64 "、変更 %" PRIu64 "、削除 %" PRIu64 "\n"),
	       number_of(d->tree, "added"), number_of(d->tree, "changed"), number_of(d->tree, "removed"));
	if (others)
		printf(CTL_T("! %zu were not written by a trusted updater: approving leaves them unknown\n", "! %zu 個は信頼する更新プログラムが書いたものではなく、承認しても未登録のままです\n"),
		       others);
}

/* For other programs: paths as text where they are text. */
static struct json_object *difference_json(const struct difference *d)
{
	struct json_object *out = json_object_new_object(), *list;
	int r = out ? sk_json_put_array(out, "items", &list) : -ENOMEM;

	for (size_t i = 0; !r && i < d->count; i++) {
		struct json_object *one = json_object_new_object();

		r = one ? sk_json_append(list, one) : -ENOMEM;
		if (!r)
			r = sk_json_put_bytes(one, "path", d->list[i].path, strlen(d->list[i].path));
		if (!r)
			r = sk_json_put_string(one, "package", d->list[i].package);
		if (!r)
			r = sk_json_put_string(one, "change", text_of(d->list[i].item, "change"));
		if (!r)
			r = sk_json_put_string(one, "kind", text_of(d->list[i].item, "kind"));
		if (!r)
			r = sk_json_put_bool(one, "privileged", json_object_get_boolean(member(d->list[i].item, "privileged")));
		if (!r)
			r = sk_json_put_bool(one, "trusted", json_object_get_boolean(member(d->list[i].item, "trusted")));
		if (!r)
			r = sk_json_put_string(one, "sha256", text_of(d->list[i].item, "sha256"));
	}
	if (!r)
		r = sk_json_put_u64(out, "added", number_of(d->tree, "added"));
	if (!r)
		r = sk_json_put_u64(out, "changed", number_of(d->tree, "changed"));
	if (!r)
		r = sk_json_put_u64(out, "removed", number_of(d->tree, "removed"));
	return r ? sk_json_free(out) : out;
}

static int run_difference(struct ctl *ctl)
{
	_cleanup_(difference_done) struct difference d = {0};
	int r = load_difference(ctl, &d);

	if (r != CTL_OK)
		return r;
	if (ctl->json)
		return ctl_print_json(ctl, difference_json(&d));
	print_difference(&d);
	return CTL_OK;
}

/* --- approve: what was approved, as the draft of the next policy */

static int add_change(struct sk_policy *policy, const struct change *change, const char *provenance, bool all)
{
	static const int kinds[] = {['p'] = SK_PROGRAM, ['l'] = SK_LIBRARY, ['s'] = SK_SCRIPT};
	struct sk_program program = {.name = (char *)change->path, .provenance = (char *)provenance,
				     .package = change->package[0] ? (char *)change->package : NULL};
	const char *kind = text_of(change->item, "kind"), *hash = text_of(change->item, "sha256");
	int r;

	if (!hash[0] || (!all && !json_object_get_boolean(member(change->item, "trusted"))) || sk_unhex(hash, program.sha256, sizeof program.sha256))
		return 0;
	if (!sk_utf8_valid(change->path, strlen(change->path), NULL))
		program.name = (char *)"?";
	program.size = (int64_t)number_of(change->item, "size");
	program.kind = strchr("pls", kind[0]) && kind[0] ? kinds[(unsigned char)kind[0]] : SK_PROGRAM;
	r = sk_policy_add_program(policy, &program);
	return r == SK_NONE ? 0 : r;
}

static int write_successor(const struct ctl *ctl, const struct difference *d, bool all)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	char provenance[64];
	bool any;
	int r = lockdown_in_force(ctl, &policy, &any);

	if (r != CTL_OK || !any)
		return r;
	lockdown_provenance("window", provenance, sizeof provenance);
	for (size_t i = 0; i < d->count; i++)
		if (add_change(&policy.policy, &d->list[i], provenance, all))
			return ctl_fail_errno(ctl, -ENOMEM, "draft");
	policy.policy.serial++;
	policy.policy.not_before = policy.policy.expires = 0;
	return lockdown_write_draft(ctl, &policy.policy, ctl_option(ctl, "out"));
}

static int run_approve(struct ctl *ctl)
{
	_cleanup_(difference_done) struct difference d = {0};
	_cleanup_json_ struct json_object *answer = NULL;
	bool all = ctl_option(ctl, "all") != NULL;
	struct json_object *q;
	int r = load_difference(ctl, &d);

	if (r != CTL_OK)
		return r;
	q = question("approve");
	if (q && (sk_json_put_string(q, "by", who(ctl)) || sk_json_put_bool(q, "all", all)))
		q = sk_json_free(q);
	r = ask(ctl, q, &answer);
	if (r == CTL_OK && ctl_option(ctl, "out"))
		r = write_successor(ctl, &d, all);
	return r == CTL_OK ? print_state(ctl, answer) : r;
}

static int run_close(struct ctl *ctl)
{
	return run_simple(ctl, "close");
}

static int run_rollback(struct ctl *ctl)
{
	return run_simple(ctl, "rollback");
}

int lockdown_run_window(struct ctl *ctl)
{
	static const struct {
		const char *word;
		int (*run)(struct ctl *ctl);
	} rows[] = {{"status", run_status}, {"ask", run_ask},         {"open", run_open},        {"close", run_close},
		    {"difference", run_difference}, {"approve", run_approve}, {"rollback", run_rollback}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].word, ctl->arguments[0]))
			return rows[i].run(ctl);
	return ctl_fail(ctl, CTL_USAGE, CTL_T("window %s: expected status, ask, open, close, difference, approve or rollback",
					      "window %s: status、ask、open、close、difference、approve、rollback のいずれかを指定してください"), ctl->arguments[0]);
}

/* --- idle */

int lockdown_run_idle(struct ctl *ctl)
{
	bool yes = !strcmp(ctl->arguments[0], "yes");
	struct json_object *q = lockdown_question("idle");

	if (!yes && strcmp(ctl->arguments[0], "no")) {
		sk_json_free(q);
		return ctl_fail(ctl, CTL_USAGE, CTL_T("idle takes yes or no", "idle には yes または no を指定してください"));
	}
	if (q && (sk_json_put_bool(q, "idle", yes) || sk_json_put_string(q, "by", who(ctl))))
		q = sk_json_free(q);
	return ask_wait_print(ctl, q);
}
