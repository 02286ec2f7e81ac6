// SPDX-License-Identifier: GPL-3.0-or-later
/* OPC UA's services by the number of their binary encoding, and the nodes, attributes and values that requests name (OPC 10000-4). Owns nothing. */
#include "base/mem.h"
#include "proto/opcua/opcua.h"

enum { OPEN_CHANNEL = 446, CREATE_SESSION = 461, BROWSE = 527, READ = 631, HISTORY_READ = 664, WRITE = 673, CALL = 712, MONITOR = 751, DELETE_NODES = 500,
	DELETE_REFERENCES = 506, ADD_NODES = 488, ADD_REFERENCES = 494, REGISTER_NODES = 560, HISTORY_UPDATE = 700, FAULT = 397, TO_ANSWER = 3 };

static const struct pdu_row rows[] = {
	{422, "find-servers", GW_ACT_SESSION}, {428, "get-endpoints", GW_ACT_SESSION}, {437, "register-server", GW_ACT_ENGINEER}, {OPEN_CHANNEL, "open-channel", GW_ACT_SESSION},
	{452, "close-channel", GW_ACT_SESSION}, {CREATE_SESSION, "create-session", GW_ACT_SESSION}, {467, "activate-session", GW_ACT_SESSION},
	{473, "close-session", GW_ACT_SESSION}, {479, "cancel", GW_ACT_SESSION}, {ADD_NODES, "add-nodes", GW_ACT_ENGINEER}, {ADD_REFERENCES, "add-references", GW_ACT_ENGINEER},
	{DELETE_NODES, "delete-nodes", GW_ACT_ENGINEER}, {DELETE_REFERENCES, "delete-references", GW_ACT_ENGINEER}, {BROWSE, "browse", GW_ACT_READ},
	{533, "browse-next", GW_ACT_READ}, {554, "translate-paths", GW_ACT_READ}, {REGISTER_NODES, "register-nodes", GW_ACT_READ}, {566, "unregister-nodes", GW_ACT_READ},
	{615, "query-first", GW_ACT_READ}, {621, "query-next", GW_ACT_READ}, {READ, "read", GW_ACT_READ}, {HISTORY_READ, "history-read", GW_ACT_READ},
	{WRITE, "write", GW_ACT_WRITE}, {HISTORY_UPDATE, "history-update", GW_ACT_WRITE}, {CALL, "call", GW_ACT_CONTROL}, {MONITOR, "create-monitored-items", GW_ACT_READ},
	{763, "modify-monitored-items", GW_ACT_READ}, {769, "set-monitoring-mode", GW_ACT_READ}, {775, "set-triggering", GW_ACT_READ},
	{781, "delete-monitored-items", GW_ACT_READ}, {787, "create-subscription", GW_ACT_READ}, {793, "modify-subscription", GW_ACT_READ},
	{799, "set-publishing-mode", GW_ACT_READ}, {826, "publish", GW_ACT_READ}, {832, "republish", GW_ACT_READ}, {841, "transfer-subscriptions", GW_ACT_READ},
	{847, "delete-subscriptions", GW_ACT_READ}, {0, NULL, 0}};

static void request_header(struct pdu_told *told, struct sk_cursor *c)
{
	(void)ua_node(told, -1, c);
	sk_get_bytes(c, 16);
	ua_skip_string(c);
	sk_get_u32(c);
	ua_skip_extension(c);
}

/* Node, attribute, range of indexes and encoding, as reading and monitoring name them. */
static void read_value_id(struct pdu_told *told, struct sk_cursor *c)
{
	(void)ua_node(told, UA_NODE, c);
	pdu_put(told, UA_ATTRIBUTE, sk_get_u32_le(c));
	ua_skip_string(c);
	sk_get_u16(c);
	ua_skip_string(c);
}

static void one_write(struct pdu_told *told, struct sk_cursor *c)
{
	(void)ua_node(told, UA_NODE, c);
	pdu_put(told, UA_ATTRIBUTE, sk_get_u32_le(c));
	ua_skip_string(c);
	ua_data_value(told, true, c, 0);
}

static void one_call(struct pdu_told *told, struct sk_cursor *c)
{
	int32_t count;

	(void)ua_node(told, UA_NODE, c);
	(void)ua_node(told, UA_METHOD, c);
	count = (int32_t)sk_get_u32_le(c);
	for (int32_t i = 0; i < count && !c->bad; i++)
		ua_variant(told, true, c, 0);
}

static void one_monitor(struct pdu_told *told, struct sk_cursor *c)
{
	read_value_id(told, c);
	sk_get_bytes(c, 16);
	ua_skip_extension(c);
	sk_get_bytes(c, 5);
}

static void one_browse(struct pdu_told *told, struct sk_cursor *c)
{
	(void)ua_node(told, UA_NODE, c);
	sk_get_u32(c);
	(void)ua_node(told, -1, c);
	sk_get_bytes(c, 9);
}

static void one_deletion(struct pdu_told *told, struct sk_cursor *c)
{
	(void)ua_node(told, UA_NODE, c);
	sk_get_u8(c);
}

static void each(struct pdu_told *told, struct sk_cursor *c, void (*one)(struct pdu_told *told, struct sk_cursor *c))
{
	int32_t count = (int32_t)sk_get_u32_le(c);

	for (int32_t i = 0; i < count && !c->bad; i++)
		one(told, c);
}

static void one_url(struct pdu_told *told, struct sk_cursor *c)
{
	(void)told;
	ua_skip_string(c);
}

static void create_session(struct pdu_told *told, struct sk_cursor *c)
{
	size_t size;
	const uint8_t *endpoint;
	uint8_t mask;

	ua_skip_string(c);
	ua_skip_string(c);
	mask = sk_get_u8(c);
	if (mask & 1)
		ua_skip_string(c);
	if (mask & 2)
		ua_skip_string(c);
	sk_get_u32(c);
	ua_skip_string(c);
	ua_skip_string(c);
	each(told, c, one_url);
	ua_skip_string(c);
	endpoint = ua_string(c, &size);
	pdu_put_bytes(told, UA_ENDPOINT, endpoint, size);
}

static void read_request(struct pdu_told *told, unsigned service, struct sk_cursor *c)
{
	request_header(told, c);
	switch (service) {
	case READ:
		sk_get_bytes(c, 12);
		each(told, c, read_value_id);
		break;
	case WRITE:
		each(told, c, one_write);
		break;
	case CALL:
		each(told, c, one_call);
		break;
	case MONITOR:
		sk_get_bytes(c, 8);
		each(told, c, one_monitor);
		break;
	case BROWSE:
		(void)ua_node(told, -1, c);
		sk_get_bytes(c, 16);
		each(told, c, one_browse);
		break;
	case DELETE_NODES:
		each(told, c, one_deletion);
		break;
	case CREATE_SESSION:
		create_session(told, c);
		break;
	case HISTORY_READ: case HISTORY_UPDATE: case ADD_NODES: case ADD_REFERENCES: case DELETE_REFERENCES:
		told->partial = true; /* their nodes are not told */
		break;
	}
}

static void read_answer(struct pdu_told *told, struct sk_cursor *c)
{
	sk_get_bytes(c, 12);
	pdu_put(told, UA_STATUS, sk_get_u32_le(c));
}

static bool both_kinds(const struct pdu_told *told)
{
	bool value = false, text = false;

	for (size_t i = 0; i < told->field_count; i++) {
		value |= told->fields[i].def == UA_VALUE;
		text |= told->fields[i].def == UA_TEXT;
	}
	return value && text;
}

static void named(struct pdu_told *told, const char *name, enum gw_act act)
{
	size_t i = 0;

	for (; name[i] && i + 1 < sizeof told->name; i++)
		told->name[i] = name[i];
	told->name[i] = '\0';
	told->act = act;
}

bool ua_service(struct pdu_told *told, struct sk_cursor *c)
{
	uint32_t id = ua_node(told, -1, c);
	const struct pdu_row *request = pdu_row_find(rows, id), *answer = id > TO_ANSWER ? pdu_row_find(rows, id - TO_ANSWER) : NULL;

	if (c->bad || !(request || answer || id == FAULT))
		return false;
	if (id == FAULT)
		named(told, "service-fault", GW_ACT_SESSION);
	else
		named(told, request ? request->name : answer->name, request ? request->act : answer->act);
	pdu_put(told, UA_SERVICE, request || id == FAULT ? id : id - TO_ANSWER);
	told->request = request != NULL;
	if (request)
		read_request(told, id, c);
	else
		read_answer(told, c);
	/* Texts among numbers: a line that asks for the one must not let the other by. */
	told->partial |= c->bad || both_kinds(told);
	return true;
}
