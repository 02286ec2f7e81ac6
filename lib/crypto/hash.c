// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SHA-256 and HMAC by OpenSSL. A hasher uses SHA256_Init() and its like, which OpenSSL 3 marks as deprecated: its EVP interface asks for
 * memory at each EVP_DigestInit_ex() (seen in 3.0: the provider's context is freed and made anew), which the guard must not. The
 * code that computes is the same.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <errno.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/error.h"
#include "base/mem.h"

struct sk_hasher {
	SHA256_CTX context;
};

int sk_sha256(const void *data, size_t size, uint8_t ret_hash[static SK_SHA256_SIZE])
{
	if (EVP_Digest(data, size, ret_hash, NULL, EVP_sha256(), NULL) != 1)
		return sk_origin(-ENOMEM);
	return 0;
}

struct sk_hasher *sk_hasher_free(struct sk_hasher *hasher)
{
	free(hasher);
	return NULL;
}

void sk_hasher_free_p(struct sk_hasher **hasher)
{
	*hasher = sk_hasher_free(*hasher);
}

int sk_hasher_new(struct sk_hasher **ret_hasher)
{
	struct sk_hasher *hasher = sk_calloc(1, sizeof *hasher);

	if (!hasher)
		return sk_origin(-ENOMEM);
	*ret_hasher = hasher;
	return 0;
}

int sk_hasher_begin(struct sk_hasher *hasher)
{
	return SHA256_Init(&hasher->context) == 1 ? 0 : sk_origin(-EIO);
}

int sk_hasher_update(struct sk_hasher *hasher, const void *data, size_t size)
{
	return SHA256_Update(&hasher->context, data, size) == 1 ? 0 : sk_origin(-EIO);
}

int sk_hasher_finish(struct sk_hasher *hasher, uint8_t ret_hash[static SK_SHA256_SIZE])
{
	return SHA256_Final(ret_hash, &hasher->context) == 1 ? 0 : sk_origin(-EIO);
}

int sk_hasher_fd(struct sk_hasher *hasher, int fd, void *space, size_t space_size, sk_hash_progress progress, void *arg,
		 uint8_t ret_hash[static SK_SHA256_SIZE], uint64_t *ret_size)
{
	uint64_t done = 0;
	int r = sk_hasher_begin(hasher);

	if (r < 0)
		return r;
	for (;;) {
		ssize_t n = pread(fd, space, space_size, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		r = sk_hasher_update(hasher, space, (size_t)n);
		if (r < 0)
			return r;
		done += (uint64_t)n;
		if (progress && progress(done, arg) != 0)
			return SK_AGAIN;
	}
	r = sk_hasher_finish(hasher, ret_hash);
	if (r == 0 && ret_size)
		*ret_size = done;
	return r;
}

int sk_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t ret_mac[static SK_SHA256_SIZE])
{
	static const uint8_t none;

	if (key_size > INT32_MAX)
		return sk_origin(-EINVAL);
	/* A NULL key would mean "the key of before" to OpenSSL. */
	if (!HMAC(EVP_sha256(), key ? key : &none, (int)key_size, data, size, ret_mac, NULL))
		return sk_origin(-ENOMEM);
	return 0;
}

int sk_random(void *out, size_t size)
{
	if (size > INT32_MAX || RAND_bytes(out, (int)size) != 1)
		return sk_origin(-EIO);
	return 0;
}
