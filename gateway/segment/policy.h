// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The policy as the engine asks it: which conduit does a flow lie in, may this protocol be spoken there, may this message pass. It is made once from a
 * signed policy, never changes afterwards, and answers without allocating; two engines may ask one at the same time.
 *
 * Of the message lines (lib/policy/line.h) of a conduit, for one message:
 *   1. a "never" line that fits refuses;            4. an answer passes (what it answers was let pass), and so does the session's own talk (act "session");
 *                                                      but an answer of the host that brings a recipe where a line asks for released ones;
 *   2. an "only" line that fits decides by its needs; 5. what is left goes by the conduit's `otherwise`.
 *   3. a line that allows and fits lets it pass;
 * A conduit without lines lets every message pass. Observe and shadow change nothing in what is found out, only what becomes of it.
 */
#pragma once

#include "base/diag.h"
#include "flow/packet.h"
#include "policy/policy.h"
#include "proto/proto.h"

struct gw_policy;

/* A flow, told from who opened it: the client. `port` is the server's; of ICMP 0. All but addresses in host order. */
struct gw_tuple {
	uint8_t ip, transport; /* 4 or 6; IPPROTO_* */
	uint16_t vlan;         /* outer; 0 = none */
	uint16_t port;
	struct gw_addr client, server;
};

/* What a flow's conduit says. Lives as long as the policy. */
struct gw_ways {
	const char *name, *from, *to; /* "otherwise" and NULLs where no conduit fits */
	uint16_t index;               /* in the policy's list; where no conduit fits, behind its end */
	enum sk_flow_action action;
	enum sk_watch_mode mode;
	enum sk_fail failure;
	enum gw_reply answer;
	size_t lines;
	enum sk_framing framing;
	struct gw_timers timers;
};

/* Switches that people throw without a new policy; the memory is shared between processes. Zero: off. */
struct gw_policy_state {
	_Atomic uint64_t open_until, maintenance_until; /* ns since the epoch, as packets' times */
};

struct gw_opinion {
	enum gw_ruling ruling;  /* what is to be done; mode and an open gateway are in it */
	bool refused;           /* what the lines say, whatever the mode: in shadow it passes and is told */
	bool pending;           /* said by its header alone, and the lines ask for what is not here yet: passes until it is whole */
	enum gw_reply reply;
	const char *line;       /* the line that decided, as it was written; NULL = none names it */
	char why[240];          /* one sentence, with what would allow it; "" when it was not refused */
};

/*
 * Takes the policy over when it returns 0. SK_BAD: a line names a protocol or a field that this gateway does not know, or the policy is not one for a
 * gateway; diag says where. `protos` ends with NULL (gw_protos). `state` may be NULL and must outlive the policy.
 */
int gw_policy_new(struct sk_policy *policy, const struct gw_proto *const *protos, const struct gw_policy_state *state, struct gw_policy **ret_policy,
		  struct sk_diag *diag);
struct gw_policy *gw_policy_free(struct gw_policy *policy);
/* What it was made from, for who names zones or writes it into the kernel's maps. */
const struct sk_gateway *gw_policy_source(const struct gw_policy *policy);

/* The zone of an address: its index in the policy's list, or -1. What names the VLAN goes before what names none; then the longest prefix decides. */
int gw_policy_zone(const struct gw_policy *policy, uint8_t ip, const struct gw_addr *address, uint16_t vlan);
/* Never NULL. A `policy` of NULL inspects and observes everything. */
const struct gw_ways *gw_policy_conduit(const struct gw_policy *policy, const struct gw_tuple *flow);
/* Conduit i of the policy, and behind the last one what no conduit fits; NULL behind that. */
const struct gw_ways *gw_policy_ways(const struct gw_policy *policy, size_t i);
/*
 * A bit of `pass` (of `size` bytes) for each code of proto->by_header that `from` may say there whatever its body is, now and later: maintenance and an open gateway do not count.
 * False: there is none.
 */
bool gw_policy_headers(const struct gw_policy *policy, const struct gw_ways *ways, const struct gw_proto *proto, enum gw_role from, uint8_t *pass, size_t size);
/* Passes without a line, when what it answers has passed. */
bool gw_policy_is_answer(const struct gw_message *message);
/* May it be spoken there? `proto` NULL: nobody knows what it is, which only a conduit without `protocols` lets pass. */
void gw_policy_protocol(const struct gw_policy *policy, const struct gw_ways *ways, const struct gw_proto *proto, uint64_t now, struct gw_opinion *ret_opinion);
/* The framing of a stream is lost, and nobody can judge what follows: may it go on? */
void gw_policy_framing(const struct gw_policy *policy, const struct gw_ways *ways, const char *word, uint64_t now, struct gw_opinion *ret_opinion);
void gw_policy_message(const struct gw_policy *policy, const struct gw_ways *ways, const struct gw_tuple *flow, const struct gw_proto *proto,
		       const struct gw_message *message, uint64_t now, struct gw_opinion *ret_opinion);
