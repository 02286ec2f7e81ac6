// SPDX-License-Identifier: GPL-3.0-or-later
/* Zones, conduits and message lines as data: a flow and its conduit, a message and what becomes of it, with two protocols made for the test. */
#include "support/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "segment/policy.h"

enum { RCMD, ECID, PPID, HASH };
static const struct gw_field_def secs_fields[] = {{"rcmd", GW_TEXT}, {"ecid", GW_TEXT}, {"ppid", GW_TEXT}, {"recipe.sha256", GW_TEXT}};
static const struct gw_field_def word_fields[] = {{"address", GW_UINT}, {"value", GW_INT}};
static const struct gw_proto secs = {.name = "hsms", .fields = secs_fields, .field_count = 4};
static const struct gw_proto words = {.name = "modbus", .fields = word_fields, .field_count = 2};
static const struct gw_proto *const protos[] = {&secs, &words, NULL};

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char draft[] =
	"part: gateway\nserial: 1\nnot_before: 2026-11-01\nexpires: 2027-11-01\n"
	"gateway:\n"
	"  zones:\n"
	"    - {name: tools, addresses: [10.20.0.0/24, \"fd00:20::/64\"]}\n"
	"    - {name: litho, addresses: [10.20.0.64/26]}\n"
	"    - {name: mes, addresses: [10.10.0.5]}\n"
	"    - {name: guests, vlans: [300-310]}\n"
	"  assets:\n    - {name: etch-01, address: 10.20.0.7, type: ETCH-9}\n"
	"  conduits:\n"
	"    - name: mes\n      from: mes\n      to: tools\n      ports: [tcp/5000-5010]\n      protocols: [hsms]\n      action: inspect\n"
	"      mode: enforce\n      answer: native\n      lines:\n"
	"        - host may S2F41 with rcmd START, STOP, PP-SELECT\n"
	"        - host may S2F15 with ecid 100-199, 300\n"
	"        - host may S2F15 with ecid MODE\n"
	"        - S2F* never leaves\n"
	"        - S2F15 with ecid 150 never\n"
	"        - S2F21 never\n"
	"        - S7F3 only while maintenance and recipe released\n"
	"        - S7F1 only while maintenance\n"
	"        - S7F6 never leaves\n"
	"        - S7F19\n"
	"        - equipment may report\n"
	"        - host may read\n"
	"    - {name: shadow, from: mes, to: tools, ports: [tcp/502], action: inspect, mode: shadow, lines: [\"modbus: host may write-register with address 100-199 and value 0-500\"]}\n"
	"    - {name: bare, from: mes, to: tools, ports: [udp], action: inspect, mode: enforce}\n"
	"    - {name: let, from: mes, to: litho, action: inspect, mode: enforce, otherwise: let, lines: [S2F15 never]}\n"
	"    - {name: guests, from: guests, to: any, action: drop, mode: enforce}\n"
	"  otherwise: {action: switch, mode: observe}\n"
	"  recipes:\n"
	"    - {type: ETCH-9, ppid: OXIDE, sha256: " HASH_A "}\n"
	"    - {type: LITHO-2, ppid: NITRIDE, sha256: " HASH_B "}\n";

static struct gw_policy_state switches;
static struct gw_policy *policy;

static int make(const char *text, struct gw_policy **ret_policy, struct sk_diag *diag)
{
	_cleanup_policy_ struct sk_policy source = {0};

	if (sk_policy_parse_draft(text, strlen(text), &source, diag) != 0)
		fail_msg("%s: %s", diag->path, diag->text);
	return gw_policy_new(&source, protos, &switches, ret_policy, diag);
}

static int setup(void **state)
{
	struct sk_diag diag = {0};

	(void)state;
	memset((void *)&switches, 0, sizeof switches);
	if (make(draft, &policy, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	policy = gw_policy_free(policy);
	return 0;
}

static struct gw_tuple tuple(const char *client, const char *server, int transport, unsigned port, unsigned vlan)
{
	struct gw_tuple t = {.ip = strchr(client, ':') ? 6 : 4, .transport = (uint8_t)transport, .port = (uint16_t)port, .vlan = (uint16_t)vlan};
	int family = t.ip == 6 ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, client, t.client.bytes), 1);
	assert_int_equal(inet_pton(family, server, t.server.bytes), 1);
	return t;
}

static void test_conduits(void **state)
{
	static const struct {
		const char *client, *server;
		int transport;
		unsigned port, vlan;
		const char *name;
	} cases[] = {
		{"10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5000, 0, "mes"},
		{"10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5010, 0, "mes"},
		{"10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5011, 0, "otherwise"},
		{"10.10.0.5", "10.20.0.7", IPPROTO_UDP, 5000, 0, "bare"},
		{"10.10.0.5", "10.20.0.7", IPPROTO_TCP, 502, 0, "shadow"},
		{"10.10.0.5", "10.20.0.63", IPPROTO_TCP, 5000, 0, "mes"},
		{"10.10.0.5", "10.20.0.64", IPPROTO_TCP, 5000, 0, "let"}, /* the longer prefix */
		{"10.10.0.5", "10.20.0.127", IPPROTO_TCP, 5000, 0, "let"},
		{"10.10.0.5", "10.20.0.128", IPPROTO_TCP, 5000, 0, "mes"},
		{"10.20.0.7", "10.10.0.5", IPPROTO_TCP, 5000, 0, "otherwise"}, /* a conduit has a direction */
		{"10.10.0.6", "10.20.0.7", IPPROTO_TCP, 5000, 0, "otherwise"},
		{"192.0.2.1", "10.20.0.7", IPPROTO_TCP, 5000, 305, "guests"},
		{"192.0.2.1", "10.20.0.7", IPPROTO_TCP, 5000, 311, "otherwise"},
		{"2001:db8::1", "fd00:20::7", IPPROTO_TCP, 5000, 300, "guests"},
		{"2001:db8::1", "fd00:20::7", IPPROTO_TCP, 5000, 0, "otherwise"},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct gw_tuple t = tuple(cases[i].client, cases[i].server, cases[i].transport, cases[i].port, cases[i].vlan);
		const struct gw_ways *ways = gw_policy_conduit(policy, &t);

		if (strcmp(ways->name, cases[i].name) != 0)
			fail_msg("case %zu: %s", i, ways->name);
	}
	assert_int_equal(gw_policy_conduit(NULL, &(struct gw_tuple){0})->action, SK_FLOW_INSPECT);
}

static struct gw_field text_field(uint16_t def, const char *text)
{
	return (struct gw_field){.def = def, .bytes = {(const uint8_t *)text, strlen(text)}};
}

/* One message in the conduit of the flow. */
static struct gw_opinion ask(const struct gw_tuple *flow, const struct gw_proto *proto, const char *name, enum gw_act act, enum gw_role from,
			     const struct gw_field *fields, size_t count, bool whole)
{
	const struct gw_message message = {.name = name, .act = act, .dir = from == GW_ROLE_HOST ? GW_TO_SERVER : GW_TO_CLIENT, .from = from, .request = true,
					   .whole = whole, .fields = fields, .field_count = count};
	struct gw_opinion opinion;

	gw_policy_message(policy, gw_policy_conduit(policy, flow), flow, proto, &message, 1000, &opinion);
	return opinion;
}

enum said { LET, REFUSED, LATER };

static void test_messages(void **state)
{
	static const struct {
		const char *name;
		enum gw_act act;
		enum gw_role from;
		int def;           /* of the field; -1 = none */
		const char *a, *b; /* its values; NULL = once */
		bool half;         /* said by its header alone */
		enum said said;
		const char *line, *why;
	} cases[] = {
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, RCMD, "START", NULL, false, LET, "host may S2F41", ""},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, RCMD, "PP-SELECT", NULL, false, LET, "host may S2F41", ""},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, RCMD, "ABORT", NULL, false, REFUSED, "host may S2F41", "rcmd"},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, RCMD, "START", "ABORT", false, REFUSED, "host may S2F41", "rcmd"},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, RCMD, "start", NULL, false, REFUSED, "host may S2F41", "rcmd"},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, -1, NULL, NULL, false, REFUSED, "host may S2F41", "rcmd"},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_HOST, -1, NULL, NULL, true, LATER, NULL, ""},
		{"S2F41", GW_ACT_CONTROL, GW_ROLE_EQUIPMENT, RCMD, "START", NULL, false, REFUSED, "S2F* never leaves", "never"},
		{"S2F42", GW_ACT_CONTROL, GW_ROLE_EQUIPMENT, -1, NULL, NULL, false, REFUSED, "S2F* never leaves", "never"},
		{"S2F15", GW_ACT_WRITE, GW_ROLE_HOST, ECID, "100", NULL, false, LET, "host may S2F15 with ecid 100", ""},
		{"S2F15", GW_ACT_WRITE, GW_ROLE_HOST, ECID, "199", "300", false, LET, "host may S2F15 with ecid 100", ""},
		{"S2F15", GW_ACT_WRITE, GW_ROLE_HOST, ECID, "200", NULL, false, REFUSED, NULL, "ecid"},
		{"S2F15", GW_ACT_WRITE, GW_ROLE_HOST, ECID, "MODE", NULL, false, LET, "host may S2F15 with ecid MODE", ""},
		{"S2F15", GW_ACT_WRITE, GW_ROLE_HOST, ECID, "101", "150", false, REFUSED, "S2F15 with ecid 150 never", "never"},
		{"S2F15", GW_ACT_WRITE, GW_ROLE_HOST, -1, NULL, NULL, true, LATER, NULL, ""},
		{"S2F21", GW_ACT_CONTROL, GW_ROLE_HOST, -1, NULL, NULL, true, REFUSED, "S2F21 never", "never"},
		{"S7F6", GW_ACT_READ, GW_ROLE_EQUIPMENT, -1, NULL, NULL, true, REFUSED, "S7F6 never leaves", "never"},
		{"S7F6", GW_ACT_READ, GW_ROLE_HOST, -1, NULL, NULL, false, LET, NULL, ""},
		{"S7F1", GW_ACT_ENGINEER, GW_ROLE_HOST, -1, NULL, NULL, false, REFUSED, "S7F1 only", "maintenance"},
		{"S7F19", GW_ACT_READ, GW_ROLE_EQUIPMENT, -1, NULL, NULL, false, LET, "S7F19", ""},
		{"S1F3", GW_ACT_READ, GW_ROLE_HOST, -1, NULL, NULL, false, LET, "host may read", ""},
		{"S1F3", GW_ACT_READ, GW_ROLE_EQUIPMENT, -1, NULL, NULL, false, REFUSED, NULL, "equipment may S1F3"},
		{"S6F11", GW_ACT_REPORT, GW_ROLE_EQUIPMENT, -1, NULL, NULL, false, LET, "equipment may report", ""},
		{"S6F12", GW_ACT_REPORT, GW_ROLE_HOST, -1, NULL, NULL, false, LET, NULL, ""},
		{"S10F3", GW_ACT_WRITE, GW_ROLE_HOST, -1, NULL, NULL, false, REFUSED, NULL, "host may S10F3"},
		{"select.req", GW_ACT_SESSION, GW_ROLE_HOST, -1, NULL, NULL, false, LET, NULL, ""},
	};
	const struct gw_tuple flow = tuple("10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5000, 0);

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct gw_field fields[2] = {text_field((uint16_t)SK_MAX(cases[i].def, 0), cases[i].a ? cases[i].a : ""),
					     text_field((uint16_t)SK_MAX(cases[i].def, 0), cases[i].b ? cases[i].b : "")};
		struct gw_opinion o = ask(&flow, &secs, cases[i].name, cases[i].act, cases[i].from, fields, cases[i].def < 0 ? 0 : cases[i].b ? 2 : 1, !cases[i].half);
		enum said said = o.pending ? LATER : o.refused ? REFUSED : LET;

		if (said != cases[i].said || !strstr(o.why, cases[i].why) || (cases[i].line && (!o.line || strncmp(o.line, cases[i].line, strlen(cases[i].line)) != 0)))
			fail_msg("case %zu: %s: %d, line %s, %s", i, cases[i].name, said, o.line ? o.line : "-", o.why);
		assert_int_equal(o.ruling, said == REFUSED ? GW_REFUSE : GW_LET);
		assert_true(said != REFUSED || o.reply == GW_REPLY_NATIVE);
	}
}

static void test_recipes(void **state)
{
	static const struct {
		const char *ppid, *hash;
		bool maintenance, half;
		enum said said;
		const char *why;
	} cases[] = {
		{"OXIDE", HASH_A, true, false, LET, ""},
		{"OXIDE", HASH_A, false, false, REFUSED, "maintenance"},
		{"OXIDE", HASH_A, false, true, REFUSED, "maintenance"},
		{"OXIDE", HASH_A, true, true, LATER, ""},
		{"OXIDE", HASH_B, true, false, REFUSED, "released"},
		{"NITRIDE", HASH_A, true, false, REFUSED, "released"},
		{"NITRIDE", HASH_B, true, false, REFUSED, "released"}, /* released for another type of tool */
		{"OXIDE", "aa", true, false, REFUSED, "released"},
	};
	const struct gw_tuple flow = tuple("10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5000, 0);

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		const struct gw_field fields[] = {text_field(PPID, cases[i].ppid), text_field(HASH, cases[i].hash)};
		struct gw_opinion o;

		switches.maintenance_until = cases[i].maintenance ? 1001 : 1000;
		o = ask(&flow, &secs, "S7F3", GW_ACT_ENGINEER, GW_ROLE_HOST, fields, cases[i].half ? 0 : 2, !cases[i].half);
		if ((o.pending ? LATER : o.refused ? REFUSED : LET) != cases[i].said || !strstr(o.why, cases[i].why))
			fail_msg("case %zu: %d %d %s", i, o.pending, o.refused, o.why);
	}
}

/* What equipment asked for comes as an answer, and is a recipe all the same; also from a host that talks like equipment. */
static void test_recipe_in_an_answer(void **state)
{
	static const struct {
		enum gw_dir dir; /* the tool is the server */
		enum gw_role from;
		const char *hash; /* NULL: it brings none */
		bool half;
		enum said said;
	} cases[] = {
		{GW_TO_SERVER, GW_ROLE_HOST, HASH_A, false, LET},      {GW_TO_SERVER, GW_ROLE_HOST, HASH_B, false, REFUSED},
		{GW_TO_SERVER, GW_ROLE_HOST, HASH_B, true, LATER},     {GW_TO_SERVER, GW_ROLE_HOST, NULL, false, LET},
		{GW_TO_CLIENT, GW_ROLE_EQUIPMENT, HASH_B, false, LET}, {GW_TO_SERVER, GW_ROLE_EQUIPMENT, HASH_B, false, REFUSED},
	};
	const struct gw_tuple flow = tuple("10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5000, 0);

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		const struct gw_field fields[] = {text_field(PPID, "OXIDE"), text_field(HASH, cases[i].hash ? cases[i].hash : "")};
		const struct gw_message message = {.name = "S15F18", .act = GW_ACT_REPORT, .dir = cases[i].dir, .from = cases[i].from, .whole = !cases[i].half,
						   .fields = fields, .field_count = cases[i].half ? 0 : cases[i].hash ? 2 : 1};
		struct gw_opinion o;

		gw_policy_message(policy, gw_policy_conduit(policy, &flow), &flow, &secs, &message, 1000, &o);
		if ((o.pending ? LATER : o.refused ? REFUSED : LET) != cases[i].said)
			fail_msg("case %zu: %d %d %s", i, o.pending, o.refused, o.why);
	}
}

static void test_modes(void **state)
{
	const struct gw_tuple enforced = tuple("10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5000, 0), shadow = tuple("10.10.0.5", "10.20.0.7", IPPROTO_TCP, 502, 0),
			      let = tuple("10.10.0.5", "10.20.0.70", IPPROTO_TCP, 5000, 0), bare = tuple("10.10.0.5", "10.20.0.7", IPPROTO_UDP, 9, 0);
	struct gw_field fields[] = {{.def = 0, .u = 100}, {.def = 1, .i = 500}};
	struct gw_opinion o;

	(void)state;
	o = ask(&shadow, &words, "write-register", GW_ACT_WRITE, GW_ROLE_HOST, fields, 2, true);
	assert_false(o.refused);
	fields[1].i = -1;
	o = ask(&shadow, &words, "write-register", GW_ACT_WRITE, GW_ROLE_HOST, fields, 2, true);
	assert_true(o.refused); /* told */
	assert_int_equal(o.ruling, GW_LET); /* and let on */
	assert_true(strstr(o.why, "value") != NULL);
	assert_false(ask(&let, &secs, "S10F3", GW_ACT_WRITE, GW_ROLE_HOST, NULL, 0, true).refused);
	assert_true(ask(&let, &secs, "S2F15", GW_ACT_WRITE, GW_ROLE_HOST, NULL, 0, true).refused);
	assert_false(ask(&bare, &secs, "S2F15", GW_ACT_WRITE, GW_ROLE_HOST, NULL, 0, true).refused);
	switches.open_until = 1001; /* the time of the message is 1000 */
	o = ask(&enforced, &secs, "S2F21", GW_ACT_CONTROL, GW_ROLE_HOST, NULL, 0, true);
	assert_true(o.refused);
	assert_int_equal(o.ruling, GW_LET);
	switches.open_until = 1000;
	assert_int_equal(ask(&enforced, &secs, "S2F21", GW_ACT_CONTROL, GW_ROLE_HOST, NULL, 0, true).ruling, GW_REFUSE);
}

static void test_protocols(void **state)
{
	const struct gw_tuple enforced = tuple("10.10.0.5", "10.20.0.7", IPPROTO_TCP, 5000, 0), bare = tuple("10.10.0.5", "10.20.0.7", IPPROTO_UDP, 9, 0);
	struct gw_opinion o;

	(void)state;
	gw_policy_protocol(policy, gw_policy_conduit(policy, &enforced), &secs, 1, &o);
	assert_false(o.refused);
	gw_policy_protocol(policy, gw_policy_conduit(policy, &enforced), &words, 1, &o);
	assert_int_equal(o.ruling, GW_REFUSE);
	assert_true(strstr(o.why, "modbus is not what the conduit \"mes\" is for") != NULL);
	gw_policy_protocol(policy, gw_policy_conduit(policy, &enforced), NULL, 1, &o);
	assert_int_equal(o.ruling, GW_REFUSE);
	gw_policy_protocol(policy, gw_policy_conduit(policy, &bare), NULL, 1, &o);
	assert_int_equal(o.ruling, GW_LET);
}

/* What only the gateway can know: protocols and fields. */
static void test_refused_policies(void **state)
{
	static const struct {
		const char *what, *with, *path;
	} cases[] = {
		{"protocols: [hsms]", "protocols: [hsmz]", "gateway.conduits[0].protocols[0]"},
		{"with rcmd START", "with rcmdx START", "gateway.conduits[0].lines[0]"},
		{"with rcmd START", "with value START", "gateway.conduits[0].lines[0]"}, /* a field of a protocol that is not spoken here */
		{"modbus: host", "modbux: host", "gateway.conduits[1].lines[0]"},
	};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		const char *at = strstr(draft, cases[i].what);
		struct gw_policy *made = NULL;
		struct sk_diag diag = {0};
		char text[8192];

		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - draft), draft, cases[i].with, at + strlen(cases[i].what));
		assert_int_equal(make(text, &made, &diag), SK_BAD);
		assert_string_equal(diag.path, cases[i].path);
	}
}

static int torture(void *arg)
{
	struct gw_policy *made = NULL;
	struct sk_policy source = {0};
	struct sk_diag diag = {0};
	int r = sk_policy_parse_draft(draft, strlen(draft), &source, &diag);

	(void)arg;
	if (r != 0)
		return r;
	r = gw_policy_new(&source, protos, NULL, &made, &diag);
	gw_policy_free(made);
	sk_policy_done(&source);
	return r;
}

static void test_memory(void **state)
{
	(void)state;
	assert_true(sk_test_torture(torture, NULL) > 10);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_conduits), CASE(test_messages), CASE(test_recipes), CASE(test_recipe_in_an_answer), CASE(test_modes), CASE(test_protocols), CASE(test_refused_policies),
	     CASE(test_memory))
