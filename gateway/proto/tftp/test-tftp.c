// SPDX-License-Identifier: GPL-3.0-or-later
/* TFTP: requests whose texts do not end, and what no request is. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_tftp;

static void said(const void *bytes, size_t size, unsigned wanted, const char *text)
{
	struct record r;

	record_begin(&r, &gw_proto_tftp, true, false);
	record_feed(&r, GW_TO_SERVER, bytes, size, size);
	assert_int_equal(r.said, wanted);
	assert_int_equal(r.not_mine, 1 - wanted);
	if (text)
		assert_true(record_has(&r, text));
	record_end(&r);
}
#define SAID(bytes, wanted, text) said(bytes, sizeof(bytes) - 1, wanted, text)

static void test_requests(void **state)
{
	SAID("\0\1a\0octet\0", 1, "tftp.file=a\nfile:a\nmode:octet\n");
	SAID("\0\2a\0\0", 0, NULL);
	SAID("\0\2ab\0\0", 1, "file:ab\nmode:\n");
	SAID("\0\2abcd\0", 1, "partial\n");      /* no mode */
	SAID("\0\1a\0octet", 0, NULL);           /* does not end */
	SAID("\0\1\0octet\0", 0, NULL);          /* no name */
	SAID("\0\7a\0octet\0", 0, NULL);
	SAID("\0\4\0", 0, NULL);
}

SK_TEST_MAIN(cmocka_unit_test(test_requests))
