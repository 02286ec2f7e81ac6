// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * TLS 1.3 contexts. The context owns references to certificates and keys and a copy of the terms; sessions hold no state of ours but find
 * their context by ex_data of the SSL_CTX.
 */
#include "crypto/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/x509-internal.h"

enum { NAMES_MAX = 4 };

struct sk_tls {
	SSL_CTX *context;
	bool server, ignore_dates;
	sk_tls_accepted accepted;
	void *arg;
	struct sk_tls_name names[NAMES_MAX];
	size_t name_count;
	uint8_t pin[SK_SHA256_SIZE];
	unsigned char alpn[32]; /* client: length byte and name */
	unsigned alpn_size;
	char *server_name;
};

static struct sk_tls *tls_of(SSL *session)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
}

/* Our own word after OpenSSL's: called for each certificate of the chain, from the root down. */
static int verify(int good, X509_STORE_CTX *store)
{
	SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct sk_tls *tls = tls_of(session);
	X509 *x509 = X509_STORE_CTX_get_current_cert(store);
	uint8_t fingerprint[SK_SHA256_SIZE];
	char name[SK_CERT_NAME_MAX + 1];
	unsigned size = sizeof fingerprint;

	if (!good || X509_STORE_CTX_get_error_depth(store) != 0 || !tls->accepted)
		return good;
	if (X509_digest(x509, EVP_sha256(), fingerprint, &size) == 1 &&
	    sk_cert_common_name(X509_get_subject_name(x509), name) == 0 && tls->accepted(fingerprint, name, tls->arg))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* Replaces the whole chain check: one certificate, known by its fingerprint, and nothing else. */
static int verify_pin(X509_STORE_CTX *store, void *arg)
{
	struct sk_tls *tls = arg;
	X509 *x509 = X509_STORE_CTX_get0_cert(store);
	uint8_t fingerprint[SK_SHA256_SIZE];
	unsigned size = sizeof fingerprint;

	if (x509 && X509_digest(x509, EVP_sha256(), fingerprint, &size) == 1 &&
	    sk_equal_secret(fingerprint, tls->pin, sizeof fingerprint)) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static const struct sk_tls_name *find_name(const struct sk_tls *tls, const unsigned char *name, size_t size)
{
	for (size_t i = 0; i < tls->name_count; i++)
		if (strlen(tls->names[i].alpn) == size && memcmp(tls->names[i].alpn, name, size) == 0)
			return &tls->names[i];
	return NULL;
}

/*
 * The client's first choice that we know. OpenSSL calls this before the server asks for a certificate, so the rule of the name can still
 * decide whether one is required. The context's own rule is "required": only this may lift it.
 */
static int select_alpn(SSL *session, const unsigned char **out, unsigned char *out_size, const unsigned char *in, unsigned in_size,
		       void *arg)
{
	struct sk_tls *tls = arg;

	for (unsigned at = 0; at < in_size; at += 1u + in[at]) {
		const struct sk_tls_name *name;

		if (in[at] > in_size - at - 1)
			break;
		name = find_name(tls, in + at + 1, in[at]);
		if (!name)
			continue;
		*out = (const unsigned char *)name->alpn;
		*out_size = (unsigned char)strlen(name->alpn);
		/* Said each time: after a hello retry request the client names itself anew, and may name itself otherwise. */
		if (name->client_certificate)
			SSL_set_verify(session, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
		else
			SSL_set_verify(session, SSL_VERIFY_NONE, NULL);
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Without the extension OpenSSL would not call select_alpn() and go on. */
static int require_alpn(SSL *session, int *alert, void *arg)
{
	const unsigned char *data;
	size_t size;

	(void)arg;
	if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_application_layer_protocol_negotiation, &data, &size) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

struct sk_tls *sk_tls_free(struct sk_tls *tls)
{
	if (!tls)
		return NULL;
	SSL_CTX_free(tls->context);
	free(tls->server_name);
	free(tls);
	return NULL;
}

void sk_tls_free_p(struct sk_tls **tls)
{
	*tls = sk_tls_free(*tls);
}

static bool set_strict(SSL_CTX *context)
{
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_cert_list(context, SK_PEM_MAX);
	return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1 &&
	       SSL_CTX_set_max_early_data(context, 0) == 1;
}

static bool set_own(SSL_CTX *context, const struct sk_cert *cert, const struct sk_tls_key *key)
{
	if (!cert)
		return true;
	return key && SSL_CTX_use_certificate(context, cert->x509) == 1 && SSL_CTX_use_PrivateKey(context, key->pkey) == 1 &&
	       SSL_CTX_check_private_key(context) == 1;
}

static bool set_ca(SSL_CTX *context, const struct sk_cert *ca, bool ignore_dates)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);

	if (ignore_dates)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
	X509_VERIFY_PARAM_set_depth(param, 1);
	return !ca || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca->x509) == 1;
}

static int make(const SSL_METHOD *method, const struct sk_cert *cert, const struct sk_tls_key *key, const struct sk_cert *ca,
		bool ignore_dates, struct sk_tls **ret_tls)
{
	_cleanup_tls_ struct sk_tls *tls = sk_calloc(1, sizeof *tls);

	if (!tls)
		return sk_origin(-ENOMEM);
	tls->context = SSL_CTX_new(method);
	if (!tls->context || !set_strict(tls->context) || !set_own(tls->context, cert, key) || !set_ca(tls->context, ca, ignore_dates)) {
		ERR_clear_error();
		return sk_origin(-EINVAL);
	}
	SSL_CTX_set_app_data(tls->context, tls);
	tls->ignore_dates = ignore_dates;
	*ret_tls = SK_TAKE(tls);
	return 0;
}

int sk_tls_web(const struct sk_cert *cert, const struct sk_tls_key *key, struct sk_tls **ret_tls)
{
	_cleanup_tls_ struct sk_tls *tls = NULL;
	int r = make(TLS_server_method(), cert, key, NULL, false, &tls);

	if (r < 0)
		return r;
	tls->server = true;
	*ret_tls = SK_TAKE(tls);
	return 0;
}

int sk_tls_server(const struct sk_tls_terms *terms, struct sk_tls **ret_tls)
{
	_cleanup_tls_ struct sk_tls *tls = NULL;
	int r;

	if (!terms->cert || !terms->names)
		return sk_origin(-EINVAL);
	r = make(TLS_server_method(), terms->cert, terms->key, terms->ca, terms->ignore_dates, &tls);
	if (r < 0)
		return r;
	for (const struct sk_tls_name *name = terms->names; name->alpn; name++) {
		if (tls->name_count == NAMES_MAX || (name->client_certificate && !terms->ca))
			return sk_origin(-EINVAL);
		tls->names[tls->name_count++] = *name;
	}
	tls->server = true;
	tls->accepted = terms->accepted;
	tls->arg = terms->arg;
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
	SSL_CTX_set_alpn_select_cb(tls->context, select_alpn, tls);
	SSL_CTX_set_client_hello_cb(tls->context, require_alpn, NULL);
	*ret_tls = SK_TAKE(tls);
	return 0;
}

static int set_client_alpn(struct sk_tls *tls, const char *alpn)
{
	size_t size = strlen(alpn);

	if (size == 0 || size >= sizeof tls->alpn)
		return sk_origin(-EINVAL);
	tls->alpn[0] = (unsigned char)size;
	memcpy(tls->alpn + 1, alpn, size);
	tls->alpn_size = (unsigned)size + 1;
	return SSL_CTX_set_alpn_protos(tls->context, tls->alpn, tls->alpn_size) == 0 ? 0 : sk_origin(-ENOMEM);
}

/* The name or address that the server's certificate must carry. */
static int set_expected_server(struct sk_tls *tls, const char *server)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(tls->context);
	struct in6_addr address;
	bool ip = inet_pton(AF_INET, server, &address) == 1 || inet_pton(AF_INET6, server, &address) == 1;

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS);
	if ((ip ? X509_VERIFY_PARAM_set1_ip_asc(param, server) : X509_VERIFY_PARAM_set1_host(param, server, 0)) != 1)
		return sk_origin(-EINVAL);
	tls->server_name = ip ? NULL : sk_strdup(server);
	return ip || tls->server_name ? 0 : sk_origin(-ENOMEM);
}

int sk_tls_client(const struct sk_tls_terms *terms, struct sk_tls **ret_tls)
{
	_cleanup_tls_ struct sk_tls *tls = NULL;
	int r;

	if (!terms->alpn || (!terms->pin && !terms->ca))
		return sk_origin(-EINVAL); /* a client that trusts nobody in particular trusts everybody */
	r = make(TLS_client_method(), terms->cert, terms->key, terms->ca, terms->ignore_dates, &tls);
	if (r == 0)
		r = set_client_alpn(tls, terms->alpn);
	if (r == 0 && !terms->pin && terms->server)
		r = set_expected_server(tls, terms->server);
	if (r < 0)
		return r;
	tls->accepted = terms->accepted;
	tls->arg = terms->arg;
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, verify);
	if (terms->pin) {
		memcpy(tls->pin, terms->pin, sizeof tls->pin);
		SSL_CTX_set_cert_verify_callback(tls->context, verify_pin, tls);
	}
	*ret_tls = SK_TAKE(tls);
	return 0;
}

struct ssl_st *sk_tls_session(struct sk_tls *tls)
{
	SSL *session = SSL_new(tls->context);

	if (!session)
		return NULL;
	if (tls->server)
		SSL_set_accept_state(session);
	else
		SSL_set_connect_state(session);
	if (tls->server_name && SSL_set_tlsext_host_name(session, tls->server_name) != 1) {
		SSL_free(session);
		return NULL;
	}
	return session;
}

int sk_tls_peer(struct ssl_st *session, struct sk_cert **ret_cert)
{
	X509 *x509 = SSL_get1_peer_certificate(session);

	return x509 ? sk_cert_wrap(x509, NULL, ret_cert) : SK_NONE;
}

const char *sk_tls_alpn(struct ssl_st *session)
{
	struct sk_tls *tls = tls_of(session);
	const struct sk_tls_name *name;
	const unsigned char *data;
	unsigned size;

	SSL_get0_alpn_selected(session, &data, &size);
	if (size == 0)
		return "";
	if (!tls->server) /* a server may choose only what was offered: OpenSSL checks */
		return (const char *)tls->alpn + 1;
	name = find_name(tls, data, size);
	return name ? name->alpn : "";
}

const char *sk_tls_error(char *out, size_t size)
{
	unsigned long code, newest = 0;

	while ((code = ERR_get_error()) != 0)
		newest = code;
	if (newest)
		snprintf(out, size, "%s", ERR_reason_error_string(newest) ? ERR_reason_error_string(newest) : "unknown TLS error");
	else
		snprintf(out, size, "the connection was closed");
	return out;
}
