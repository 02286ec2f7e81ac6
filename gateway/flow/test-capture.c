// SPDX-License-Identifier: GPL-3.0-or-later
/* Captures: pcapng of either byte order with interfaces of several link types and clocks is read; what we write is read again; what is cut short is named. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "flow/capture.h"

static bool little;

static void put16(struct sk_buf *out, unsigned v)
{
	const uint8_t b[2] = {(uint8_t)(little ? v : v >> 8), (uint8_t)(little ? v >> 8 : v)};

	assert_int_equal(sk_buf_append(out, b, 2), 0);
}

static void put32(struct sk_buf *out, uint32_t v)
{
	put16(out, little ? v & 0xffff : v >> 16);
	put16(out, little ? v >> 16 : v & 0xffff);
}

/* An interface whose clock has `resolution` (as the option if_tsresol; 0 = none said). */
static void put_interface(struct sk_buf *out, unsigned link, uint8_t resolution)
{
	const uint8_t value[4] = {resolution};

	put32(out, 1);
	put32(out, resolution ? 32 : 20);
	put16(out, link);
	put16(out, 0);
	put32(out, 0);
	if (resolution) {
		put16(out, 9);
		put16(out, 1);
		assert_int_equal(sk_buf_append(out, value, 4), 0);
		put32(out, 0);
	}
	put32(out, resolution ? 32 : 20);
}

static void put_packet(struct sk_buf *out, uint32_t interface, uint64_t stamp, const char *data, uint32_t size)
{
	put32(out, 6);
	put32(out, 32 + (size + 3) / 4 * 4);
	put32(out, interface);
	put32(out, (uint32_t)(stamp >> 32));
	put32(out, (uint32_t)stamp);
	put32(out, size);
	put32(out, size);
	assert_int_equal(sk_buf_append(out, data, (size + 3) / 4 * 4), 0);
	put32(out, 32 + (size + 3) / 4 * 4);
}

static void put_section(struct sk_buf *out)
{
	put32(out, 0x0a0d0d0a);
	put32(out, 28);
	put32(out, 0x1a2b3c4d);
	put32(out, 1);
	put32(out, UINT32_MAX);
	put32(out, UINT32_MAX);
	put32(out, 28);
}

static void expect(struct gw_capture *capture, uint64_t time, const char *bytes, uint32_t size)
{
	uint8_t *frame;
	uint32_t got;
	uint64_t at;

	assert_int_equal(gw_capture_next(capture, &frame, &got, &at, NULL), 0);
	assert_int_equal(at, time);
	assert_int_equal(got, size);
	assert_memory_equal(frame, bytes, size);
}

/* Two sections, each of another byte order, with three interfaces: Ethernet by the microsecond, Ethernet by 2^-10 s, raw IP by the nanosecond. */
static void test_ng_of_both_orders(void **state)
{
	static const char ethernet[] = "0123456789abcdefghij", raw[] = "\x45" "234567";
	_cleanup_buf_ struct sk_buf file = SK_BUF(4096);
	struct gw_capture *capture;
	uint8_t *frame;
	uint32_t size;
	uint64_t time;

	for (int order = 0; order < 2; order++) {
		little = order;
		put_section(&file);
		put_interface(&file, 1, 0);
		put_interface(&file, 1, 0x80 | 10);
		put_interface(&file, 101, 9);
		put_packet(&file, 0, 1000001, ethernet, 20);
		put_packet(&file, 1, 1536, ethernet, 16);
		put_packet(&file, 2, 5000000007, raw, 7);
	}
	assert_int_equal(gw_capture_new(file.data, file.size, &capture, NULL), 0);
	for (int order = 0; order < 2; order++) {
		expect(capture, 1000001000, ethernet, 20);
		expect(capture, 1500000000, ethernet, 16);
		expect(capture, 5000000007, "\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\x45" "234567", 21);
	}
	assert_int_equal(gw_capture_next(capture, &frame, &size, &time, NULL), SK_END);
	gw_capture_free(capture);
}

static void test_what_is_written_is_read(void **state)
{
	static const char *const names[] = {"A", "port B"};
	_cleanup_buf_ struct sk_buf file = SK_BUF(4096), small = SK_BUF(100);
	struct gw_capture *capture;
	char bytes[64] = "frame";

	assert_int_equal(gw_capture_ng_begin(&file, names, 2), 0);
	for (uint32_t n = 14; n < 30; n++)
		assert_int_equal(gw_capture_ng_put(&file, n % 2, 1790000000123456789 + n, bytes, n, 1500), 0);
	assert_int_equal(gw_capture_new(file.data, file.size, &capture, NULL), 0);
	for (uint32_t n = 14; n < 30; n++)
		expect(capture, 1790000000123456789 + n, bytes, n);
	gw_capture_free(capture);
	/* No room: nothing half written. */
	assert_int_equal(gw_capture_ng_begin(&small, names, 2), SK_FULL);
	assert_int_equal(small.size, 0);
}

static void test_every_truncation_is_named(void **state)
{
	static const char *const names[] = {"A"};
	_cleanup_buf_ struct sk_buf file = SK_BUF(4096);
	char bytes[20] = "frame";

	assert_int_equal(gw_capture_ng_begin(&file, names, 1), 0);
	assert_int_equal(gw_capture_ng_put(&file, 0, 1, bytes, 20, 20), 0);
	for (size_t n = file.size - 51; n < file.size; n++) {
		struct gw_capture *capture;
		struct sk_diag diag = {0};
		uint8_t *frame;
		uint32_t size;
		uint64_t time;

		assert_int_equal(gw_capture_new(file.data, n, &capture, NULL), 0);
		assert_int_equal(gw_capture_next(capture, &frame, &size, &time, &diag), SK_BAD);
		assert_true(diag.text[0]);
		gw_capture_free(capture);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_ng_of_both_orders), cmocka_unit_test(test_what_is_written_is_read), cmocka_unit_test(test_every_truncation_is_named))
