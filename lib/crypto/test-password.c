// SPDX-License-Identifier: GPL-3.0-or-later
/* scrypt by RFC 7914's vectors; records: round trip, other password, malformed, greedy, and when one is to be made anew. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/password.h"

/* RFC 7914 section 12 (its first and fourth vectors have N = 16 with r = 1, and N = 2^20). */
static void test_rfc7914(void **state)
{
	uint8_t out[64];
	char hex[129];

	(void)state;
	assert_int_equal(sk_scrypt("", 0, "", 0, 4, 1, 1, out, sizeof out), 0);
	assert_string_equal(sk_hex(out, 64, hex), "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
						  "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
	assert_int_equal(sk_scrypt("password", 8, "NaCl", 4, 10, 8, 16, out, sizeof out), 0);
	assert_string_equal(sk_hex(out, 64, hex), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
						  "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
	assert_int_equal(sk_scrypt("pleaseletmein", 13, "SodiumChloride", 14, 14, 8, 1, out, sizeof out), 0);
	assert_string_equal(sk_hex(out, 64, hex), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
						  "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
	assert_int_equal(sk_scrypt("x", 1, "y", 1, 21, 8, 1, out, sizeof out), SK_BAD);
	assert_int_equal(sk_scrypt("x", 1, "y", 1, 20, 16, 1, out, sizeof out), SK_BAD);
}

static void test_record(void **state)
{
	char record[SK_PASSWORD_RECORD_SIZE], other[SK_PASSWORD_RECORD_SIZE], long_one[SK_PASSWORD_MAX + 2];
	bool rehash = true;

	(void)state;
	assert_int_equal(sk_password_make("関所を通る", record), 0);
	assert_int_equal(strncmp(record, "$scrypt$ln=", 11), 0);
	assert_int_equal(sk_password_check(record, "関所を通る", &rehash), 0);
	assert_false(rehash);
	assert_int_equal(sk_password_check(record, "関所を通", &rehash), SK_DENIED);
	assert_int_equal(sk_password_check(record, "", &rehash), SK_DENIED);
	assert_int_equal(sk_password_make("関所を通る", other), 0);
	assert_string_not_equal(record, other);
	assert_int_equal(sk_password_make("", other), SK_BAD);
	memset(long_one, 'a', sizeof long_one - 1);
	long_one[sizeof long_one - 1] = '\0';
	assert_int_equal(sk_password_make(long_one, other), SK_BAD);
	assert_int_equal(sk_password_check(record, long_one, &rehash), SK_DENIED);
	assert_int_equal(sk_password_check(NULL, "anything", &rehash), SK_DENIED);
}

/* A cheaper record, made by this very test, checks and asks to be made anew. */
static void test_rehash(void **state)
{
	uint8_t salt[16] = {1, 2, 3}, hash[32];
	char salt_text[32], hash_text[64], record[SK_PASSWORD_RECORD_SIZE];
	bool rehash = false;

	(void)state;
	assert_int_equal(sk_scrypt("old", 3, salt, 16, 12, 8, 1, hash, 32), 0);
	snprintf(record, sizeof record, "$scrypt$ln=12,r=8,p=1$%s$%s", sk_base64(salt, 16, salt_text), sk_base64(hash, 32, hash_text));
	assert_int_equal(sk_password_check(record, "old", &rehash), 0);
	assert_true(rehash);
}

static void test_malformed(void **state)
{
	static const char good[] = "$scrypt$ln=4,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const char *const bad[] = {
		"$scrypt$ln=20,r=64,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"$scrypt$ln=15,r=8,p=64$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"$scrypt$ln=0,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"$scrypt$ln=4,r=1,p=0$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"$scrypt$ln=-4,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"$2b$12$abcdefghijklmnopqrstuv"};
	char cut[sizeof good];
	bool rehash;

	(void)state;
	assert_int_equal(sk_password_check(good, "x", &rehash), SK_DENIED);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_password_check(bad[i], "x", &rehash), SK_BAD);
	for (size_t i = 0; i < sizeof good - 1; i++) {
		memcpy(cut, good, i);
		cut[i] = '\0';
		assert_int_equal(sk_password_check(cut, "x", &rehash), SK_BAD);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_rfc7914), cmocka_unit_test(test_record), cmocka_unit_test(test_rehash),
	     cmocka_unit_test(test_malformed))
