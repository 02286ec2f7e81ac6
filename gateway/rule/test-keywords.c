// SPDX-License-Identifier: GPL-3.0-or-later
/* Each keyword that looks at bytes: a payload or buffer that matches, and one that misses by a byte or by a place. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "flow/sum.h"
#include "rule/try.h"
#include "support/harness.h"

#define B(text) text, sizeof(text) - 1

static const struct {
	const char *options;
	const char *match;
	size_t match_size;
	const char *miss;
	size_t miss_size;
} payloads[] = {
	{"content:\"abc\";", B("xxabcxx"), B("xxabdxx")},
	{"content:\"abc\";", B("abc"), B("ABC")},
	{"content:\"aBc\"; nocase;", B("xAbC"), B("xAbD")},
	{"content:\"|00 ff|z|41|\";", B("\x00\xffzA"), B("\x00\xfezA")},
	{"content:\"|00|\";", B("a\0b"), B("a\1b")},
	{"content:\"a\\;b\\\"c\\\\\";", B("a;b\"c\\"), B("a;b\"c/")},
	{"content:!\"bad\"; content:\"good\";", B("good"), B("good bad")},
	{"content:\"abc\"; offset:2;", B("xxabc"), B("xabc")},
	{"content:\"abc\"; depth:4;", B("xabc"), B("xxabc")},
	{"content:\"abc\"; offset:1; depth:4;", B("xxabc"), B("xxxabc")},
	{"content:\"abc\"; startswith;", B("abcx"), B("xabc")},
	{"content:\"abc\"; endswith;", B("abcabc"), B("abcx")},
	{"content:\"a\"; content:\"b\"; distance:2;", B("axxb"), B("axb")},
	{"content:\"a\"; content:\"b\"; within:2;", B("axb"), B("axxb")},
	{"content:\"a\"; content:\"b\"; distance:1; within:2;", B("axxb"), B("axxxb")},
	{"content:\"a\"; content:\"b\"; distance:0; within:1;", B("axab"), B("axaxb")}, /* the second a leads to it */
	{"content:\"abc\"; fast_pattern; content:\"x\";", B("abcx"), B("abc")},
	{"content:\"abc\"; rawbytes;", B("abc"), B("ab")},
	{"content:\"abc\"; isdataat:4;", B("abcxx"), B("abcx")},
	{"content:\"abc\"; isdataat:2,relative;", B("abcxx"), B("abcx")},
	{"content:\"abc\"; isdataat:!1,relative;", B("xabc"), B("abcx")},
	{"content:\"a\"; dsize:3;", B("axx"), B("axxx")},
	{"content:\"a\"; dsize:>3;", B("axxx"), B("axx")},
	{"content:\"a\"; dsize:2<>5;", B("axx"), B("axxxx")},
	{"pcre:\"/a[0-9]+b/\";", B("xa12b"), B("xab")},
	{"pcre:\"/^A.b$/is\";", B("a\nB"), B("a\nBx")},
	{"pcre:!\"/bad/\"; content:\"x\";", B("x good"), B("x bad")},
	{"content:\"key=\"; pcre:\"/^[0-9]{3}/R\";", B("key=123"), B("key=12x")},
	{"content:\"a\"; pcre:\"/x(y)/R\"; content:\"z\"; distance:0; within:1;", B("axyxyz"), B("axyxya")},
	{"byte_test:2,=,258,0;", B("\1\2"), B("\1\3")},
	{"byte_test:2,=,513,0,little;", B("\1\2"), B("\1\3")},
	{"byte_test:1,>,5,1;", B("\0\6"), B("\0\5")},
	{"byte_test:1,!&,128,0;", B("\x7f"), B("\x80")},
	{"byte_test:1,&,0x80,0;", B("\x80"), B("\x7f")},
	{"content:\"n=\"; byte_test:3,>=,100,0,relative,string,dec;", B("n=100"), B("n=099")},
	{"byte_test:4,=,0x1f,0,string,hex;", B("001f"), B("001e")},
	{"byte_test:2,=,0xf,0,bitmask 0x0ff0;", B("\x00\xf0"), B("\x00\xe0")},
	{"byte_jump:1,0; content:\"x\"; distance:0; within:1;", B("\2abx"), B("\3abx")},
	{"byte_jump:1,0,relative,multiplier 2,post_offset 1; content:\"x\"; distance:0; within:1;", B("\1abcx"), B("\1abx")},
	{"byte_jump:1,0,from_beginning; content:\"x\"; distance:0; within:1;", B("\2ax"), B("\1ax")},
	{"byte_jump:1,0,align; content:\"x\"; distance:0; within:1;", B("\1abcdx"), B("\1abcx")},
	{"byte_extract:1,0,len; content:\"x\"; offset:len; depth:1;", B("\2ax"), B("\2xa")},
	{"byte_extract:1,0,len; byte_test:1,=,len,1;", B("\5\5"), B("\5\6")},
	{"byte_extract:1,0,n,relative; content:\"a\"; distance:0; isdataat:n,relative;", B("\2abc"), B("\3abc")},
	{"byte_math:bytes 1, offset 0, oper *, rvalue 2, result r; byte_test:1,=,r,1;", B("\3\6"), B("\3\5")},
	{"byte_math:bytes 1, offset 0, oper -, rvalue 1, result r; content:\"x\"; offset:r; depth:1;", B("\3ax"), B("\2ax")},
	{"content:\"v=\"; base64_decode:bytes 8, offset 0, relative; base64_data; content:\"evil\";", B("v=ZXZpbA=="), B("v=ZXZpbQ==")},
	{"content:\"abc\"; ttl:64;", B("abc"), B("abd")},
	{"content:\"cd\"; byte_jump:0,0,relative,post_offset -9; content:\"a\"; distance:0; within:1;", B("abcd"), B("bacd")}, /* from the beginning */
	{"prefilter; bypass; content:\"abc\";", B("abc"), B("abd")},
	{"requires: version >= 7 < 8 | >= 99, feature ja4, keyword tcp.hdr; content:\"abc\";", B("abc"), B("abd")},
};

static void test_payloads(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(payloads); i++) {
		const char *match = payloads[i].match, *miss = payloads[i].miss;
		size_t match_size = payloads[i].match_size, miss_size = payloads[i].miss_size;
		char rule[512];
		struct try t;

		snprintf(rule, sizeof rule, "alert udp any any -> any any (msg:\"t\"; %s sid:1;)", payloads[i].options);
		try_begin(&t, rule);
		if (t.count.honoured != 1)
			fail_msg("%s is not honoured: %s", payloads[i].options, t.named);
		if (try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, match, match_size) != 1)
			fail_msg("%s does not match", payloads[i].options);
		if (try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, miss, miss_size) != 0)
			fail_msg("%s matches what it must not", payloads[i].options);
		try_end(&t);
	}
}

static void test_negative_distance(void **state)
{
	struct try t;

	try_begin(&t, "alert udp any any -> any any (content:\"abc\"; content:\"bcd\"; distance:-2; within:3; sid:1;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "abcd", 4), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "abcbcd", 6), 0);
	try_end(&t);
}

static const struct {
	const char *options, *proto, *buffer;
	enum gw_dir dir;
	const char *match, *miss;
} buffers[] = {
	{"http.uri; content:\"/evil\";", "http", "http.uri", GW_TO_SERVER, "/x/evil", "/x/evi1"},
	{"content:\"/evil\"; http_uri;", "http", "http.uri", GW_TO_SERVER, "/x/evil", "/x/evi1"},
	{"pcre:\"/^\\/a\\d$/U\";", "http", "http.uri", GW_TO_SERVER, "/a1", "/ab"},
	{"urilen:5;", "http", "http.uri", GW_TO_SERVER, "/1234", "/12345"},
	{"urilen:<5;", "http", "http.uri", GW_TO_SERVER, "/123", "/1234"},
	{"http.method; content:\"POST\"; bsize:4;", "http", "http.method", GW_TO_SERVER, "POST", "POSTS"},
	{"http.host; dotprefix; content:\".evil.com\"; endswith;", "http", "http.host", GW_TO_SERVER, "evil.com", "devil.com"},
	{"http.user_agent; to_lowercase; content:\"bot\";", "http", "http.user_agent", GW_TO_SERVER, "BoT", "B0T"},
	{"http.user_agent; to_uppercase; content:\"BOT\";", "http", "http.user_agent", GW_TO_SERVER, "BoT", "B0T"},
	{"http.uri; strip_whitespace; content:\"ab\";", "http", "http.uri", GW_TO_SERVER, "a \tb", "a-b"},
	{"http.uri; compress_whitespace; content:\"a b\";", "http", "http.uri", GW_TO_SERVER, "a  \t b", "ab"},
	{"http.uri; url_decode; content:\"a/b c\";", "http", "http.uri", GW_TO_SERVER, "a%2fb+c", "a%2eb+c"},
	{"http.uri; xor:\"20\"; content:\"ABC\";", "http", "http.uri", GW_TO_SERVER, "abc", "abd"},
	{"http.uri; pcrexform:\"id=(\\w+)\"; content:\"ab\"; startswith; endswith;", "http", "http.uri", GW_TO_SERVER, "?id=ab", "?id=abc"},
	{"http.uri; to_md5; content:\"|90 01 50 98 3c d2 4f b0|\"; startswith;", "http", "http.uri", GW_TO_SERVER, "abc", "abd"},
	{"http.uri; to_sha1; content:\"|a9 99 3e 36|\"; startswith;", "http", "http.uri", GW_TO_SERVER, "abc", "abd"},
	{"http.uri; to_sha256; content:\"|ba 78 16 bf|\"; startswith;", "http", "http.uri", GW_TO_SERVER, "abc", "abd"},
	{"file_data; content:\"evil\";", "http", "file.data", GW_TO_CLIENT, "an evil page", "a civil page!"},
	{"dns.query; content:\"evil.com\"; nocase; endswith;", "dns", "dns.query", GW_TO_SERVER, "x.EVIL.com", "x.evil.org"},
	{"tls.sni; content:\"evil.com\"; bsize:8;", "tls", "tls.sni", GW_TO_SERVER, "evil.com", "xevil.com"},
	{"uricontent:\"/evil\"; nocase;", "http", "http.uri", GW_TO_SERVER, "/x/EVIL", "/x/civil"},
	{"tls.subject:\"CN=evil\";", "tls", "tls.cert_subject", GW_TO_CLIENT, "C=FR, CN=evil", "C=FR, CN=civil"},
	{"tls.issuerdn:!\"CN=good\"; tls.cert_issuer; content:\"CN=\";", "tls", "tls.cert_issuer", GW_TO_CLIENT, "CN=evil", "CN=good"},
	{"smb_named_pipe; content:\"svcctl\";", "smb", "smb.named_pipe", GW_TO_SERVER, "svcctl", "srvsvc"},
	{"http.request_header; content:\"Key|3a 20|\"; startswith;", "http", "http.request_header", GW_TO_SERVER, "Key: 1", "Kez: 1"},
	{"ja3_hash; content:\"aaaa\";", "tls", "ja3.hash", GW_TO_SERVER, "aaaa", "aaab"},
};

static void test_buffers(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(buffers); i++) {
		char rule[512];
		struct try t;

		snprintf(rule, sizeof rule, "alert %s any any -> any any (msg:\"t\"; %s sid:1;)", buffers[i].proto, buffers[i].options);
		try_begin(&t, rule);
		if (t.count.honoured != 1)
			fail_msg("%s is not honoured: %s", buffers[i].options, t.named);
		if (try_buffer(&t, buffers[i].proto, buffers[i].dir, buffers[i].buffer, buffers[i].match, strlen(buffers[i].match)) != 1)
			fail_msg("%s does not match", buffers[i].options);
		if (try_buffer(&t, buffers[i].proto, buffers[i].dir, buffers[i].buffer, buffers[i].miss, strlen(buffers[i].miss)) != 0)
			fail_msg("%s matches what it must not", buffers[i].options);
		try_end(&t);
	}
}

/* Facts of headers: `set` makes the packet that matches out of one that does not. */
static const struct {
	const char *protocol, *options;
	uint8_t transport;
	uint8_t ttl, flags, type, code;
	uint16_t window;
	uint32_t seq, ack;
} facts[] = {
	{"ip", "ttl:<5;", IPPROTO_UDP, .ttl = 4},
	{"tcp", "flags:S;", IPPROTO_TCP, .flags = GW_SYN},
	{"tcp", "flags:S,12;", IPPROTO_TCP, .flags = GW_SYN | 0xc0},
	{"tcp", "flags:+SF;", IPPROTO_TCP, .flags = GW_SYN | GW_FIN | GW_PSH},
	{"tcp", "flags:!A;", IPPROTO_TCP, .flags = GW_FIN},
	{"tcp", "window:1234;", IPPROTO_TCP, .window = 1234, .flags = GW_ACK},
	{"tcp", "seq:77;", IPPROTO_TCP, .seq = 77, .flags = GW_ACK},
	{"tcp", "ack:78;", IPPROTO_TCP, .ack = 78, .flags = GW_ACK},
	{"icmp", "itype:8; icode:0;", IPPROTO_ICMP, .type = 8},
	{"icmp", "itype:3<>5; icode:1;", IPPROTO_ICMP, .type = 5, .code = 1},
	{"ip", "ip_proto:41;", 41},
};

static void test_facts(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(facts); i++) {
		char rule[256];
		struct try t;

		snprintf(rule, sizeof rule, "alert %s any any -> any any (%s sid:1;)", facts[i].protocol, facts[i].options);
		try_begin(&t, rule);
		if (t.count.honoured != 1)
			fail_msg("%s is not honoured: %s", facts[i].options, t.named);
		t.packet.flags = GW_ACK;
		t.packet.sport = 200;
		if (try_packet(&t, facts[i].transport == 41 ? IPPROTO_UDP : facts[i].transport, GW_TO_SERVER, "", 0) != 0)
			fail_msg("%s matches what it must not", facts[i].options);
		try_flow(&t);
		t.packet.ttl = facts[i].ttl ? facts[i].ttl : 64;
		t.packet.flags = facts[i].flags;
		t.packet.window = facts[i].window;
		t.packet.seq = facts[i].seq;
		t.packet.ack = facts[i].ack;
		t.packet.sport = facts[i].type;
		t.packet.dport = facts[i].code;
		if (try_packet(&t, facts[i].transport, GW_TO_SERVER, "", 0) != 1)
			fail_msg("%s does not match", facts[i].options);
		try_end(&t);
	}
}

/* 192.168.1.10:40000 to 10.1.2.3:80, SYN with a largest segment of 1460 bytes; its checksums are put in. */
static const uint8_t syn[] = {0x45, 0, 0, 44, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 192, 168, 1, 10, 10, 1, 2, 3, 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2, 0x20, 0,
	0, 0, 0, 0, 2, 4, 5, 0xb4};

static const struct {
	const char *options;
	unsigned at; /* a byte of the datagram which makes it miss when it is one more */
} parts[] = {
	{"ipv4.hdr; content:\"|12 34|\"; offset:4; depth:2;", 5},
	{"tcp.hdr; content:\"|02 04|\"; offset:20; byte_test:2,=,1460,0,big,relative;", 43},
	{"ipv4.hdr; byte_extract:1,9,kind; tcp.hdr; byte_test:1,>,kind,3; byte_test:1,=,80,3;", 23},
	{"tcpv4-csum:valid;", 38},
	{"ipv4-csum:valid; flags:S;", 8},
};

static void show_part(const char *options, unsigned at, bool holds)
{
	uint8_t frame[14 + sizeof syn] = {[12] = 8};
	struct try t;
	char rule[256];

	snprintf(rule, sizeof rule, "alert tcp any any -> any any (%s sid:1;)", options);
	try_begin(&t, rule);
	if (t.count.honoured != 1)
		fail_msg("%s is not honoured: %s", options, t.named);
	memcpy(frame + 14, syn, sizeof syn);
	t.packet.frame = frame;
	t.packet.size = sizeof frame;
	gw_decode(&t.packet, false);
	gw_sum_mend(&t.packet);
	frame[14 + at] = (uint8_t)(frame[14 + at] + !holds);
	gw_decode(&t.packet, false);
	if (try_packet(&t, IPPROTO_TCP, GW_TO_SERVER, "", 0) != holds)
		fail_msg("%s: not %u", options, holds);
	try_end(&t);
}

static void test_parts(void **state)
{
	struct try t;

	for (size_t i = 0; i < SK_ARRAY_SIZE(parts); i++) {
		show_part(parts[i].options, parts[i].at, true);
		show_part(parts[i].options, parts[i].at, false);
	}
	try_begin(&t, "alert udp any any -> any any (ip.dst; content:\"|0a 01 02 03|\"; bsize:4; sid:1;)");
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_SERVER, "", 0), 1);
	assert_int_equal(try_packet(&t, IPPROTO_UDP, GW_TO_CLIENT, "", 0), 0);
	try_end(&t);
	try_begin(&t, "alert pkthdr any any -> any any (decode-event:ipv4.frag_overlap; sid:1;)\nalert pkthdr any any -> any any (decode-event:ipv6.frag_overlap; sid:2;)");
	gw_rule_frame(t.state, &t.view, GW_NOTE_FRAGMENT_LONG, &t.result);
	assert_int_equal(t.result.count, 0);
	gw_rule_frame(t.state, &t.view, GW_NOTE_OVERLAP, &t.result);
	assert_true(t.result.count == 1 && try_has(&t, 1));
	try_end(&t);
	try_begin(&t, "alert pkthdr any any -> any any (decode-event:ethernet.unheard_of; sid:1;)\nalert pkthdr any any -> any any (decode-event:ipv4.frag_overlap; content:\"x\"; sid:2;)\n"
		      "alert pkthdr any any -> any any (ttl:3; sid:3;)");
	assert_int_equal(t.count.honoured, 0);
	try_end(&t);
	try_begin(&t, "alert tcp any any -> any any (tcp.hdr; content:\"a\"; http.uri; content:\"b\"; sid:1;)\n"
		      "alert tcp any any -> any any (requires: version >= 8; content:\"b\"; sid:2;)");
	assert_int_equal(t.count.honoured, 0);
	assert_non_null(strstr(t.named, "requires"));
	try_end(&t);
}

SK_TEST_MAIN(cmocka_unit_test(test_payloads), cmocka_unit_test(test_negative_distance), cmocka_unit_test(test_buffers), cmocka_unit_test(test_facts), cmocka_unit_test(test_parts))
