// SPDX-License-Identifier: GPL-3.0-or-later
/* CMS (RFC 5652) by OpenSSL: a certificate is read, data is enveloped for its owner. Owns nothing between two calls. */
#include "crypto/seal.h"

#include <errno.h>
#include <limits.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "base/mem.h"

static X509 *read_certificate(const char *pem, size_t size, struct sk_diag *diag)
{
	BIO *in = size <= INT_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
	X509 *certificate = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	if (!certificate)
		sk_diag_offset(diag, 0, "is no certificate in PEM");
	ERR_clear_error();
	return certificate;
}

static CMS_ContentInfo *encrypt(X509 *certificate, const void *data, size_t size)
{
	STACK_OF(X509) *readers = sk_X509_new_null();
	BIO *in = BIO_new_mem_buf(data, (int)size);
	CMS_ContentInfo *cms = NULL;

	if (readers && in && sk_X509_push(readers, certificate) > 0)
		cms = CMS_encrypt(readers, in, EVP_aes_256_cbc(), CMS_BINARY);
	sk_X509_free(readers);
	BIO_free(in);
	return cms;
}

static int write_out(CMS_ContentInfo *cms, struct sk_buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_CMS_ContentInfo(cms, &der), r;

	if (n < 0)
		return sk_origin(-ENOMEM);
	r = sk_buf_append(out, der, (size_t)n);
	OPENSSL_free(der);
	return r;
}

int sk_seal(const char *pem, size_t pem_size, const void *data, size_t size, struct sk_buf *out, struct sk_diag *diag)
{
	X509 *certificate = size <= INT_MAX ? read_certificate(pem, pem_size, diag) : NULL;
	CMS_ContentInfo *cms = certificate ? encrypt(certificate, data, size) : NULL;
	int r = !certificate ? SK_BAD : !cms ? sk_diag_offset(diag, 0, "is a certificate that nothing can be encrypted for") : write_out(cms, out);

	CMS_ContentInfo_free(cms);
	X509_free(certificate);
	ERR_clear_error();
	return r;
}

int sk_seal_check(const char *pem, size_t size, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(64 << 10);

	return sk_seal(pem, size, "", 0, &out, diag);
}
