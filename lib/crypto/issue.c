// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making certificates: the CA, requests, and what is issued from them. A request is only a proof that somebody holds a key; no name or
 * extension of it reaches the certificate.
 */
#include "crypto/x509.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/x509-internal.h"

static bool set_name(X509_NAME *name, const char *common)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0) == 1;
}

/* 127 random bits below a set one: positive, never short (RFC 5280 section 4.1.2.2: at most 20 octets). */
static bool set_serial(X509 *x509)
{
	BIGNUM *number = BN_new();
	bool good = number && BN_rand(number, 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));

	BN_free(number);
	return good;
}

static bool add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool good;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	good = extension && X509_add_ext(x509, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

static bool set_common(X509 *x509, EVP_PKEY *pkey, const char *name, int64_t not_before, int64_t not_after)
{
	return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) && set_name(X509_get_subject_name(x509), name) &&
	       X509_set_pubkey(x509, pkey) == 1 && ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)not_before) &&
	       ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)not_after);
}

/* Signs and hands over; consumes x509. `good` is the outcome of what came before. */
static int finish(X509 *x509, bool good, EVP_PKEY *signer, struct sk_diag *diag, struct sk_cert **ret_cert)
{
	if (!good || X509_sign(x509, signer, EVP_sha256()) == 0) {
		X509_free(x509);
		ERR_clear_error();
		return sk_origin(-ENOMEM);
	}
	return sk_cert_wrap(x509, diag, ret_cert);
}

/* 1970 to 9999: what X.509 can say. */
static bool dates_fit(int64_t not_before, int64_t not_after)
{
	return not_before >= 0 && not_after > not_before && not_after < 253402300800;
}

int sk_ca_make(const struct sk_tls_key *key, const char *name, int64_t not_before, int64_t not_after, struct sk_cert **ret_cert)
{
	X509 *x509;
	bool good;

	if (!sk_cert_name_fits(name) || !dates_fit(not_before, not_after))
		return SK_BAD;
	x509 = X509_new();
	good = x509 && set_common(x509, key->pkey, name, not_before, not_after) && set_name(X509_get_issuer_name(x509), name) &&
	       add_extension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	       add_extension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(x509, x509, NID_subject_key_identifier, "hash");
	return finish(x509, good, key->pkey, NULL, ret_cert);
}

int sk_csr_make(const struct sk_tls_key *key, const char *name, struct sk_buf *out)
{
	X509_REQ *request;
	BIO *bio;
	char *data;
	long size;
	int r = 0;

	if (!sk_cert_name_fits(name))
		return SK_BAD;
	request = X509_REQ_new();
	bio = BIO_new(BIO_s_mem());
	if (!request || !bio || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
	    !set_name(X509_REQ_get_subject_name(request), name) || X509_REQ_set_pubkey(request, key->pkey) != 1 ||
	    X509_REQ_sign(request, key->pkey, EVP_sha256()) == 0 || PEM_write_bio_X509_REQ(bio, request) != 1)
		r = sk_origin(-ENOMEM);
	else if ((size = BIO_get_mem_data(bio, &data)) > 0)
		r = sk_buf_append(out, data, (size_t)size);
	X509_REQ_free(request);
	BIO_free(bio);
	return r;
}

static int parse_csr(const char *pem, size_t size, struct sk_diag *diag, X509_REQ **ret_request)
{
	const unsigned char *at;
	X509_REQ *request;
	uint8_t *der;
	long der_size;
	int r = sk_pem_only(pem, size, "CERTIFICATE REQUEST", diag, &der, &der_size);

	if (r != 0)
		return r;
	at = der;
	request = d2i_X509_REQ(NULL, &at, der_size);
	if (!request || at != der + der_size)
		r = sk_diag_offset(diag, 0, "not a certificate request");
	else if (!sk_pkey_is_p256(X509_REQ_get0_pubkey(request)))
		r = sk_diag_offset(diag, 0, "the request's key is not P-256");
	else if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
		r = sk_diag_offset(diag, 0, "the request is not signed by its own key");
	OPENSSL_free(der);
	ERR_clear_error();
	if (r == 0)
		*ret_request = request;
	else
		X509_REQ_free(request);
	return r;
}

int sk_csr_check(const char *pem, size_t size, struct sk_diag *diag)
{
	X509_REQ *request;
	int r = parse_csr(pem, size, diag, &request);

	if (r == 0)
		X509_REQ_free(request);
	return r;
}

/* "DNS:a,IP:1.2.3.4". A name is checked letter by letter: it becomes part of an OpenSSL configuration text. */
static int write_sans(const char *const *sans, struct sk_buf *out, struct sk_diag *diag)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:";
	struct in6_addr address;
	int r = 0;

	for (size_t i = 0; sans && sans[i] && r == 0; i++) {
		const char *name = sans[i];
		bool ip = inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;

		if (i == SK_CERT_SAN_MAX || !*name || strlen(name) >= SK_CERT_SAN_SIZE || name[strspn(name, allowed)] != '\0' ||
		    (!ip && strchr(name, ':')))
			return sk_diag_path(diag, "sans", "\"%s\" is not a DNS name or address, or there are over %d", name,
					    SK_CERT_SAN_MAX);
		r = sk_buf_printf(out, "%s%s:%s", i ? "," : "", ip ? "IP" : "DNS", name);
	}
	return r;
}

static int check_terms(const struct sk_cert *ca, const struct sk_tls_key *ca_key, const struct sk_cert_terms *terms,
		       struct sk_diag *diag)
{
	if (terms->use != SK_CERT_SERVER && terms->use != SK_CERT_CLIENT)
		return sk_diag_path(diag, "use", "only server and client certificates are issued");
	if (!sk_cert_name_fits(terms->name))
		return sk_diag_path(diag, "name", "a name is 1 to %d of the letters, digits, space and . - _ @", SK_CERT_NAME_MAX);
	if (!dates_fit(terms->not_before, terms->not_after))
		return sk_diag_path(diag, "not_after", "the certificate would end before it begins");
	if (!ca->info.ca || !sk_cert_has_key(ca, ca_key))
		return sk_diag_path(diag, "ca", "not a CA certificate with this key");
	return 0;
}

static int issue(const struct sk_cert *ca, const struct sk_tls_key *ca_key, X509_REQ *request, const struct sk_cert_terms *terms,
		 const char *sans, struct sk_diag *diag, struct sk_cert **ret_cert)
{
	const char *use = terms->use == SK_CERT_SERVER ? "serverAuth" : "clientAuth";
	X509 *x509 = X509_new();
	bool good = x509 && set_common(x509, X509_REQ_get0_pubkey(request), terms->name, terms->not_before, terms->not_after) &&
		    X509_set_issuer_name(x509, X509_get_subject_name(ca->x509)) == 1 &&
		    add_extension(x509, ca->x509, NID_basic_constraints, "critical,CA:FALSE") &&
		    add_extension(x509, ca->x509, NID_key_usage, "critical,digitalSignature") &&
		    add_extension(x509, ca->x509, NID_ext_key_usage, use) &&
		    add_extension(x509, ca->x509, NID_subject_key_identifier, "hash") &&
		    add_extension(x509, ca->x509, NID_authority_key_identifier, "keyid") &&
		    (!*sans || add_extension(x509, ca->x509, NID_subject_alt_name, sans));

	return finish(x509, good, ca_key->pkey, diag, ret_cert);
}

int sk_cert_issue(const struct sk_cert *ca, const struct sk_tls_key *ca_key, const char *csr, size_t csr_size,
		  const struct sk_cert_terms *terms, struct sk_diag *diag, struct sk_cert **ret_cert)
{
	_cleanup_buf_ struct sk_buf sans = SK_BUF(SK_CERT_SAN_MAX * (SK_CERT_SAN_SIZE + 8));
	X509_REQ *request;
	int r = check_terms(ca, ca_key, terms, diag);

	if (r == 0)
		r = write_sans(terms->sans, &sans, diag);
	if (r == 0)
		r = parse_csr(csr, csr_size, diag, &request);
	if (r != 0)
		return r;
	r = issue(ca, ca_key, request, terms, sans.data ? sans.data : "", diag, ret_cert);
	X509_REQ_free(request);
	return r;
}
