// SPDX-License-Identifier: GPL-3.0-or-later
/* Whatever the engine tells is an event of the one table: every kind with every verdict passes its full check, however foreign the bytes and great the numbers. */
#include "support/harness.h"

#include <string.h>

#include "base/mem.h"
#include "engine/ocsf.h"
#include "event/event.h"

enum { F_NUMBER, F_TEXT, F_BYTES, F_SECRET, F_RANGE };
static const struct gw_field_def defs[] = {{"number", GW_UINT}, {"text", GW_TEXT}, {"bytes", GW_BYTES}, {"word", GW_TEXT, .secret = true}, {"range", GW_RANGE}};
static const struct gw_proto proto = {.name = "line", .fields = defs, .field_count = SK_ARRAY_SIZE(defs)};
static uint8_t foreign[4096];

static struct gw_event event_of(enum gw_event_kind kind, enum gw_verdict verdict)
{
	return (struct gw_event){.kind = kind, .time = 1790000000123456789, .packet = 7, .ip = 6, .transport = 6, .client_port = 1000, .server_port = 5000, .vlan = 4,
		.midstream = true, .proto = &proto, .verdict = verdict, .conduit = "etch", .line = "host may S1F1", .why = "no line allows it", .word = "silence",
		.sid = 1, .gid = 1, .rev = 2, .priority = 2, .msg = "a rule's \"own\" words", .classtype = "misc", .capture = "20261124T000000.000000000Z", .packets = {1, 2}, .bytes = {3, 4}};
}

static void check(const struct gw_event *e, size_t max, struct sk_buf *line)
{
	struct sk_event_columns columns;
	struct sk_diag diag = {0};
	char said[512], code[64];

	assert_int_equal(gw_event_json(e, SK_CLOCK_OK, line), 0);
	assert_true(line->size <= max);
	if (sk_event_validate(line->data, line->size, &diag))
		fail_msg("%s\n%.*s", sk_diag_format(&diag, said, sizeof said), (int)line->size, line->data);
	assert_int_equal(sk_event_scan(line->data, line->size, &columns, NULL), 0);
	assert_int_equal(sk_pull_plain(&columns.code, code, sizeof code, NULL), 0);
	assert_ptr_equal(sk_event_kind(code), &sk_event_kinds[gw_event_row(e)]);
	assert_int_equal(columns.action_id, e->verdict == GW_REFUSED && e->kind <= GW_EVENT_ODD ? 2 : 1);
}

static void test_every_kind(void **state)
{
	for (int kind = 0; kind < GW_EVENT_KINDS; kind++)
		for (int verdict = GW_ALLOWED; verdict <= GW_REFUSED; verdict++) {
			_cleanup_buf_ struct sk_buf line = SK_BUF(SK_EVENT_MAX);
			struct gw_event e = event_of(kind, verdict);

			check(&e, SK_EVENT_MAX, &line);
		}
}

static void test_a_message_of_foreign_bytes(void **state)
{
	_cleanup_buf_ struct sk_buf line = SK_BUF(SK_EVENT_MAX);
	struct gw_event e = event_of(GW_EVENT_MESSAGE, GW_REFUSED);
	struct gw_field fields[100];
	struct gw_message m = {.name = "S2F41", .act = GW_ACT_CONTROL, .from = GW_ROLE_HOST, .partial = true, .id = UINT64_MAX, .size = UINT64_MAX,
		.fields = fields, .field_count = SK_ARRAY_SIZE(fields)};

	memset(foreign, 1, sizeof foreign); /* six bytes of JSON each */
	for (size_t i = 0; i < SK_ARRAY_SIZE(fields); i++) {
		fields[i] = (struct gw_field){.def = (uint16_t)(i % 4)};
		if (i % 4 == F_NUMBER)
			fields[i].u = UINT64_MAX;
		else
			fields[i].bytes.data = foreign, fields[i].bytes.size = sizeof foreign;
	}
	e.message = &m;
	check(&e, SK_EVENT_MAX, &line);
	assert_non_null(strstr(line.data, "{\"number\":\"18446744073709551615\"}"));
	assert_non_null(strstr(line.data, "{\"word\":4096}")); /* a secret: its length */
	assert_non_null(strstr(line.data, "\"fields_cut\":true"));
}

/* A frame that has no addresses, and one before this program was built. */
static void test_a_frame_of_nobody(void **state)
{
	_cleanup_buf_ struct sk_buf line = SK_BUF(SK_EVENT_MAX);
	struct gw_event e = {.kind = GW_EVENT_ODD, .word = "short"};

	assert_int_equal(gw_event_json(&e, SK_CLOCK_WRONG, &line), 0);
	assert_int_equal(sk_event_validate(line.data, line.size, NULL), 0);
	assert_non_null(strstr(line.data, "\"clock\":\"wrong\""));
}

SK_TEST_MAIN(cmocka_unit_test(test_every_kind), cmocka_unit_test(test_a_message_of_foreign_bytes), cmocka_unit_test(test_a_frame_of_nobody))
