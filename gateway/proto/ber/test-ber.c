// SPDX-License-Identifier: GPL-3.0-or-later
/* BER: lengths of each form, what is cut short, numbers, object identifiers. */
#include "proto/ber/ber.h"
#include "support/harness.h"

#include <string.h>

static struct sk_cursor over(const void *data, size_t size)
{
	struct sk_cursor c;

	sk_cursor_init(&c, data, size);
	return c;
}
#define OVER(text) over(text, sizeof(text) - 1)

static void test_sizes(void **state)
{
	static const struct {
		const char *bytes;
		size_t have;
		int64_t size;
	} rows[] = {{"\x30", 1, -2}, {"\x30\x05", 2, 7}, {"\x30\x81", 2, -3}, {"\x30\x81\x80", 3, 131}, {"\x30\x82\x01\x00", 4, 260}, {"\x30\x80", 2, 0},
		    {"\x30\x85\0\0\0\0\1", 7, 0}, {"\x3f\x05", 2, 0}, {"\x30\x84\xff\xff\xff\xff", 6, 0x100000005}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(ber_size((const uint8_t *)rows[i].bytes, rows[i].have), rows[i].size);
}

static void test_numbers(void **state)
{
	struct sk_cursor c = OVER("\x02\x01\x7f\x02\x01\xff\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff");

	assert_int_equal(ber_number(&c, BER_INTEGER), 127);
	assert_true(ber_number(&c, BER_INTEGER) == UINT64_MAX);
	assert_true(ber_number(&c, BER_INTEGER) == UINT64_MAX);
	assert_int_equal(sk_cursor_left(&c), 0);
	assert_false(c.bad);
	c = OVER("\x04\x01\x01");
	ber_number(&c, BER_INTEGER);
	assert_true(c.bad);
	c = OVER("\x02\x00");
	ber_number(&c, BER_INTEGER);
	assert_true(c.bad);
	c = OVER("\x02\x09\x01\0\0\0\0\0\0\0\0");
	ber_number(&c, BER_INTEGER);
	assert_true(c.bad);
}

static void test_nested(void **state)
{
	static const char bytes[] = "\x30\x81\x06\x02\x01\x05\x04\x01x\x30\x7f";
	struct sk_cursor c = OVER(bytes), inner;
	uint8_t tag;

	assert_true(ber_next(&c, &tag, &inner));
	assert_int_equal(tag, BER_SEQUENCE);
	assert_int_equal(ber_number(&inner, BER_INTEGER), 5);
	inner = ber_take(&inner, BER_OCTETS);
	assert_int_equal(sk_get_u8(&inner), 'x');
	assert_false(ber_next(&c, &tag, &inner)); /* says more than there is */
	assert_true(c.bad);
}

static void test_oids(void **state)
{
	char text[32];

	assert_int_equal(ber_oid_text(OVER("\x2b\x06\x01\x02\x01"), text, sizeof text), strlen("1.3.6.1.2.1"));
	assert_string_equal(text, "1.3.6.1.2.1");
	ber_oid_text(OVER("\x88\x37\x81\x40"), text, sizeof text);
	assert_string_equal(text, "2.999.192");
	assert_int_equal(ber_oid_text(OVER("\x2b\x86"), text, sizeof text), 0);                     /* cut short */
	assert_int_equal(ber_oid_text(OVER("\x2b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), text, sizeof text), 0);
	assert_int_equal(ber_oid_text(OVER("\x2b\x06\x01\x02\x01"), text, 6), 0);                   /* no room */
}

SK_TEST_MAIN(cmocka_unit_test(test_sizes), cmocka_unit_test(test_numbers), cmocka_unit_test(test_nested), cmocka_unit_test(test_oids))
