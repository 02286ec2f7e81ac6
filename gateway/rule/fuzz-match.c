// SPDX-License-Identifier: GPL-3.0-or-later
/* Judging under any bytes, with rules that use every test on bytes: as packets, as a stream cut anywhere and as a message's buffers. */
#include <stdlib.h>
#include <string.h>

#include "rule/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"alert ip any any -> any any (content:\"NEEDLE\"; content:\"THREAD\"; distance:1; within:40; sid:1;)\n"
	"alert ip any any -> any any (content:\"a\"; byte_jump:1,0,relative,multiplier 3,post_offset -2; content:\"b\"; distance:-3; sid:2;)\n"
	"alert ip any any -> any any (byte_extract:2,0,n,little; content:\"x\"; offset:n; depth:9; isdataat:n,relative; sid:3;)\n"
	"alert ip any any -> any any (byte_math:bytes 2, offset 1, oper *, rvalue 9, result m; byte_test:4,<,m,0,string,dec; byte_jump:2,0,from_end; sid:4;)\n"
	"alert ip any any -> any any (content:\"y\"; base64_decode:offset 0,relative; base64_data; content:\"evil\"; sid:5;)\n"
	"alert ip any any -> any any (pcre:\"/(a|b)+c/\"; content:\"d\"; distance:0; content:!\"e\"; within:5; sid:6;)\n"
	"alert ip any any -> any any (content:\"=\"; byte_test:3,>,9,0,relative,string,hex; byte_jump:4,-2,relative,align; sid:7;)\n"
	"alert http any any -> any any (http.uri; url_decode; strip_whitespace; dotprefix; content:\".\"; startswith; bsize:>1; sid:8;)\n"
	"alert http any any -> any any (http.uri; compress_whitespace; xor:\"0102\"; pcrexform:\"(.+)x\"; content:\"q\"; endswith; sid:9;)\n"
	"alert tcp any any -> any any (content:\"s\"; flowbits:set,a; flowint:i,+,1; xbits:toggle,z,track ip_pair; threshold:type both, track by_both, seconds 1, count 2; sid:10;)\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gw_rules *rules;
	static struct gw_rule_state *state;
	struct gw_packet packet = {.ip = 4, .transport = 6};
	struct gw_rule_view view = {.packet = &packet, .tracked = true, .established = true, .ip = 4, .transport = 6, .server_port = 80};
	struct gw_rule_flow *flow = NULL;
	struct gw_rules_count count;
	size_t cut;

	if (!rules && (gw_rules_load_text(NULL, "fuzz", text, sizeof text - 1, &rules, &count, NULL) != 0 || count.honoured != 10 || gw_rule_state_new(rules, &state) != 0))
		abort();
	if (size < 2 || gw_rule_flow_new(&flow) != 0)
		return 0;
	cut = 1 + data[0] % (size - 1);
	for (int turn = 0; turn < 2; turn++) {
		const uint8_t *from = turn ? data + cut : data + 1;
		size_t length = turn ? size - cut : cut - 1;
		struct gw_rule_result result = {.count = 0};
		struct gw_buffer buffer = {"http.uri", from, length};
		struct gw_message message = {.name = "m", .whole = turn, .buffers = &buffer, .buffer_count = 1};

		view.payload = from;
		view.payload_size = length;
		view.proto = turn ? gw_proto_find("http") : NULL;
		packet.time += data[0] * 10000000ull;
		gw_rule_packet(state, flow, &view, &result);
		gw_rule_stream(state, flow, &view, from, length, &result);
		gw_rule_message(state, flow, &view, &message, &result);
	}
	gw_rule_flow_free(flow);
	return 0;
}
