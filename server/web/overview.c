// SPDX-License-Identifier: GPL-3.0-or-later
/* The first page: what needs attention, how many of how many are well, what happened over time. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "web/asset.h"
#include "web/handlers.h"
#include "wire/json.h"

enum { COUNTS, STATS, AGENTS, REQUESTS, LATEST };

static const struct span {
	const char *hours;
	int64_t ms, step;
} spans[] = {{"1", 3600000, 60000}, {"24", 86400000, 1800000}, {"168", 604800000, 10800000}, {"720", 2592000000, 43200000}};

static const struct span *span_of(const struct sk_req *q)
{
	const char *hours = sk_form_text(&q->query, "hours");

	for (size_t i = 0; i < SK_ARRAY_SIZE(spans); i++)
		if (strcmp(spans[i].hours, hours) == 0)
			return &spans[i];
	return &spans[1];
}

/* The last step is the one that is running: a graph that ends at "now". */
static int64_t first_step(const struct span *span, int64_t now)
{
	return now / span->step * span->step - span->ms + span->step;
}

static int ask_counts(struct sk_req *q, int64_t now)
{
	const struct span *span = span_of(q);
	json_object *body = json_object_new_object();
	int r;

	q->scratch = first_step(span, now);
	r = sk_json_put_string(body, "verb", "counts");
	r = r ? r : sk_json_put_i64(body, "since", q->scratch);
	r = r ? r : sk_json_put_i64(body, "until", q->scratch + span->ms);
	r = r ? r : sk_json_put_i64(body, "step", span->step);
	r = r ? r : sk_req_put_scopes(q, body);
	if (r) {
		sk_json_free(body);
		return r;
	}
	return sk_req_ask(q, COUNTS, q->web->store, SK_F_CALL, body);
}

static const char *level_of(int64_t severity)
{
	return severity >= 4 && severity <= 6 ? "high" : severity == 3 ? "medium" : "low";
}

static void add_count(json_object *array, size_t index, int64_t count)
{
	int64_t sum = json_object_get_int64(json_object_array_get_idx(array, index)) + count;

	json_object_array_put_idx(array, index, json_object_new_int64(sum));
}

/* Columns for the graph: one time and three counts a step, zeroes included. */
static void put_series(struct sk_req *q, json_object *model)
{
	static const char *const levels[] = {"low", "medium", "high"};
	const struct span *span = span_of(q);
	json_object *series = sk_put_object(model, "series"), *times = sk_put_array(series, "times");
	json_object *points = sk_field_at(q->answers[COUNTS].value, "points");
	size_t steps = (size_t)(span->ms / span->step);

	for (size_t k = 0; k < SK_ARRAY_SIZE(levels); k++) {
		json_object *column = sk_put_array(series, levels[k]);

		for (size_t i = 0; column && i < steps; i++)
			json_object_array_add(column, json_object_new_int64(0));
	}
	for (size_t i = 0; times && i < steps; i++)
		json_object_array_add(times, json_object_new_int64(q->scratch + (int64_t)i * span->step));
	for (size_t i = 0; i < sk_field_count(q->answers[COUNTS].value, "points"); i++) {
		json_object *point = json_object_array_get_idx(points, i);
		int64_t at = (sk_field_int(point, "time") - q->scratch) / span->step;

		if (at >= 0 && (size_t)at < steps)
			add_count(sk_field_at(series, level_of(sk_field_int(point, "severity"))), (size_t)at, sk_field_int(point, "count"));
	}
	sk_put_s(model, "hours", span->hours);
	sk_put_i(model, "step", span->step);
}

int sk_do_counts(struct sk_req *q)
{
	int r;

	if (q->step == 0) {
		sk_req_scope(q, SK_OBJECT_EVENT, SK_VERB_READ);
		r = ask_counts(q, (int64_t)sk_clock_ms());
		return r ? r : SK_AGAIN;
	}
	r = sk_answer_result(&q->answers[COUNTS]);
	if (!r)
		put_series(q, sk_req_model(q));
	return r;
}

/* ---- the page ---- */

static int ask_store(struct sk_req *q)
{
	json_object *stats = json_object_new_object(), *latest = json_object_new_object(), *filter, *severities;
	int r;

	if (!sk_req_scope(q, SK_OBJECT_EVENT, SK_VERB_READ)) {
		sk_json_free(stats);
		sk_json_free(latest);
		return 0;
	}
	r = ask_counts(q, (int64_t)sk_clock_ms());
	r = r ? r : sk_json_put_string(stats, "verb", "stats");
	r = r ? r : sk_req_ask(q, STATS, q->web->store, SK_F_CALL, SK_TAKE(stats));
	r = r ? r : sk_json_put_object(latest, "filter", &filter);
	r = r ? r : sk_json_put_array(filter, "severities", &severities);
	for (int s = 3; !r && s <= 6; s++)
		r = sk_json_append(severities, json_object_new_int(s));
	r = r ? r : sk_req_put_scopes(q, filter);
	r = r ? r : sk_json_put_i64(latest, "limit", 8);
	r = r ? r : sk_req_ask(q, LATEST, q->web->store, SK_F_QUERY, SK_TAKE(latest));
	sk_json_free(stats);
	sk_json_free(latest);
	return r;
}

static int ask_fleet(struct sk_req *q)
{
	json_object *body;
	int r = 0;

	if (sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_READ)) {
		body = json_object_new_object();
		sk_put_s(body, "state", "pending");
		sk_put_i(body, "limit", 100);
		r = sk_req_call(q, REQUESTS, "request.list", body);
	}
	return r;
}

static void attention(json_object *model, const char *kind, const char *word, int64_t count, const char *to)
{
	json_object *o = sk_add_object(sk_field_at(model, "attention"));

	sk_put_s(o, "kind", kind);
	sk_put_s(o, "word", word);
	sk_put_i(o, "count", count);
	sk_put_s(o, "to", to);
}

static void count_agents(struct sk_req *q, json_object *model)
{
	static const char *const words[] = {"clock", "dropped", "guard", "offline", "policy", "spool", "unguarded"};
	int64_t now = (int64_t)sk_clock_ms(), states[4] = {0}, concerns[SK_ARRAY_SIZE(words)] = {0};
	static const char *const names[] = {"ok", "attention", "offline", "revoked"};
	json_object *fleet;

	if (q->answers[AGENTS].code[0] || !q->collected)
		return; /* no count is better than a wrong one */
	fleet = sk_put_object(model, "endpoints");
	for (size_t i = 0; i < json_object_array_length(q->collected); i++) {
		json_object *agent = json_object_array_get_idx(q->collected, i);

		sk_endpoint_judge(agent, now);
		for (size_t k = 0; k < 4; k++)
			states[k] += strcmp(sk_field_text(agent, "state_word"), names[k]) == 0;
		for (size_t c = 0; c < sk_field_count(agent, "concerns"); c++)
			for (size_t k = 0; k < SK_ARRAY_SIZE(words); k++)
				concerns[k] += strcmp(json_object_get_string(json_object_array_get_idx(sk_field_at(agent, "concerns"), c)), words[k]) == 0;
	}
	for (size_t k = 0; k < 4; k++)
		sk_put_i(fleet, names[k], states[k]);
	sk_put_i(fleet, "total", states[0] + states[1] + states[2]);
	for (size_t k = 0; k < SK_ARRAY_SIZE(words); k++)
		if (concerns[k])
			attention(model, "endpoint", words[k], concerns[k], "/endpoints");
}

static int count_assets(struct sk_req *q, json_object *model)
{
	_cleanup_json_ json_object *assets = NULL;
	_cleanup_map_ struct sk_map *index = NULL;
	json_object *counts;
	int64_t with = 0, gateway = 0, without;
	int r;

	if (!sk_req_scope(q, SK_OBJECT_ASSET, SK_VERB_READ) || q->answers[AGENTS].code[0])
		return 0;
	r = sk_asset_list(&q->web->db, q->places, q->place_count, q->all_places, "", 100000, &assets);
	r = r ? r : sk_agent_index(q->collected, &index);
	if (r)
		return r;
	for (size_t i = 0; i < json_object_array_length(assets); i++) {
		json_object *asset = json_object_array_get_idx(assets, i);

		with += sk_asset_agent(asset, index) != NULL;
		gateway += strcmp(sk_field_text(asset, "kind"), "gateway_only") == 0;
	}
	without = (int64_t)json_object_array_length(assets) - with - gateway;
	counts = sk_put_object(model, "assets");
	sk_put_i(counts, "total", (int64_t)json_object_array_length(assets));
	sk_put_i(counts, "with_agent", with);
	sk_put_i(counts, "gateway_only", gateway);
	if (without > 0)
		attention(model, "asset", "no_agent", without, "/assets?agent=no");
	if (gateway)
		attention(model, "asset", "gateway_only", gateway, "/assets?agent=gateway");
	return 0;
}

static void put_requests(struct sk_req *q, json_object *model)
{
	json_object *requests;

	if (!sk_req_scope(q, SK_OBJECT_REQUEST, SK_VERB_READ))
		return;
	requests = sk_scoped(q, q->answers[REQUESTS].value, "requests");
	if (json_object_array_length(requests))
		attention(model, "request", "pending", (int64_t)json_object_array_length(requests), "/requests");
	sk_put_o(model, "requests", requests);
}

static void put_store(struct sk_req *q, json_object *model)
{
	json_object *stats = q->answers[STATS].value;

	if (!sk_req_scope(q, SK_OBJECT_EVENT, SK_VERB_READ))
		return;
	put_series(q, model);
	sk_put_o(model, "latest", sk_scoped(q, q->answers[LATEST].value, "rows"));
	if (q->all_places && stats)
		sk_put_o(model, "store", json_object_get(stats));
	if (strcmp(sk_field_text(stats, "state"), "full") == 0)
		attention(model, "store", "full", 1, "");
	if (q->all_places && sk_field_int(stats, "lost"))
		attention(model, "store", "lost", sk_field_int(stats, "lost"), "/endpoints");
	if (sk_answer_result(&q->answers[COUNTS]) == SK_END)
		attention(model, "store", "away", 1, "");
}

int sk_do_overview(struct sk_req *q)
{
	json_object *model = sk_req_model(q);
	int r;

	if (q->step == 0) {
		r = ask_store(q);
		r = r ? r : ask_fleet(q);
		return r ? r : SK_AGAIN;
	}
	if (sk_req_scope(q, SK_OBJECT_ENDPOINT, SK_VERB_READ)) {
		r = sk_req_all_agents(q, AGENTS);
		if (r < 0 || r == SK_AGAIN)
			return r;
	}
	sk_put_array(model, "attention");
	put_store(q, model);
	put_requests(q, model);
	if (sk_answer_result(&q->answers[AGENTS]) == SK_END)
		attention(model, "fleet", "away", 1, "");
	count_agents(q, model);
	return count_assets(q, model);
}
