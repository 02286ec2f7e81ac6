// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * From a draft to a rule: tests into slots, where the rule is judged (its hooks), and the literal by which the prefilter finds it.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "rule/draft.h"

static int make_slots(struct draft *d)
{
	struct rule *rule = d->rule;
	struct arena *arena = &d->set->arena;

	rule->slots = arena_take(arena, d->slot_count * sizeof *rule->slots);
	if (!rule->slots)
		return sk_origin(-ENOMEM);
	for (unsigned s = 0; s < d->slot_count; s++) {
		struct slot *slot = &rule->slots[rule->slot_count];

		*slot = (struct slot){.list = d->lists[s], .absent_ok = true};
		for (unsigned i = 0; i < d->test_count; i++)
			slot->test_count += d->slot_of[i] == s;
		if (!slot->test_count)
			continue; /* its only content was moved to another buffer */
		if (!(slot->tests = arena_take(arena, slot->test_count * sizeof *slot->tests)))
			return sk_origin(-ENOMEM);
		slot->test_count = 0;
		for (unsigned i = 0; i < d->test_count; i++)
			if (d->slot_of[i] == s) {
				slot->tests[slot->test_count++] = d->tests[i];
				slot->absent_ok &= d->tests[i].negated && (d->tests[i].kind == TEST_CONTENT || d->tests[i].kind == TEST_PCRE);
			}
		rule->slot_count++;
	}
	return 0;
}

static bool is_anchored(const struct slot *slot)
{
	for (unsigned i = 0; i < slot->test_count; i++) {
		const struct test *t = &slot->tests[i];

		if (t->kind == TEST_CONTENT && (t->content.has_depth || t->content.has_offset))
			return true;
		if (t->kind == TEST_PCRE && t->pcre.anchored && (!i || !t->relative))
			return true;
		if ((t->kind == TEST_BYTE_TEST || t->kind == TEST_BYTE_JUMP || t->kind == TEST_BYTE_EXTRACT || t->kind == TEST_ISDATAAT || t->kind == TEST_BSIZE ||
			    t->kind == TEST_BYTE_MATH) && !t->relative)
			return true;
	}
	return false;
}

static bool has_packet_facts(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->fact_count; i++)
		if (rule->facts[i].kind != FACT_FIELD && rule->facts[i].kind != FACT_APP && rule->facts[i].kind != FACT_STREAM_SIZE)
			return true;
	return false;
}

static bool has_notes(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->fact_count; i++)
		if (rule->facts[i].kind == FACT_NOTE)
			return true;
	return false;
}

static bool has_message_facts(const struct rule *rule)
{
	for (unsigned i = 0; i < rule->fact_count; i++)
		if (rule->facts[i].kind == FACT_FIELD)
			return true;
	return false;
}

static const struct slot *payload_slot(const struct draft *d)
{
	for (unsigned i = 0; i < d->rule->slot_count; i++)
		if (d->rule->slots[i].list == 0)
			return &d->rule->slots[i];
	return NULL;
}

static bool is_part(const struct draft *d, const struct slot *slot)
{
	return d->set->lists[slot->list].part != PART_NONE;
}

static int choose_hooks(struct draft *d)
{
	struct rule *rule = d->rule;
	const struct slot *payload = payload_slot(d);
	bool message = has_message_facts(rule);
	unsigned parts = 0;

	for (unsigned i = 0; i < rule->slot_count; i++)
		parts += is_part(d, &rule->slots[i]);
	message |= rule->slot_count > (payload != NULL) + parts;

	rule->anchored = payload && is_anchored(payload);
	if (has_notes(rule) || d->frame_only) {
		rule->hooks = HOOK_FRAME;
		return !has_notes(rule) || rule->slot_count || rule->flow ? draft_refuse(d, "on frames there is decode-event and conditions on headers, and nothing else") : 0;
	}
	if (message) {
		rule->hooks = HOOK_MESSAGE;
		return parts || has_packet_facts(rule) ? draft_refuse(d, "conditions on a packet and on a protocol's buffers in one rule") : 0;
	}
	if (parts)
		rule->hooks = HOOK_PACKET;
	else if (!payload && rule->proto && !rule->fact_count)
		rule->hooks = HOOK_MESSAGE;
	else if (!payload && !rule->fact_count && !rule->bits && !rule->ints && !rule->flow && rule->sport->any && rule->dport->any && rule->app == APP_ANY)
		rule->hooks = HOOK_FLOW;
	else if (!payload || has_packet_facts(rule) || d->packet_only || !(rule->protocols & HEAD_TCP))
		rule->hooks = HOOK_PACKET;
	else if (d->stream_only)
		rule->hooks = HOOK_STREAM;
	else
		rule->hooks = HOOK_STREAM | (rule->anchored || rule->protocols != HEAD_TCP ? HOOK_PACKET : 0);
	return 0;
}

/* Buffers of messages are looked at less often than the payload; short and common literals find too much. */
static unsigned worth(const struct slot *slot, const struct test *test)
{
	const struct content *c = &test->content;
	unsigned kinds = 0;
	bool seen[256] = {false};

	if (test->kind != TEST_CONTENT || test->negated)
		return 0;
	if (c->fast)
		return 1 << 20;
	for (unsigned i = 0; i < c->size; i++) {
		kinds += !seen[c->bytes[i]];
		seen[c->bytes[i]] = true;
	}
	return 1 + 2 * SK_MIN(c->size, 24u) + 2 * SK_MIN(kinds, 16u) + (slot->list ? 40 : 0);
}

static void choose_fast(struct draft *d)
{
	struct rule *rule = d->rule;
	unsigned best = 0;

	rule->fast_slot = rule->fast_test = -1;
	for (unsigned s = 0; s < rule->slot_count; s++) {
		const struct slot *slot = &rule->slots[s];
		unsigned count = slot->test_count;

		if (is_part(d, slot) || (slot->list == 0 && rule->hooks & HOOK_MESSAGE))
			continue; /* the message makes it a candidate, and the payload is looked at then */
		for (unsigned i = 0; i < slot->test_count; i++)
			if (slot->tests[i].kind == TEST_BASE64 && slot->tests[i].base64.first)
				count = SK_MIN(count, (unsigned)slot->tests[i].base64.first); /* what was decoded is not searched beforehand */
		for (unsigned i = 0; i < count; i++)
			if (worth(slot, &slot->tests[i]) > best) {
				best = worth(slot, &slot->tests[i]);
				rule->fast_slot = (int16_t)s;
				rule->fast_test = (int16_t)i;
			}
	}
}

/* A buffer says which application its messages are of; a rule for another can never match. */
static int check_buffers(struct draft *d)
{
	for (unsigned i = 0; i < d->rule->slot_count; i++) {
		const struct slot *slot = &d->rule->slots[i];

		for (unsigned t = 0; t < slot->test_count; t++)
			if (slot->tests[t].kind == TEST_BSIZE && slot->list == 0)
				return draft_refuse(d, "bsize is about a buffer, and none is named");
	}
	return 0;
}

int draft_finish(struct draft *d)
{
	struct rule *rule = d->rule;
	int r = make_slots(d);

	if (r || (r = check_buffers(d)))
		return r;
	rule->facts = arena_copy(&d->set->arena, d->facts, d->fact_count * sizeof *d->facts);
	if (!rule->facts)
		return sk_origin(-ENOMEM);
	rule->fact_count = (uint8_t)d->fact_count;
	if ((r = choose_hooks(d)))
		return r;
	choose_fast(d);
	return 0;
}
