// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Learning in the clerk: the counts of the engine and those of before, together; kept over restarts in var/lib/sekisho/gateway/learnt.json, written when they have changed
 * and at most once a minute; and what people ask of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "main/clerk.h"
#include "os/file.h"

enum { SAVE_TICKS = 60 };

/* Both tables in one, to be freed. */
struct both {
	struct gw_learn learn;
	struct gw_learn_table table;
};

static struct both *join(const struct gw_clerk *c)
{
	struct both *both = sk_calloc(1, sizeof *both);

	if (!both)
		return NULL;
	gw_learn_begin(&both->learn, &both->table);
	gw_learn_add(&both->learn, &c->common->past);
	gw_learn_add(&both->learn, &c->common->learnt);
	return both;
}

/* --- over restarts */

void gw_learnt_open(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(GW_LEARN_TEXT_MAX + 1);
	struct gw_learn_marks marks = {0};
	struct sk_diag diag = {.source = GATEWAY_LEARNT};
	struct both *both = c->common->past_read ? NULL : sk_calloc(1, sizeof *both);
	int r;

	if (!both)
		return;
	c->common->past_read = true;
	gw_learn_begin(&both->learn, &both->table);
	r = sk_file_read(c->ctx->root_dir, GATEWAY_LEARNT, GW_LEARN_TEXT_MAX, &text);
	if (r == 0)
		r = gw_learn_read(text.data ? text.data : "", text.size, &both->learn, &marks, &diag);
	if (r == 0) {
		memcpy((void *)&c->common->past, &both->table, sizeof both->table);
		c->common->marks = marks;
	} else if (r != SK_NONE) {
		sk_log(SK_LOG_ERROR, "what was learnt cannot be read, learning begins anew: %s", r > 0 ? diag.text : strerror(-r));
	}
	free(both);
}

static uint64_t said_so_far(const struct gw_clerk *c)
{
	const struct gw_learn_table *table = &c->common->learnt;
	uint32_t count = SK_MIN(atomic_load(&table->count), (uint32_t)GW_LEARN_ROWS);
	uint64_t sum = atomic_load(&table->lost) + c->common->marks.known + c->common->marks.proposed;

	for (uint32_t i = 0; i < count; i++)
		sum += gw_learn_total(&table->rows[i]);
	return sum;
}

void gw_learnt_save(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(GW_LEARN_TEXT_MAX);
	uint64_t sum = said_so_far(c);
	struct both *both = sum != c->saved_sum ? join(c) : NULL;
	int r;

	if (!both)
		return;
	r = gw_learn_write(&both->table, &c->common->marks, &text);
	if (r == 0)
		r = sk_file_replace("gateway.learnt", c->ctx->root_dir, GATEWAY_LEARNT, text.data, text.size, 0600);
	if (r == 0)
		c->saved_sum = sum;
	else
		sk_log(SK_LOG_WARNING, "what was learnt is not kept: %s", r < 0 ? strerror(-r) : "it is too long");
	free(both);
}

void gw_learnt_tick(struct gw_clerk *c)
{
	if (++c->ticks % SAVE_TICKS == 0)
		gw_learnt_save(c);
}

/* A policy was accepted: what was known when its draft was made is known now. */
void gw_learnt_accepted(struct gw_clerk *c)
{
	if (c->common->marks.proposed <= c->common->marks.known)
		return;
	c->common->marks.known = c->common->marks.proposed;
	gw_learnt_save(c);
}

/* --- what people ask. Each answers with an object, or NULL when memory is out. */

static struct json_object *answer_text(const char *key, const struct sk_buf *text, int r)
{
	struct json_object *o = r ? NULL : json_object_new_object();

	return o && sk_json_put_string(o, key, text->data ? text->data : "") ? sk_json_free(o) : o;
}

static struct json_object *with_count(struct json_object *o, size_t count)
{
	return o && sk_json_put_u64(o, "count", count) ? sk_json_free(o) : o;
}

struct json_object *gw_learnt_summary(struct gw_clerk *c)
{
	struct both *both = join(c);
	struct json_object *o = both ? json_object_new_object() : NULL;
	uint64_t messages = 0;
	uint32_t days = 0;
	int r = o ? 0 : -ENOMEM;

	for (uint32_t i = 0; both && i < both->table.count; i++) {
		const struct gw_learn_row *row = &both->table.rows[i];

		messages += row->name[0] && !row->kind[0] ? gw_learn_total(row) : 0;
		days = SK_MAX(days, atomic_load(&row->days));
	}
	if (!r)
		r = sk_json_put_u64(o, "rows", both->table.count);
	if (!r)
		r = sk_json_put_u64(o, "messages", messages);
	if (!r)
		r = sk_json_put_u64(o, "days", days);
	if (!r)
		r = sk_json_put_u64(o, "lost", atomic_load(&both->table.lost));
	if (!r)
		r = sk_json_put_u64(o, "proposed", c->common->marks.proposed);
	if (!r)
		r = sk_json_put_u64(o, "known", c->common->marks.known);
	free(both);
	return r ? sk_json_free(o) : o;
}

struct json_object *gw_learnt_propose(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(8 << 20);
	struct gw_policy *policy = gw_enforce_policy(c);
	struct both *both = join(c);
	int r = both ? gw_learn_propose(&both->table, policy, &text) : -ENOMEM;

	if (r == 0) {
		c->common->marks.proposed = gw_now_ns() / 1000000000;
		gw_learnt_save(c);
	}
	gw_policy_free(policy);
	free(both);
	return answer_text("draft", &text, r);
}

struct json_object *gw_learnt_drift(struct gw_clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(8 << 20);
	struct both *both = join(c);
	size_t count = 0;
	int r = both ? gw_learn_drift(&both->table, c->common->marks.known, NULL, &text, &count) : -ENOMEM;

	free(both);
	return with_count(answer_text("drift", &text, r), count);
}

struct json_object *gw_learnt_rehearse(struct gw_clerk *c, const char *set, bool *ret_found)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(8 << 20);
	struct gw_policy *policy = gw_enforce_policy(c);
	struct both *both = join(c);
	size_t count = 0;
	int r = !both ? -ENOMEM : policy ? gw_learn_rehearse(&both->table, policy, set, &text, &count) : SK_NONE;

	*ret_found = r != SK_NONE;
	gw_policy_free(policy);
	free(both);
	return with_count(answer_text("stops", &text, r), count);
}

struct json_object *gw_learnt_draw(struct gw_clerk *c, bool ja)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(8 << 20);
	struct gw_policy *policy = gw_enforce_policy(c);
	struct both *both = join(c);
	int r = both ? gw_learn_draw(&both->table, policy, ja, &text) : -ENOMEM;

	gw_policy_free(policy);
	free(both);
	return answer_text("svg", &text, r);
}

/* All that is told from now on is drift. */
void gw_learnt_know(struct gw_clerk *c)
{
	c->common->marks.known = gw_now_ns() / 1000000000;
	gw_learnt_save(c);
}
