// SPDX-License-Identifier: GPL-3.0-or-later
/* Ed25519 by RFC 8032's vectors; key files: round trip, pass phrase, every byte cut, every byte changed. */
#include "support/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/sign.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
	const char *seed, *public, *message, *signature;
} vectors[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

static struct sk_private *key_of(const char *hex)
{
	struct sk_private *key = NULL;
	uint8_t seed[32];

	assert_int_equal(sk_unhex(hex, seed, 32), 0);
	assert_int_equal(sk_private_from_seed(seed, &key), 0);
	return key;
}

static void test_rfc8032(void **state)
{
	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(vectors); i++) {
		_cleanup_private_ struct sk_private *key = key_of(vectors[i].seed);
		uint8_t message[2], signature[64];
		size_t size = strlen(vectors[i].message) / 2;
		char hex[129];

		assert_int_equal(sk_unhex(vectors[i].message, message, size), 0);
		assert_string_equal(sk_hex(sk_private_public(key)->bytes, 32, hex), vectors[i].public);
		assert_int_equal(sk_sign(key, message, size, signature), 0);
		assert_string_equal(sk_hex(signature, 64, hex), vectors[i].signature);
		assert_int_equal(sk_verify(sk_private_public(key), message, size, signature), 0);
		signature[i] ^= 1;
		assert_int_equal(sk_verify(sk_private_public(key), message, size, signature), SK_DENIED);
	}
}

static void test_ids(void **state)
{
	_cleanup_private_ struct sk_private *a = NULL, *b = NULL;
	char text[SK_PUBLIC_TEXT_SIZE];
	struct sk_public back;

	(void)state;
	assert_int_equal(sk_private_generate(&a), 0);
	assert_int_equal(sk_private_generate(&b), 0);
	assert_string_not_equal(sk_private_public(a)->id, sk_private_public(b)->id);
	assert_int_equal(strlen(sk_private_public(a)->id), 16);
	sk_public_text(sk_private_public(a), text);
	assert_int_equal(sk_public_parse(text, strlen(text), NULL, &back), 0);
	assert_memory_equal(&back, sk_private_public(a), sizeof back);
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(sk_public_parse(text, i, NULL, &back), SK_BAD);
}

static void test_plain_file(void **state)
{
	_cleanup_private_ struct sk_private *key = NULL, *back = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_KEY_FILE_MAX);
	struct sk_diag diag = {0};

	(void)state;
	assert_int_equal(sk_private_generate(&key), 0);
	assert_int_equal(sk_private_encode(key, NULL, &text), 0);
	assert_int_equal(sk_private_decode(text.data, text.size, NULL, &diag, &back), 0);
	assert_memory_equal(sk_private_public(back), sk_private_public(key), sizeof(struct sk_public));
	for (size_t i = 0; i < text.size; i++) {
		_cleanup_private_ struct sk_private *none = NULL;

		diag = (struct sk_diag){0};
		assert_int_equal(sk_private_decode(text.data, i, NULL, &diag, &none), SK_BAD);
		assert_true(diag.line > 0 && diag.text[0]);
	}
	for (size_t i = 0; i < text.size; i++) {
		_cleanup_private_ struct sk_private *none = NULL;

		text.data[i] ^= 1;
		assert_int_not_equal(sk_private_decode(text.data, text.size, NULL, &diag, &none), 0);
		text.data[i] ^= 1;
	}
}

/* One scrypt takes half a second here, so not each byte: one of each line. */
static void test_sealed_file(void **state)
{
	static const int lines[] = {1, 2, 3, 4, 5};
	_cleanup_private_ struct sk_private *key = NULL, *back = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_KEY_FILE_MAX);
	struct sk_diag diag = {0};

	(void)state;
	assert_int_equal(sk_private_generate(&key), 0);
	assert_int_equal(sk_private_encode(key, "", &text), SK_BAD);
	assert_int_equal(sk_private_encode(key, "correct horse", &text), 0);
	assert_int_equal(sk_private_decode(text.data, text.size, NULL, &diag, &back), SK_NONE);
	assert_int_equal(sk_private_decode(text.data, text.size, "correct hors", &diag, &back), SK_DENIED);
	assert_null(back);
	assert_int_equal(sk_private_decode(text.data, text.size, "correct horse", &diag, &back), 0);
	assert_memory_equal(sk_private_public(back), sk_private_public(key), sizeof(struct sk_public));
	for (size_t i = 0; i < SK_ARRAY_SIZE(lines); i++) {
		_cleanup_private_ struct sk_private *none = NULL;
		char *line = text.data;

		for (int n = 0; n < lines[i]; n++)
			line = strchr(line, '\n') + 1;
		line = strchr(line, '\n') - 4;
		*line = *line == 'A' ? 'B' : 'A';
		assert_int_not_equal(sk_private_decode(text.data, text.size, "correct horse", &diag, &none), 0);
		assert_null(none);
		assert_int_equal(sk_private_encode(key, "correct horse", &text), 0);
	}
	for (size_t i = 0; i < text.size; i++) {
		_cleanup_private_ struct sk_private *none = NULL;

		assert_int_equal(sk_private_decode(text.data, i, "correct horse", &diag, &none), SK_BAD);
	}
}

static void test_files(void **state)
{
	_cleanup_private_ struct sk_private *key = NULL, *back = NULL;
	struct sk_public public;
	struct sk_diag diag = {0};
	char path[256], public_path[300];
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/site.key", sk_test_dir());
	snprintf(public_path, sizeof public_path, "%s.pub", path);
	assert_int_equal(sk_private_generate(&key), 0);
	assert_int_equal(sk_private_save(path, key, NULL), 0);
	assert_int_equal(sk_private_save(path, key, NULL), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sk_private_load(path, NULL, &diag, &back), 0);
	back = sk_private_free(back);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(sk_private_load(path, NULL, &diag, &back), SK_BAD);
	assert_int_equal(sk_public_save(public_path, sk_private_public(key)), 0);
	assert_int_equal(sk_public_load(public_path, &diag, &public), 0);
	assert_memory_equal(&public, sk_private_public(key), sizeof public);
	assert_int_equal(sk_public_load("/nowhere/site.pub", &diag, &public), -ENOENT);
	assert_int_equal(sk_public_load("/tmp", &diag, &public), -EINVAL);
}

static int make_and_read(void)
{
	_cleanup_private_ struct sk_private *key = NULL, *back = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_KEY_FILE_MAX);
	int r = sk_private_generate(&key);

	if (r == 0)
		r = sk_private_encode(key, NULL, &text);
	return r ? r : sk_private_decode(text.data, text.size, NULL, NULL, &back);
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	do {
		sk_alloc_fail_at(n);
		r = make_and_read();
		assert_true(r == 0 || r == -ENOMEM);
	} while (sk_alloc_count() >= n++ && n < 100);
	sk_alloc_fail_at(0);
	assert_int_equal(r, 0);
}

SK_TEST_MAIN(cmocka_unit_test(test_rfc8032), cmocka_unit_test(test_ids), cmocka_unit_test(test_plain_file),
	     cmocka_unit_test(test_sealed_file), cmocka_unit_test(test_files), cmocka_unit_test(test_allocation_failure))
