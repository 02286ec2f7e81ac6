// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening a batch: cut short at every byte, changed at every byte, with memory running out at each allocation; and what a good one becomes. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "intake/open.h"

#define NOW UINT64_C(1790000000000)

static const struct sk_origin_of from = {"agent-1", "host", "acme", "kyoto", 7, NOW};

static const char lines[] = "{\"class_uid\":1007,\"severity_id\":1,\"time\":1789999990000,\"message\":\"first\"}\n"
			    "{\"class_uid\":2004,\"severity_id\":5,\"time\":1789999000000,\"process\":{\"file\":{\"path\":\"/opt/tool\"}}}\n"
			    "{\"class_uid\":1007,\"severity_id\":99,\"time\":4102444800000}\n";

static void pack(struct sk_buf *body, const char *text, uint32_t count)
{
	struct sk_diag diag = {0};

	*body = SK_BUF(SK_BATCH_MAX_PACKED + SK_BATCH_HEADER);
	assert_int_equal(sk_batch_pack(7, 1, 11, count, text, strlen(text), body, &diag), 0);
}

static int open_one(const void *data, size_t size, struct sk_append *ret, struct sk_buf *out, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf space = SK_BUF(SK_BATCH_MAX_RAW + 1);
	struct sk_batch batch;
	int r;

	*out = SK_BUF(SK_APPEND_HEAD_MAX + SK_BATCH_MAX_PACKED + 4096);
	r = sk_open_batch(&from, data, size, &space, out, &batch, diag);
	return r || !ret ? r : sk_append_unpack(out->data, out->size, ret, diag);
}

static void test_summary(void **state)
{
	_cleanup_buf_ struct sk_buf body, out;
	struct sk_diag diag = {0};
	struct sk_append a;

	(void)state;
	pack(&body, lines, 3);
	assert_int_equal(open_one(body.data, body.size, &a, &out, &diag), 0);
	assert_string_equal(a.agent, "agent-1");
	assert_string_equal(a.site, "kyoto");
	assert_int_equal(a.batch.first_seq, 11);
	assert_int_equal(a.summary.time_min, 1789999000000);
	assert_int_equal(a.summary.time_max, NOW); /* the event from the future counts as of now */
	assert_int_equal(a.summary.severities, sk_severity_bit(1) | sk_severity_bit(5) | sk_severity_bit(99));
	assert_int_equal(a.summary.class_count, 2);
	assert_int_equal(a.summary.tally_count, 3);
	assert_true(sk_filter_may_hold(a.summary.filter.bits, a.summary.filter_size, "/opt/tool", 9));
	assert_false(sk_filter_may_hold(a.summary.filter.bits, a.summary.filter_size, "/etc/shadow", 11));
	sk_append_done(&a);
}

static void test_cut_short(void **state)
{
	_cleanup_buf_ struct sk_buf body, out = SK_BUF(0);

	(void)state;
	pack(&body, lines, 3);
	for (size_t size = 0; size < body.size; size++) {
		struct sk_diag diag = {0};
		_cleanup_free_ char *exact = sk_malloc(size + 1); /* so that a byte too far is seen by the sanitizer */

		memcpy(exact, body.data, size);
		assert_int_equal(open_one(exact, size, NULL, &out, &diag), SK_BAD);
		assert_true(diag.has_offset && diag.text[0]);
		sk_buf_done(&out);
	}
}

static void test_changed(void **state)
{
	_cleanup_buf_ struct sk_buf body, out = SK_BUF(0);

	(void)state;
	pack(&body, lines, 3);
	for (size_t at = 0; at < body.size * 8; at++) {
		struct sk_diag diag = {0};
		int r;

		body.data[at / 8] ^= (char)(1 << at % 8);
		r = open_one(body.data, body.size, NULL, &out, &diag);
		assert_true(r == 0 || (r == SK_BAD && diag.text[0])); /* a bit of the head may mean another, good batch */
		body.data[at / 8] ^= (char)(1 << at % 8);
		sk_buf_done(&out);
	}
}

static void test_names_the_event(void **state)
{
	_cleanup_buf_ struct sk_buf body, out = SK_BUF(0);
	struct sk_diag diag = {0};
	char text[512];

	(void)state;
	pack(&body, "{\"class_uid\":1,\"severity_id\":1,\"time\":1}\n{\"class_uid\":1,\"severity_id\":1,\"time\":\"1\"}\n", 2);
	assert_int_equal(open_one(body.data, body.size, NULL, &out, &diag), SK_BAD);
	assert_non_null(strstr(sk_diag_format(&diag, text, sizeof text), "event 2 of the batch"));
	sk_buf_done(&out);
}

static void test_torture(void **state)
{
	_cleanup_buf_ struct sk_buf body, out = SK_BUF(0);
	int r = -1;

	(void)state;
	pack(&body, lines, 3);
	for (unsigned long n = 1; r != 0; n++) {
		struct sk_diag diag = {0};
		struct sk_append a;

		assert_true(n < 100);
		setenv("SEKISHO_LOG", "error", 1);
		sk_alloc_fail_at(n);
		r = open_one(body.data, body.size, &a, &out, &diag);
		sk_alloc_fail_at(0);
		assert_true(r == 0 || r == -12);
		if (r == 0)
			sk_append_done(&a);
		sk_buf_done(&out);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_summary), cmocka_unit_test(test_cut_short), cmocka_unit_test(test_changed), cmocka_unit_test(test_names_the_event),
	     cmocka_unit_test(test_torture))
