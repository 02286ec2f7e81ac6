// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The certificates of our own links: a small CA (the server's `fleet` duty owns its key), certificate requests (agents), and what is
 * issued from them. ECDSA P-256 with SHA-256 throughout: browsers take it too.
 *
 * A request gives nothing but its public key: every field of the certificate is set by the issuer. Times are seconds since the
 * epoch and come from the caller. A fingerprint is SHA-256 of the DER form.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "crypto/hash.h"

#define SK_CERT_NAME_MAX 64     /* bytes of a common name: letters, digits, space and . - _ @ alone */
#define SK_CERT_SAN_MAX 8       /* names in a certificate */
#define SK_CERT_SAN_SIZE 256
#define SK_PEM_MAX (16 * 1024)  /* bytes of a PEM text we parse */

struct sk_tls_key; /* a private key with its public half */
struct sk_cert;

enum sk_cert_use { SK_CERT_CA, SK_CERT_SERVER, SK_CERT_CLIENT };

struct sk_cert_info {
	char name[SK_CERT_NAME_MAX + 1]; /* common name of the subject */
	char issuer[SK_CERT_NAME_MAX + 1];
	char serial[41];                 /* hex */
	int64_t not_before, not_after;
	bool ca, server, client;         /* what it may be used for */
	uint8_t fingerprint[SK_SHA256_SIZE];
};

int sk_tls_key_generate(struct sk_tls_key **ret_key);
struct sk_tls_key *sk_tls_key_free(struct sk_tls_key *key);
void sk_tls_key_free_p(struct sk_tls_key **key);
#define _cleanup_tls_key_ __attribute__((cleanup(sk_tls_key_free_p)))
/* PKCS#8 PEM, not encrypted: the file it goes to must be 0600 of the duty that owns it. */
int sk_tls_key_pem(const struct sk_tls_key *key, struct sk_buf *out);
/* 0; SK_BAD when it is not one P-256 private key; fatal. */
int sk_tls_key_parse(const char *pem, size_t size, struct sk_diag *diag, struct sk_tls_key **ret_key);

struct sk_cert *sk_cert_free(struct sk_cert *cert);
void sk_cert_free_p(struct sk_cert **cert);
#define _cleanup_cert_ __attribute__((cleanup(sk_cert_free_p)))
int sk_cert_pem(const struct sk_cert *cert, struct sk_buf *out);
/* One certificate. 0; SK_BAD when malformed, not P-256 or with a name outside the bounds above; fatal. */
int sk_cert_parse(const char *pem, size_t size, struct sk_diag *diag, struct sk_cert **ret_cert);
const struct sk_cert_info *sk_cert_info(const struct sk_cert *cert);
/* Is `name` (DNS name or address) one of the certificate's subject alternative names? */
bool sk_cert_is_for(const struct sk_cert *cert, const char *name);
/* 0 when `cert` was issued by `ca` (name and signature; dates are not looked at), else SK_DENIED. */
int sk_cert_issued_by(const struct sk_cert *cert, const struct sk_cert *ca);
bool sk_cert_has_key(const struct sk_cert *cert, const struct sk_tls_key *key);

/* A self-signed CA that may sign end certificates alone (path length 0). SK_BAD when the name is out of bounds. */
int sk_ca_make(const struct sk_tls_key *key, const char *name, int64_t not_before, int64_t not_after, struct sk_cert **ret_cert);

/* A certificate request in PEM, signed by `key`. */
int sk_csr_make(const struct sk_tls_key *key, const char *name, struct sk_buf *out);
/* 0 when the PEM is one request with a P-256 key and its own valid signature; SK_BAD with the reason. */
int sk_csr_check(const char *pem, size_t size, struct sk_diag *diag);

struct sk_cert_terms {
	enum sk_cert_use use;           /* SERVER or CLIENT */
	const char *name;               /* common name: an agent's id, a server's name */
	const char *const *sans;        /* DNS names and addresses (SERVER); NULL-terminated; may be NULL */
	int64_t not_before, not_after;
};

/* Issues from a request. 0; SK_BAD (the request or the terms); fatal. The serial is 128 random bits. */
int sk_cert_issue(const struct sk_cert *ca, const struct sk_tls_key *ca_key, const char *csr, size_t csr_size,
		  const struct sk_cert_terms *terms, struct sk_diag *diag, struct sk_cert **ret_cert);
