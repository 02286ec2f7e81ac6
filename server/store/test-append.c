// SPDX-License-Identifier: GPL-3.0-or-later
/* The body of APPEND cut short at every byte, and the filter that must never say no to what is there. */
#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "store/append.h"

static const char line[] = "{\"class_uid\":1007,\"severity_id\":1,\"time\":1789999990000,\"message\":\"first\"}\n";

static void make(struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf block = SK_BUF(1 << 20);
	struct sk_append a = {.agent = "agent", .host = "host", .org = "org", .site = "site", .received = 1790000000000};
	struct sk_diag diag = {0};

	*out = SK_BUF(1 << 20);
	assert_int_equal(sk_batch_pack(7, 1, 1, 1, line, sizeof line - 1, &block, &diag), 0);
	assert_int_equal(sk_batch_read(block.data, block.size, &a.batch, &diag), 0);
	assert_int_equal(sk_summarise(line, sizeof line - 1, 0, 0, a.received, true, &a.summary, &diag), 0);
	assert_int_equal(sk_append_pack(&a, block.data, block.size, out), 0);
	sk_append_done(&a);
}

static void test_cut_short(void **state)
{
	_cleanup_buf_ struct sk_buf body;

	(void)state;
	make(&body);
	for (size_t size = 0; size < body.size; size++) {
		_cleanup_free_ char *exact = sk_malloc(size + 1);
		struct sk_diag diag = {0};
		struct sk_append a;

		memcpy(exact, body.data, size);
		/* The last field is the batch's block, which has no length of its own: cut inside it, what is left is still one. */
		if (sk_append_unpack(exact, size, &a, &diag) == 0) {
			assert_true(a.batch.packed_size > 0 && a.batch.packed_size < body.size);
			sk_append_done(&a);
		} else {
			assert_true(diag.text[0]);
		}
	}
}

static void test_filter_never_misses(void **state)
{
	char text[200];
	uint64_t random = 88172645463325252u;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct sk_filter filter;
		size_t size, length = 3 + (size_t)round % 150;

		sk_filter_clear(&filter);
		for (size_t i = 0; i < length; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			text[i] = (char)(32 + random % 95);
		}
		sk_filter_add(&filter, text, length);
		size = sk_filter_pack(&filter);
		assert_true(size >= SK_FILTER_MIN && size <= SK_FILTER_MAX && (size & (size - 1)) == 0);
		for (size_t at = 0; at + 3 <= length; at += 5) {
			size_t n = SK_MIN(length - at, (size_t)20);

			assert_true(sk_filter_may_hold(filter.bits, size, text + at, n));
		}
		assert_false(sk_filter_may_hold(filter.bits, size, "\x01\x02\x03\x04\x05\x06\x07\x08", 8));
	}
}

static void test_filter_folds_case(void **state)
{
	struct sk_filter filter;
	size_t size;

	(void)state;
	sk_filter_clear(&filter);
	sk_filter_add(&filter, "Recipe-Loader", 13);
	size = sk_filter_pack(&filter);
	assert_true(sk_filter_may_hold(filter.bits, size, "RECIPE", 6));
	assert_true(sk_filter_may_hold(filter.bits, size, "xy", 2)); /* too short to say */
	assert_true(sk_filter_may_hold(filter.bits, 65, "nothing", 7)); /* not a filter of ours: perhaps */
}

SK_TEST_MAIN(cmocka_unit_test(test_cut_short), cmocka_unit_test(test_filter_never_misses), cmocka_unit_test(test_filter_folds_case))
