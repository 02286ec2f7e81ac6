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
	if (r == 0 && sk_json_has(at, "pass"))
		r = sk_json_bool(at, "pass", &out->pass);
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

/* As a pass has it: up to 256 bytes, "" = not said. */
static int read_long_text(const struct sk_json *at, const char *key, char **out)
{
	const char *text;
	int r = sk_json_string(at, key, 0, 256, &text);

	if (r || !*text)
		return r;
	*out = sk_strdup(text);
	return *out ? 0 : sk_origin(-ENOMEM);
}

static int read_rule(const struct sk_json *at, struct media_rule *out)
{
	int r = SK_JSON_ONLY(at, "vendor", "product", "serial", "uuid", "mount", "execute", "copy", "pass");

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

const char *const media_pass_words[] = {"", "valid", "none", "other", "expired", "not-yet", "clock-wrong", NULL};

static int read_permit(const struct sk_json *at, struct media_permit *out)
{
	size_t state;
	int r = SK_JSON_ONLY(at, "serial", "uuid", "state");

	if (r == 0)
		r = sk_json_word(at, "state", media_pass_words, &state);
	if (r == 0 && (state == MEDIA_PASS_UNASKED || state == MEDIA_PASS_NONE || state == MEDIA_PASS_OTHER))
		r = sk_json_refuse(at, "state", "is no state of a pass");
	if (r)
		return r;
	out->state = (int)state;
	r = read_long_text(at, "serial", &out->serial);
	return r ? r : read_long_text(at, "uuid", &out->uuid);
}

static int read_permits(const struct sk_json *at, struct media_rules *out)
{
	struct sk_json list, one;
	int r = sk_json_has(at, "passes") ? sk_json_array(at, "passes", MEDIA_PASSES, &list) : SK_NONE;

	if (r)
		return r == SK_NONE ? 0 : r;
	out->permits = sk_calloc(sk_json_length(&list) + 1, sizeof *out->permits);
	if (!out->permits)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < sk_json_length(&list) && r == 0; i++) {
		out->permit_count = i + 1;
		r = sk_json_item_object(&list, i, &one);
		if (r == 0)
			r = read_permit(&one, &out->permits[i]);
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
	r = SK_JSON_ONLY(&at, "mode", "serial", "default", "rules", "passes");
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
	if (r == 0)
		r = read_permits(&at, &out);
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
	for (size_t i = 0; i < rules->permit_count; i++) {
		free(rules->permits[i].serial);
		free(rules->permits[i].uuid);
	}
	free(rules->permits);
	*rules = (struct media_rules){0};
}

/*
 * The best that is said of this very medium: valid before any other. A pass of which only one half fits (the serial number, or the file system's UUID) is
 * another thing's, or this one was made anew since.
 */
static enum media_pass pass_of(const struct media_rules *rules, const struct sk_medium *medium)
{
	char identity[SK_MEDIUM_IDENTITY];
	enum media_pass best = MEDIA_PASS_NONE;

	sk_medium_identity(medium, identity);
	for (size_t i = 0; i < rules->permit_count && identity[0]; i++) {
		const struct media_permit *one = &rules->permits[i];
		bool serial = one->serial && !strcmp(one->serial, identity), uuid = one->uuid && !strcmp(one->uuid, medium->superblock.uuid);

		if (serial && (uuid || !one->uuid) && one->state == MEDIA_PASS_VALID)
			return MEDIA_PASS_VALID;
		if (serial && (uuid || !one->uuid))
			best = (enum media_pass)one->state;
		else if ((serial || uuid) && best == MEDIA_PASS_NONE)
			best = MEDIA_PASS_OTHER;
	}
	return best;
}

struct sk_media_terms media_rules_find(const struct media_rules *rules, const struct sk_medium *medium, int *ret_index, enum media_pass *ret_pass)
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
	*ret_pass = terms.pass ? pass_of(rules, medium) : MEDIA_PASS_UNASKED;
	if (terms.pass && *ret_pass != MEDIA_PASS_VALID)
		terms.mount = SK_MOUNT_DENY;
	if (!terms.copy && terms.mount == SK_MOUNT_RW)
		terms.mount = SK_MOUNT_RO;
	return terms;
}
