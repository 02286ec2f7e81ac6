// SPDX-License-Identifier: GPL-3.0-or-later
/* The little engine of the rules' tests: makes a view by hand and calls the rules as the engine does. */
#include "rule/try.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void must(int error)
{
	assert(error == 0);
}

static void keep_name(void *context, const struct gw_rule_named *n)
{
	struct try *t = context;

	snprintf(t->named, sizeof t->named, "%s: %s", n->keyword, n->why);
}

void try_flow(struct try *t)
{
	static const uint8_t client[4] = {192, 168, 1, 10}, server[4] = {10, 1, 2, 3};

	t->flow = gw_rule_flow_free(t->flow);
	must(gw_rule_flow_new(&t->flow));
	t->packet = (struct gw_packet){.time = t->packet.time ? t->packet.time : 1000000000000ull, .ip = 4, .ttl = 64};
	t->view = (struct gw_rule_view){.packet = &t->packet, .tracked = true, .established = true, .ip = 4, .transport = IPPROTO_TCP, .client_port = 40000,
		.server_port = 80};
	memcpy(t->view.client.bytes, client, 4);
	memcpy(t->view.server.bytes, server, 4);
}

void try_begin(struct try *t, const char *rules)
{
	struct gw_rules_setup setup = {.named = keep_name, .context = t};
	struct sk_diag diag = {0};

	*t = (struct try){.named = ""};
	must(gw_rules_load_text(&setup, "test.rules", rules, strlen(rules), &t->rules, &t->count, &diag));
	must(gw_rule_state_new(t->rules, &t->state));
	try_flow(t);
}

void try_end(struct try *t)
{
	gw_rule_flow_free(t->flow);
	gw_rule_state_free(t->state);
	gw_rules_free(t->rules);
}

unsigned try_packet(struct try *t, uint8_t transport, enum gw_dir dir, const void *payload, size_t size)
{
	bool out = dir == GW_TO_SERVER;

	t->result = (struct gw_rule_result){.count = 0};
	t->view.dir = dir;
	t->view.transport = t->packet.transport = transport;
	t->view.payload = payload;
	t->view.payload_size = size;
	t->packet.src = out ? t->view.client : t->view.server;
	t->packet.dst = out ? t->view.server : t->view.client;
	if (transport == IPPROTO_TCP || transport == IPPROTO_UDP) {
		t->packet.sport = out ? t->view.client_port : t->view.server_port;
		t->packet.dport = out ? t->view.server_port : t->view.client_port;
	}
	gw_rule_packet(t->state, t->flow, &t->view, &t->result);
	return t->result.count;
}

unsigned try_stream(struct try *t, enum gw_dir dir, const void *bytes, size_t size)
{
	try_packet(t, IPPROTO_TCP, dir, bytes, size);
	gw_rule_stream(t->state, t->flow, &t->view, bytes, size, &t->result);
	t->view.bytes[dir] += size;
	return t->result.count;
}

unsigned try_buffer(struct try *t, const char *proto, enum gw_dir dir, const char *name, const void *bytes, size_t size)
{
	struct gw_buffer buffer = {.name = name, .data = bytes, .size = size};
	struct gw_message message = {.name = "test", .dir = dir, .whole = true, .buffers = &buffer, .buffer_count = 1};

	t->result = (struct gw_rule_result){.count = 0};
	t->view.dir = dir;
	t->view.transport = IPPROTO_TCP;
	t->view.proto = gw_proto_find(proto);
	gw_rule_message(t->state, t->flow, &t->view, &message, &t->result);
	return t->result.count;
}

bool try_has(const struct try *t, uint32_t sid)
{
	for (uint32_t i = 0; i < t->result.count; i++)
		if (t->result.alerts[i]->sid == sid)
			return true;
	return false;
}
