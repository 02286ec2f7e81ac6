// SPDX-License-Identifier: GPL-3.0-or-later
/* One frame: where its parts lie, and each shape that no honest stack sends, by the one change that makes it; a frame cut anywhere is read to its end and no further. */
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "flow/packet.h"
#include "flow/sum.h"

/* TCP from 10.0.0.1:1000 to 10.0.0.2:5000 with eight bytes of options and four of payload. */
static const uint8_t good[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 52, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	3, 0xe8, 0x13, 0x88, 0, 0, 0, 1, 0, 0, 0, 2, 0x70, 0x18, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 4, 5, 0xb4, 'd', 'a', 't', 'a'};
enum { IP = 14, TCP = 34, OPTIONS = 54, DATA = 62 };

static uint64_t decode(uint8_t *frame, size_t size, bool checksums, struct gw_packet *ret_packet)
{
	*ret_packet = (struct gw_packet){.frame = frame, .size = (uint32_t)size};
	return gw_decode(ret_packet, checksums);
}

static void mend(uint8_t *frame, size_t size)
{
	struct gw_packet p;

	decode(frame, size, false, &p);
	gw_sum_mend(&p);
}

static void test_parts(void **state)
{
	uint8_t frame[sizeof good];
	struct gw_packet p;

	memcpy(frame, good, sizeof good);
	mend(frame, sizeof frame);
	assert_int_equal(decode(frame, sizeof frame, true, &p), 0);
	assert_true(p.ip == 4 && p.transport == 6 && p.l3 == IP && p.l4 == TCP && p.payload == DATA && p.payload_size == 4);
	assert_true(p.sport == 1000 && p.dport == 5000 && p.seq == 1 && p.ack == 2 && p.window == 256 && p.flags == (GW_PSH | GW_ACK));
}

/* Padding of short frames is nobody's payload. */
static void test_padding(void **state)
{
	uint8_t frame[sizeof good + 20] = {0};
	struct gw_packet p;

	memcpy(frame, good, sizeof good);
	mend(frame, sizeof good);
	assert_int_equal(decode(frame, sizeof frame, true, &p), 0);
	assert_int_equal(p.payload_size, 4);
	assert_int_equal(p.l3_end, sizeof good);
}

static void test_tags(void **state)
{
	uint8_t frame[sizeof good + 12];
	struct gw_packet p;

	for (unsigned tags = 1; tags <= 3; tags++) {
		memcpy(frame, good, 12);
		for (unsigned i = 0; i < tags; i++)
			memcpy(frame + 12 + 4 * i, (uint8_t[]){i + 1 < tags ? 0x88 : 0x81, i + 1 < tags ? 0xa8 : 0, 0xe0, (uint8_t)(7 + i)}, 4);
		memcpy(frame + 12 + 4 * tags, good + 12, sizeof good - 12);
		assert_int_equal(decode(frame, sizeof good + 4 * tags, false, &p), tags == 3 ? GW_ODD_TAGS : 0);
		assert_int_equal(p.vlans, SK_MIN(tags, 2u));
		assert_int_equal(p.vlan[0], 7);
		assert_int_equal(p.payload, DATA + 4 * tags);
	}
}

static void test_each_odd_shape(void **state)
{
	static const struct {
		const char *what;
		uint16_t at;
		uint8_t value;
		uint64_t odd;
	} cases[] = {
		{"version 6 in IPv4's place", IP, 0x65, GW_ODD_IP_HEADER}, {"a header of 16 bytes", IP, 0x44, GW_ODD_IP_HEADER},
		{"a datagram longer than its frame", IP + 3, 53, GW_ODD_IP_LENGTH}, {"and shorter than its header", IP + 3, 19, GW_ODD_IP_LENGTH},
		{"from a group", IP + 12, 224, GW_ODD_SOURCE}, {"from whom it is to", IP + 15, 2, GW_ODD_LAND},
		{"a TCP header of 16 bytes", TCP + 12, 0x40, GW_ODD_L4_SHORT}, {"one that is longer than the datagram", TCP + 12, 0xf0, GW_ODD_L4_SHORT},
		{"no flag", TCP + 13, 0, GW_ODD_TCP_FLAGS}, {"SYN and FIN", TCP + 13, 0x03, GW_ODD_TCP_FLAGS}, {"SYN and RST", TCP + 13, 0x06, GW_ODD_TCP_FLAGS},
		{"FIN without ACK", TCP + 13, 0x01, GW_ODD_TCP_FLAGS}, {"RST and FIN", TCP + 13, 0x15, GW_ODD_TCP_FLAGS},
		{"SYN with data", TCP + 13, 0x02, GW_ODD_SYN_DATA}, {"urgent data", TCP + 13, 0x38, GW_ODD_URGENT},
		{"an option of one byte", OPTIONS + 5, 1, GW_ODD_TCP_OPTIONS}, {"one that runs past the header", OPTIONS + 5, 5, GW_ODD_TCP_OPTIONS},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		uint8_t frame[sizeof good];
		struct gw_packet p;

		memcpy(frame, good, sizeof good);
		frame[cases[i].at] = cases[i].value;
		if (!(decode(frame, sizeof frame, false, &p) & cases[i].odd))
			fail_msg("%s: 0x%llx", cases[i].what, (unsigned long long)p.odd);
		assert_true(cases[i].odd & (GW_ODD_SYN_DATA | GW_ODD_URGENT) || cases[i].odd & GW_ODD_FATAL);
	}
}

static void test_checksums(void **state)
{
	uint8_t frame[sizeof good];
	struct gw_packet p;

	memcpy(frame, good, sizeof good);
	mend(frame, sizeof frame);
	frame[DATA] ^= 1;
	assert_int_equal(decode(frame, sizeof frame, true, &p), GW_ODD_L4_CHECKSUM);
	assert_int_equal(decode(frame, sizeof frame, false, &p), 0); /* a capture of the machine that sent has none */
	frame[DATA] ^= 1;
	frame[IP + 1] ^= 4;
	assert_int_equal(decode(frame, sizeof frame, true, &p), GW_ODD_IP_CHECKSUM);
}

static void test_fragments(void **state)
{
	static const struct {
		uint8_t high, low, length;
		bool odd;
	} cases[] = {{0x20, 0, 45, true}, {0x20, 0, 44, false}, {0x00, 1, 52, false}, {0x3f, 0xff, 44, true}, {0x1f, 0xff, 44, true}, {0x20, 1, 20, true}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		uint8_t frame[sizeof good];
		struct gw_packet p;

		memcpy(frame, good, sizeof good);
		frame[IP + 3] = cases[i].length; /* not a multiple of eight behind the header; none at all */
		frame[IP + 6] = cases[i].high;
		frame[IP + 7] = cases[i].low;
		decode(frame, sizeof frame, false, &p);
		assert_true(p.fragment);
		if (!(p.odd & GW_ODD_FRAGMENT) != !cases[i].odd)
			fail_msg("case %zu: 0x%llx", i, (unsigned long long)p.odd);
	}
}

/* Each note by the headers of IPv4 (its options) or IPv6 (what follows its forty bytes) that make it, and headers that are alike and make none. */
static void test_notes(void **state)
{
	static const struct {
		uint32_t note;
		uint8_t ip, first, size, extra[32];
	} cases[] = {{0, 4, 0, 4, {148, 4, 0, 0}}, {GW_NOTE_OPTION_LENGTH, 4, 0, 4, {148, 3, 0, 0}}, {GW_NOTE_OPTION_LENGTH, 4, 0, 4, {7, 9, 0, 0}},
		{0, 6, 60, 8, {59, 0, 1, 4, 0, 0, 0, 0}}, {GW_NOTE_DST_OPTION, 6, 60, 8, {59, 0, 16, 4, 0, 0, 0, 0}}, {GW_NOTE_HOP_OPTION, 6, 0, 8, {59, 0, 16, 4, 0, 0, 0, 0}},
		{GW_NOTE_ATOMIC, 6, 44, 8, {59, 0, 0, 0, 0, 0, 0, 9}}, {GW_NOTE_ATOMIC | GW_NOTE_EXTENSION_CUT, 6, 44, 8, {6, 0, 0, 0, 0, 0, 0, 9}},
		{GW_NOTE_ATOMIC | GW_NOTE_FRAGMENT_TWICE, 6, 44, 16, {44, 0, 0, 0, 0, 0, 0, 9, 59, 0, 0, 0, 0, 0, 0, 9}}, {GW_NOTE_EXTENSION_CUT, 6, 60, 8, {59, 1, 1, 4, 0, 0, 0, 0}},
		{GW_NOTE_FRAGMENT_UNEVEN, 6, 44, 12, {17, 0, 0, 1, 0, 0, 0, 9}}, {0, 6, 44, 16, {17, 0, 0, 1, 0, 0, 0, 9}}, {GW_NOTE_FRAGMENT_LONG, 6, 44, 24, {17, 0, 0xff, 0xf8, 0, 0, 0, 9}}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool v4 = cases[i].ip == 4;
		uint8_t frame[14 + 40 + 32] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, v4 ? 8 : 0x86, v4 ? 0 : 0xdd}, *ip = frame + 14;
		size_t size = 14 + (v4 ? 20u : 40u);
		struct gw_packet p;

		ip[0] = v4 ? 0x46 : 0x60;
		ip[v4 ? 3 : 5] = (uint8_t)(cases[i].size + (v4 ? 20 : 0));
		ip[v4 ? 9 : 6] = v4 ? 59 : cases[i].first;
		ip[v4 ? 12 : 8] = 10;
		ip[v4 ? 16 : 24] = 11;
		memcpy(frame + size, cases[i].extra, cases[i].size);
		decode(frame, size + cases[i].size, false, &p);
		if (p.noted != cases[i].note)
			fail_msg("case %zu: 0x%x", i, (unsigned)p.noted);
	}
}

/* What ICMP carries begins behind its eight bytes; a message of four has nothing. */
static void test_icmp(void **state)
{
	static const uint8_t echo[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 31, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0, 0, 0, 0, 1, 0, 2, 'a', 'b', 'c'};
	uint8_t frame[sizeof echo];
	struct gw_packet p;

	memcpy(frame, echo, sizeof echo);
	decode(frame, sizeof frame, false, &p);
	assert_int_equal(p.payload_size, 3);
	assert_int_equal(frame[p.payload], 'a');
	frame[17] = 24;
	decode(frame, sizeof frame, false, &p);
	assert_int_equal(p.payload_size, 0);
	assert_false(p.odd & GW_ODD_L4_SHORT);
}

/* On the heap, so that a sanitizer sees a byte too far. */
static void test_every_truncation(void **state)
{
	for (size_t n = 0; n < sizeof good; n++) {
		uint8_t *frame = sk_malloc(n ? n : 1);
		struct gw_packet p;

		memcpy(frame, good, n);
		assert_true(decode(frame, n, true, &p) & (GW_ODD_SHORT | GW_ODD_IP_LENGTH));
		assert_true(p.payload + p.payload_size <= n);
		free(frame);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_parts), cmocka_unit_test(test_padding), cmocka_unit_test(test_tags), cmocka_unit_test(test_each_odd_shape),
	     cmocka_unit_test(test_checksums), cmocka_unit_test(test_fragments), cmocka_unit_test(test_icmp), cmocka_unit_test(test_notes), cmocka_unit_test(test_every_truncation))
