// SPDX-License-Identifier: GPL-3.0-or-later
/* Forged and guessed requests. See guard.h. */
#include "web/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"

/* The name without its port: "127.0.0.1", "[::1]", "localhost". */
static size_t name_size(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;

	return end ? (size_t)(end + 1 - host) : strcspn(host, ":");
}

static bool is_name(const char *host, const char *name)
{
	size_t size = name_size(host);

	return strlen(name) == size && strncasecmp(host, name, size) == 0;
}

bool sk_guard_host(const struct sk_web *web, const char *host)
{
	static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};

	if (!host[0] || strpbrk(host, "/\\@ \t"))
		return false;
	if (web->tls && !web->host)
		return true;
	if (web->host && is_name(host, web->host))
		return true;
	for (size_t i = 0; i < SK_ARRAY_SIZE(loopback); i++)
		if (is_name(host, loopback[i]))
			return true;
	return false;
}

static bool same_origin(const struct sk_req *q, const char *origin, const char *fetch_site)
{
	const char *host = evhttp_find_header(evhttp_request_get_input_headers(q->ev), "Host");
	char ours[300];

	if (fetch_site[0] && strcmp(fetch_site, "same-origin") != 0 && strcmp(fetch_site, "none") != 0)
		return false;
	snprintf(ours, sizeof ours, "%s://%s", q->web->tls ? "https" : "http", host ? host : "");
	return strcasecmp(ours, origin) == 0;
}

/* HMAC of the cookie under a key of this process, in hex. */
static int token_of(const struct sk_web *web, const char *cookie, char out[SK_SECRET_TEXT])
{
	uint8_t mac[SK_SHA256_SIZE];
	int r = sk_hmac_sha256(web->secret, sizeof web->secret, cookie, strlen(cookie), mac);

	if (!r)
		sk_hex(mac, sizeof mac, out);
	return r;
}

static bool equal(const char *given, const char *expected)
{
	return strlen(expected) == SK_SECRET_TEXT - 1 && strlen(given) == SK_SECRET_TEXT - 1 &&
	       sk_equal_secret(given, expected, SK_SECRET_TEXT - 1);
}

bool sk_guard_forgery(const struct sk_req *q, const char *origin, const char *fetch_site, const char *header_token, const char *cookies)
{
	const char *given = header_token[0] ? header_token : sk_form_text(&q->form, "csrf");
	char cookie[SK_SECRET_TEXT], expected[SK_SECRET_TEXT];

	if (!same_origin(q, origin, fetch_site))
		return false;
	if (q->signed_in)
		return equal(given, q->who.csrf);
	if (sk_cookie_get(cookies, SK_COOKIE_BEFORE, cookie, sizeof cookie) || strlen(cookie) != SK_SECRET_TEXT - 1)
		return false;
	return token_of(q->web, cookie, expected) == 0 && equal(given, expected);
}

int sk_guard_before(struct sk_req *q, const char *cookies, char *out)
{
	uint8_t key[SK_SHA256_SIZE];
	char cookie[SK_SECRET_TEXT];
	int r;

	if (sk_cookie_get(cookies, SK_COOKIE_BEFORE, cookie, sizeof cookie) || strlen(cookie) != SK_SECRET_TEXT - 1) {
		r = sk_secret_make(cookie, key);
		if (r)
			return r;
		sk_req_set_cookie(q, 0, SK_COOKIE_BEFORE, cookie, 3600, true);
	}
	return token_of(q->web, cookie, out);
}

/* ---- tries by address ---- */

struct tries {
	unsigned count;
};

struct sk_tries {
	struct sk_map *map;
	int64_t swept;
};

int sk_tries_new(struct sk_tries **ret_tries)
{
	struct sk_tries *tries = sk_calloc(1, sizeof *tries);
	int r = tries ? sk_map_new(SK_TRIES_ADDRESSES, free, &tries->map) : sk_origin(-ENOMEM);

	if (r) {
		free(tries);
		return r;
	}
	*ret_tries = tries;
	return 0;
}

struct sk_tries *sk_tries_free(struct sk_tries *tries)
{
	if (tries)
		sk_map_free(tries->map);
	free(tries);
	return NULL;
}

bool sk_tries_count(struct sk_tries *tries, const char *address, int64_t now)
{
	struct tries *t;

	if (now - tries->swept > SK_TRIES_WINDOW_MS || now < tries->swept) {
		struct sk_map *fresh;

		/* Once a minute everything is forgotten: simple, and a table that strangers fill stays bounded. */
		if (sk_map_new(SK_TRIES_ADDRESSES, free, &fresh) == 0) {
			sk_map_free(tries->map);
			tries->map = fresh;
		}
		tries->swept = now;
	}
	t = sk_map_get(tries->map, address, strlen(address));
	if (!t) {
		t = sk_calloc(1, sizeof *t);
		if (!t || sk_map_put(tries->map, address, strlen(address), t)) {
			free(t);
			return true;
		}
	}
	return ++t->count <= SK_TRIES_MAX;
}
