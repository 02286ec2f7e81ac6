// SPDX-License-Identifier: GPL-3.0-or-later
/* Writing an event: what all have in common, who talked, what was said, what decided. */
#include "engine/ocsf.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "event/pull.h"

enum { FINDING = 2004, NETWORK = 4001, TRAFFIC = 6, CLOSE = 2, REFUSE = 5 };

const char *gw_addr_text(const struct gw_addr *addr, uint8_t ip, char *out)
{
	if (!inet_ntop(ip == 6 ? AF_INET6 : AF_INET, addr->bytes, out, 46))
		out[0] = '\0';
	return out;
}

static int activity(const struct gw_event *e)
{
	if (e->kind == GW_EVENT_RULE)
		return 1;
	if (e->kind == GW_EVENT_FLOW)
		return CLOSE;
	return e->verdict == GW_REFUSED ? REFUSE : TRAFFIC;
}

static int severity(const struct gw_event *e)
{
	if (e->kind == GW_EVENT_RULE)
		return e->priority == 1 ? 4 : e->priority == 2 ? 3 : 2;
	if (e->verdict != GW_ALLOWED)
		return 4;
	return e->kind == GW_EVENT_ODD ? 2 : 1;
}

static const char *sentence(const struct gw_event *e)
{
	if (e->kind == GW_EVENT_RULE)
		return e->msg;
	if (e->kind == GW_EVENT_FLOW)
		return "A conversation is over";
	if (e->kind == GW_EVENT_ANSWER)
		return "The gateway answers within a session; its two sides count differently from now on";
	if (e->kind == GW_EVENT_ODD)
		return e->verdict == GW_REFUSED ? "A packet that no honest peer sends was stopped" : "A packet that no honest peer sends";
	return e->verdict == GW_REFUSED ? "A message was refused" : e->verdict == GW_WOULD_REFUSE ? "A message would be refused" : "A message passed";
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
		sk_jw_put_uint(out, def->name, f->u);
	else if (def->kind == GW_INT)
		sk_jw_put_int(out, def->name, f->i);
	else if (def->kind == GW_RANGE)
		range(out, def->name, f->range.low, f->range.high);
	else if (def->kind == GW_TEXT)
		sk_jw_put_bytes(out, def->name, f->bytes.data, SK_MIN(f->bytes.size, (size_t)1024));
	else
		sk_jw_put_uint(out, def->name, f->bytes.size);
}

/* A list of objects with one member: a field may come several times. */
static void fields(struct sk_jw *out, const struct gw_event *e)
{
	const struct gw_message *m = e->message;

	sk_jw_open(out, "fields", '[');
	for (size_t i = 0; i < m->field_count && i < 64; i++) {
		if (m->fields[i].def >= e->proto->field_count)
			continue;
		sk_jw_open(out, NULL, '{');
		field(out, &e->proto->fields[m->fields[i].def], &m->fields[i]);
		sk_jw_close(out, '}');
	}
	sk_jw_close(out, ']');
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
	sk_jw_put_uint(out, "id", m->id);
	sk_jw_put_uint(out, "size", m->size);
	if (e->proto)
		fields(out, e);
}

static void fab(struct sk_jw *out, const struct gw_event *e)
{
	sk_jw_open(out, "fab", '{');
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

int gw_event_json(const struct gw_event *e, struct sk_buf *buf)
{
	int class = e->kind == GW_EVENT_RULE ? FINDING : NETWORK;
	struct sk_jw out;

	sk_jw_init(&out, buf);
	sk_jw_open(&out, NULL, '{');
	sk_jw_put_int(&out, "class_uid", class);
	sk_jw_put_int(&out, "category_uid", class / 1000);
	sk_jw_put_int(&out, "activity_id", activity(e));
	sk_jw_put_int(&out, "type_uid", class * 100 + activity(e));
	sk_jw_put_uint(&out, "time", e->time / 1000000);
	sk_jw_put_int(&out, "severity_id", severity(e));
	sk_jw_put_int(&out, "action_id", e->verdict == GW_REFUSED ? 2 : 1);
	sk_jw_put_int(&out, "disposition_id", e->verdict == GW_REFUSED ? 2 : e->verdict == GW_WOULD_REFUSE || e->kind == GW_EVENT_RULE ? 15 : 1);
	sk_jw_put_str(&out, "message", sentence(e));
	sk_jw_open(&out, "metadata", '{');
	sk_jw_put_str(&out, "version", "1.3.0");
	sk_jw_open(&out, "product", '{');
	sk_jw_put_str(&out, "name", "Sekisho");
	sk_jw_put_str(&out, "vendor_name", "Sekisho");
	sk_jw_close(&out, '}');
	sk_jw_close(&out, '}');
	endpoint(&out, "src_endpoint", e, &e->client, e->client_port);
	endpoint(&out, "dst_endpoint", e, &e->server, e->server_port);
	sk_jw_open(&out, "connection_info", '{');
	sk_jw_put_uint(&out, "protocol_num", e->transport);
	sk_jw_close(&out, '}');
	if (e->kind == GW_EVENT_RULE)
		finding(&out, e);
	fab(&out, e);
	sk_jw_close(&out, '}');
	return out.error;
}
