// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of frame types. A new message is one row here and nothing else. */
#include "wire/types.h"

#include "base/mem.h"
#include "wire/batch.h"

#define ENROL SK_PROTO_BIT(SK_PROTO_ENROL)
#define LINK SK_PROTO_BIT(SK_PROTO_LINK)
#define SPOOL SK_PROTO_BIT(SK_PROTO_SPOOL)
#define LOCKDOWN SK_PROTO_BIT(SK_PROTO_LOCKDOWN)
#define LINKCTL SK_PROTO_BIT(SK_PROTO_LINKCTL)
#define STORE SK_PROTO_BIT(SK_PROTO_STORE)
#define FLEET SK_PROTO_BIT(SK_PROTO_FLEET)
#define CONSOLE SK_PROTO_BIT(SK_PROTO_CONSOLE)
#define ALL (ENROL | LINK | SPOOL | LOCKDOWN | LINKCTL | STORE | FLEET | CONSOLE)
#define LOCAL (SPOOL | LOCKDOWN | LINKCTL | STORE | FLEET | CONSOLE)

#define KIB(n) ((n) << 10)
#define MIB(n) ((n) << 20)

enum {
	POLICY_MAX = MIB(48), /* SK_ENVELOPE_MAX: 100,000 programs are 30 MiB in base64 */
	REQUEST_MAX = KIB(64),
	ANSWER_MAX = KIB(16),
	TAKEN_MAX = KIB(1),
	CALL_MAX = POLICY_MAX + MIB(4), /* an envelope is JSON text within JSON text */
	RESULT_MAX = MIB(16),
	BATCH_MAX = SK_BATCH_HEADER + SK_BATCH_MAX_PACKED,
	APPEND_MAX = BATCH_MAX + KIB(256), /* and the summary (server/store/append.h) */
	WRAP = KIB(4), /* {"agent","type","body"} around another body */
};

/* type, name, body, largest, the client may send it in, the server may send it in */
static const struct sk_frame_info table[] = {
	{SK_F_ERROR, "ERROR", SK_BODY_JSON, KIB(4), ALL, ALL},
	{SK_F_PING, "PING", SK_BODY_NONE, 0, ALL, ALL},
	{SK_F_PONG, "PONG", SK_BODY_NONE, 0, ALL, ALL},

	{SK_F_CALL, "CALL", SK_BODY_JSON, CALL_MAX, LOCAL, 0},
	{SK_F_PROGRESS, "PROGRESS", SK_BODY_JSON, MIB(1), 0, LOCAL},
	{SK_F_RESULT, "RESULT", SK_BODY_JSON, RESULT_MAX, LINK | FLEET, LOCAL},

	{SK_F_ENROL, "ENROL", SK_BODY_JSON, KIB(32), ENROL | FLEET, 0},
	{SK_F_ENROLLED, "ENROLLED", SK_BODY_JSON, KIB(64), 0, ENROL | FLEET},
	{SK_F_HELLO, "HELLO", SK_BODY_JSON, KIB(16), LINK, 0},
	{SK_F_WELCOME, "WELCOME", SK_BODY_JSON, KIB(16), 0, LINK},
	{SK_F_BATCH, "BATCH", SK_BODY_BINARY, BATCH_MAX, LINK, SPOOL},
	{SK_F_ACK, "ACK", SK_BODY_BINARY, SK_ACK_SIZE, 0, LINK | STORE},
	{SK_F_HEALTH, "HEALTH", SK_BODY_JSON, KIB(64), LINK | FLEET, SPOOL | LOCKDOWN | LINKCTL},
	{SK_F_POLICY, "POLICY", SK_BODY_BINARY, POLICY_MAX, LOCKDOWN, LINK | FLEET},
	{SK_F_POLICY_STATE, "POLICY_STATE", SK_BODY_JSON, KIB(8), LINK | FLEET, LOCKDOWN},
	{SK_F_REQUEST, "REQUEST", SK_BODY_JSON, REQUEST_MAX, LINK | FLEET, LOCKDOWN},
	{SK_F_REQUEST_TAKEN, "REQUEST_TAKEN", SK_BODY_JSON, TAKEN_MAX, LOCKDOWN, LINK | FLEET},
	{SK_F_ANSWER, "ANSWER", SK_BODY_JSON, ANSWER_MAX, LOCKDOWN, LINK | FLEET},
	{SK_F_ANSWER_TAKEN, "ANSWER_TAKEN", SK_BODY_JSON, TAKEN_MAX, LINK | FLEET, LOCKDOWN},
	{SK_F_COMMAND, "COMMAND", SK_BODY_JSON, REQUEST_MAX, LOCKDOWN, LINK | FLEET},
	{SK_F_HEALTH_GET, "HEALTH_GET", SK_BODY_NONE, 0, SPOOL | LOCKDOWN | LINKCTL, 0},

	{SK_F_EVENT, "EVENT", SK_BODY_BINARY, 1 + SK_EVENT_MAX, SPOOL, 0},
	{SK_F_EVENT_TAKEN, "EVENT_TAKEN", SK_BODY_NONE, 0, 0, SPOOL},
	{SK_F_READ, "READ", SK_BODY_JSON, TAKEN_MAX, SPOOL, 0},
	{SK_F_ACKED, "ACKED", SK_BODY_BINARY, SK_ACK_SIZE, SPOOL, 0},
	{SK_F_REFUSED, "REFUSED", SK_BODY_JSON, TAKEN_MAX, SPOOL, 0},

	{SK_F_APPEND, "APPEND", SK_BODY_BINARY, APPEND_MAX, STORE, 0},
	{SK_F_QUERY, "QUERY", SK_BODY_JSON, KIB(64), STORE, 0},
	{SK_F_ROWS, "ROWS", SK_BODY_BINARY, MIB(2), 0, STORE},
	{SK_F_FOLLOW, "FOLLOW", SK_BODY_JSON, KIB(64), STORE, 0},
	{SK_F_GET, "GET", SK_BODY_JSON, KIB(64), STORE, 0},
	{SK_F_AROUND, "AROUND", SK_BODY_JSON, KIB(64), STORE, 0},
	{SK_F_ROWS_END, "ROWS_END", SK_BODY_JSON, KIB(4), 0, STORE},

	{SK_F_ADMIT, "ADMIT", SK_BODY_JSON, KIB(4), FLEET, 0},
	{SK_F_ADMITTED, "ADMITTED", SK_BODY_JSON, KIB(8), 0, FLEET},
	{SK_F_SUBSCRIBE, "SUBSCRIBE", SK_BODY_JSON, KIB(4), FLEET, 0},
	{SK_F_PUSH, "PUSH", SK_BODY_JSON, CALL_MAX, 0, FLEET},
	{SK_F_UP, "UP", SK_BODY_JSON, RESULT_MAX + WRAP, FLEET, 0},
	{SK_F_PUSH_TAKEN, "PUSH_TAKEN", SK_BODY_JSON, TAKEN_MAX, FLEET, 0},
	{SK_F_UP_TAKEN, "UP_TAKEN", SK_BODY_JSON, TAKEN_MAX, 0, FLEET},
};

static const char *const protos[SK_PROTO_COUNT] = {"enrol", "link", "spool", "lockdown", "linkctl", "store", "fleet", "console"};

const struct sk_frame_info *sk_frame_info_at(size_t i)
{
	return i < SK_ARRAY_SIZE(table) ? &table[i] : NULL;
}

const struct sk_frame_info *sk_frame_info(uint16_t type)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(table); i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

const char *sk_frame_name(uint16_t type)
{
	const struct sk_frame_info *info = sk_frame_info(type);

	return info ? info->name : "?";
}

bool sk_frame_allowed(const struct sk_frame_info *info, enum sk_proto proto, enum sk_side sender)
{
	return (sender == SK_CLIENT ? info->from_client : info->from_server) & SK_PROTO_BIT(proto);
}

uint32_t sk_proto_max_body(enum sk_proto proto, enum sk_side sender)
{
	uint32_t max = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(table); i++)
		if (sk_frame_allowed(&table[i], proto, sender))
			max = SK_MAX(max, table[i].max_body);
	return max;
}

const char *sk_proto_name(enum sk_proto proto)
{
	return (unsigned)proto < SK_PROTO_COUNT ? protos[proto] : "?";
}
