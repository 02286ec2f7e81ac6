// SPDX-License-Identifier: GPL-3.0-or-later
/* Judging over time: streams cut anywhere, bits, thresholds, pass, once for each message, other rules in the middle of a flow. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "rule/try.h"
#include "support/harness.h"

static void test_stream_cuts(void **state)
{
	static const char bytes[] = "some bytes, then NEEDLE and then the THREAD that follows";

	for (size_t cut = 1; cut < sizeof bytes - 1; cut++) {
		struct try t;
		unsigned count;

		try_begin(&t, "alert tcp any any -> any 80 (flow:established,to_server; content:\"NEEDLE\"; content:\"THREAD\"; distance:10; within:20; sid:1;)\n"
			      "alert tcp any any -> any 80 (flow:established,to_server; content:\"NEEDLE\"; content:\"THREAD\"; within:9; sid:2;)");
		count = try_stream(&t, GW_TO_SERVER, bytes, cut);
		count += try_stream(&t, GW_TO_SERVER, bytes + cut, sizeof bytes - 1 - cut);
		if (count != 1)
			fail_msg("cut at %zu: %u alerts", cut, count);
		assert_true(try_has(&t, 1) || cut > 40);
		try_end(&t);
	}
}

static void test_stream_bytewise(void **state)
{
	static const char bytes[] = "NEEDLE....THREAD";
	struct try t;
	unsigned count = 0;

	try_begin(&t, "alert tcp any any -> any any (content:\"NEEDLE\"; content:\"THREAD\"; distance:0; sid:1;)");
	for (size_t i = 0; i < sizeof bytes - 1; i++)
		count += try_stream(&t, GW_TO_SERVER, bytes + i, 1);
	assert_int_equal(count, 1);
	try_flow(&t);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, "NEED", 4), 0);
	gw_rule_gap(t.flow, GW_TO_SERVER);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, "LE....THREAD", 12), 0);
	try_end(&t);
}

/* A: where the payload or the stream begins, and not where the window happens to; nothing at all holds no test, not even of what must be absent. */
static void test_anchored_expression(void **state)
{
	static char filler[3000];
	struct try t;

	try_begin(&t, "alert tcp any any -> any any (pcre:\"/(?!AB)/AR\"; sid:1;)\nalert tcp any any -> any any (content:!\"AB\"; sid:2;)");
	memcpy(filler, "AB", 2);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, filler, sizeof filler), 0);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, filler, sizeof filler), 0);
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "AB", 2), 0);
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "", 0), 0);
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "BA", 2), 1);
	assert_true(try_has(&t, 1));
	try_end(&t);
}

static void test_direction_and_state(void **state)
{
	struct try t;

	try_begin(&t, "alert tcp any any -> any any (flow:established,to_client; content:\"x\"; sid:1;)");
	assert_int_equal(try_stream(&t, GW_TO_SERVER, "x", 1), 0);
	assert_int_equal(try_stream(&t, GW_TO_CLIENT, "x", 1), 1);
	try_flow(&t);
	t.view.established = false;
	assert_int_equal(try_stream(&t, GW_TO_CLIENT, "x", 1), 0);
	try_end(&t);
}

static void test_flowbits(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"two\"; flowbits:isset,a|b; sid:2;)\n"
		      "alert udp any any -> any any (content:\"one\"; flowbits:set,a; flowbits:noalert; sid:1;)\n"
		      "alert udp any any -> any any (content:\"three\"; flowbits:isnotset,a; sid:3;)\n"
		      "alert udp any any -> any any (content:\"four\"; flowbits:unset,a; noalert; sid:4;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "two", 3), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "three", 5), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "one two", 7), 1); /* who sets comes before who asks */
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "two", 3), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "three", 5), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "four", 4), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "two", 3), 0);
	try_end(&t);
}

static void test_flowint(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"x\"; flowint:n,notset; flowint:n,=,0; noalert; sid:1; priority:1;)\n"
		      "alert udp any any -> any any (content:\"x\"; flowint:n,isset; flowint:n,+,1; noalert; sid:2; priority:2;)\n"
		      "alert udp any any -> any any (content:\"x\"; flowint:n,>,2; sid:3; priority:3;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 1);
	try_end(&t);
}

static void test_xbits(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"one\"; xbits:set,a,track ip_src,expire 10; noalert; sid:1;)\n"
		      "alert udp any any -> any any (content:\"two\"; xbits:isset,a,track ip_src; sid:2;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "two", 3), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "one", 3), 0);
	try_flow(&t); /* another flow of the same host */
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "two", 3), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "two", 3), 0); /* the other end's */
	t.packet.time += 11000000000ull;
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "two", 3), 0);
	try_end(&t);
}

static unsigned count_of(const char *threshold, unsigned packets, uint64_t step)
{
	char rule[256];
	struct try t;
	unsigned count = 0;

	snprintf(rule, sizeof rule, "alert udp any any -> any any (content:\"x\"; %s; sid:1;)", threshold);
	try_begin(&t, rule);
	assert_int_equal(t.count.honoured, 1);
	for (unsigned i = 0; i < packets; i++) {
		count += try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1);
		t.packet.time += step;
	}
	try_end(&t);
	return count;
}

static void test_thresholds(void **state)
{
	assert_int_equal(count_of("threshold:type limit, track by_src, seconds 60, count 2", 10, 1000), 2);
	assert_int_equal(count_of("threshold:type limit, track by_src, seconds 1, count 1", 10, 500000000), 5);
	assert_int_equal(count_of("threshold:type threshold, track by_dst, seconds 60, count 3", 10, 1000), 3);
	assert_int_equal(count_of("threshold:type both, track by_src, seconds 60, count 3", 10, 1000), 1);
	assert_int_equal(count_of("detection_filter:track by_src, count 7, seconds 60", 10, 1000), 3);
	assert_int_equal(count_of("content:\"x\"", 10, 1000), 10);
}

static void test_actions(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"x\"; sid:1;)\ndrop udp any any -> any any (content:\"y\"; sid:2;)\n"
		      "reject udp any any -> any any (content:\"z\"; sid:3;)\npass udp any any -> any any (content:\"friend\"; sid:4;)");
	try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1);
	assert_int_equal(t.result.action, GW_RULE_ALERT);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "xy", 2), 2);
	assert_int_equal(t.result.action, GW_RULE_DROP);
	assert_int_equal(t.result.alerts[0]->sid, 2);
	try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "z", 1);
	assert_int_equal(t.result.action, GW_RULE_REJECT);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "xyz friend", 10), 0);
	assert_int_equal(t.result.action, GW_RULE_PASS);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "xyz", 3), 3);
	try_end(&t);
}

static void test_message_once(void **state)
{
	struct gw_buffer buffers[] = {{"http.uri", (const uint8_t *)"/a", 2}, {"http.request_body", (const uint8_t *)"bb", 2}};
	struct gw_message message = {.name = "request", .buffers = buffers, .buffer_count = 1};
	struct try t;

	try_begin(&t, "alert http any any -> any any (http.uri; content:\"/a\"; sid:1;)\n"
		      "alert http any any -> any any (http.uri; content:\"/a\"; http.request_body; content:\"bb\"; sid:2;)\n"
		      "alert http any any -> any any (http.uri; content:\"/a\"; http.request_body; content:!\"bb\"; sid:3;)");
	assert_int_equal(t.count.honoured, 3);
	t.view.proto = gw_proto_find("http");
	gw_rule_message(t.state, t.flow, &t.view, &message, &t.result);
	assert_true(try_has(&t, 1));
	assert_false(try_has(&t, 2));
	t.result = (struct gw_rule_result){.count = 0};
	message.whole = true;
	message.buffer_count = 2;
	gw_rule_message(t.state, t.flow, &t.view, &message, &t.result);
	assert_false(try_has(&t, 1)); /* told already */
	assert_true(try_has(&t, 2));
	assert_false(try_has(&t, 3));
	t.result = (struct gw_rule_result){.count = 0};
	gw_rule_message(t.state, t.flow, &t.view, &message, &t.result);
	assert_true(try_has(&t, 1)); /* the next message */
	try_end(&t);
}

static void test_fields(void **state)
{
	const struct gw_proto *hsms = gw_proto_find("hsms");
	struct gw_field values[2] = {{0}};
	struct gw_message message = {.name = "S2F41", .whole = true, .fields = values, .field_count = 2};
	struct try t;

	assert_non_null(hsms);
	for (size_t i = 0; i < hsms->field_count; i++) {
		if (strcmp(hsms->fields[i].name, "stream") == 0)
			values[0].def = (uint16_t)i;
		if (strcmp(hsms->fields[i].name, "rcmd") == 0)
			values[1].def = (uint16_t)i;
	}
	values[0].u = 2;
	values[1].bytes.data = (const uint8_t *)"START";
	values[1].bytes.size = 5;
	try_begin(&t, "drop hsms any any -> any any (hsms.stream:2; hsms.rcmd; content:\"START\"; sid:1;)\nalert hsms any any -> any any (hsms.stream:3; sid:2;)\n"
		      "alert hsms any any -> any any (secs.rcmd:\"start\"; sid:3;)\nalert http any any -> any any (hsms.stream:2; sid:4;)");
	assert_string_equal(t.named, "");
	t.view.proto = hsms;
	gw_rule_message(t.state, t.flow, &t.view, &message, &t.result);
	assert_int_equal(t.result.count, 2);
	assert_true(try_has(&t, 1) && try_has(&t, 3));
	try_end(&t);
}

static void test_replace(void **state)
{
	struct try t, other;

	try_begin(&t, "alert udp any any -> any any (content:\"one\"; flowbits:set,a; sid:1;)");
	try_begin(&other, "alert udp any any -> any any (content:\"xxx\"; sid:3;)\nalert udp any any -> any any (content:\"two\"; flowbits:isset,a; sid:2;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "one", 3), 1);
	assert_int_equal(gw_rule_state_replace(t.state, other.rules), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "one two", 7), 1);
	assert_true(try_has(&t, 2));
	try_end(&t);
	try_end(&other);
}

/* What has alerted does not alert again with the next bytes; what comes anew does. */
static void test_again(void **state)
{
	struct try t;

	try_begin(&t, "alert tcp any any -> any any (content:\"head\"; content:\"tail\"; distance:0; sid:1;)");
	assert_int_equal(try_stream(&t, GW_TO_SERVER, "head tail", 9), 1);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, " tail", 5), 0);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, " head", 5), 0);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, " tail", 5), 1);
	try_end(&t);
}

/* A segment of no stream is judged as a packet by rules on streams; one of a stream is not. */
static void test_streamless(void **state)
{
	struct try t;

	try_begin(&t, "alert tcp any any -> any any (content:\"evil\"; sid:1;)");
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "evil", 4), 0);
	t.view.streamless = true;
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "evil", 4), 1);
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "evim", 4), 0);
	try_end(&t);
}

static void test_hostbits(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"one\"; hostbits:set,a,dst; sid:1;)\n"
		      "alert udp any any -> any any (content:\"two\"; hostbits:isset,a; sid:2;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "one", 3), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "two", 3), 0); /* of the sender, which has none */
	try_flow(&t);
	t.packet.time += 90000000000000ull; /* for good */
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "two", 3), 1);
	try_end(&t);
}

static void test_speaking_pass(void **state)
{
	struct try t;

	try_begin(&t, "pass udp any any -> any any (content:\"evil\"; alert; sid:1;)\npass udp any any -> any any (content:\"good\"; sid:3;)\n"
		      "drop udp any any -> any any (content:\"e\"; sid:2;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "evil", 4), 1);
	assert_true(try_has(&t, 1) && t.result.action == GW_RULE_PASS);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "good e", 6), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "else", 4), 1);
	try_end(&t);
	try_begin(&t, "pass udp any any -> any any (sid:1;)\nalert udp any any -> any any (content:\"e\"; sid:2;)"); /* by addresses alone: all of the flow */
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "", 0), 0);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "else", 4), 0);
	try_end(&t);
}

static void test_suppress(void **state)
{
	struct try t;

	try_begin(&t, "drop udp any any -> any any (content:\"x\"; sid:1;)\nalert udp any any -> any any (content:\"x\"; gid:3; sid:1;)\n"
		      "suppress gen_id 1, sig_id 1, track by_src, ip [192.168.0.0/16,!192.168.2.0/24]");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 1);
	assert_int_equal(t.result.action, GW_RULE_DROP); /* told to nobody, and done */
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "x", 1), 2);
	try_end(&t);
	try_begin(&t, "suppress gen_id 0, sig_id 0, track by_either, ip $HOME_NET\nalert udp any any -> any any (content:\"x\"; sid:1;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "x", 1), 0);
	try_end(&t);
	try_begin(&t, "alert udp any any -> any any (content:\"x\"; sid:1;)\nevent_filter gen_id 1, sig_id 1, type limit, track by_src, count 1, seconds 60");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1), 0);
	try_end(&t);
}

static void test_rate_filter(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"x\"; sid:1;)\nrate_filter gen_id 1, sig_id 1, track by_both, count 2, seconds 10, new_action drop, timeout 30");
	for (unsigned i = 0; i < 4; i++) {
		try_packet(&t, IPPROTO_UDP, i % 2 ? GW_TO_CLIENT : GW_TO_SERVER, "x", 1);
		assert_int_equal(t.result.action, i < 2 ? GW_RULE_ALERT : GW_RULE_DROP);
		assert_int_equal(t.result.actions[0], t.result.action);
	}
	t.packet.time += 29000000000ull;
	try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1);
	assert_int_equal(t.result.action, GW_RULE_DROP);
	t.packet.time += 2000000000ull;
	try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "x", 1);
	assert_int_equal(t.result.action, GW_RULE_ALERT);
	try_end(&t);
}

/* What is about a packet drops that packet; what is about a stream or about addresses ends the flow. */
static void test_ends(void **state)
{
	struct try t;

	try_begin(&t, "drop tcp any any -> any any (dsize:1; sid:1;)\ndrop tcp any any -> any any (content:\"evil\"; sid:2;)");
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "x", 1), 1);
	assert_true(t.result.action == GW_RULE_DROP && !t.result.ends);
	assert_int_equal(try_stream(&t, GW_TO_SERVER, "evil", 4), 1);
	assert_true(t.result.action == GW_RULE_DROP && t.result.ends);
	try_end(&t);
}

/* What a flow carries is asked for when it is known, or known to be unknown: not before. */
static void test_application(void **state)
{
	struct try t;

	try_begin(&t, "alert tcp any any -> any 80 (dsize:1; app-layer-protocol:!http; sid:1;)");
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "x", 1), 0);
	t.view.settled = true;
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "x", 1), 1);
	t.view.proto = gw_proto_find("http");
	assert_int_equal(try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "x", 1), 0);
	try_end(&t);
}

static int load_some(void *arg)
{
	static const char text[] = "alert tcp [1.2.3.4,!5.6.7.8] 80 -> any any (msg:\"a\"; content:\"abc\"; http.uri; content:\"x\"; pcre:\"/a/\"; sid:1;)\n"
				   "suppress gen_id 1, sig_id 1, track by_src, ip 1.2.3.4";
	_cleanup_(gw_rules_free_p) struct gw_rules *rules = NULL;
	struct gw_rule_state *state = NULL;
	struct gw_rules_count count;
	int r = gw_rules_load_text(NULL, "x", text, sizeof text - 1, &rules, &count, NULL);

	if (r == 0)
		r = gw_rule_state_new(rules, &state);
	gw_rule_state_free(state);
	return r;
}

static void test_memory(void **state)
{
	assert_true(sk_test_torture(load_some, NULL) > 0);
}

SK_TEST_MAIN(cmocka_unit_test(test_stream_cuts), cmocka_unit_test(test_stream_bytewise), cmocka_unit_test(test_anchored_expression),
	cmocka_unit_test(test_direction_and_state),
	cmocka_unit_test(test_flowbits), cmocka_unit_test(test_flowint), cmocka_unit_test(test_xbits), cmocka_unit_test(test_thresholds),
	cmocka_unit_test(test_actions), cmocka_unit_test(test_message_once), cmocka_unit_test(test_fields), cmocka_unit_test(test_replace),
	cmocka_unit_test(test_again), cmocka_unit_test(test_streamless), cmocka_unit_test(test_hostbits), cmocka_unit_test(test_speaking_pass),
	cmocka_unit_test(test_suppress), cmocka_unit_test(test_rate_filter), cmocka_unit_test(test_ends), cmocka_unit_test(test_application),
	cmocka_unit_test(test_memory))
