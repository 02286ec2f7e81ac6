// SPDX-License-Identifier: GPL-3.0-or-later
/* check-rules: loads files of rules and tells, as text or as one JSON object, which of them are not honoured and why. */
#include "rule/report.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/json.h"

struct telling {
	FILE *out;
	struct json_object *named; /* NULL = as text */
	size_t count;
	int error;
};

static int tell_json(struct json_object *list, const struct gw_rule_named *n)
{
	struct json_object *item = json_object_new_object();
	int r;

	if (!item)
		return sk_origin(-ENOMEM);
	if ((r = sk_json_put_bytes(item, "file", n->file, strlen(n->file))) || (r = sk_json_put_u64(item, "line", n->line)) ||
		(r = sk_json_put_u64(item, "sid", n->sid)) || (r = sk_json_put_bytes(item, "keyword", n->keyword, strlen(n->keyword))) ||
		(r = sk_json_put_bytes(item, "why", n->why, strlen(n->why)))) {
		sk_json_free(item);
		return r;
	}
	return sk_json_append(list, item);
}

static void tell(void *context, const struct gw_rule_named *n)
{
	struct telling *t = context;

	if (t->error || ++t->count > RULE_REPORT_NAMED_MAX)
		return;
	if (t->named)
		t->error = tell_json(t->named, n);
	else
		fprintf(t->out, "%s:%u: sid %u: %s%s%s\n", n->file, n->line, n->sid, n->keyword, *n->keyword ? ": " : "", n->why);
}

static int print_json(const struct gw_rules_count *count, struct json_object *named, FILE *out)
{
	_cleanup_json_ struct json_object *whole = json_object_new_object();
	const char *text;
	int r;

	if (!whole)
		return sk_origin(-ENOMEM);
	if ((r = sk_json_put_u64(whole, "enabled", count->enabled)) || (r = sk_json_put_u64(whole, "honoured", count->honoured)) ||
		(r = sk_json_put(whole, "named", json_object_get(named))))
		return r;
	text = json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	return text && fprintf(out, "%s\n", text) > 0 ? 0 : sk_origin(-EIO);
}

int gw_rules_report(const struct gw_rule_var *vars, size_t var_count, const char *const *files, size_t file_count, bool json, FILE *out,
	struct gw_rules_count *ret_count, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *named = json ? json_object_new_array() : NULL;
	_cleanup_(gw_rules_free_p) struct gw_rules *rules = NULL;
	struct telling t = {.out = out, .named = named};
	struct gw_rules_setup setup = {.vars = vars, .var_count = var_count, .named = tell, .context = &t};
	int r;

	if (json && !named)
		return sk_origin(-ENOMEM);
	r = gw_rules_load(&setup, files, file_count, &rules, ret_count, diag);
	if (r == 0)
		r = t.error;
	if (r)
		return r;
	if (json)
		return print_json(ret_count, named, out);
	fprintf(out, "%u of %u enabled rules are honoured\n", ret_count->honoured, ret_count->enabled);
	return 0;
}
