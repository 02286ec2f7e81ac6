// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Ed25519 keys and signatures (RFC 8032): site, policy, exception and release keys.
 *
 * A private key lives in memory that is wiped when freed. On disk it is a text of six lines whose secret is encrypted by AES-256-GCM
 * under a key that scrypt (RFC 7914) derives from a pass phrase; the lines before the secret are authenticated with it. A plain key
 * file (no pass phrase) is written only when the caller passes NULL, always with mode 0600. The public half is one line of base64.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

#define SK_PUBLIC_SIZE 32
#define SK_SIGNATURE_SIZE 64
#define SK_KEY_ID_SIZE 17        /* with the terminating zero */
#define SK_KEY_FILE_MAX 1024     /* bytes of a private key file */
#define SK_PUBLIC_TEXT_SIZE 45   /* base64 of a public key with the terminating zero */
#define SK_PASS_MAX 1024

struct sk_public {
	uint8_t bytes[SK_PUBLIC_SIZE];
	char id[SK_KEY_ID_SIZE]; /* first 16 hex digits of SHA-256 of `bytes` */
};

struct sk_private;

int sk_public_set(struct sk_public *key, const uint8_t bytes[static SK_PUBLIC_SIZE]);
/* From base64, with or without one line feed behind it. 0, SK_BAD or fatal. */
int sk_public_parse(const char *text, size_t size, struct sk_diag *diag, struct sk_public *ret_key);
/* Base64, terminated, no line feed. Returns `out`. */
char *sk_public_text(const struct sk_public *key, char out[static SK_PUBLIC_TEXT_SIZE]);

int sk_private_generate(struct sk_private **ret_key);
/* `seed` is the RFC 8032 private key. */
int sk_private_from_seed(const uint8_t seed[static SK_PUBLIC_SIZE], struct sk_private **ret_key);
struct sk_private *sk_private_free(struct sk_private *key);
void sk_private_free_p(struct sk_private **key);
#define _cleanup_private_ __attribute__((cleanup(sk_private_free_p)))
const struct sk_public *sk_private_public(const struct sk_private *key);

int sk_sign(const struct sk_private *key, const void *data, size_t size, uint8_t ret_signature[static SK_SIGNATURE_SIZE]);
/* 0; SK_DENIED when the signature is not the key's over these bytes; fatal. */
int sk_verify(const struct sk_public *key, const void *data, size_t size, const uint8_t signature[static SK_SIGNATURE_SIZE]);

/* The key file's text. `pass` NULL = plain. 0, SK_BAD (empty or overlong pass phrase), fatal. */
int sk_private_encode(const struct sk_private *key, const char *pass, struct sk_buf *out);
/* 0; SK_BAD with the line; SK_NONE when the file is encrypted and `pass` is NULL; SK_DENIED when the pass phrase is wrong; fatal. */
int sk_private_decode(const char *text, size_t size, const char *pass, struct sk_diag *diag, struct sk_private **ret_key);

/* Files. Saving refuses to overwrite (-EEXIST, not logged), writes mode 0600 (private) or 0644 (public), syncs file and folder. */
int sk_private_save(const char *path, const struct sk_private *key, const char *pass);
int sk_public_save(const char *path, const struct sk_public *key);
/* As _decode() and _parse(); -errno of the open and read is not logged: the path is the caller's to explain. A plain private key that
   others may read is refused (SK_BAD). */
int sk_private_load(const char *path, const char *pass, struct sk_diag *diag, struct sk_private **ret_key);
int sk_public_load(const char *path, struct sk_diag *diag, struct sk_public *ret_key);
