// SPDX-License-Identifier: GPL-3.0-or-later
/* Two maps, the present list and the one that is coming, both from fingerprint to entry. */
#include "intake/admit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "wire/fleet.h"

struct sk_admissions {
	struct sk_map *now, *coming; /* NULL when there is none */
};

/* An agent may have several certificates in force: the old one while it renews. */
enum { ADMITTED_MAX = SK_FLEET_AGENTS_MAX * 4 };

int sk_admissions_new(struct sk_admissions **ret_admissions)
{
	*ret_admissions = sk_calloc(1, sizeof **ret_admissions);
	return *ret_admissions ? 0 : sk_origin(-ENOMEM);
}

struct sk_admissions *sk_admissions_free(struct sk_admissions *admissions)
{
	if (!admissions)
		return NULL;
	sk_map_free(admissions->now);
	sk_map_free(admissions->coming);
	free(admissions);
	return NULL;
}

int sk_admissions_begin(struct sk_admissions *admissions)
{
	admissions->coming = sk_map_free(admissions->coming);
	return sk_map_new(ADMITTED_MAX, free, &admissions->coming);
}

void sk_admissions_whole(struct sk_admissions *admissions)
{
	if (!admissions->coming)
		return;
	sk_map_free(admissions->now);
	admissions->now = SK_TAKE(admissions->coming);
}

bool sk_admissions_ready(const struct sk_admissions *admissions)
{
	return admissions->now != NULL;
}

static int read_text(const struct sk_json *body, const char *key, char *out, size_t space)
{
	const char *text;
	int r = sk_json_string(body, key, 0, space - 1, &text);

	if (!r)
		snprintf(out, space, "%s", text);
	return r;
}

int sk_admissions_add(struct sk_admissions *admissions, const char *agent, const struct sk_json *body)
{
	struct sk_map *map = admissions->coming ? admissions->coming : admissions->now;
	_cleanup_free_ struct sk_admitted *a = sk_calloc(1, sizeof *a);
	int r;

	if (!a || !map)
		return sk_origin(-ENOMEM);
	snprintf(a->agent, sizeof a->agent, "%s", agent);
	r = sk_json_hex(body, "fingerprint", a->fingerprint, sizeof a->fingerprint);
	if (!r)
		r = read_text(body, "host", a->host, sizeof a->host);
	if (!r)
		r = read_text(body, "org", a->org, sizeof a->org);
	if (!r)
		r = read_text(body, "site", a->site, sizeof a->site);
	if (!r)
		r = sk_map_put(map, a->fingerprint, sizeof a->fingerprint, a);
	if (!r)
		a = NULL; /* the map's now */
	return r;
}

static void remove_from(struct sk_map *map, const char *agent)
{
	struct sk_admitted *a;

	do {
		size_t position = 0;

		while ((a = sk_map_next(map, &position, NULL, NULL)))
			if (strcmp(a->agent, agent) == 0)
				break;
		if (a)
			free(sk_map_take(map, a->fingerprint, sizeof a->fingerprint));
	} while (a);
}

void sk_admissions_remove(struct sk_admissions *admissions, const char *agent)
{
	if (admissions->now)
		remove_from(admissions->now, agent);
	if (admissions->coming)
		remove_from(admissions->coming, agent);
}

const struct sk_admitted *sk_admissions_find(const struct sk_admissions *admissions, const uint8_t fingerprint[SK_SHA256_SIZE])
{
	return admissions->now ? sk_map_get(admissions->now, fingerprint, SK_SHA256_SIZE) : NULL;
}
