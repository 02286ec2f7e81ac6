// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The part "gateway" of a policy: port pairs, zones and the conduits between them (IEC 62443-3-2), what may be said in a conduit, the frames that are passed
 * without being looked at, released recipes, rule files, captures, isolation sets. docs/gateway.md is the reference for writers.
 *
 * A conduit is the way from one zone to another, for what the first one opens; answers belong to it. Of the conduits the first that fits decides.
 */
#pragma once

#include "conf/conf.h"
#include "crypto/hash.h"

#define SK_GATEWAY_ANY "any" /* in place of a zone's name in a conduit */

enum { SK_PAIRS_MAX = 8, SK_ZONES_MAX = 63, SK_PREFIXES_MAX = 1024, SK_CONDUITS_MAX = 512, SK_LINES_MAX = 128, SK_RECIPES_MAX = 100000, SK_SETS_MAX = 64 };

enum sk_watch_mode { SK_WATCH_OBSERVE, SK_WATCH_SHADOW, SK_WATCH_ENFORCE };
enum sk_flow_action { SK_FLOW_DROP, SK_FLOW_SWITCH, SK_FLOW_INSPECT };
enum sk_fail { SK_FAIL_OPEN, SK_FAIL_CLOSED };
enum sk_refusal_answer { SK_ANSWER_SILENT, SK_ANSWER_RESET, SK_ANSWER_NATIVE };
enum sk_otherwise { SK_OTHERWISE_REFUSE, SK_OTHERWISE_LET };
enum sk_framing { SK_FRAMING_REFUSE, SK_FRAMING_TELL };
enum sk_frame_rule { SK_FRAME_PASS, SK_FRAME_DROP };
enum sk_capture_body { SK_CAPTURE_NONE, SK_CAPTURE_HEADERS, SK_CAPTURE_BODIES };
/* The frames that are never inspected, each with its setting. */
enum sk_frame_kind { SK_FRAME_LLDP, SK_FRAME_8021X, SK_FRAME_LACP, SK_FRAME_STP, SK_FRAME_PTP, SK_FRAME_PROFINET, SK_FRAME_UNKNOWN, SK_FRAME_KINDS };

extern const char *const sk_watch_names[], *const sk_flow_action_names[], *const sk_fail_names[], *const sk_answer_names[], *const sk_frame_names[];

struct sk_port_pair {
	char *name, *a, *b; /* interfaces; A is the protected side, the tool's */
};

struct sk_zone {
	char *name, *note;
	struct sk_strings addresses; /* "10.1.2.3", "10.1.2.0/24", "fd00::/64" */
	struct sk_strings vlans;     /* "12", "100-199"; empty = any */
};

struct sk_asset {
	char *name, *address; /* one address */
	char *type;           /* tool type, for recipes; may be NULL */
	char *note;
};

struct sk_conduit {
	char *name, *from, *to;      /* zones */
	struct sk_strings ports;     /* of the server: "tcp/5000", "udp/161-162", "tcp", "icmp"; empty = any */
	struct sk_strings protocols; /* what may be spoken: "hsms"; empty = any */
	int action, mode, failure, answer; /* enum sk_flow_action, sk_watch_mode, sk_fail, sk_refusal_answer */
	struct sk_strings lines;     /* policy/line.h */
	int otherwise;               /* enum sk_otherwise: a message that no line names, where there are lines */
	int framing;                 /* enum sk_framing: a stream whose framing is lost */
	int64_t t3, t5, t6, t7, t8;  /* seconds (SEMI E37, E5) */
	char *note;
};

struct sk_recipe {
	char *type, *ppid; /* tool type and name of the process program; type NULL = of any tool */
	uint8_t sha256[SK_SHA256_SIZE];
	char *note;
};

struct sk_isolation {
	char *name, *note;
	struct sk_strings zones;    /* nothing goes into or out of them */
	struct sk_strings conduits; /* these are shut */
};

struct sk_gateway {
	struct sk_records pairs;    /* of struct sk_port_pair */
	struct sk_records zones;    /* of struct sk_zone */
	struct sk_records assets;   /* of struct sk_asset */
	struct sk_records conduits; /* of struct sk_conduit */
	int otherwise_action, otherwise_mode; /* where no conduit fits */
	int frames[SK_FRAME_KINDS]; /* enum sk_frame_rule */
	struct sk_records recipes;  /* of struct sk_recipe */
	struct sk_strings rules;    /* files below etc/sekisho/rules */
	int capture;                /* enum sk_capture_body */
	int64_t capture_before, capture_after; /* packets around an alert */
	char *capture_certificate; /* X.509, PEM: for whom bodies are encrypted; NULL = none */
	struct sk_records isolation; /* of struct sk_isolation */
};

/* An address with its prefix: v4 in the first four bytes. */
struct sk_prefix {
	uint8_t bytes[16];
	uint8_t bits, ip; /* ip: 4 or 6 */
};

struct sk_port_range {
	int transport;      /* IPPROTO_*; 0 = any */
	uint16_t low, high; /* 0 to 65535 */
};

struct sk_policy;

/* 0 or SK_BAD. Bits behind the prefix must be zero: 10.1.2.3/24 is a mistake, not a guess. */
int sk_prefix_parse(const char *text, struct sk_prefix *ret_prefix);
int sk_port_range_parse(const char *text, struct sk_port_range *ret_range);
/* "12" or "100-199", 1 to 4094. */
int sk_vlan_range_parse(const char *text, uint16_t *ret_low, uint16_t *ret_high);

/* What tables cannot say: names that are defined once and exist, addresses, ports, lines. 0, or SK_BAD with path and sentence (a line's with its column). */
int sk_gateway_check(const struct sk_gateway *gateway, struct sk_diag *diag);
