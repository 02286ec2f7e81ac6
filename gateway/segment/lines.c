// SPDX-License-Identifier: GPL-3.0-or-later
/* What the lines of a conduit say of one message. The order of the steps is that of segment/policy.h; nothing is allocated. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "segment/segment.h"

/* A message, and what was asked about it. */
struct asked {
	const struct gw_policy *policy;
	const struct gw_ways_of *way;
	const struct gw_tuple *flow;
	const struct gw_proto *proto;
	const struct gw_message *message;
	uint64_t now;
	enum sk_line_role role;
	const struct gw_line *nearest; /* would have allowed it, but for its fields */
	const char *field;             /* which of them */
};

enum fit { FIT_NOT, FIT_LATER, FIT_YES }; /* LATER: the bytes that decide are not here yet */

/* The type of the tool at an address; NULL: the policy names none there. */
static const char *tool_type(const struct gw_policy *policy, const struct gw_addr *address, uint8_t ip)
{
	const struct gw_tool_at wanted = {.ip = ip, .address = *address};
	const struct gw_tool_at *tool = bsearch(&wanted, policy->tools, policy->tool_count, sizeof wanted, gw_tool_compare);

	return tool ? tool->type : NULL;
}

/*
 * Who speaks. An asset that the policy names is believed before what the talk looks like, which the sender makes; where neither tells, whoever opened
 * the connection is taken for the host.
 */
static enum sk_line_role role_of(const struct gw_policy *policy, const struct gw_tuple *flow, const struct gw_message *message)
{
	bool client_speaks = message->dir == GW_TO_SERVER;

	if (tool_type(policy, client_speaks ? &flow->client : &flow->server, flow->ip))
		return SK_LINE_EQUIPMENT;
	if (tool_type(policy, client_speaks ? &flow->server : &flow->client, flow->ip))
		return SK_LINE_HOST;
	if (message->from == GW_ROLE_UNKNOWN)
		return client_speaks ? SK_LINE_HOST : SK_LINE_EQUIPMENT;
	return message->from == GW_ROLE_HOST ? SK_LINE_HOST : SK_LINE_EQUIPMENT;
}

static bool what_fits(const struct sk_line_what *what, const struct gw_message *message)
{
	if (what->act >= 0)
		return what->act == (int)message->act;
	if (what->prefix)
		return strncasecmp(what->name, message->name, strlen(what->name)) == 0;
	return strcasecmp(what->name, message->name) == 0;
}

/* The line is about this message, fields aside. */
static bool about(const struct asked *a, const struct sk_line *line)
{
	if (line->protocol[0] && strcmp(line->protocol, a->proto->name) != 0)
		return false;
	if (line->role != SK_LINE_ANYBODY && line->role != a->role)
		return false;
	for (size_t i = 0; i < line->what_count; i++)
		if (what_fits(&line->whats[i], a->message))
			return true;
	return false;
}

static bool text_fits(const struct sk_line_value *value, const uint8_t *data, size_t size)
{
	char text[SK_LINE_WORD];
	uint64_t number;

	if (size >= sizeof text)
		return false;
	memcpy(text, data, size);
	text[size] = '\0';
	if (value->number && sk_parse_u64(text, UINT64_MAX, &number) == 0)
		return number >= value->low && number <= value->high;
	return strlen(text) == size && strcmp(text, value->text) == 0;
}

/* A range is allowed where it lies within the line's, and refused where it touches them. */
static bool range_fits(const struct sk_line *line, const struct sk_line_value *value, const struct gw_field *field)
{
	if (!value->number)
		return false;
	if (line->verdict == SK_LINE_NEVER)
		return field->range.high >= value->low && field->range.low <= value->high;
	return field->range.low >= value->low && field->range.high <= value->high;
}

static bool value_fits(const struct sk_line *line, const struct sk_line_value *value, enum gw_kind kind, const struct gw_field *field)
{
	if (kind == GW_RANGE)
		return range_fits(line, value, field);
	if (kind == GW_TEXT || kind == GW_BYTES)
		return text_fits(value, field->bytes.data, field->bytes.size);
	if (kind == GW_INT && field->i < 0)
		return false;
	return value->number && field->u >= value->low && field->u <= value->high;
}

static bool one_fits(const struct sk_line *line, const struct sk_line_field *wanted, enum gw_kind kind, const struct gw_field *field)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (value_fits(line, &line->values[wanted->first + i], kind, field))
			return true;
	return false;
}

/*
 * A field may come several times (one for each value in a list). To be allowed, all of them have to be among the values; to be refused, one is enough.
 */
static enum fit field_fits(const struct asked *a, const struct sk_line *line, const struct sk_line_field *wanted)
{
	size_t seen = 0, good = 0;

	if (a->message->partial)
		return line->verdict == SK_LINE_NEVER ? FIT_YES : FIT_NOT;
	for (size_t i = 0; i < a->message->field_count; i++) {
		const struct gw_field *field = &a->message->fields[i];
		const struct gw_field_def *def = &a->proto->fields[field->def];

		if (strcmp(def->name, wanted->name) != 0)
			continue;
		seen++;
		good += one_fits(line, wanted, def->kind, field);
	}
	if (line->verdict == SK_LINE_NEVER ? good > 0 : seen > 0 && good == seen && a->message->whole)
		return FIT_YES;
	return a->message->whole || (line->verdict != SK_LINE_NEVER && good < seen) ? FIT_NOT : FIT_LATER;
}

static enum fit fits(struct asked *a, const struct gw_line *line)
{
	enum fit worst = FIT_YES;

	if (!about(a, &line->line))
		return FIT_NOT;
	for (size_t i = 0; i < line->line.field_count; i++) {
		enum fit fit = field_fits(a, &line->line, &line->line.fields[i]);

		if (fit == FIT_NOT && line->line.verdict == SK_LINE_MAY && !a->nearest) {
			a->nearest = line;
			a->field = line->line.fields[i].name;
		}
		worst = SK_MIN(worst, fit);
	}
	return worst;
}

static const struct gw_field *find(const struct gw_proto *proto, const struct gw_message *message, const char *name)
{
	for (size_t i = 0; i < message->field_count; i++)
		if (strcmp(proto->fields[message->fields[i].def].name, name) == 0)
			return &message->fields[i];
	return NULL;
}

/* Equipment is the server nearly always; where the tool connects to the host, it is the client. */
static const char *tool_of(const struct gw_policy *policy, const struct gw_tuple *flow)
{
	const char *type = tool_type(policy, &flow->server, flow->ip);

	return type ? type : tool_type(policy, &flow->client, flow->ip);
}

static bool is_named(const struct sk_recipe *recipe, const struct gw_field *ppid)
{
	return strlen(recipe->ppid) == ppid->bytes.size && memcmp(recipe->ppid, ppid->bytes.data, ppid->bytes.size) == 0;
}

bool gw_recipe_released(const struct gw_policy *policy, const struct gw_tuple *flow, const struct gw_proto *proto, const struct gw_message *message)
{
	const struct gw_field *hash = find(proto, message, "recipe.sha256"), *ppid = find(proto, message, "ppid");
	const struct sk_recipe *list = policy->source.gateway.recipes.items;
	const char *type = tool_of(policy, flow);
	uint8_t sha256[SK_SHA256_SIZE];
	char hex[2 * SK_SHA256_SIZE + 1];

	if (!hash || (!ppid && !message->unnamed) || hash->bytes.size != sizeof hex - 1)
		return false;
	memcpy(hex, hash->bytes.data, sizeof hex - 1);
	hex[sizeof hex - 1] = '\0';
	if (sk_unhex(hex, sha256, sizeof sha256) != 0)
		return false;
	for (size_t i = 0; i < policy->source.gateway.recipes.count; i++)
		if (memcmp(list[i].sha256, sha256, sizeof sha256) == 0 && (!ppid || is_named(&list[i], ppid)) && (!list[i].type || (type && strcmp(type, list[i].type) == 0)))
			return true;
	return false;
}

static void refuse(struct gw_opinion *o, const struct gw_line *line, const char *why)
{
	o->refused = true;
	o->line = line ? line->text : NULL;
	snprintf(o->why, sizeof o->why, "%s", why);
}

static bool in_maintenance(const struct asked *a)
{
	return a->policy->state && a->now < a->policy->state->maintenance_until;
}

/* Step 2. True when the line decides (also: later). */
static bool by_only(struct asked *a, const struct gw_line *line, struct gw_opinion *o)
{
	enum fit fit = fits(a, line);

	if (fit == FIT_NOT)
		return false;
	o->line = line->text;
	if (line->line.needs & SK_LINE_MAINTENANCE && !in_maintenance(a)) {
		if (fit == FIT_YES)
			refuse(o, line, "the tool is not in maintenance; a maintenance window would allow it");
		o->pending = fit == FIT_LATER;
		return true;
	}
	o->pending = fit == FIT_LATER || (line->line.needs & SK_LINE_RECIPE && !a->message->whole);
	if (!o->pending && line->line.needs & SK_LINE_RECIPE && !gw_recipe_released(a->policy, a->flow, a->proto, a->message))
		refuse(o, line, "the recipe is not among the released ones; releasing it for this tool would allow it");
	return true;
}

/* SxFy with an even function, and what equipment says without being asked to report. */
bool gw_policy_is_answer(const struct gw_message *message)
{
	unsigned stream, function;
	int end = 0;

	if (sscanf(message->name, "S%3uF%3u%n", &stream, &function, &end) == 2 && !message->name[end])
		return function % 2 == 0;
	return !message->request && message->from == GW_ROLE_EQUIPMENT && message->act != GW_ACT_REPORT;
}

/* The line that asks for released recipes; NULL: none does. */
static const struct gw_line *recipe_line(const struct gw_ways_of *way)
{
	for (size_t i = 0; i < way->ways.lines; i++)
		if (way->lines[i].line.needs & SK_LINE_RECIPE)
			return &way->lines[i];
	return NULL;
}

/*
 * The host's answer to equipment that asked for a recipe (S7F6, S2F6, S15F18) brings one in as surely as S7F3 does. Where a line asks for released
 * recipes, what no line names is held against them too. True when that decides.
 */
static bool by_recipe(const struct asked *a, struct gw_opinion *o)
{
	const struct gw_line *line = a->role == SK_LINE_HOST && gw_policy_is_answer(a->message) ? recipe_line(a->way) : NULL;

	if (!line)
		return false;
	o->pending = !a->message->whole;
	if (o->pending || (!a->message->partial && !find(a->proto, a->message, "recipe.sha256")))
		return o->pending;
	if (!gw_recipe_released(a->policy, a->flow, a->proto, a->message))
		refuse(o, line, "it answers with a recipe that is not among the released ones; releasing it for this tool would allow it");
	return true;
}

static void by_otherwise(const struct asked *a, struct gw_opinion *o)
{
	char why[240];

	if (by_recipe(a, o) || gw_policy_is_answer(a->message) || a->message->act == GW_ACT_SESSION || !a->way->refuse)
		return;
	if (a->nearest)
		snprintf(why, sizeof why, "%s has a %s that is not among those of the line \"%.120s\"", a->message->name, a->field, a->nearest->text);
	else
		snprintf(why, sizeof why, "no line names it; \"%s may %s\" would allow it", a->role == SK_LINE_HOST ? "host" : "equipment", a->message->name);
	refuse(o, a->nearest, why);
}

static void by_lines(struct asked *a, struct gw_opinion *o)
{
	const struct gw_line *lines = a->way->lines;
	size_t count = a->way->ways.lines;
	bool later = false, allowed = false;

	for (size_t i = 0; i < count; i++) {
		enum fit fit = lines[i].line.verdict == SK_LINE_NEVER ? fits(a, &lines[i]) : FIT_NOT;

		if (fit == FIT_YES)
			return refuse(o, &lines[i], "the line says never; nothing but a change of the policy allows it");
		later |= fit == FIT_LATER;
	}
	for (size_t i = 0; i < count; i++)
		if (lines[i].line.verdict == SK_LINE_ONLY && by_only(a, &lines[i], o)) {
			o->pending |= later && !o->refused;
			return;
		}
	for (size_t i = 0; i < count && !allowed; i++) {
		enum fit fit = lines[i].line.verdict == SK_LINE_MAY ? fits(a, &lines[i]) : FIT_NOT;

		allowed = fit == FIT_YES;
		o->line = allowed ? lines[i].text : NULL;
		later |= fit == FIT_LATER;
	}
	o->pending = later;
	if (!allowed && !later)
		by_otherwise(a, o);
}

/* What was found out becomes what is done. */
static void decide(const struct gw_policy *policy, const struct gw_ways *ways, uint64_t now, struct gw_opinion *o)
{
	bool open = policy->state && now < policy->state->open_until;

	o->ruling = o->refused && ways->mode == SK_WATCH_ENFORCE && !open ? GW_REFUSE : GW_LET;
	o->reply = ways->answer;
}

void gw_policy_protocol(const struct gw_policy *policy, const struct gw_ways *ways, const struct gw_proto *proto, uint64_t now, struct gw_opinion *ret_opinion)
{
	const struct gw_ways_of *way = policy ? &policy->conduits[ways->index] : NULL;
	struct gw_opinion o = {.ruling = GW_LET};

	*ret_opinion = o;
	if (!way || way->proto_count == 0)
		return;
	for (size_t i = 0; i < way->proto_count; i++)
		if (way->protos[i] == proto)
			return;
	o.refused = true;
	snprintf(o.why, sizeof o.why, "%s is not what the conduit \"%.60s\" is for; adding it to its protocols would allow it", proto ? proto->name : "this",
		 ways->name);
	decide(policy, ways, now, &o);
	*ret_opinion = o;
}

void gw_policy_framing(const struct gw_policy *policy, const struct gw_ways *ways, const char *word, uint64_t now, struct gw_opinion *ret_opinion)
{
	struct gw_opinion o = {.ruling = GW_LET};

	if (policy && ways->framing == SK_FRAMING_REFUSE) {
		o.refused = true;
		snprintf(o.why, sizeof o.why, "where the next message begins is not known (%.30s), so it cannot be judged; framing: tell in the conduit \"%.60s\" would let it pass", word, ways->name);
		decide(policy, ways, now, &o);
		o.reply = GW_REPLY_RESET; /* nothing that is left out here could be answered */
	}
	*ret_opinion = o;
}

void gw_policy_message(const struct gw_policy *policy, const struct gw_ways *ways, const struct gw_tuple *flow, const struct gw_proto *proto,
		       const struct gw_message *message, uint64_t now, struct gw_opinion *ret_opinion)
{
	struct gw_opinion o = {.ruling = GW_LET};
	struct asked a;

	*ret_opinion = o;
	if (!policy || ways->lines == 0)
		return;
	a = (struct asked){policy, &policy->conduits[ways->index], flow, proto, message, now, role_of(policy, flow, message), NULL, NULL};
	by_lines(&a, &o);
	decide(policy, ways, now, &o);
	*ret_opinion = o;
}
