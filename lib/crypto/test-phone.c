// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone codes: RFC 6287's published values, known answers of our own suite, what the check digit finds, and what people type. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "crypto/phone.h"

/* RFC 6287 appendix C.2: OCRA-1:HOTP-SHA256-8:QA08, both directions of a mutual challenge. */
static void test_rfc_6287_values(void **state)
{
	static const uint32_t client[] = {28247970, 1984843, 65387857, 3351211, 83412541}, server[] = {15510767, 90175646, 33777207, 95285278, 28934924};
	static const char key[] = "12345678901234567890123456789012";
	char text[32];

	(void)state;
	for (int i = 0; i < 5; i++) {
		uint8_t question[128] = {0};
		uint32_t value = 0;

		snprintf(text, sizeof text, "CLI2222%dSRV1111%d", i, i);
		memcpy(question, text, 16);
		assert_int_equal(sk_ocra(key, 32, "OCRA-1:HOTP-SHA256-8:QA08", question, NULL, &value), 0);
		assert_int_equal(value, client[i]);
		snprintf(text, sizeof text, "SRV1111%dCLI2222%d", i, i);
		memcpy(question, text, 16);
		assert_int_equal(sk_ocra(key, 32, "OCRA-1:HOTP-SHA256-8:QA08", question, NULL, &value), 0);
		assert_int_equal(value, server[i]);
	}
}

/* Worked out by another program (HMAC and Damm in Python): a change here breaks every endpoint that is enrolled. */
static void test_known_answers(void **state)
{
	static const struct {
		const char *challenge, *answer;
	} rows[] = {{"108123456785", "962723275"}, {"248000000004", "598332043"}};
	uint8_t secret[SK_PHONE_SECRET];

	(void)state;
	for (size_t i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char answer[SK_PHONE_ANSWER + 1], other[SK_PHONE_ANSWER + 1];
		struct sk_phone phone;

		assert_int_equal(sk_phone_read_challenge(rows[i].challenge, &phone, NULL), 0);
		assert_int_equal(sk_phone_answer(secret, &phone, answer), 0);
		assert_string_equal(answer, rows[i].answer);
		phone.half_hours++; /* the session text binds the duration once more */
		assert_int_equal(sk_phone_answer(secret, &phone, other), 0);
		assert_string_not_equal(answer, other);
		phone.half_hours--;
		phone.scope = 3 - phone.scope;
		assert_int_equal(sk_phone_answer(secret, &phone, other), 0);
		assert_string_not_equal(answer, other);
	}
}

static void test_challenge_says_what_is_asked(void **state)
{
	struct sk_phone phone, again;
	char text[SK_PHONE_TEXT];

	(void)state;
	assert_int_equal(sk_phone_ask(SK_PHONE_OBSERVE, 8, &phone), 0);
	assert_int_equal(sk_phone_read_challenge(sk_phone_group(phone.digits, text), &again, NULL), 0);
	assert_int_equal(strlen(text), 14);
	assert_int_equal(again.scope, SK_PHONE_OBSERVE);
	assert_int_equal(again.half_hours, 8);
	assert_int_equal(sk_phone_ask(SK_PHONE_OBSERVE, 8, &again), 0);
	assert_string_not_equal(phone.digits, again.digits);
	assert_int_equal(sk_phone_ask(0, 8, &again), SK_BAD);
	assert_int_equal(sk_phone_ask(9, 8, &again), SK_BAD);
	assert_int_equal(sk_phone_ask(SK_PHONE_OBSERVE, 0, &again), SK_BAD);
	assert_int_equal(sk_phone_ask(SK_PHONE_OBSERVE, SK_PHONE_HALF_HOURS + 1, &again), SK_BAD);
}

/* Every wrong digit and every swap of neighbours. */
static void test_check_digit_finds_slips(void **state)
{
	static const char good[] = "962723275";
	char answer[SK_PHONE_ANSWER + 1], bad[SK_PHONE_ANSWER + 1];

	(void)state;
	assert_int_equal(sk_phone_check_digit("572", 3), '4');
	for (int i = 0; i < SK_PHONE_ANSWER; i++) {
		memcpy(bad, good, sizeof bad);
		for (bad[i] = '0'; bad[i] <= '9'; bad[i]++)
			assert_int_equal(sk_phone_read_answer(bad, answer, NULL), bad[i] == good[i] ? 0 : SK_BAD);
		memcpy(bad, good, sizeof bad);
		if (i + 1 == SK_PHONE_ANSWER || bad[i] == bad[i + 1])
			continue;
		bad[i] = good[i + 1];
		bad[i + 1] = good[i];
		assert_int_equal(sk_phone_read_answer(bad, answer, NULL), SK_BAD);
	}
}

static void test_what_people_type(void **state)
{
	static const char *const good[] = {"962723275", "962 723 275", " 962-723-275 ", "962.723_275", "\xef\xbc\x99" "62\xe3\x80\x80" "723275"};
	static const char *const bad[] = {"", "96272327", "9627232750", "96272327a", "\xef\xbc\x8a" "62723275", "\xef\xbc", "962723275\xef"};
	char answer[SK_PHONE_ANSWER + 1];
	struct sk_diag diag = {0};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(sk_phone_read_answer(good[i], answer, &diag), 0);
		assert_string_equal(answer, "962723275");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		memset(&diag, 0, sizeof diag);
		assert_int_equal(sk_phone_read_answer(bad[i], answer, &diag), SK_BAD);
		assert_true(diag.text[0]);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_rfc_6287_values), cmocka_unit_test(test_known_answers), cmocka_unit_test(test_challenge_says_what_is_asked),
	     cmocka_unit_test(test_check_digit_finds_slips), cmocka_unit_test(test_what_people_type))
