// SPDX-License-Identifier: GPL-3.0-or-later
/* Keys and certificates of our links: parsing within bounds, and what a certificate says. Making them is issue.c's. */
#include "crypto/x509.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/x509-internal.h"

bool sk_pkey_is_p256(const EVP_PKEY *pkey)
{
	char group[32];
	size_t size;

	return pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(pkey, group, sizeof group, &size) == 1 && strcmp(group, "prime256v1") == 0;
}

bool sk_cert_name_fits(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-_@";
	size_t size = strspn(name, allowed);

	return size > 0 && size <= SK_CERT_NAME_MAX && name[size] == '\0';
}

/* A PEM text is ASCII that says BEGIN once, at its start: no second object, no text before it that a person reads and a parser does not. */
static int check_pem(const char *pem, size_t size, struct sk_diag *diag)
{
	if (size > SK_PEM_MAX)
		return sk_diag_offset(diag, SK_PEM_MAX, "a PEM text has at most %d bytes here", SK_PEM_MAX);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)pem[i] >= 0x7f || ((unsigned char)pem[i] < 0x20 && pem[i] != '\n' && pem[i] != '\r'))
			return sk_diag_offset(diag, i, "a PEM text is printable ASCII");
	if (size < 11 || memcmp(pem, "-----BEGIN ", 11) != 0)
		return sk_diag_offset(diag, 0, "a PEM text starts with \"-----BEGIN \"");
	return 0;
}

int sk_pem_only(const char *pem, size_t size, const char *type, struct sk_diag *diag, uint8_t **ret_der, long *ret_size)
{
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_size = 0;
	BIO *bio;
	int r = check_pem(pem, size, diag);

	if (r != 0)
		return r;
	bio = BIO_new_mem_buf(pem, (int)size);
	if (!bio)
		return sk_origin(-ENOMEM);
	if (PEM_read_bio(bio, &name, &header, &der, &der_size) != 1)
		r = sk_diag_offset(diag, size - (size_t)BIO_pending(bio), "the PEM text is cut short or damaged");
	else if (strcmp(name, type) != 0)
		r = sk_diag_offset(diag, 11, "expected a PEM object \"%s\"", type);
	else if (BIO_pending(bio) > 0)
		r = sk_diag_offset(diag, size - (size_t)BIO_pending(bio), "nothing may follow the PEM object");
	BIO_free(bio);
	OPENSSL_free(name);
	OPENSSL_free(header);
	ERR_clear_error();
	if (r == 0) {
		*ret_der = der;
		*ret_size = der_size;
	} else {
		OPENSSL_clear_free(der, (size_t)der_size);
	}
	return r;
}

static int bio_to_buf(BIO *bio, struct sk_buf *out)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	return size > 0 ? sk_buf_append(out, data, (size_t)size) : sk_origin(-ENOMEM);
}

struct sk_tls_key *sk_tls_key_free(struct sk_tls_key *key)
{
	if (key)
		EVP_PKEY_free(key->pkey);
	free(key);
	return NULL;
}

void sk_tls_key_free_p(struct sk_tls_key **key)
{
	*key = sk_tls_key_free(*key);
}

static int wrap_key(EVP_PKEY *pkey, struct sk_tls_key **ret_key)
{
	struct sk_tls_key *key = sk_calloc(1, sizeof *key);

	if (!key) {
		EVP_PKEY_free(pkey);
		return sk_origin(-ENOMEM);
	}
	key->pkey = pkey;
	*ret_key = key;
	return 0;
}

int sk_tls_key_generate(struct sk_tls_key **ret_key)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	return pkey ? wrap_key(pkey, ret_key) : sk_origin(-ENOMEM);
}

int sk_tls_key_pem(const struct sk_tls_key *key, struct sk_buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int r;

	if (!bio || PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
		r = sk_origin(-ENOMEM);
	else
		r = bio_to_buf(bio, out);
	BIO_free(bio);
	return r;
}

int sk_tls_key_parse(const char *pem, size_t size, struct sk_diag *diag, struct sk_tls_key **ret_key)
{
	const unsigned char *at;
	EVP_PKEY *pkey = NULL;
	uint8_t *der;
	long der_size;
	int r = sk_pem_only(pem, size, "PRIVATE KEY", diag, &der, &der_size);

	if (r != 0)
		return r;
	at = der;
	pkey = d2i_AutoPrivateKey(&pkey, &at, der_size);
	r = pkey && at == der + der_size && sk_pkey_is_p256(pkey) ? 0 : sk_diag_offset(diag, 0, "not a P-256 private key");
	OPENSSL_clear_free(der, (size_t)der_size);
	ERR_clear_error();
	if (r == 0)
		return wrap_key(pkey, ret_key);
	EVP_PKEY_free(pkey);
	return r;
}

struct sk_cert *sk_cert_free(struct sk_cert *cert)
{
	if (cert)
		X509_free(cert->x509);
	free(cert);
	return NULL;
}

void sk_cert_free_p(struct sk_cert **cert)
{
	*cert = sk_cert_free(*cert);
}

int sk_cert_common_name(const X509_NAME *name, char out[static SK_CERT_NAME_MAX + 1])
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *text;
	int size;

	if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0)
		return SK_BAD;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	size = ASN1_STRING_length(text);
	if (size <= 0 || size > SK_CERT_NAME_MAX || memchr(ASN1_STRING_get0_data(text), '\0', (size_t)size))
		return SK_BAD;
	memcpy(out, ASN1_STRING_get0_data(text), (size_t)size);
	out[size] = '\0';
	return sk_cert_name_fits(out) ? 0 : SK_BAD;
}

static int seconds_of(const ASN1_TIME *time, int64_t *ret_seconds)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return SK_BAD;
	*ret_seconds = timegm(&tm);
	return 0;
}

static int serial_text(const X509 *x509, char *out)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
	int size = ASN1_STRING_length(serial);

	if (size < 1 || size > 20)
		return SK_BAD;
	sk_hex(ASN1_STRING_get0_data(serial), (size_t)size, out);
	return 0;
}

static int read_info(X509 *x509, struct sk_cert_info *info)
{
	uint32_t extended = X509_get_extended_key_usage(x509); /* all bits set when the extension is absent */
	unsigned size = sizeof info->fingerprint;

	info->ca = X509_check_ca(x509) == 1;
	info->server = !info->ca && extended != UINT32_MAX && (extended & XKU_SSL_SERVER);
	info->client = !info->ca && extended != UINT32_MAX && (extended & XKU_SSL_CLIENT);
	if (sk_cert_common_name(X509_get_subject_name(x509), info->name) != 0 ||
	    sk_cert_common_name(X509_get_issuer_name(x509), info->issuer) != 0 || serial_text(x509, info->serial) != 0 ||
	    seconds_of(X509_get0_notBefore(x509), &info->not_before) != 0 ||
	    seconds_of(X509_get0_notAfter(x509), &info->not_after) != 0)
		return SK_BAD;
	return X509_digest(x509, EVP_sha256(), info->fingerprint, &size) == 1 ? 0 : SK_BAD;
}

int sk_cert_wrap(X509 *x509, struct sk_diag *diag, struct sk_cert **ret_cert)
{
	_cleanup_cert_ struct sk_cert *cert = sk_calloc(1, sizeof *cert);

	if (!cert) {
		X509_free(x509);
		return sk_origin(-ENOMEM);
	}
	cert->x509 = x509;
	if (!sk_pkey_is_p256(X509_get0_pubkey(x509)))
		return sk_diag_offset(diag, 0, "the certificate's key is not P-256");
	if (read_info(x509, &cert->info) != 0)
		return sk_diag_offset(diag, 0, "the certificate's name, serial or dates are outside what is allowed here");
	*ret_cert = SK_TAKE(cert);
	return 0;
}

int sk_cert_parse(const char *pem, size_t size, struct sk_diag *diag, struct sk_cert **ret_cert)
{
	const unsigned char *at;
	uint8_t *der;
	long der_size;
	X509 *x509;
	int r = sk_pem_only(pem, size, "CERTIFICATE", diag, &der, &der_size);

	if (r != 0)
		return r;
	at = der;
	x509 = d2i_X509(NULL, &at, der_size);
	r = x509 && at == der + der_size ? 0 : sk_diag_offset(diag, 0, "not an X.509 certificate");
	OPENSSL_free(der);
	if (r == 0)
		r = sk_cert_wrap(x509, diag, ret_cert);
	else
		X509_free(x509);
	ERR_clear_error();
	return r;
}

int sk_cert_pem(const struct sk_cert *cert, struct sk_buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int r;

	if (!bio || PEM_write_bio_X509(bio, cert->x509) != 1)
		r = sk_origin(-ENOMEM);
	else
		r = bio_to_buf(bio, out);
	BIO_free(bio);
	return r;
}

const struct sk_cert_info *sk_cert_info(const struct sk_cert *cert)
{
	return &cert->info;
}

bool sk_cert_is_for(const struct sk_cert *cert, const char *name)
{
	return X509_check_ip_asc(cert->x509, name, 0) == 1 ||
	       X509_check_host(cert->x509, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
}

int sk_cert_issued_by(const struct sk_cert *cert, const struct sk_cert *ca)
{
	bool issued = X509_check_issued(ca->x509, cert->x509) == X509_V_OK &&
		      X509_verify(cert->x509, X509_get0_pubkey(ca->x509)) == 1;

	ERR_clear_error();
	return issued ? 0 : SK_DENIED;
}

bool sk_cert_has_key(const struct sk_cert *cert, const struct sk_tls_key *key)
{
	return EVP_PKEY_eq(X509_get0_pubkey(cert->x509), key->pkey) == 1;
}
