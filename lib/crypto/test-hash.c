// SPDX-License-Identifier: GPL-3.0-or-later
/* SHA-256 (FIPS 180-4), HMAC (RFC 4231), and that a hasher in use asks for no memory. */
#include "support/harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"

static unsigned long asked;

static void *counting_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	asked++;
	return sk_malloc(size);
}

static void *counting_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	asked++;
	return sk_realloc_array(old, 1, size);
}

static void counting_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

__attribute__((constructor)) static void count(void)
{
	CRYPTO_set_mem_functions(counting_malloc, counting_realloc, counting_free);
}

static void assert_hash(const uint8_t *hash, const char *hex)
{
	char text[65];

	assert_string_equal(sk_hex(hash, 32, text), hex);
}

/* FIPS 180-4's examples, as published by NIST. */
static void test_fips_examples(void **state)
{
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t hash[32];

	(void)state;
	assert_int_equal(sk_sha256("abc", 3, hash), 0);
	assert_hash(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(sk_sha256("", 0, hash), 0);
	assert_hash(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(sk_sha256(two_blocks, strlen(two_blocks), hash), 0);
	assert_hash(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_a_million_in_pieces(void **state)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	char piece[1000];
	uint8_t hash[32];

	(void)state;
	memset(piece, 'a', sizeof piece);
	assert_int_equal(sk_hasher_new(&hasher), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(sk_hasher_begin(hasher), 0);
		for (int i = 0; i < 1000; i++)
			assert_int_equal(sk_hasher_update(hasher, piece, sizeof piece), 0);
		assert_int_equal(sk_hasher_finish(hasher, hash), 0);
		assert_hash(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	}
}

static int file_of(size_t size)
{
	int fd = memfd_create("hash", MFD_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(write(fd, "a", 1), 1);
	return fd;
}

static int stop_at(uint64_t done, void *arg)
{
	return done >= *(uint64_t *)arg;
}

static void test_file_with_progress(void **state)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	uint8_t hash[32], wanted[32] = {0}, untouched[32] = {0};
	uint64_t size = 0, limit = 200;
	char space[64], text[5000];
	int fd = file_of(sizeof text);

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(sk_hasher_new(&hasher), 0);
	assert_int_equal(sk_sha256(text, sizeof text, wanted), 0);
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	assert_int_equal(sk_hasher_fd(hasher, fd, space, sizeof space, NULL, NULL, hash, &size), 0);
	assert_memory_equal(hash, wanted, 32);
	assert_int_equal(size, sizeof text);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 77);
	memset(hash, 0, 32);
	assert_int_equal(sk_hasher_fd(hasher, fd, space, sizeof space, stop_at, &limit, hash, &size), SK_AGAIN);
	assert_memory_equal(hash, untouched, 32);
	close(fd);
	assert_true(sk_hasher_fd(hasher, fd, space, sizeof space, NULL, NULL, hash, &size) < 0);
}

/* What the guard's workers rely on. A hash stopped half-way must not make the next one allocate either. */
static void test_no_allocation(void **state)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	uint64_t size, limit = 64;
	uint8_t hash[32];
	char space[64];
	int fd = file_of(1000);
	unsigned long before;

	(void)state;
	assert_int_equal(sk_hasher_new(&hasher), 0);
	assert_true(asked > 0); /* the counter counts */
	before = asked;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(sk_hasher_fd(hasher, fd, space, sizeof space, stop_at, &limit, hash, &size), SK_AGAIN);
		assert_int_equal(sk_hasher_fd(hasher, fd, space, sizeof space, NULL, NULL, hash, &size), 0);
	}
	assert_int_equal(asked - before, 0);
	close(fd);
}

static void test_rfc4231(void **state)
{
	uint8_t key[131], data[50], mac[32];
	static const char long_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";

	(void)state;
	memset(key, 0x0b, 20);
	assert_int_equal(sk_hmac_sha256(key, 20, "Hi There", 8, mac), 0);
	assert_hash(mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_int_equal(sk_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac), 0);
	assert_hash(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	assert_int_equal(sk_hmac_sha256(key, 20, data, sizeof data, mac), 0);
	assert_hash(mac, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	assert_int_equal(sk_hmac_sha256(key, 131, long_text, strlen(long_text), mac), 0);
	assert_hash(mac, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_random(void **state)
{
	uint8_t a[32] = {0}, b[32] = {0};

	(void)state;
	assert_int_equal(sk_random(a, sizeof a), 0);
	assert_int_equal(sk_random(b, sizeof b), 0);
	assert_memory_not_equal(a, b, sizeof a);
}

SK_TEST_MAIN(cmocka_unit_test(test_fips_examples), cmocka_unit_test(test_a_million_in_pieces), cmocka_unit_test(test_file_with_progress),
	     cmocka_unit_test(test_no_allocation), cmocka_unit_test(test_rfc4231), cmocka_unit_test(test_random))
