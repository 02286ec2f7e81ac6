// SPDX-License-Identifier: GPL-3.0-or-later
/* Ed25519 by OpenSSL: keys in memory, signatures. Files are keyfile.c's. */
#include "crypto/sign.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/sign-internal.h"

int sk_public_set(struct sk_public *key, const uint8_t bytes[static SK_PUBLIC_SIZE])
{
	uint8_t hash[SK_SHA256_SIZE];
	int r = sk_sha256(bytes, SK_PUBLIC_SIZE, hash);

	if (r < 0)
		return r;
	memcpy(key->bytes, bytes, SK_PUBLIC_SIZE);
	sk_hex(hash, (SK_KEY_ID_SIZE - 1) / 2, key->id);
	return 0;
}

int sk_public_parse(const char *text, size_t size, struct sk_diag *diag, struct sk_public *ret_key)
{
	uint8_t bytes[SK_PUBLIC_SIZE];
	size_t got;

	if (size == SK_PUBLIC_TEXT_SIZE && text[size - 1] == '\n')
		size--;
	if (size != SK_PUBLIC_TEXT_SIZE - 1)
		return sk_diag_offset(diag, size, "a public key is %d characters of base64 in one line", SK_PUBLIC_TEXT_SIZE - 1);
	if (sk_unbase64(text, size, bytes, sizeof bytes, &got) != 0 || got != sizeof bytes)
		return sk_diag_offset(diag, 0, "a public key is %d characters of base64; these are not", SK_PUBLIC_TEXT_SIZE - 1);
	return sk_public_set(ret_key, bytes);
}

char *sk_public_text(const struct sk_public *key, char out[static SK_PUBLIC_TEXT_SIZE])
{
	return sk_base64(key->bytes, SK_PUBLIC_SIZE, out);
}

struct sk_private *sk_private_free(struct sk_private *key)
{
	if (!key)
		return NULL;
	EVP_PKEY_free(key->pkey);
	sk_wipe(key, sizeof *key);
	free(key);
	return NULL;
}

void sk_private_free_p(struct sk_private **key)
{
	*key = sk_private_free(*key);
}

int sk_private_from_seed(const uint8_t seed[static SK_PUBLIC_SIZE], struct sk_private **ret_key)
{
	_cleanup_private_ struct sk_private *key = sk_calloc(1, sizeof *key);
	uint8_t public[SK_PUBLIC_SIZE];
	size_t size = sizeof public;
	int r;

	if (!key)
		return sk_origin(-ENOMEM);
	memcpy(key->seed, seed, SK_PUBLIC_SIZE);
	key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SK_PUBLIC_SIZE);
	if (!key->pkey || EVP_PKEY_get_raw_public_key(key->pkey, public, &size) != 1)
		return sk_origin(-ENOMEM);
	r = sk_public_set(&key->public, public);
	if (r < 0)
		return r;
	*ret_key = SK_TAKE(key);
	return 0;
}

int sk_private_generate(struct sk_private **ret_key)
{
	uint8_t seed[SK_PUBLIC_SIZE];
	int r = sk_random(seed, sizeof seed);

	if (r == 0)
		r = sk_private_from_seed(seed, ret_key);
	sk_wipe(seed, sizeof seed);
	return r;
}

const struct sk_public *sk_private_public(const struct sk_private *key)
{
	return &key->public;
}

int sk_sign(const struct sk_private *key, const void *data, size_t size, uint8_t ret_signature[static SK_SIGNATURE_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = SK_SIGNATURE_SIZE;
	uint8_t signature[SK_SIGNATURE_SIZE];
	bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
		    EVP_DigestSign(context, signature, &length, data, size) == 1 && length == SK_SIGNATURE_SIZE;

	EVP_MD_CTX_free(context);
	if (!good)
		return sk_origin(-ENOMEM);
	memcpy(ret_signature, signature, SK_SIGNATURE_SIZE);
	return 0;
}

int sk_verify(const struct sk_public *key, const void *data, size_t size, const uint8_t signature[static SK_SIGNATURE_SIZE])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->bytes, SK_PUBLIC_SIZE);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int r;

	if (!pkey || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) != 1)
		r = sk_origin(-ENOMEM);
	else
		r = EVP_DigestVerify(context, signature, SK_SIGNATURE_SIZE, data, size) == 1 ? 0 : SK_DENIED;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return r;
}
