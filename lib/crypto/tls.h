// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * TLS 1.3 contexts of our own links. No older version, no session tickets or resumption (a revoked client must not come back by one),
 * no renegotiation, no compression. A context is made once and shared by all its sessions; it must outlive them.
 *
 * Server: which ALPN name the client asks for decides whether a client certificate is required. A client that names none of ours,
 * or no ALPN at all, fails the handshake. Beyond the chain, `accepted` is our own check: the CA signs, but who is admitted
 * is the fleet's word of this moment, so no revocation lists travel.
 * In TLS 1.3 a client finishes its handshake before the server has looked at its certificate: a refusal reaches it at its first read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "crypto/x509.h"

struct ssl_st; /* OpenSSL's SSL */
struct sk_tls;

#define SK_ALPN_LINK "sekisho/1"
#define SK_ALPN_ENROL "sekisho-enrol/1"

/*
 * Called inside the handshake once the chain is good. True admits. Must not block. The name is the certificate's common name.
 */
typedef bool (*sk_tls_accepted)(const uint8_t fingerprint[SK_SHA256_SIZE], const char *name, void *arg);

struct sk_tls_name {
	const char *alpn;
	bool client_certificate; /* required when the client asks for this name */
};

struct sk_tls_terms {
	const struct sk_cert *cert;     /* our own; NULL for a client that has none yet */
	const struct sk_tls_key *key;
	const struct sk_cert *ca;       /* who signs the other side; server: may be NULL when no name requires a client certificate */
	bool ignore_dates;              /* our clock is known to be wrong: certificates are not refused for their dates */
	sk_tls_accepted accepted;       /* may be NULL */
	void *arg;
	/* server */
	const struct sk_tls_name *names; /* ends with alpn NULL */
	/* client */
	const char *alpn;
	const uint8_t *pin;             /* SHA-256 of the server's certificate: nothing else then counts (enrolment). Else `ca` */
	const char *server;             /* with `ca`: name or address that the server's certificate must be for; NULL = any server of the CA */
};

/* Web console: a server without ALPN rule and client certificates. `cert` may be followed by no chain. TLS 1.3 alone as well. */
int sk_tls_server(const struct sk_tls_terms *terms, struct sk_tls **ret_tls);
int sk_tls_client(const struct sk_tls_terms *terms, struct sk_tls **ret_tls);
int sk_tls_web(const struct sk_cert *cert, const struct sk_tls_key *key, struct sk_tls **ret_tls);
struct sk_tls *sk_tls_free(struct sk_tls *tls);
void sk_tls_free_p(struct sk_tls **tls);
#define _cleanup_tls_ __attribute__((cleanup(sk_tls_free_p)))

/* A session for one connection; its owner frees it by SSL_free() or gives it to a bufferevent. NULL when memory is out. */
struct ssl_st *sk_tls_session(struct sk_tls *tls);

/* After the handshake. The other side's certificate: 0 with a parsed copy, SK_NONE when it gave none, SK_BAD, fatal. */
int sk_tls_peer(struct ssl_st *session, struct sk_cert **ret_cert);
/* The agreed name; "" when none. Lives as long as the table given in the terms. */
const char *sk_tls_alpn(struct ssl_st *session);
/* Why the handshake failed, for people: newest reason of this thread's OpenSSL error queue, which it empties. Returns `out`. */
const char *sk_tls_error(char *out, size_t size);
