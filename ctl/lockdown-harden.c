// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown harden: what the machine itself can refuse to everybody, as files below the root. --check (which is what happens without
 * a word) shows what would be there and whether it is; --apply puts it there; --undo takes it back to the byte. Never done by anything
 * but this call.
 */
#include "lockdown-harden.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const char *const state_words[] = {"absent", "in-place", "different"};

static const char *state_text(enum harden_state state)
{
	if (state == HARDEN_IN_PLACE)
		return CTL_T("in place", "適用済み");
	return state == HARDEN_ABSENT ? CTL_T("not there", "未適用") : CTL_T("would be changed", "変更予定");
}

static void print_content(const struct harden_file *file)
{
	const char *text = file->content.data ? file->content.data : "";

	if (file->kind == HARDEN_LINK)
		printf("    -> %s\n", text);
	while (file->kind != HARDEN_LINK && *text) {
		int size = (int)strcspn(text, "\n");

		printf("    %.*s\n", size, text);
		text += size + (text[size] == '\n');
	}
}

static struct json_object *file_json(const struct harden_file *file, enum harden_state state)
{
	struct json_object *one = json_object_new_object();

	if (!one || sk_json_put_string(one, "path", file->path) || sk_json_put_string(one, "state", state_words[state]) ||
	    sk_json_put_string(one, "content", file->content.data ? file->content.data : ""))
		one = sk_json_free(one);
	return one;
}

struct tally {
	struct json_object *files;
	unsigned missing;
};

static int show_file(const struct ctl *ctl, const struct harden_file *file, struct tally *tally)
{
	enum harden_state state = HARDEN_ABSENT;
	int r = harden_look(ctl, file, &state);

	if (r)
		return ctl_fail_errno(ctl, r, file->path);
	tally->missing += state != HARDEN_IN_PLACE;
	if (ctl->json)
		return sk_json_append(tally->files, file_json(file, state)) ? ctl_fail_errno(ctl, -ENOMEM, "harden") : CTL_OK;
	printf("%s: %s\n", file->path, state_text(state));
	if (state != HARDEN_IN_PLACE)
		print_content(file);
	return CTL_OK;
}

static int check_immutable(const struct ctl *ctl, const struct harden_plan *plan, struct json_object *json, struct tally *tally)
{
	uint64_t set = 0;

	for (size_t i = 0; i < plan->immutable_count; i++) {
		char path[4200];

		snprintf(path, sizeof path, "%s%s", strcmp(ctl->root, "/") ? ctl->root : "", plan->immutable[i]);
		set += harden_is_immutable(path) == 1;
	}
	tally->missing += set < plan->immutable_count;
	if (ctl->json)
		return sk_json_put_u64(json, "known_files", plan->immutable_count) || sk_json_put_u64(json, "immutable", set)
			       ? ctl_fail_errno(ctl, -ENOMEM, "harden")
			       : CTL_OK;
	if (plan->immutable_count)
		printf(CTL_T("known files that are immutable: %llu of %zu\n", "変更不可にした登録済みファイル: %llu / %zu\n"), (unsigned long long)set,
		       plan->immutable_count);
	return CTL_OK;
}

static int check(const struct ctl *ctl, const struct harden_plan *plan)
{
	_cleanup_json_ struct json_object *json = json_object_new_object();
	struct tally tally = {0};
	int r = json && sk_json_put_array(json, "files", &tally.files) == 0 ? CTL_OK : ctl_fail_errno(ctl, -ENOMEM, "harden");

	for (size_t i = 0; i < plan->count && r == CTL_OK; i++)
		r = show_file(ctl, &plan->files[i], &tally);
	r = r == CTL_OK ? check_immutable(ctl, plan, json, &tally) : r;
	if (r == CTL_OK && ctl->json && sk_json_put_u64(json, "missing", tally.missing))
		r = ctl_fail_errno(ctl, -ENOMEM, "harden");
	if (r == CTL_OK && ctl->json)
		r = ctl_print_json(ctl, json_object_get(json));
	return r == CTL_OK && tally.missing ? CTL_FOUND : r;
}

static int tell_done(const struct ctl *ctl, const char *what, const char *words)
{
	struct json_object *json;

	if (!ctl->json) {
		printf("%s\n", words);
		return CTL_OK;
	}
	json = json_object_new_object();
	if (json && sk_json_put_bool(json, what, true))
		json = sk_json_free(json);
	return ctl_print_json(ctl, json);
}

static int apply(const struct ctl *ctl, const struct harden_plan *plan)
{
	int r = harden_apply(ctl, plan);

	return r == CTL_OK ? tell_done(ctl, "applied",
				       CTL_T("Written. It takes effect when the machine starts the next time (known files: now). Back: --undo.",
					     "書き込みました。次の起動から有効です（登録済みファイルの変更不可は直ちに有効）。戻すには --undo。"))
			   : r;
}

int lockdown_run_harden(struct ctl *ctl)
{
	bool does_check = ctl_option(ctl, "check"), does_apply = ctl_option(ctl, "apply"), does_undo = ctl_option(ctl, "undo");
	struct harden_plan *plan;
	int r;

	if (does_check + does_apply + does_undo > 1)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("one of --check, --apply and --undo", "--check、--apply、--undo のいずれか 1 つを指定してください"));
	if (does_undo) {
		r = harden_undo(ctl);
		return r == CTL_OK ? tell_done(ctl, "undone", CTL_T("Taken back, to the byte.", "完全に元へ戻しました。")) : r;
	}
	plan = sk_calloc(1, sizeof *plan);
	if (!plan)
		return ctl_fail_errno(ctl, -ENOMEM, "harden");
	r = harden_make_plan(ctl, plan);
	if (r == CTL_OK)
		r = does_apply ? apply(ctl, plan) : check(ctl, plan);
	harden_plan_done(plan);
	free(plan);
	return r;
}
