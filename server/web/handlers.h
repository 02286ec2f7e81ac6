// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The handlers of route.c's table, in the file of their subject, and what they share for filling a model.
 *
 * Filling a model never fails for the caller: without memory a member is missing. Questions to other duties, above all their scopes, are built with the checked
 * writers of wire/json.h instead.
 */
#pragma once

#include "web/req.h"

/* sign.c */
int sk_do_sign_in_page(struct sk_req *q);
int sk_do_sign_in(struct sk_req *q);
int sk_do_sign_out(struct sk_req *q);
/* overview.c */
int sk_do_overview(struct sk_req *q);
int sk_do_counts(struct sk_req *q);
/* endpoints.c */
int sk_do_endpoints(struct sk_req *q);
int sk_do_endpoint(struct sk_req *q);
int sk_do_endpoint_revoke(struct sk_req *q);
int sk_do_enrolment(struct sk_req *q);
int sk_do_enrolment_make(struct sk_req *q);
int sk_do_enrolment_cancel(struct sk_req *q);
/* assets.c */
int sk_do_assets(struct sk_req *q);
int sk_do_assets_export(struct sk_req *q);
int sk_do_import_page(struct sk_req *q);
int sk_do_import(struct sk_req *q);
int sk_do_import_confirm(struct sk_req *q);
/* events.c, live.c */
int sk_do_events(struct sk_req *q);
int sk_do_event(struct sk_req *q);
int sk_do_live(struct sk_req *q);
/* requests.c */
int sk_do_requests(struct sk_req *q);
int sk_do_request(struct sk_req *q);
int sk_do_request_decide(struct sk_req *q);
/* programs.c */
int sk_do_programs(struct sk_req *q);
int sk_do_programs_review(struct sk_req *q);
/* policies.c */
int sk_do_policies(struct sk_req *q);
int sk_do_policy(struct sk_req *q);
int sk_do_policy_publish(struct sk_req *q);
/* people.c */
int sk_do_users(struct sk_req *q);
int sk_do_user(struct sk_req *q);
int sk_do_user_add(struct sk_req *q);
int sk_do_user_grant(struct sk_req *q);
int sk_do_user_ungrant(struct sk_req *q);
int sk_do_user_disable(struct sk_req *q);
int sk_do_user_password(struct sk_req *q);
/* account.c */
int sk_do_account(struct sk_req *q);
int sk_do_choice(struct sk_req *q);
int sk_do_password(struct sk_req *q);
int sk_do_token_make(struct sk_req *q);
int sk_do_token_revoke(struct sk_req *q);
/* settings.c */
int sk_do_audit(struct sk_req *q);
int sk_do_sites(struct sk_req *q);
int sk_do_site_set(struct sk_req *q);

/* ---- models ---- */

void sk_put_s(json_object *o, const char *key, const char *text);
void sk_put_i(json_object *o, const char *key, int64_t value);
void sk_put_b(json_object *o, const char *key, bool value);
void sk_put_o(json_object *o, const char *key, json_object *value); /* takes the value */
json_object *sk_put_array(json_object *o, const char *key);         /* the new array; borrowed */
json_object *sk_put_object(json_object *o, const char *key);
json_object *sk_add_object(json_object *array);
/* A reference to a member of an answer, only those elements (with "org" and "site") that are in the request's scope: the second lock behind the backend's. */
json_object *sk_scoped(const struct sk_req *q, json_object *answer, const char *key);

/* ---- endpoints, as several pages need them ---- */

/* Adds to an AGENT of fleet what people ask: "state_word" (ok, attention, offline, revoked), "concerns" [words], "spool" (events waiting), "dropped". */
void sk_endpoint_judge(json_object *agent, int64_t now);
/* Rejects what the form says with a text and a status: returns SK_BAD. */
int sk_fault(struct sk_req *q, enum sk_text text);
/* {"filter":...} from the query of the events page, with scopes. Fills the model's "filter" for the form. NULL: memory, or a date nobody can read (fault is set). */
json_object *sk_event_filter(struct sk_req *q);
/* Why it happened and what to do, into "why" of the row, in the asker's language. */
void sk_event_why(struct sk_req *q, json_object *row);
