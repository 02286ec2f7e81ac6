// SPDX-License-Identifier: GPL-3.0-or-later
/* What the clerk says. It read foreign bytes, so its word is checked like anybody's. */
#include "media/media.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { RULES_MAX_BYTES = 1 << 20 };

static int read_terms(const struct sk_json *at, struct sk_media_terms *out)
{
	size_t mount;
	int r = sk_json_word(at, "mount", sk_mount_names, &mount);

	if (r == 0)
		r = sk_json_bool(at, "execute", &out->execute);
	if (r == 0)
		r = sk_json_bool(at, "copy", &out->copy);
	out->mount = r == 0 ? (int)mount : SK_MOUNT_DENY;
	return r;
}

static int read_text(const struct sk_json *at, const char *key, char **out)
{
	const char *text;
	int r = sk_json_has(at, key) ? sk_json_string(at, key, 1, 128, &text) : SK_NONE;

	if (r)
		return r == SK_NONE ? 0 : r;
	*out = sk_strdup(text);
	return *out ? 0 : sk_origin(-ENOMEM);
}

static int read_rule(const struct sk_json *at, struct media_rule *out)
{
	int r = SK_JSON_ONLY(at, "vendor", "product", "serial", "uuid", "mount", "execute", "copy");

	if (r == 0)
		r = read_terms(at, &out->terms);
	if (r == 0)
		r = read_text(at, "vendor", &out->vendor);
	if (r == 0)
		r = read_text(at, "product", &out->product);
	if (r == 0)
		r = read_text(at, "serial", &out->serial);
	return r ? r : read_text(at, "uuid", &out->uuid);
}

static int read_list(const struct sk_json *at, struct media_rules *out)
{
	struct sk_json list, one;
	int r = sk_json_array(at, "rules", MEDIA_RULES, &list);

	if (r)
		return r;
	out->list = sk_calloc(sk_json_length(&list) + 1, sizeof *out->list);
	if (!out->list)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < sk_json_length(&list) && r == 0; i++) {
		out->count = i + 1;
		r = sk_json_item_object(&list, i, &one);
		if (r == 0)
			r = read_rule(&one, &out->list[i]);
	}
	return r;
}

int media_rules_read(const void *text, size_t size, struct media_rules *ret_rules, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *body = NULL;
	struct media_rules out = {.any = true};
	struct sk_json at, fallback;
	const char *mode;
	int r = sk_json_parse_object(text, size, RULES_MAX_BYTES, &body, diag);

	if (r)
		return r;
	at = SK_JSON(body, "rules", diag);
	r = SK_JSON_ONLY(&at, "mode", "serial", "default", "rules");
	if (r == 0)
		r = sk_json_string(&at, "mode", 1, sizeof out.mode - 1, &mode);
	if (r == 0)
		r = sk_json_u64(&at, "serial", 0, SK_JSON_MAX_INT, &out.serial);
	if (r == 0)
		r = sk_json_object(&at, "default", &fallback);
	if (r == 0)
		r = read_terms(&fallback, &out.fallback);
	if (r == 0)
		r = read_list(&at, &out);
	if (r) {
		media_rules_done(&out);
		return r;
	}
	snprintf(out.mode, sizeof out.mode, "%s", mode);
	out.act = strcmp(mode, "enforce") == 0;
	*ret_rules = out;
	return 0;
}

void media_rules_done(struct media_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->list[i].vendor);
		free(rules->list[i].product);
		free(rules->list[i].serial);
		free(rules->list[i].uuid);
	}
	free(rules->list);
	*rules = (struct media_rules){0};
}

struct sk_media_terms media_rules_find(const struct media_rules *rules, const struct sk_medium *medium, int *ret_index)
{
	struct sk_media_terms terms = rules->fallback;

	*ret_index = -1;
	for (size_t i = 0; i < rules->count && *ret_index < 0; i++) {
		const struct media_rule *rule = &rules->list[i];

		if (sk_medium_fits(&(struct sk_medium_rule){rule->vendor, rule->product, rule->serial, rule->uuid}, medium)) {
			terms = rule->terms;
			*ret_index = (int)i;
		}
	}
	if (!terms.copy && terms.mount == SK_MOUNT_RW)
		terms.mount = SK_MOUNT_RO;
	return terms;
}
