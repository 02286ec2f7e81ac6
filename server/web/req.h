// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One request of a browser or a program, from its reading to its answer, and the console's own state.
 *
 * A handler (route.h) is called with step 0. It checks the permission for the very place it touches, and either finishes or asks store, fleet or the password
 * thread and returns SK_AGAIN: then it is called again, one step higher, when every answer is there. It fills `model`, one JSON object: the API answers with it as it
 * is, and the page's template shows it. So what a page may show is what the API gives, and both are scoped in one place.
 *
 * A handler returns 0 (show the model, or go to `location`), SK_AGAIN, or a condition that becomes an error page: SK_NONE 404, SK_DENIED 403, SK_BAD 400,
 * SK_FULL 503, SK_END 503 (a backend is away); negative 500.
 *
 * When the browser goes away `ev` becomes NULL and the handler runs to its end all the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <event2/http.h>
#include <json-c/json.h>

#include "base/list.h"
#include "os/loop.h"
#include "policy/permission.h"
#include "web/audit.h"
#include "web/backend.h"
#include "web/db.h"
#include "web/form.h"
#include "web/hasher.h"
#include "web/html.h"
#include "web/session.h"

#define SK_COOKIE "__Host-sekisho"
#define SK_COOKIE_BEFORE "__Host-sekisho-before" /* before sign-in: what its CSRF token hangs on */
#define SK_COOKIE_LANGUAGE "sekisho-language"

enum {
	SK_REQ_ANSWERS = 6,
	SK_REQ_PLACES = SK_USER_GRANTS_MAX,
	SK_BODY_MAX = (8 << 20) + (64 << 10), /* a CSV file and the form around it */
};

struct sk_route;
struct sk_tries;

struct sk_web {
	struct sk_loop *loop;
	const char *root;
	struct sk_db db;
	struct sk_backend *store, *fleet;
	struct sk_pass *pass;
	struct sk_tries *tries; /* wrong passwords by address */
	uint8_t secret[32];     /* of this process: CSRF before sign-in */
	bool tls;
	const char *host;       /* beside loopback names; may be NULL */
	unsigned port;
	struct sk_list live;    /* open live views */
	size_t live_count;
	struct sk_list requests;
};

struct sk_answer {
	struct sk_req *req;
	struct sk_ask *ask;
	json_object *value; /* RESULT; of rows: {"rows":[...],"next":...,"complete":...} */
	char code[32];      /* ERROR's code; "away" when the backend is; "" = all well */
	char text[256];
};

struct sk_req {
	struct sk_list link;
	struct sk_web *web;
	struct evhttp_request *ev;
	const struct sk_route *route;
	bool post, api, fragment; /* fragment: htmx asks for a part of a page */
	char path[512];           /* without /api/v1 and query, decoded, printable */
	char id[256];             /* what stands for {} in the route */
	char address[64];
	struct sk_form query, form;
	bool signed_in;
	struct sk_who who;
	enum sk_language language;

	int step;
	unsigned waiting;
	struct sk_answer answers[SK_REQ_ANSWERS];
	struct sk_pass_job *job;
	struct sk_pass_result password;
	struct sk_place places[SK_REQ_PLACES];
	size_t place_count;
	bool all_places;
	int64_t scratch;        /* the handler's own, between its steps */
	json_object *collected; /* by sk_req_all_agents() */
	bool agents_done;

	json_object *model;
	int status;             /* 0 = 200 */
	int fault;              /* enum sk_text of what is wrong with the input, shown on the page; 0 = nothing */
	char location[768];     /* go there (303) */
	char cookie[2][256];    /* Set-Cookie */
};

/* ---- for handlers ---- */

static inline const struct sk_grant *sk_req_grants(const struct sk_req *q)
{
	return q->who.user.grants;
}
/* May the asker do this there? */
bool sk_req_may(const struct sk_req *q, enum sk_object object, enum sk_verb verb, const char *org, const char *site);
bool sk_req_may_anywhere(const struct sk_req *q, enum sk_object object, enum sk_verb verb);
/* Fills `places` for filters: where the asker may. False: nowhere. */
bool sk_req_scope(struct sk_req *q, enum sk_object object, enum sk_verb verb);
/* Does a place lie in what sk_req_scope() found? */
bool sk_req_in_scope(const struct sk_req *q, const char *org, const char *site);
/* Writes "scopes" of sk_req_scope() into a question (nothing when everywhere). */
int sk_req_put_scopes(const struct sk_req *q, json_object *body);

/* Asks; the answer arrives in answers[slot] before the next step. `body` is taken. A backend that is away is an answer with code "away", not a failure. */
int sk_req_ask(struct sk_req *q, int slot, struct sk_backend *backend, uint16_t type, json_object *body);
/* CALL of fleet with "by" and "scopes" added. */
int sk_req_call(struct sk_req *q, int slot, const char *verb, json_object *body);
int sk_req_check_password(struct sk_req *q, const char *record, const char *password);
int sk_req_make_password(struct sk_req *q, const char *password);
/*
 * All agents of the present scope, page by page, into `collected`. SK_AGAIN until they are there (call it first in every step until it says 0), then 0 or the condition.
 * A fleet that is away is SK_END.
 */
int sk_req_all_agents(struct sk_req *q, int slot);
/* What an answer means for the whole request: 0, SK_END away, SK_NONE, SK_DENIED, SK_BAD, SK_FULL. */
int sk_answer_result(const struct sk_answer *answer);
/* The audit trail, with actor and address filled in. */
int sk_req_audit(struct sk_req *q, const char *action, const char *object, const char *org, const char *site, json_object *detail);
/* "/path?a=b" to go to next; format is ours, arguments are written percent-encoded. */
void sk_req_go(struct sk_req *q, const char *path, const char *key, const char *value);
json_object *sk_req_model(struct sk_req *q); /* made when first asked for; NULL when memory is out */
void sk_req_set_cookie(struct sk_req *q, int slot, const char *name, const char *value, int64_t seconds, bool script_free);

/* ---- for the server (http.c, live.c) ---- */

int sk_req_new(struct sk_web *web, struct evhttp_request *ev, struct sk_req **ret_req);
struct sk_req *sk_req_free(struct sk_req *req);
/* Calls the handler; answers when it is done. Frees the request then. */
void sk_req_run(struct sk_req *q);
/* Answers at once with an error page. Frees the request. */
void sk_req_fail(struct sk_req *q, int status, enum sk_text text);
