// SPDX-License-Identifier: GPL-3.0-or-later
/* NTP: what is too short for its mode, and the acts of control messages. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_ntp;

static void test_sizes(void **state)
{
	static const struct {
		uint8_t first;
		size_t least;
	} rows[] = {{0x23, 48}, {0x24, 48}, {0x25, 48}, {0x16, 12}, {0x17, 8}, {0x20, 0}, {0x3b, 0}, {0x03, 0}};
	uint8_t bytes[60] = {0};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		for (size_t size = 1; size <= sizeof bytes; size++) {
			struct record r;

			bytes[0] = rows[i].first;
			record_begin(&r, &gw_proto_ntp, true, false);
			record_feed(&r, GW_TO_SERVER, bytes, size, size);
			assert_int_equal(r.said, rows[i].least && size >= rows[i].least ? 1 : 0);
			assert_int_equal(r.not_mine, 1 - r.said);
			record_end(&r);
		}
}

SK_TEST_MAIN(cmocka_unit_test(test_sizes))
