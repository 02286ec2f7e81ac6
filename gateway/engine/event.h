// SPDX-License-Identifier: GPL-3.0-or-later
/* What the engine tells. Everything an event points to is valid while the callback runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/packet.h"
#include "proto/proto.h"

enum gw_event_kind {
	GW_EVENT_MESSAGE, /* a parser understood a message (only where gw_setup.messages asks for it, or the policy refuses it) */
	GW_EVENT_RULE,    /* a rule matched */
	GW_EVENT_ODD,     /* a shape no honest peer sends: `word` names it */
	GW_EVENT_FLOW,    /* a conversation is over: by FIN, RST, silence or eviction, which `word` says */
	GW_EVENT_ANSWER,  /* the gateway answers within a session: its two sides count differently from now on */
	GW_EVENT_KINDS
};

enum gw_verdict { GW_ALLOWED, GW_WOULD_REFUSE, GW_REFUSED };

struct gw_event {
	enum gw_event_kind kind;
	uint64_t time;             /* ns since the epoch, of the packet */
	uint64_t packet;           /* its number, from 1 */
	uint8_t ip, transport;     /* 0 where the frame has none */
	struct gw_addr client, server;
	uint16_t client_port, server_port;
	uint16_t vlan;             /* outer; 0 = none */
	enum gw_dir dir;
	bool midstream;
	const struct gw_proto *proto;     /* NULL = not known */
	const struct gw_message *message; /* MESSAGE, and RULE where it matched in one; else NULL */
	const char *word;                 /* ODD, FLOW; else NULL */
	/* RULE; else 0 and NULL */
	uint32_t sid, gid, rev, priority;
	const char *msg, *classtype;
	/* Of the policy; NULL where none was asked */
	const char *conduit, *line, *why;
	enum gw_verdict verdict;
	enum gw_reply reply;
	uint64_t packets[2], bytes[2]; /* FLOW, by enum gw_dir */
	const char *capture;              /* the name under which packets around it are kept; NULL = none, or not the engine's to know */
};

extern const char *const gw_event_kind_names[GW_EVENT_KINDS]; /* "message", "rule", "odd", "flow", "answer" */
extern const char *const gw_verdict_names[];                  /* "allowed", "would-refuse", "refused" */
