// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A rule set inside: what the loader makes and the judge reads. Only files of this folder include it.
 *
 * Everything a set holds lies in its arena and is freed with it, but for PCRE's and Hyperscan's objects, which the set lists. A rule's conditions are of three
 * kinds: its head (protocol, addresses, ports, direction), facts of a packet or message (struct fact), and tests on buffers, kept in slots: one slot
 * for each buffer with its transforms, its tests in the order they were written.
 */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>

#include "rule/rule.h"

enum {
	RULE_BYTES_MAX = 65536,      /* of one rule, its lines joined */
	RULE_FILE_MAX = 256 << 20,
	RULE_COUNT_MAX = 1000000,
	RULE_SLOTS_MAX = 12,
	RULE_TESTS_MAX = 128,        /* of one rule */
	RULE_FACTS_MAX = 24,
	RULE_VARS_MAX = 8,           /* byte_extract and byte_math of one rule */
	RULE_CONTENT_MAX = 1024,
	RULE_TRANSFORMS_MAX = 6,
	RULE_LISTS_MAX = 1024,       /* buffers with their transforms, of a set */
	RULE_SEARCH_MAX = 3000,      /* steps of one slot's search, as in Suricata */
	RULE_WINDOW = 4096,          /* bytes of a direction that are kept behind the newest */
};

/* ---- memory */
struct arena {
	struct arena_chunk *chunk;
	size_t bytes;
};
void *arena_take(struct arena *arena, size_t size); /* zeroed; NULL = out of memory */
char *arena_text(struct arena *arena, const char *text, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
void arena_done(struct arena *arena);

/* ---- groups of addresses and ports: sorted ranges that do not touch */
struct address_range {
	uint8_t low[16], high[16]; /* IPv4 as ::ffff:a.b.c.d */
};
struct addresses {
	bool any;
	uint32_t count;
	struct address_range *ranges;
};
struct port_range {
	uint16_t low, high;
};
struct ports {
	bool any;
	uint32_t count;
	struct port_range *ranges;
};
void address_widen(const struct gw_addr *addr, uint8_t ip, uint8_t ret_wide[16]);
bool addresses_have(const struct addresses *group, const struct gw_addr *addr, uint8_t ip);
bool ports_have(const struct ports *group, uint16_t port);

/* ---- tests on a buffer */
enum test_kind { TEST_CONTENT, TEST_PCRE, TEST_ISDATAAT, TEST_BSIZE, TEST_BYTE_TEST, TEST_BYTE_JUMP, TEST_BYTE_EXTRACT, TEST_BYTE_MATH, TEST_BASE64,
	TEST_LINES, TEST_DATASET };
enum compare { CMP_EQ, CMP_NE, CMP_LT, CMP_GT, CMP_LE, CMP_GE, CMP_RANGE, CMP_AND, CMP_OR };

/* A list of what whole buffers may be (kw-dataset.c). */
struct dataset {
	const char *path;
	struct sk_map *map; /* entry -> its value + 1 */
	uint8_t type;
	bool valued;
	struct dataset *next;
};
bool dataset_has(const struct dataset *set, const uint8_t *data, size_t size, uint32_t *ret_value);

/* A number that is written in the rule, or that byte_extract or byte_math found (variable >= 0). */
struct number {
	int64_t value;
	int8_t variable;
};

struct content {
	const uint8_t *bytes; /* lower case when nocase */
	uint32_t size;
	bool nocase, startswith, endswith, fast, fast_only, has_offset, has_depth, has_distance, has_within;
	struct number offset, depth, distance, within;
};

struct bytes {
	struct number count, offset, value; /* value: what is compared, or the right side of byte_math */
	uint8_t compare;        /* byte_test: enum compare; byte_math: its operator's character */
	uint8_t base;           /* of string: 8, 10, 16, 0 = by its prefix; 1 = binary */
	bool little, relative, align, from_beginning, from_end, dce;
	int8_t result;          /* variable that is written */
	uint8_t align_to;
	uint32_t multiplier;
	int32_t post;
	uint64_t bitmask;       /* 0 = none */
	uint8_t shift;
};

struct test {
	uint8_t kind;
	bool negated, relative;
	union {
		struct content content;
		struct {
			pcre2_code *code;
			bool anchored; /* A: it stands where it is tried first */
		} pcre;
		struct {
			struct number at;
		} isdataat;
		struct {
			uint8_t compare;
			uint64_t low, high;
		} size;
		struct bytes bytes;
		struct {
			const struct dataset *set;
			uint8_t compare;
			uint32_t value; /* what an entry's is compared with, when the set has values */
		} dataset;
		struct {
			uint32_t bytes, offset;
			bool relative;
			uint16_t first; /* the tests from here on to the slot's end are on what was decoded */
		} base64;
	};
};

/* ---- buffers */
enum transform_kind { XF_DOTPREFIX, XF_LOWER, XF_UPPER, XF_STRIP_SPACE, XF_COMPRESS_SPACE, XF_MD5, XF_SHA1, XF_SHA256, XF_URL_DECODE, XF_XOR, XF_PCRE,
	XF_STRIP_PSEUDO };
struct transform {
	uint8_t kind;
	uint8_t size;
	uint8_t key[32];
	pcre2_code *code;
};

/* Headers and addresses of a packet, as buffers. */
enum packet_part { PART_NONE, PART_IP4, PART_IP6, PART_TCP, PART_UDP, PART_ICMP4, PART_ICMP6, PART_SRC, PART_DST };

/* A buffer with its transforms; number 0 is the payload. */
struct list {
	const char *buffer; /* "http.uri"; a field's "hsms.rcmd" when `field` */
	const char *text;   /* buffer and transforms as they were written: what makes two lists one */
	const struct gw_proto *proto;
	bool field;
	uint8_t part;       /* enum packet_part; PART_NONE: of a message, or the payload */
	uint16_t def;
	uint8_t transform_count;
	struct transform transforms[RULE_TRANSFORMS_MAX];
};

struct slot {
	uint16_t list;
	uint16_t test_count;
	bool absent_ok; /* all its tests are negated: a message without the buffer satisfies it */
	struct test *tests;
};

/* ---- facts of a packet, a flow or a message */
enum fact_kind { FACT_FLAGS, FACT_TTL, FACT_TOS, FACT_ID, FACT_SEQ, FACT_ACK, FACT_WINDOW, FACT_ITYPE, FACT_ICODE, FACT_ICMP_ID, FACT_ICMP_SEQ, FACT_IP_PROTO,
	FACT_FRAGBITS, FACT_FRAGOFFSET, FACT_DSIZE, FACT_SAMEIP, FACT_STREAM_SIZE, FACT_IPOPTS, FACT_FIELD, FACT_URG, FACT_APP, FACT_MSS, FACT_SUM, FACT_NOTE,
	FACT_FRAME /* the first that needs no packet */ };
struct fact {
	uint8_t kind, compare;
	bool negated;
	uint8_t side;          /* stream_size: 1 client, 2 server, 3 both, 4 either */
	uint64_t low, high;    /* of FLAGS: the bits, and those to ignore */
	uint16_t def;          /* FIELD */
	const struct gw_proto *proto;
	const char *word;      /* FIELD: a message's name or a text, compared without case */
	uint8_t app;
	uint8_t ip, transport; /* SUM: of what; transport 0 = the IP header */
};

enum bit_do { BIT_SET, BIT_UNSET, BIT_TOGGLE, BIT_ISSET, BIT_ISNOTSET };
enum track { TRACK_RULE, TRACK_SRC, TRACK_DST, TRACK_BOTH, TRACK_FLOW };
struct bit {
	uint8_t what;
	uint8_t track;      /* TRACK_FLOW: flowbits; else xbits */
	uint32_t expire;    /* seconds */
	uint8_t names;      /* alternatives, of isset a|b */
	uint64_t name[4];   /* hashes */
	struct bit *next;
};
struct flowint {
	uint64_t name, other;
	char op;            /* + - = < > ! (not =) l (<=) g (>=) s (is set) n (not set) */
	bool by_name;
	uint32_t value;
	struct flowint *next;
};
struct threshold {
	enum { THRESHOLD_NONE, THRESHOLD_LIMIT, THRESHOLD_EVERY, THRESHOLD_BOTH, THRESHOLD_FILTER } type;
	uint8_t track;
	uint32_t count, seconds;
};

/* Of threshold.config; what stands for several rules is copied for each. Its tracks are those above, and two more. */
enum limit_kind { LIMIT_SUPPRESS, LIMIT_THRESHOLD, LIMIT_RATE };
enum { LIMIT_EITHER = TRACK_FLOW, LIMIT_UNTRACKED };
struct limit {
	uint8_t kind, track, action; /* action: of LIMIT_RATE, from enum gw_rule_action */
	uint32_t gid, sid, timeout;  /* seconds for which the other action holds */
	const struct addresses *who; /* of LIMIT_SUPPRESS; NULL = everybody */
	struct threshold threshold;
	uint32_t line;
	const char *file;
	struct limit *next;
};

/* Applications that payload rules name, and that a flow is held for by its first bytes when no parser of ours takes it. */
enum app { APP_ANY, APP_UNKNOWN, APP_HTTP, APP_TLS, APP_DNS, APP_SMTP, APP_FTP, APP_FTP_DATA, APP_SSH, APP_SMB, APP_DCERPC, APP_MODBUS, APP_DNP3, APP_ENIP, APP_OTHER,
	APP_COUNT };

enum { HEAD_TCP = 1, HEAD_UDP = 2, HEAD_ICMP = 4, HEAD_ICMP6 = 8, HEAD_REST = 16, HEAD_ALL = 31 };
enum { FLOW_ESTABLISHED = 1, FLOW_NOT_ESTABLISHED = 2, FLOW_TO_SERVER = 4, FLOW_TO_CLIENT = 8, FLOW_NO_STREAM = 16, FLOW_ONLY_STREAM = 32, FLOW_NO_FRAG = 64,
	FLOW_ONLY_FRAG = 128 };

/* Where a rule is judged; payload tests of a TCP rule may be in both of the first. */
enum hook { HOOK_PACKET = 1, HOOK_STREAM = 2, HOOK_MESSAGE = 4, HOOK_FLOW = 8 /* addresses alone: once for each direction of a flow */, HOOK_FRAME = 16 };

struct rule {
	struct gw_rule_info info;
	uint8_t protocols;      /* HEAD_* */
	uint8_t app;            /* APP_ANY: no condition */
	uint8_t ip;             /* 4, 6, 0 = both */
	uint8_t flow;           /* FLOW_* */
	uint8_t hooks;
	bool both_ways, noalert, speaks /* a passing rule that alerts all the same */, anchored /* its payload tests stand on the beginning */, pass_flow;
	const struct gw_proto *proto; /* messages of this one only */
	const struct addresses *src, *dst;
	const struct ports *sport, *dport;
	uint8_t slot_count, fact_count;
	struct slot *slots;
	struct fact *facts;
	struct bit *bits;
	struct flowint *ints;
	struct threshold threshold;
	struct limit *limits; /* suppress and rate_filter */
	/* what the prefilter looks for: slot and test; -1 = nothing, always a candidate */
	int16_t fast_slot, fast_test;
};

/* Addresses that make rules candidates; sorted. `reach`: the furthest end of this and all before. */
struct host {
	struct address_range range;
	uint8_t reach[16];
	uint32_t rule;
};
struct hosts {
	struct host *at;
	uint32_t count;
};

/* Rules that are candidates together, and the literals that make them so. */
struct group {
	hs_database_t *db;      /* NULL = no literals */
	bool vector;            /* what is scanned is handed to it as a vector of one piece */
	uint32_t literal_count;
	uint32_t *first;        /* literal i makes candidates of members[first[i]] to members[first[i + 1] - 1] */
	uint32_t *members;
	uint32_t always_count;
	uint32_t *always;
	uint32_t longest;
	struct hosts hosts[2]; /* of the sender, of the receiver */
};

struct port_group {
	uint16_t port;
	struct group *group;
};

/* Groups of one kind of payload: for any port, by port (sorted), by application. */
struct payload_groups {
	struct group *any;
	struct group *app[APP_COUNT];
	struct port_group *by_port;
	uint32_t port_count;
};

enum { CLASS_TCP, CLASS_UDP, CLASS_REST, CLASSES };

struct gw_rules {
	struct arena arena;
	struct rule **rules;    /* in the order they are judged */
	uint32_t rule_count;
	struct list lists[RULE_LISTS_MAX];
	uint32_t list_count;
	struct sk_map *list_of_name; /* buffer's name -> struct list_names */
	struct group *messages[RULE_LISTS_MAX][2]; /* by list and direction */
	struct group *bare[2];                     /* rules on messages that name no buffer */
	struct payload_groups packet[CLASSES][2], stream[2];
	struct group *flow, *frame;
	pcre2_code **codes;
	uint32_t code_count, code_space;
	struct dataset *datasets;
	bool interpreted; /* as in gw_rules_setup */
	hs_database_t **dbs;
	uint32_t db_count, db_space;
	uint64_t serial;        /* differs between sets of one process */
};

/* The lists of one buffer's name. */
struct list_names {
	uint16_t count;
	uint16_t lists[64];
};

uint64_t rule_hash(const char *text, size_t size);

/* ---- judging one slot (inspect.c) */
struct scratch;
/* `numbers`: RULE_VARS_MAX values. True when all tests of the slot hold on the buffer. */
bool slot_holds(struct scratch *scratch, const struct slot *slot, const uint8_t *data, size_t size, int64_t *numbers);
struct scratch {
	pcre2_match_data *match;
	pcre2_match_context *context;
	uint8_t *space, *other; /* RULE_SPACE each: transforms, base64 */
	unsigned steps;
};
enum { RULE_SPACE = 1 << 18 };
/* The buffer as the list's transforms make it; may be `data` itself. */
const uint8_t *list_transform(struct scratch *scratch, const struct list *list, const uint8_t *data, size_t size, size_t *ret_size);

/* ---- applications by first bytes (app.c) */
uint8_t app_of_proto(const struct gw_proto *proto);
uint8_t app_of_bytes(const uint8_t *data, size_t size, enum gw_dir dir, uint16_t server_port);
uint8_t app_by_name(const char *name); /* APP_COUNT = not known */

/* ---- rules about few addresses (hosts.c) */
int group_by_hosts(struct gw_rules *set, struct group *group); /* takes them out of `always` */
uint32_t hosts_last(const struct hosts *hosts, const uint8_t address[16]); /* how many begin at or before it */

/* ---- making the groups (build.c) */
int rules_build(struct gw_rules *rules, struct sk_diag *diag);
