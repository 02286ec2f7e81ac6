// SPDX-License-Identifier: GPL-3.0-or-later
/* Password records. The record carries its cost; bounds on that cost keep a forged record from taking the machine's memory. */
#include "crypto/password.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"

enum { SALT_SIZE = 16, HASH_SIZE = 32 };

struct cost {
	unsigned log2n;
	uint32_t r, p;
};

/* OWASP's password storage cheat sheet: N = 2^15, r = 8, p = 3 is one of its equal choices, the one with 32 MiB. */
static const struct cost today = {15, 8, 3};

int sk_scrypt(const void *pass, size_t pass_size, const void *salt, size_t salt_size, unsigned log2n, uint32_t r, uint32_t p,
	      void *out, size_t out_size)
{
	const uint64_t limit = 1ull << 30;

	/* RFC 7914 section 6 wants r * p < 2^30; memory is 128 * r * (N + p). */
	if (log2n < 1 || log2n > 20 || r < 1 || r > 64 || p < 1 || p > 64 || 128ull * r * ((1ull << log2n) + p) > limit)
		return SK_BAD;
	if (EVP_PBE_scrypt(pass, pass_size, salt, salt_size, 1ull << log2n, r, p, limit + (1 << 20), out, out_size) != 1)
		return sk_origin(-ENOMEM);
	return 0;
}

static uint64_t cost_memory(const struct cost *cost)
{
	return (uint64_t)cost->r << cost->log2n;
}

static uint64_t cost_work(const struct cost *cost)
{
	return cost_memory(cost) * cost->p;
}

static int write_record(const struct cost *cost, const uint8_t *salt, const uint8_t *hash, char *out)
{
	char salt_text[32], hash_text[64];

	snprintf(out, SK_PASSWORD_RECORD_SIZE, "$scrypt$ln=%u,r=%u,p=%u$%s$%s", cost->log2n, cost->r, cost->p,
		 sk_base64(salt, SALT_SIZE, salt_text), sk_base64(hash, HASH_SIZE, hash_text));
	return 0;
}

int sk_password_make(const char *password, char ret_record[static SK_PASSWORD_RECORD_SIZE])
{
	uint8_t salt[SALT_SIZE], hash[HASH_SIZE];
	size_t size = strlen(password);
	int r;

	if (size == 0 || size > SK_PASSWORD_MAX)
		return SK_BAD;
	r = sk_random(salt, sizeof salt);
	if (r < 0)
		return r;
	r = sk_scrypt(password, size, salt, sizeof salt, today.log2n, today.r, today.p, hash, sizeof hash);
	if (r != 0)
		return r;
	write_record(&today, salt, hash, ret_record);
	sk_wipe(hash, sizeof hash);
	return 0;
}

/* Digits up to `stop`, which is passed over. */
static int read_number(const char **at, char stop, uint64_t max, uint64_t *ret_value)
{
	const char *end = strchr(*at, stop);
	char digits[8];

	if (!end || end == *at || (size_t)(end - *at) >= sizeof digits)
		return SK_BAD;
	memcpy(digits, *at, (size_t)(end - *at));
	digits[end - *at] = '\0';
	*at = end + 1;
	return sk_parse_u64(digits, max, ret_value);
}

static int expect(const char **at, const char *text)
{
	size_t size = strlen(text);

	if (strncmp(*at, text, size) != 0)
		return SK_BAD;
	*at += size;
	return 0;
}

static int read_bytes(const char *from, size_t length, uint8_t *out, size_t size)
{
	size_t got;

	return sk_unbase64(from, length, out, size, &got) != 0 || got != size ? SK_BAD : 0;
}

static int read_record(const char *record, struct cost *cost, uint8_t *salt, uint8_t *hash)
{
	uint64_t log2n, r, p;
	const char *at = record, *middle;

	if (strnlen(record, SK_PASSWORD_RECORD_SIZE) == SK_PASSWORD_RECORD_SIZE || expect(&at, "$scrypt$ln=") != 0 ||
	    read_number(&at, ',', 20, &log2n) != 0 || expect(&at, "r=") != 0 || read_number(&at, ',', 64, &r) != 0 ||
	    expect(&at, "p=") != 0 || read_number(&at, '$', 64, &p) != 0)
		return SK_BAD;
	middle = strchr(at, '$');
	if (!middle || read_bytes(at, (size_t)(middle - at), salt, SALT_SIZE) != 0 ||
	    read_bytes(middle + 1, strlen(middle + 1), hash, HASH_SIZE) != 0)
		return SK_BAD;
	*cost = (struct cost){(unsigned)log2n, (uint32_t)r, (uint32_t)p};
	if (log2n < 1 || r < 1 || p < 1 || cost_memory(cost) > 4 * cost_memory(&today) || cost_work(cost) > 16 * cost_work(&today))
		return SK_BAD;
	return 0;
}

int sk_password_check(const char *record, const char *password, bool *ret_rehash)
{
	uint8_t salt[SALT_SIZE] = {0}, wanted[HASH_SIZE] = {0}, hash[HASH_SIZE];
	size_t size = strnlen(password, SK_PASSWORD_MAX + 1);
	struct cost cost = today;
	int r;

	if (record && read_record(record, &cost, salt, wanted) != 0)
		return SK_BAD;
	if (size == 0 || size > SK_PASSWORD_MAX)
		return SK_DENIED;
	r = sk_scrypt(password, size, salt, sizeof salt, cost.log2n, cost.r, cost.p, hash, sizeof hash);
	if (r != 0)
		return r;
	r = sk_equal_secret(hash, wanted, sizeof hash) && record ? 0 : SK_DENIED;
	sk_wipe(hash, sizeof hash);
	if (r == 0)
		*ret_rehash = cost_work(&cost) < cost_work(&today) || cost_memory(&cost) < cost_memory(&today);
	return r;
}
