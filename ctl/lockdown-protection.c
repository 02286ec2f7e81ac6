// SPDX-License-Identifier: GPL-3.0-or-later
/* The part of `sekisho lockdown status` that says what protects and what does not: tier, hooks, classes that are not stopped. */
#include "lockdown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event/attack.h"

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_string(value) : "";
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? (uint64_t)json_object_get_int64(value) : 0;
}

static size_t length_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

static const char *tier_word(const char *tier)
{
	if (!strcmp(tier, "A"))
		return CTL_T("tier A: BPF LSM and fanotify", "保護段階 A: BPF LSM と fanotify");
	if (!strcmp(tier, "B"))
		return CTL_T("tier B: tracing programs and fanotify", "保護段階 B: トレース用プログラムと fanotify");
	return CTL_T("tier C: fanotify alone", "保護段階 C: fanotify のみ");
}

static const char *subject_word(const char *subject)
{
	if (!strcmp(subject, "machine"))
		return CTL_T("every process of the machine", "この機器のすべてのプロセス");
	if (!strcmp(subject, "cgroup"))
		return CTL_T("the processes of one cgroup", "指定した cgroup のプロセス");
	return CTL_T("no process", "なし");
}

static void print_hooks(struct json_object *list)
{
	for (size_t i = 0; i < length_of(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *error = text_of(one, "error");

		printf("  %-24s %s%s%s\n", text_of(one, "name"), lockdown_word(text_of(one, "state")), error[0] ? ": " : "", error);
	}
}

/* Those of one claim, under a heading of their own. */
static void print_claim(struct json_object *list, const char *claim, const char *heading)
{
	bool begun = false;

	for (size_t i = 0; i < length_of(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (strcmp(text_of(one, "claim"), claim))
			continue;
		if (!begun)
			printf("  %s:\n", heading);
		begun = true;
		printf("    %-20s %s\n", text_of(one, "id"), text_of(one, CTL_T("en", "ja")));
	}
}

static void print_classes(struct json_object *status)
{
	struct json_object *later = member(status, "not_stopped_in_enforce"), *list = later ? later : member(status, "not_stopped");

	if (later)
		printf(CTL_T("in this mode nothing is stopped; enforce would stop %zu of %d attack classes", "このモードでは何も阻止しません。強制モードで阻止する攻撃分類: %zu / %d"),
		       (size_t)(SK_ATTACKS - 1) - length_of(list), SK_ATTACKS - 1);
	else
		printf(CTL_T("stopped here: %zu of %d attack classes", "阻止する攻撃分類: %zu / %d"), (size_t)(SK_ATTACKS - 1) - length_of(list), SK_ATTACKS - 1);
	puts(length_of(list) ? CTL_T("; not stopped:", "。阻止しないもの:") : "");
	print_claim(list, "noticed", CTL_T("reported when it happens", "発生時に報告するもの"));
	print_claim(list, "restrained", CTL_T("stopped only for processes under a restraint (sekisho lockdown exec, harden)", "制限をかけたプロセスでのみ阻止するもの（sekisho lockdown exec、harden）"));
	print_claim(list, "open", CTL_T("open", "阻止も報告もしないもの"));
}

static void print_without_effect(struct json_object *list)
{
	if (length_of(list))
		fputs(CTL_T("ordered by the policy, and without effect in this tier:", "ポリシーにあるが、この保護段階では効果のない設定:"), stdout);
	for (size_t i = 0; i < length_of(list); i++)
		printf(" %s", text_of(json_object_array_get_idx(list, i), "id"));
	if (length_of(list))
		putchar('\n');
}

void lockdown_print_protection(struct json_object *status)
{
	struct json_object *restraints = member(status, "restraints"), *exceptions = member(status, "exceptions");

	printf(CTL_T("%s; the kernel side acts upon %s\n", "%s、カーネル側の対象: %s\n"), tier_word(text_of(status, "tier")), subject_word(text_of(status, "subject")));
	print_hooks(member(status, "hooks"));
	if (number_of(restraints, "processes"))
		printf(CTL_T("under restraints: %" PRIu64 " of %" PRIu64 " processes\n", "制限のあるプロセス: %" PRIu64 " / %" PRIu64 "\n"),
		       number_of(restraints, "restrained"), number_of(restraints, "processes"));
	printf(CTL_T("exceptions: just-in-time compilers %" PRIu64 ", interpreters %" PRIu64 ", updaters %" PRIu64 "\n",
		     "例外: JIT %" PRIu64 "、インタープリター %" PRIu64 "、更新プログラム %" PRIu64 "\n"),
	       number_of(exceptions, "jit"), number_of(exceptions, "interpreters"), number_of(exceptions, "updaters"));
	print_without_effect(member(status, "without_effect"));
	print_classes(status);
}
