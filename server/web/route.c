// SPDX-License-Identifier: GPL-3.0-or-later
/* The addresses of the console. Each is also there under /api/v1, as JSON, unless marked. */
#include "web/route.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "web-pages.gen.h"
#include "web/handlers.h"

#define OPEN SK_ROUTE_OPEN
#define OWN SK_ROUTE_OWN
#define STREAM SK_ROUTE_STREAM
#define PAGES SK_ROUTE_NO_API
#define FILE_ SK_ROUTE_FILE
#define BROWSER SK_ROUTE_BROWSER
#define O(object) SK_OBJECT_##object
#define V(verb) SK_VERB_##verb

const struct sk_route sk_routes[] = {
	/* path, POST, object, verb, flags, handler, page, part for htmx, title */
	{"/sign-in", false, 0, 0, OPEN | PAGES, sk_do_sign_in_page, page_sign_in, NULL, T_sign_in},
	{"/sign-in", true, 0, 0, OPEN | PAGES, sk_do_sign_in, page_sign_in, NULL, T_sign_in},
	{"/sign-out", true, 0, 0, OWN | PAGES, sk_do_sign_out, NULL, NULL, T_sign_out},
	{"/", false, O(EVENT), V(READ), OWN, sk_do_overview, page_overview, part_overview, T_nav_overview},
	{"/overview", false, O(EVENT), V(READ), OWN, sk_do_overview, page_overview, part_overview, T_nav_overview},
	{"/counts", false, O(EVENT), V(READ), 0, sk_do_counts, page_counts, NULL, T_over_time},
	{"/endpoints", false, O(ENDPOINT), V(READ), 0, sk_do_endpoints, page_endpoints, part_endpoints, T_nav_endpoints},
	{"/endpoints/{}", false, O(ENDPOINT), V(READ), 0, sk_do_endpoint, page_endpoint, NULL, T_endpoint},
	{"/endpoints/{}/revoke", true, O(ENDPOINT), V(REVOKE), 0, sk_do_endpoint_revoke, NULL, NULL, T_endpoint},
	{"/enrolment", false, O(ENROLMENT), V(READ), 0, sk_do_enrolment, page_enrolment, NULL, T_nav_enrolment},
	{"/enrolment", true, O(ENROLMENT), V(WRITE), 0, sk_do_enrolment_make, page_enrolment, NULL, T_nav_enrolment},
	{"/enrolment/{}/cancel", true, O(ENROLMENT), V(REVOKE), 0, sk_do_enrolment_cancel, NULL, NULL, T_nav_enrolment},
	{"/assets", false, O(ASSET), V(READ), 0, sk_do_assets, page_assets, part_assets, T_nav_assets},
	{"/assets/export", false, O(ASSET), V(READ), FILE_, sk_do_assets_export, NULL, NULL, T_nav_assets},
	{"/assets/import", false, O(ASSET), V(WRITE), PAGES, sk_do_import_page, page_import, NULL, T_import},
	{"/assets/import", true, O(ASSET), V(WRITE), 0, sk_do_import, page_import, NULL, T_import},
	{"/assets/import/{}", true, O(ASSET), V(WRITE), 0, sk_do_import_confirm, NULL, NULL, T_import},
	{"/events", false, O(EVENT), V(READ), 0, sk_do_events, page_events, part_events, T_nav_events},
	{"/events/live", false, O(EVENT), V(READ), STREAM | PAGES, sk_do_live, NULL, NULL, T_nav_events},
	{"/events/{}", false, O(EVENT), V(READ), 0, sk_do_event, page_event, NULL, T_event},
	{"/requests", false, O(REQUEST), V(READ), 0, sk_do_requests, page_requests, NULL, T_nav_requests},
	{"/requests/{}", false, O(REQUEST), V(READ), 0, sk_do_request, page_request, NULL, T_request},
	{"/requests/{}/decide", true, O(REQUEST), V(DECIDE), 0, sk_do_request_decide, NULL, NULL, T_request},
	{"/programs", false, O(REQUEST), V(READ), 0, sk_do_programs, page_programs, NULL, T_fleet_programs},
	{"/programs", true, O(REQUEST), V(DECIDE), 0, sk_do_programs_review, NULL, NULL, T_fleet_programs},
	{"/policies", false, O(POLICY), V(READ), 0, sk_do_policies, page_policies, NULL, T_nav_policies},
	{"/policies", true, O(POLICY), V(WRITE), 0, sk_do_policy_publish, NULL, NULL, T_nav_policies},
	{"/policies/{}", false, O(POLICY), V(READ), 0, sk_do_policy, page_policy, NULL, T_policy},
	{"/audit", false, O(AUDIT), V(READ), 0, sk_do_audit, page_audit, NULL, T_nav_audit},
	{"/users", false, O(USER), V(READ), 0, sk_do_users, page_users, NULL, T_nav_users},
	{"/users", true, O(USER), V(WRITE), BROWSER, sk_do_user_add, page_users, NULL, T_nav_users},
	{"/users/{}", false, O(USER), V(READ), 0, sk_do_user, page_user, NULL, T_user},
	{"/users/{}/grant", true, O(USER), V(WRITE), BROWSER, sk_do_user_grant, NULL, NULL, T_user},
	{"/users/{}/ungrant", true, O(USER), V(REVOKE), BROWSER, sk_do_user_ungrant, NULL, NULL, T_user},
	{"/users/{}/disable", true, O(USER), V(REVOKE), BROWSER, sk_do_user_disable, NULL, NULL, T_user},
	{"/users/{}/password", true, O(USER), V(WRITE), BROWSER, sk_do_user_password, NULL, NULL, T_user},
	{"/sites", false, O(SITE), V(READ), 0, sk_do_sites, page_sites, NULL, T_nav_sites},
	{"/sites", true, O(SITE), V(WRITE), 0, sk_do_site_set, NULL, NULL, T_nav_sites},
	{"/account", false, 0, 0, OWN, sk_do_account, page_account, NULL, T_account},
	{"/account/choice", true, 0, 0, OWN | BROWSER, sk_do_choice, NULL, NULL, T_account},
	{"/account/password", true, 0, 0, OWN | BROWSER, sk_do_password, page_account, NULL, T_account},
	{"/account/token", true, 0, 0, OWN | BROWSER, sk_do_token_make, page_account, NULL, T_account},
	{"/account/token/{}/revoke", true, 0, 0, OWN | BROWSER, sk_do_token_revoke, NULL, NULL, T_account},
};
const size_t sk_route_count = SK_ARRAY_SIZE(sk_routes);

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* One part of a path, percent-decoded. False: does not fit, or a byte that has no place in an id. */
static bool decode(const char *from, size_t size, char *out, size_t space)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		int c = (unsigned char)from[i];

		if (c == '%') {
			if (size - i < 3 || hex(from[i + 1]) < 0 || hex(from[i + 2]) < 0)
				return false;
			c = hex(from[i + 1]) << 4 | hex(from[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || n + 1 >= space)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool matches(const char *pattern, const char *path, char *id, size_t id_size)
{
	const char *hole = strstr(pattern, "{}");
	size_t before = hole ? (size_t)(hole - pattern) : 0, size;

	if (!hole)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	size = strcspn(path + before, "/");
	return strcmp(path + before + size, hole + 2) == 0 && decode(path + before, size, id, id_size);
}

int sk_route_find(const char *path, bool post, const struct sk_route **ret_route, char *id, size_t id_size)
{
	int r = SK_NONE;

	for (size_t i = 0; i < sk_route_count; i++) {
		id[0] = '\0';
		if (!matches(sk_routes[i].path, path, id, id_size))
			continue;
		if (sk_routes[i].post == post) {
			*ret_route = &sk_routes[i];
			return 0;
		}
		/* "/events/live" also fits "/events/{}": a later row must not turn a wrong method into another page. */
		r = SK_DENIED;
	}
	return r;
}
