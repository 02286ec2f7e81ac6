// SPDX-License-Identifier: GPL-3.0-or-later
/* What was said becomes counts, a file, a draft that can be parsed and says the same, drift and rehearsals. */
#include "support/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/learn.h"
#include "segment/isolate.h"

#define DAY (86400ull * 1000000000)
#define START (20000 * DAY)

enum { RCMD, CEID, SECRET };
static const struct gw_field_def fields[] = {{"rcmd", GW_TEXT, .learn = true}, {"address", GW_UINT, .learn = true}, {"ecv", GW_TEXT, .secret = true, .learn = true}};
static const struct gw_proto secs = {.name = "hsms", .fields = fields, .field_count = 3};
static const struct gw_proto *const protos[] = {&secs, NULL};

static struct gw_learn_table table, other_table;
static struct gw_learn learn, other;

static int begin(void **state)
{
	(void)state;
	memset((void *)&table, 0, sizeof table);
	memset((void *)&other_table, 0, sizeof other_table);
	gw_learn_begin(&learn, &table);
	gw_learn_begin(&other, &other_table);
	return 0;
}

static struct gw_tuple flow(const char *client, const char *server, uint16_t port)
{
	struct gw_tuple t = {.ip = 4, .transport = IPPROTO_TCP, .port = port};

	inet_pton(AF_INET, client, t.client.bytes);
	inet_pton(AF_INET, server, t.server.bytes);
	return t;
}

static void say_at(uint64_t time, const char *name, enum gw_act act, const struct gw_field *list, size_t count)
{
	const struct gw_message m = {.name = name, .act = act, .from = act == GW_ACT_REPORT ? GW_ROLE_EQUIPMENT : GW_ROLE_HOST,
				     .dir = act == GW_ACT_REPORT ? GW_TO_CLIENT : GW_TO_SERVER, .whole = true, .fields = list, .field_count = count};
	const struct gw_learn_said said = {.flow = flow("10.10.0.5", "10.20.0.7", 5000), .proto = &secs, .message = &m, .time = time};

	gw_learn_take(&learn, &said);
}

static struct gw_field text_field(uint16_t def, const char *text)
{
	return (struct gw_field){.def = def, .bytes = {(const uint8_t *)text, strlen(text)}};
}

static void command(uint64_t time, const char *rcmd)
{
	const struct gw_field field = text_field(RCMD, rcmd);

	say_at(time, "S2F41", GW_ACT_CONTROL, &field, 1);
}

static void a_day(uint64_t at)
{
	say_at(at, "S1F3", GW_ACT_READ, NULL, 0);
	say_at(at, "S6F11", GW_ACT_REPORT, NULL, 0);
	command(at, "START");
	command(at + 1, "STOP");
}

static const struct gw_learn_row *row_of(const char *name, const char *kind)
{
	for (uint32_t i = 0; i < table.count; i++)
		if (strcmp(table.rows[i].name, name) == 0 && strcmp(table.rows[i].kind, kind) == 0)
			return &table.rows[i];
	return NULL;
}

static void counts(void **state)
{
	const struct gw_field secret = text_field(SECRET, "12.5");

	(void)state;
	for (int day = 0; day < 6; day++)
		a_day(START + day * DAY);
	command(START + DAY, "START");
	assert_int_equal(gw_learn_total(row_of("S2F41", "")), 13);
	assert_int_equal(gw_learn_total(row_of("S2F41", "rcmd=START")), 7);
	assert_int_equal(row_of("S2F41", "rcmd=START")->days, 6);
	assert_int_equal(row_of("S1F3", "")->bare, 6);
	say_at(START, "S2F15", GW_ACT_WRITE, &secret, 1);
	assert_null(row_of("S2F15", "ecv=12.5"));
	assert_int_equal(row_of("S2F15", "")->bare, 1);
}

static void bounds(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "LOT%d", i);
		command(START, name);
	}
	assert_int_equal(row_of("S2F41", "")->kinds, GW_LEARN_KINDS);
	assert_true(row_of("S2F41", "")->many);
	assert_int_equal(table.count, GW_LEARN_KINDS + 1);
	for (int i = 0; i < GW_LEARN_ROWS; i++) {
		snprintf(name, sizeof name, "S1F%d", 2 * i + 1);
		say_at(START, name, GW_ACT_READ, NULL, 0);
	}
	assert_int_equal(table.count, GW_LEARN_ROWS);
	assert_int_equal(table.lost, GW_LEARN_KINDS + 1);
	command(START, "LOT1");
	assert_int_equal(gw_learn_total(row_of("S2F41", "rcmd=LOT1")), 2);
}

static void files(void **state)
{
	_cleanup_buf_ struct sk_buf one = SK_BUF(1 << 20), two = SK_BUF(1 << 20);
	struct gw_learn_marks marks = {.proposed = 5, .known = 3}, back = {0};
	struct sk_diag diag = {0};

	(void)state;
	a_day(START);
	a_day(START + 3 * DAY);
	assert_int_equal(gw_learn_write(&table, &marks, &one), 0);
	assert_int_equal(gw_learn_read(one.data, one.size, &other, &back, &diag), 0);
	assert_int_equal(gw_learn_write(&other_table, &back, &two), 0);
	assert_string_equal(one.data, two.data);
	for (size_t cut = 0; cut < one.size; cut += 7) { /* nothing torn is believed, nothing breaks */
		begin(NULL);
		assert_int_equal(gw_learn_read(one.data, cut, &other, &back, &diag), SK_BAD);
	}
}

static void merged(void **state)
{
	(void)state;
	a_day(START);
	gw_learn_add(&other, &table);
	begin(NULL);
	a_day(START + 100);
	a_day(START + DAY);
	gw_learn_add(&learn, &other_table); /* empty */
	gw_learn_add(&other, &table);
	gw_learn_add(&other, &table);
	assert_int_equal(gw_learn_total(gw_learn_find(&other, row_of("S2F41", ""))), 8);
}

static struct gw_policy *policy_of(const char *text)
{
	struct sk_policy source = {0};
	struct gw_policy *policy = NULL;
	struct sk_diag diag = {0};

	if (sk_policy_parse_draft(text, strlen(text), &source, &diag) != 0 || gw_policy_new(&source, protos, NULL, &policy, &diag) != 0)
		fail_msg("%s: %s\n%s", diag.path, diag.text, text);
	return policy;
}

static bool refuses(struct gw_policy *policy, const char *name, enum gw_act act, const struct gw_field *field)
{
	const struct gw_tuple t = flow("10.10.0.5", "10.20.0.7", 5000);
	const struct gw_message m = {.name = name, .act = act, .from = act == GW_ACT_REPORT ? GW_ROLE_EQUIPMENT : GW_ROLE_HOST, .request = true, .whole = true,
				     .fields = field, .field_count = field != NULL};
	struct gw_opinion o;

	gw_policy_message(policy, gw_policy_conduit(policy, &t), &t, &secs, &m, START, &o);
	return o.refused;
}

static void proposed(void **state)
{
	_cleanup_buf_ struct sk_buf draft = SK_BUF(1 << 20);
	const struct gw_field start = text_field(RCMD, "START"), abort_ = text_field(RCMD, "ABORT");
	struct gw_policy *policy;

	(void)state;
	for (int day = 0; day < 6; day++)
		for (int i = 0; i < 700; i++)
			a_day(START + day * DAY + (uint64_t)i);
	assert_int_equal(gw_learn_propose(&table, NULL, &draft), 0);
	assert_non_null(strstr(draft.data, "# seen 4,200 times on 6 days since 2024-10-04"));
	assert_non_null(strstr(draft.data, "- 'host may S2F41 with rcmd \"START\", \"STOP\"'\n"));
	assert_non_null(strstr(draft.data, "  rules: [virtual-patches.rules]\n"));
	policy = policy_of(draft.data);
	assert_int_equal(gw_policy_source(policy)->rules.count, 1);
	assert_false(refuses(policy, "S2F41", GW_ACT_CONTROL, &start));
	assert_false(refuses(policy, "S1F3", GW_ACT_READ, NULL));
	assert_false(refuses(policy, "S6F11", GW_ACT_REPORT, NULL));
	assert_true(refuses(policy, "S2F41", GW_ACT_CONTROL, &abort_));
	assert_true(refuses(policy, "S2F15", GW_ACT_WRITE, NULL));
	gw_policy_free(policy);
}

static void drifted(void **state)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(1 << 20);
	size_t count;

	(void)state;
	a_day(START);
	assert_int_equal(gw_learn_drift(&table, START / 1000000000, NULL, &out, &count), 0);
	assert_int_equal(count, 0);
	gw_learn_add(&other, &table);
	command(START + DAY, "ABORT");
	assert_int_equal(gw_learn_drift(&table, START / 1000000000, NULL, &out, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(out.data, "10.10.0.5 -> 10.20.0.7 tcp/5000  hsms: host S2F41 with rcmd=ABORT  (1 time on 1 day, first on 2024-10-05)\n");
	assert_int_equal(gw_learn_drift(&table, 0, &other, &out, &count), 0);
	assert_int_equal(count, 1);
}

static const char isolating[] =
	"part: gateway\ngateway:\n  zones:\n    - {name: tools, addresses: [10.20.0.0/24]}\n    - {name: mes, addresses: [10.10.0.5]}\n    - {name: office, addresses: [10.30.0.0/16]}\n"
	"  conduits:\n    - {name: inner, from: tools, to: tools, action: switch, mode: enforce}\n    - {name: mes, from: mes, to: tools, action: inspect, mode: enforce}\n"
	"    - {name: web, from: office, to: mes, action: switch, mode: enforce}\n  otherwise: {action: drop, mode: enforce}\n"
	"  isolation:\n    - {name: bay, zones: [tools]}\n    - {name: cut, conduits: [web]}\n";

static enum sk_flow_action action(const struct gw_policy *policy, const char *client, const char *server)
{
	const struct gw_tuple t = flow(client, server, 5000);

	return gw_policy_conduit(policy, &t)->action;
}

static struct gw_policy *isolated(const char *set)
{
	struct sk_policy source = {0};
	struct gw_policy *policy = NULL;
	struct sk_diag diag = {0};

	assert_int_equal(sk_policy_parse_draft(isolating, strlen(isolating), &source, &diag), 0);
	assert_int_equal(gw_isolate(&source.gateway, set), 0);
	if (gw_policy_new(&source, protos, NULL, &policy, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
	return policy;
}

static void isolation(void **state)
{
	static const char *const ways[][2] = {{"10.10.0.5", "10.20.0.7"}, {"10.20.0.7", "10.20.0.8"}, {"10.30.0.1", "10.10.0.5"}, {"192.0.2.1", "10.20.0.7"}, {"10.20.0.7", "192.0.2.1"}};
	struct gw_policy *before = policy_of(isolating), *bay = isolated("bay"), *cut = isolated("cut");

	(void)state;
	assert_int_equal(action(bay, "10.10.0.5", "10.20.0.7"), SK_FLOW_DROP);
	assert_int_equal(action(bay, "10.20.0.7", "192.0.2.1"), SK_FLOW_DROP);
	assert_int_equal(action(bay, "10.20.0.7", "10.20.0.8"), SK_FLOW_SWITCH);
	assert_int_equal(action(bay, "10.30.0.1", "10.10.0.5"), SK_FLOW_SWITCH);
	assert_int_equal(action(cut, "10.30.0.1", "10.10.0.5"), SK_FLOW_DROP);
	assert_int_equal(action(cut, "10.10.0.5", "10.20.0.7"), SK_FLOW_INSPECT);
	for (size_t i = 0; i < SK_ARRAY_SIZE(ways); i++) { /* what a rehearsal says is what happens */
		const struct gw_tuple t = flow(ways[i][0], ways[i][1], 5000);
		const struct sk_isolation *set = gw_isolation_named(gw_policy_source(before), "bay");
		bool stopped = action(before, ways[i][0], ways[i][1]) != SK_FLOW_DROP && action(bay, ways[i][0], ways[i][1]) == SK_FLOW_DROP;

		if (action(before, ways[i][0], ways[i][1]) != SK_FLOW_DROP)
			assert_int_equal(gw_isolation_stops(before, set, &t), stopped);
	}
	gw_policy_free(before);
	gw_policy_free(bay);
	gw_policy_free(cut);
}

static void rehearsed(void **state)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(1 << 20);
	struct gw_policy *policy = policy_of(isolating);
	size_t count;

	(void)state;
	a_day(START);
	assert_int_equal(gw_learn_rehearse(&table, policy, "none", &out, &count), SK_NONE);
	assert_int_equal(gw_learn_rehearse(&table, policy, "bay", &out, &count), 0);
	assert_int_equal(count, 3);
	assert_non_null(strstr(out.data, "host S2F41"));
	assert_int_equal(gw_learn_rehearse(&table, policy, "cut", &out, &count), 0);
	assert_int_equal(count, 0);
	gw_policy_free(policy);
}

static void drawn(void **state)
{
	_cleanup_buf_ struct sk_buf one = SK_BUF(1 << 20), two = SK_BUF(1 << 20);
	struct gw_policy *policy = policy_of(isolating);

	(void)state;
	a_day(START);
	assert_int_equal(gw_learn_draw(&table, policy, false, &one), 0);
	assert_non_null(strstr(one.data, "class=\"way good\""));
	assert_non_null(strstr(one.data, "class=\"way idle\""));
	assert_null(strstr(one.data, "class=\"way odd\""));
	begin(NULL);
	assert_int_equal(gw_learn_draw(&table, NULL, true, &two), 0);
	gw_policy_free(policy);
}

#define CASE(f) cmocka_unit_test_setup(f, begin)
SK_TEST_MAIN(CASE(counts), CASE(bounds), CASE(files), CASE(merged), CASE(proposed), CASE(drifted), CASE(isolation), CASE(rehearsed), CASE(drawn))
