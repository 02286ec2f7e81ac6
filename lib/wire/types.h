// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The one table of frame types: number, name, largest body, kind of body, and who may send it in which
 * protocol. A frame that is not in the table, too large, or sent by the wrong side closes the channel.
 *
 * A number is never used again for something else. Bodies marked JSON are one canonical object (wire/json.h);
 * bodies marked binary have their reader and writer in one file (wire/batch.h; EVENT: u8 priority, then the
 * JSON text of one event).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SK_FRAME_VERSION = 1, SK_FRAME_HEADER = 12 };

/* Protocols: one per listening socket. "Client" is the side that connects. */
enum sk_proto {
	SK_PROTO_ENROL,    /* agent to intake, ALPN sekisho-enrol/1 */
	SK_PROTO_LINK,     /* agent to intake, ALPN sekisho/1 */
	SK_PROTO_SPOOL,    /* spool.sock: lockdown, link, root */
	SK_PROTO_LOCKDOWN, /* lockdown.sock, gateway.sock: link, root */
	SK_PROTO_LINKCTL,  /* link.sock: root */
	SK_PROTO_STORE,    /* store.sock: intake, web, root */
	SK_PROTO_FLEET,    /* fleet.sock: intake, web, root */
	SK_PROTO_CONSOLE,  /* console.sock: root */
	SK_PROTO_COUNT
};

enum sk_side { SK_CLIENT, SK_SERVER };

enum sk_body { SK_BODY_NONE, SK_BODY_JSON, SK_BODY_BINARY };

enum sk_frame_type {
	/* any protocol */
	SK_F_ERROR = 1,        /* {"code","text"}: the request with this id failed */
	SK_F_PING = 2,         /* answered by the channel itself */
	SK_F_PONG = 3,
	/* a question to a duty, from the command or the console */
	SK_F_CALL = 10,        /* {"verb", ...} */
	SK_F_PROGRESS = 11,    /* {"done","total","text"} or items of a long answer: any number before RESULT */
	SK_F_RESULT = 12,      /* ends a CALL or a COMMAND */
	/* link */
	SK_F_ENROL = 20,
	SK_F_ENROLLED = 21,
	SK_F_HELLO = 22,
	SK_F_WELCOME = 23,
	SK_F_BATCH = 24,
	SK_F_ACK = 25,
	SK_F_HEALTH = 26,
	SK_F_POLICY = 27,      /* a signed envelope, as bytes (itself JSON) */
	SK_F_POLICY_STATE = 28,
	SK_F_REQUEST = 29,
	SK_F_REQUEST_TAKEN = 30,
	SK_F_ANSWER = 31,
	SK_F_ANSWER_TAKEN = 32,
	SK_F_COMMAND = 33,
	SK_F_HEALTH_GET = 34,  /* local: asks for HEALTH */
	/* spool */
	SK_F_EVENT = 40,       /* id != 0 asks for EVENT_TAKEN */
	SK_F_EVENT_TAKEN = 41, /* durable */
	SK_F_READ = 42,        /* {"priority","after"} */
	SK_F_ACKED = 43,       /* body as ACK */
	SK_F_REFUSED = 44,     /* {"epoch","priority","first","last"}: the server will never take these */
	/* store */
	SK_F_APPEND = 50,      /* agent id and BATCH; answered by ACK when durable */
	SK_F_QUERY = 51,
	SK_F_ROWS = 52,        /* NDJSON */
	SK_F_FOLLOW = 53,
	SK_F_GET = 54,
	SK_F_AROUND = 55,
	SK_F_ROWS_END = 56,    /* {"more": cursor or null}: ends QUERY, GET and AROUND */
	/* fleet */
	SK_F_ADMIT = 60,       /* {"fingerprint"} */
	SK_F_ADMITTED = 61,    /* {"agent", ...} */
	SK_F_SUBSCRIBE = 62,   /* intake asks for PUSH frames */
	SK_F_PUSH = 63,        /* {"agent","type","body"}: fleet to intake, for a connected agent */
	SK_F_UP = 64,          /* {"agent","type","body"}: intake to fleet, from an agent */
	SK_F_PUSH_TAKEN = 65,
	SK_F_UP_TAKEN = 66,
};

struct sk_frame_info {
	uint16_t type;
	const char *name;
	enum sk_body body;
	uint32_t max_body;     /* bytes */
	uint32_t from_client;  /* bit of each protocol in which the client may send it */
	uint32_t from_server;
};

#define SK_PROTO_BIT(proto) (1u << (proto))

/* NULL: no such type. */
const struct sk_frame_info *sk_frame_info(uint16_t type);
/* The i-th row, NULL past the end: for tests, documentation and fuzzers. */
const struct sk_frame_info *sk_frame_info_at(size_t i);
const char *sk_frame_name(uint16_t type); /* "?" when unknown */
bool sk_frame_allowed(const struct sk_frame_info *info, enum sk_proto proto, enum sk_side sender);
/* Largest body this side may send in this protocol. */
uint32_t sk_proto_max_body(enum sk_proto proto, enum sk_side sender);
const char *sk_proto_name(enum sk_proto proto);
