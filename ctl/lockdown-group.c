// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists that a person can review: the programs of a draft in groups, by package and version, then folder; each group with a comment that says how much is in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown-archive.h"

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static size_t folder_size(const struct sk_program *p)
{
	const char *slash = p->name ? strrchr(p->name, '/') : NULL;

	return slash ? (size_t)(slash - p->name) + (slash == p->name) : 0;
}

static int by_package(const struct sk_program *a, const struct sk_program *b)
{
	int order = !a->package - !b->package; /* what no package has comes last: it is what wants looking at */

	if (!order)
		order = strcmp(text_of(a->package), text_of(b->package));
	if (!order)
		order = strcmp(text_of(a->version), text_of(b->version));
	return order ? order : strcmp(text_of(a->provenance), text_of(b->provenance));
}

static int by_folder(const struct sk_program *a, const struct sk_program *b)
{
	size_t x = folder_size(a), y = folder_size(b);
	int order = strncmp(text_of(a->name), text_of(b->name), SK_MIN(x, y));

	return order ? order : (x > y) - (x < y);
}

static int in_groups(const void *a, const void *b)
{
	const struct sk_program *x = *(const struct sk_program *const *)a, *y = *(const struct sk_program *const *)b;
	int order = by_package(x, y);

	if (!order)
		order = by_folder(x, y);
	return order ? order : strcmp(text_of(x->name), text_of(y->name));
}

/* How many from here on are of one group. */
static size_t run_of(struct sk_program *const *list, size_t count, int (*compare)(const struct sk_program *, const struct sk_program *))
{
	size_t n = 1;

	while (n < count && compare(list[0], list[n]) == 0)
		n++;
	return n;
}

static void count_kinds(struct sk_program *const *list, size_t count, char *out, size_t size)
{
	size_t kinds[SK_PROGRAM_KINDS] = {0}, at = 0;

	for (size_t i = 0; i < count; i++)
		kinds[list[i]->kind]++;
	out[0] = 0;
	for (int i = 0; i < SK_PROGRAM_KINDS; i++)
		if (kinds[i] && at < size)
			at += (size_t)snprintf(out + at, size - at, "%s%zu %s", at ? ", " : "", kinds[i], sk_program_kind_names[i]);
}

/* A comment's text may not end its line. */
static int put_comment(struct sk_buf *out, unsigned indent, const char *text)
{
	int r = sk_buf_printf(out, "%*s# ", (int)indent, "");

	for (; *text && r == 0; text++)
		r = sk_buf_append_char(out, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	return r != 0 ? r : sk_buf_append_char(out, '\n');
}

static int put_text(struct sk_buf *out, const char *key, const char *text)
{
	int r = text ? sk_buf_printf(out, "      %s: \"", key) : 0;

	if (!text)
		return 0;
	for (; *text && r == 0; text++)
		r = (unsigned char)*text < 0x20 || *text == 0x7f ? sk_buf_printf(out, "\\x%02x", (unsigned char)*text)
		    : *text == '"' || *text == '\\'		 ? sk_buf_printf(out, "\\%c", *text)
								 : sk_buf_append_char(out, *text);
	return r != 0 ? r : sk_buf_append_str(out, "\"\n");
}

static int put_program(struct sk_buf *out, const struct sk_program *p)
{
	char hex[65];
	int r = sk_buf_printf(out, "    - sha256: \"%s\"\n", sk_hex(p->sha256, sizeof p->sha256, hex));

	if (r == 0 && p->kind != SK_PROGRAM)
		r = sk_buf_printf(out, "      kind: %s\n", sk_program_kind_names[p->kind]);
	if (r == 0)
		r = put_text(out, "name", p->name);
	if (r == 0)
		r = sk_buf_printf(out, "      size: %" PRId64 "\n", p->size);
	if (r == 0)
		r = put_text(out, "publisher", p->publisher);
	if (r == 0)
		r = put_text(out, "package", p->package);
	if (r == 0)
		r = put_text(out, "version", p->version);
	if (r == 0)
		r = put_text(out, "provenance", p->provenance);
	return r != 0 ? r : put_text(out, "note", p->note);
}

static int put_groups(struct sk_buf *out, struct sk_program **list, size_t count)
{
	int r = 0;

	for (size_t at = 0, many; at < count && r == 0; at += many) {
		char kinds[128], head[700];

		many = run_of(list + at, count - at, by_package);
		count_kinds(list + at, many, kinds, sizeof kinds);
		snprintf(head, sizeof head, "%s %s (%s): %s", list[at]->package ? list[at]->package : CTL_T("no package", "パッケージなし"),
			 text_of(list[at]->version), text_of(list[at]->provenance), kinds);
		r = put_comment(out, 4, head);
		for (size_t i = at, same; i < at + many && r == 0; i += same) {
			same = run_of(list + i, at + many - i, by_folder);
			snprintf(head, sizeof head, "  %.*s: %zu", (int)SK_MIN(folder_size(list[i]), (size_t)500), text_of(list[i]->name), same);
			r = put_comment(out, 4, head);
			for (size_t j = i; j < i + same && r == 0; j++)
				r = put_program(out, list[j]);
		}
	}
	return r;
}

/* The draft without programs, and the groups where they belong. */
static int write_yaml(const struct sk_policy *policy, struct sk_program **list, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf head = SK_BUF(LOCKDOWN_DRAFT_MAX);
	struct sk_policy bare = *policy;
	const char *section;
	int r;

	bare.lockdown.programs = (struct sk_records){0};
	r = sk_policy_write_draft(&bare, &head);
	section = r == 0 ? strstr(head.data, "lockdown:\n") : NULL;
	if (!section)
		return r != 0 ? r : sk_origin(-EINVAL);
	section += strlen("lockdown:\n");
	r = sk_buf_append(out, head.data, (size_t)(section - head.data));
	if (r == 0)
		r = sk_buf_append_str(out, policy->lockdown.programs.count ? "  programs:\n" : "  programs: []\n");
	if (r == 0)
		r = put_groups(out, list, policy->lockdown.programs.count);
	return r != 0 ? r : sk_buf_append_str(out, section);
}

static struct json_object *groups_json(struct sk_program **list, size_t count)
{
	struct json_object *groups = json_object_new_array();

	for (size_t at = 0, many; groups && at < count; at += many) {
		struct json_object *group = json_object_new_object(), *folders = json_object_new_object();
		size_t kinds[SK_PROGRAM_KINDS] = {0};

		many = run_of(list + at, count - at, by_package);
		for (size_t i = at, same; i < at + many; i += same) {
			char name[600];

			same = run_of(list + i, at + many - i, by_folder);
			snprintf(name, sizeof name, "%.*s", (int)SK_MIN(folder_size(list[i]), sizeof name - 1), text_of(list[i]->name));
			sk_json_put_u64(folders, name, same);
			for (size_t j = i; j < i + same; j++)
				kinds[list[j]->kind]++;
		}
		sk_json_put_string(group, "package", text_of(list[at]->package));
		sk_json_put_string(group, "version", text_of(list[at]->version));
		sk_json_put_string(group, "publisher", text_of(list[at]->publisher));
		sk_json_put_string(group, "provenance", text_of(list[at]->provenance));
		for (int i = 0; i < SK_PROGRAM_KINDS; i++)
			sk_json_put_u64(group, sk_program_kind_names[i], kinds[i]);
		sk_json_put(group, "folders", folders);
		json_object_array_add(groups, group);
	}
	return groups;
}

int lockdown_write_grouped(const struct ctl *ctl, const struct sk_policy *policy, const char *out)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LOCKDOWN_DRAFT_MAX * 2);
	size_t count = policy->lockdown.programs.count;
	_cleanup_free_ struct sk_program **list = sk_calloc(count + 1, sizeof *list);
	int r;

	if (!list)
		return ctl_fail_errno(ctl, -ENOMEM, "draft");
	for (size_t i = 0; i < count; i++)
		list[i] = (struct sk_program *)policy->lockdown.programs.items + i;
	qsort(list, count, sizeof(struct sk_program *), in_groups);
	r = write_yaml(policy, list, &text);
	if (r != 0)
		return ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "draft");
	if (!ctl->json || (out && strcmp(out, "-") != 0)) {
		r = ctl_write_file(ctl, out ? out : "-", text.data, text.size, false);
		if (r != CTL_OK)
			return r;
	}
	return ctl->json ? ctl_print_json(ctl, groups_json(list, count)) : CTL_OK;
}
