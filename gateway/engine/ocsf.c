// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing an event: what all have in common, who talked, what was said, what decided. */
#include "engine/ocsf.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "event/make.h"

enum { FIELDS_TOLD = 64, FIELD_TOLD = 1024, FIELDS_ROOM = 40 << 10 };

const char *gw_addr_text(const struct gw_addr *addr, uint8_t ip, char *out)
{
	if (!inet_ntop(ip == 6 ? AF_INET6 : AF_INET, addr->bytes, out, 46))
		out[0] = '\0';
	return out;
}

enum sk_event_kind gw_event_row(const struct gw_event *e)
{
	static const enum sk_event_kind message[] = {SK_EVENT_GATEWAY_MESSAGE_PASSED, SK_EVENT_GATEWAY_MESSAGE_WOULD_BE_REFUSED, SK_EVENT_GATEWAY_MESSAGE_REFUSED};
	static const enum sk_event_kind odd[] = {SK_EVENT_GATEWAY_ODD, SK_EVENT_GATEWAY_ODD_WOULD_BE_REFUSED, SK_EVENT_GATEWAY_ODD_REFUSED};

	switch (e->kind) {
	case GW_EVENT_RULE: return e->verdict == GW_REFUSED ? SK_EVENT_GATEWAY_RULE_REFUSED : SK_EVENT_GATEWAY_RULE;
	case GW_EVENT_ODD: return odd[e->verdict];
	case GW_EVENT_FLOW: return SK_EVENT_GATEWAY_CONVERSATION;
	case GW_EVENT_ANSWER: return SK_EVENT_GATEWAY_ANSWERS;
	default: return message[e->verdict];
	}
}

/* A rule's own, by its priority; else the kind's. */
static int severity(const struct gw_event *e)
{
	return e->kind != GW_EVENT_RULE ? 0 : e->priority == 1 ? 4 : e->priority == 2 ? 3 : 2;
}

/* A number beyond what readers of JSON agree upon is text. */
static void put_number(struct sk_jw *out, const char *key, uint64_t value)
{
	char text[24];

	if (value <= INT64_MAX) {
		sk_jw_put_uint(out, key, value);
		return;
	}
	snprintf(text, sizeof text, "%" PRIu64, value);
	sk_jw_put_str(out, key, text);
}

static void endpoint(struct sk_jw *out, const char *key, const struct gw_event *e, const struct gw_addr *addr, uint16_t port)
{
	char text[46];

	sk_jw_open(out, key, '{');
	if (e->ip)
		sk_jw_put_str(out, "ip", gw_addr_text(addr, e->ip, text));
	if (e->transport == 6 || e->transport == 17)
		sk_jw_put_uint(out, "port", port);
	if (e->vlan)
		sk_jw_put_uint(out, "vlan_uid", e->vlan);
	sk_jw_close(out, '}');
}

/* "100-109", as a policy's line has it. */
static void range(struct sk_jw *out, const char *name, uint64_t low, uint64_t high)
{
	char text[48];

	snprintf(text, sizeof text, low == high ? "%" PRIu64 : "%" PRIu64 "-%" PRIu64, low, high);
	sk_jw_put_str(out, name, text);
}

static void field(struct sk_jw *out, const struct gw_field_def *def, const struct gw_field *f)
{
	if (def->secret)
		sk_jw_put_uint(out, def->name, f->bytes.size);
	else if (def->kind == GW_UINT)
		put_number(out, def->name, f->u);
	else if (def->kind == GW_INT)
		sk_jw_put_int(out, def->name, f->i);
	else if (def->kind == GW_RANGE)
		range(out, def->name, f->range.low, f->range.high);
	else if (def->kind == GW_TEXT)
		sk_jw_put_bytes(out, def->name, f->bytes.data, SK_MIN(f->bytes.size, (size_t)FIELD_TOLD));
	else
		sk_jw_put_uint(out, def->name, f->bytes.size);
}

/* A list of objects with one member: a field may come several times. As many as an event has room for: a byte may need six. */
static void fields(struct sk_jw *out, const struct gw_event *e)
{
	const struct gw_message *m = e->message;
	size_t from = out->buf->size, i;

	sk_jw_open(out, "fields", '[');
	for (i = 0; i < m->field_count && i < FIELDS_TOLD && out->buf->size - from < FIELDS_ROOM; i++) {
		if (m->fields[i].def >= e->proto->field_count)
			continue;
		sk_jw_open(out, NULL, '{');
		field(out, &e->proto->fields[m->fields[i].def], &m->fields[i]);
		sk_jw_close(out, '}');
	}
	sk_jw_close(out, ']');
	if (i < m->field_count)
		sk_jw_put_bool(out, "fields_cut", true);
}

static void put_if(struct sk_jw *out, const char *key, const char *text)
{
	if (text)
		sk_jw_put_str(out, key, text);
}

static void message(struct sk_jw *out, const struct gw_event *e)
{
	const struct gw_message *m = e->message;

	sk_jw_put_str(out, "name", m->name);
	sk_jw_put_str(out, "act", gw_act_names[m->act]);
	put_if(out, "from", m->from == GW_ROLE_HOST ? "host" : m->from == GW_ROLE_EQUIPMENT ? "equipment" : NULL);
	sk_jw_put_bool(out, "whole", m->whole);
	if (m->partial)
		sk_jw_put_bool(out, "partial", true);
	sk_jw_put_bool(out, "request", m->request);
	put_number(out, "id", m->id);
	put_number(out, "size", m->size);
	if (e->proto)
		fields(out, e);
}

static void fab(struct sk_jw *out, const struct gw_event *e, enum sk_clock_state clock)
{
	sk_jw_open(out, "fab", '{');
	sk_jw_put_str(out, "clock", sk_clock_state_name(clock));
	sk_jw_put_str(out, "kind", gw_event_kind_names[e->kind]);
	sk_jw_put_uint(out, "packet", e->packet);
	sk_jw_put_str(out, "verdict", gw_verdict_names[e->verdict]);
	sk_jw_put_str(out, "direction", e->dir == GW_TO_SERVER ? "to-server" : "to-client");
	sk_jw_put_bool(out, "midstream", e->midstream);
	put_if(out, "protocol", e->proto ? e->proto->name : NULL);
	put_if(out, "word", e->word);
	put_if(out, "conduit", e->conduit);
	put_if(out, "line", e->line);
	put_if(out, "why", e->why);
	put_if(out, "capture", e->capture);
	if (e->message)
		message(out, e);
	if (e->kind == GW_EVENT_FLOW)
		for (int d = 0; d < 2; d++) {
			sk_jw_open(out, d == GW_TO_SERVER ? "to_server" : "to_client", '{');
			sk_jw_put_uint(out, "packets", e->packets[d]);
			sk_jw_put_uint(out, "bytes", e->bytes[d]);
			sk_jw_close(out, '}');
		}
	sk_jw_close(out, '}');
}

static void finding(struct sk_jw *out, const struct gw_event *e)
{
	sk_jw_open(out, "finding_info", '{');
	sk_jw_put_str(out, "uid", "rule");
	sk_jw_put_str(out, "title", e->msg);
	sk_jw_close(out, '}');
	sk_jw_open(out, "unmapped", '{');
	sk_jw_put_uint(out, "sid", e->sid);
	sk_jw_put_uint(out, "gid", e->gid);
	sk_jw_put_uint(out, "rev", e->rev);
	put_if(out, "classtype", e->classtype);
	sk_jw_close(out, '}');
}

int gw_event_json(const struct gw_event *e, enum sk_clock_state clock, struct sk_buf *buf)
{
	const struct sk_event_opening opening = {.kind = gw_event_row(e), .at = {(int64_t)(e->time / 1000000), clock}, .severity = severity(e),
		.message = e->kind == GW_EVENT_RULE ? e->msg : NULL};
	struct sk_jw out;

	sk_event_open(&out, &opening, buf);
	endpoint(&out, "src_endpoint", e, &e->client, e->client_port);
	endpoint(&out, "dst_endpoint", e, &e->server, e->server_port);
	sk_jw_open(&out, "connection_info", '{');
	sk_jw_put_uint(&out, "protocol_num", e->transport);
	sk_jw_close(&out, '}');
	if (e->kind == GW_EVENT_RULE)
		finding(&out, e);
	fab(&out, e, clock);
	sk_jw_close(&out, '}');
	return out.error;
}
