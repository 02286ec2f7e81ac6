// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Rules in Suricata's language: what the engine calls.
 *
 * A rule set is loaded once and never changes (gw_rules: shared by whoever wants to). What changes while packets are judged lies apart: gw_rule_state, one for
 * each engine (scratch space, thresholds, xbits), and gw_rule_flow, one for each flow (flowbits, the window over each direction's bytes, what has alerted
 * already). All of it is bounded. The same calls in the same order give the same alerts.
 *
 * The engine calls, in this order for each packet of a flow: gw_rule_packet() once; gw_rule_stream() for the bytes that came in order with it, if any;
 * gw_rule_message() for each message a parser says while it is handed those bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "flow/packet.h"
#include "proto/proto.h"

struct gw_rules;
struct gw_rule_state;
struct gw_rule_flow;

/* What a rule asks for, weakest first. PASS: nothing else alerts on this flow's packet. REJECT also asks for a reset or an unreachable. */
enum gw_rule_action { GW_RULE_NONE, GW_RULE_ALERT, GW_RULE_DROP, GW_RULE_REJECT, GW_RULE_PASS };

/* The part of a rule that events tell; belongs to the set. */
struct gw_rule_info {
	enum gw_rule_action action;
	uint32_t sid, gid, rev, priority; /* priority 1 is the gravest; 3 when the rule says none */
	const char *msg;                  /* never NULL */
	const char *classtype;            /* "" when none */
	const char *file;
	uint32_t line;
};

/* A rule that is not in the set, and why. Texts are valid during the call only. */
struct gw_rule_named {
	const char *file;
	uint32_t line;       /* of the rule's first line, from 1 */
	uint32_t sid;        /* 0 = it has none that could be read */
	const char *keyword; /* "" when the fault is not a keyword's */
	const char *why;     /* one sentence */
	bool limit;          /* it is no rule but a line of threshold.config, and not counted */
};

struct gw_rule_var {
	const char *name;  /* without the dollar: "HOME_NET" */
	const char *value; /* "[10.0.0.0/8,!10.1.0.0/16]", "$OTHER", "any", "[80,8000:8080]" */
};

struct gw_rules_setup {
	const struct gw_rule_var *vars; /* before the defaults of Suricata's own configuration, which apply to what is not named here */
	size_t var_count;
	void (*named)(void *context, const struct gw_rule_named *named); /* each rule that is not honoured, in order; may be NULL */
	void *context;
	bool interpreted; /* expressions get no machine code: for a process that may not make memory executable. They match the same, slower */
};

struct gw_rules_count {
	uint32_t enabled;  /* rules that are not comments */
	uint32_t honoured; /* of those, the ones that are in the set */
};

/* `files` are read whole, in order. 0; SK_BAD when a file cannot be read or a limit of the whole is passed (diag); -ENOMEM. */
int gw_rules_load(const struct gw_rules_setup *setup, const char *const *files, size_t file_count, struct gw_rules **ret_rules,
	struct gw_rules_count *ret_count, struct sk_diag *diag);
/* The same from memory; `name` stands for the file. */
int gw_rules_load_text(const struct gw_rules_setup *setup, const char *name, const char *text, size_t size, struct gw_rules **ret_rules,
	struct gw_rules_count *ret_count, struct sk_diag *diag);
struct gw_rules *gw_rules_free(struct gw_rules *rules);
void gw_rules_free_p(struct gw_rules **rules);

/* Some rule that drops or rejects could fit a TCP flow of this protocol between these ports, whoever is the client. */
bool gw_rules_may_stop(const struct gw_rules *rules, const struct gw_proto *proto, const uint16_t ports[2]);

/* `rules` must outlive the state. 0 or -ENOMEM. */
int gw_rule_state_new(const struct gw_rules *rules, struct gw_rule_state **ret_state);
struct gw_rule_state *gw_rule_state_free(struct gw_rule_state *state);
/* Other rules from now on; thresholds of rules with the same number go on, flows keep their flowbits. 0 or -ENOMEM (the old stay). */
int gw_rule_state_replace(struct gw_rule_state *state, const struct gw_rules *rules);

/* 0 or -ENOMEM. A flow without one (NULL) is judged packet by packet only, and no flowbit is ever set on it. */
int gw_rule_flow_new(struct gw_rule_flow **ret_flow);
struct gw_rule_flow *gw_rule_flow_free(struct gw_rule_flow *flow);
size_t gw_rule_flow_size(const struct gw_rule_flow *flow); /* bytes it holds now, for the engine's account */

/* What the engine knows of the flow and the packet in hand. */
struct gw_rule_view {
	const struct gw_packet *packet;
	enum gw_dir dir;              /* of the packet, and of the bytes or the message */
	bool tracked;                 /* belongs to a flow at all */
	bool streamless;              /* TCP: what it carries comes in no stream: rules on streams see the packet */
	bool established;             /* TCP: the handshake is done, or was picked up; else: both sides have spoken */
	uint8_t ip, transport;        /* as in gw_packet */
	struct gw_addr client, server;
	uint16_t client_port, server_port;
	bool settled;                 /* it is known what the flow carries, or that nobody knows */
	const struct gw_proto *proto; /* what the engine holds the flow for; NULL = not known (yet) */
	uint64_t bytes[2];            /* of each direction's stream or datagrams so far, by enum gw_dir */
	const uint8_t *payload;       /* the packet's: as reassembled, when it was a fragment */
	size_t payload_size;
};

enum { GW_RULE_ALERTS_MAX = 64 };

/* Cleared by the caller; each call adds to it. */
struct gw_rule_result {
	enum gw_rule_action action; /* the strongest of those that matched */
	uint32_t count;
	bool ends;                  /* DROP, REJECT: one of those that ask for it ends the flow; else it is about the packet alone */
	uint32_t lost;              /* matches for which there was no room */
	const struct gw_rule_info *alerts[GW_RULE_ALERTS_MAX];
	uint8_t actions[GW_RULE_ALERTS_MAX]; /* of each: the rule's, or what a rate_filter makes of it */
};

/* A frame of which something was noted (`view->packet`), before its flow is known. */
void gw_rule_frame(struct gw_rule_state *state, const struct gw_rule_view *view, uint32_t noted, struct gw_rule_result *result);
void gw_rule_packet(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct gw_rule_view *view, struct gw_rule_result *result);
/* The next bytes of `view->dir`, in order. Rules see them together with up to 4 KiB that came before. */
void gw_rule_stream(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct gw_rule_view *view, const uint8_t *data, size_t size,
	struct gw_rule_result *result);
/* Bytes of this direction are missing: what comes next does not continue what was. */
void gw_rule_gap(struct gw_rule_flow *flow, enum gw_dir dir);
/* A rule alerts once on a message, also when it is said twice (by its header, then whole). */
void gw_rule_message(struct gw_rule_state *state, struct gw_rule_flow *flow, const struct gw_rule_view *view, const struct gw_message *message,
	struct gw_rule_result *result);
