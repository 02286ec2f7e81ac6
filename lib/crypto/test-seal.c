// SPDX-License-Identifier: GPL-3.0-or-later
/* What is sealed is read by the certificate's owner alone, and nothing of it stands in the clear. */
#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/pem.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/seal.h"
#include "crypto/x509.h"

static const char text[] = "RECIPE-BODY-7, which is nobody's business";

static void make(struct sk_buf *certificate, struct sk_buf *key)
{
	_cleanup_(sk_tls_key_free_p) struct sk_tls_key *made = NULL;
	_cleanup_(sk_cert_free_p) struct sk_cert *cert = NULL;

	assert_int_equal(sk_tls_key_generate(&made), 0);
	assert_int_equal(sk_ca_make(made, "captures", 1700000000, 1900000000, &cert), 0);
	assert_int_equal(sk_cert_pem(cert, certificate), 0);
	assert_int_equal(sk_tls_key_pem(made, key), 0);
}

static bool opens(const struct sk_buf *sealed, const struct sk_buf *certificate, const struct sk_buf *key)
{
	BIO *in = BIO_new_mem_buf(sealed->data, (int)sealed->size), *c = BIO_new_mem_buf(certificate->data, (int)certificate->size),
	    *k = BIO_new_mem_buf(key->data, (int)key->size), *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = d2i_CMS_bio(in, NULL);
	X509 *cert = PEM_read_bio_X509(c, NULL, NULL, NULL);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(k, NULL, NULL, NULL);
	char got[100] = "";
	bool good;

	assert_true(cms && cert && pkey);
	good = CMS_decrypt(cms, pkey, cert, NULL, out, 0) == 1 && BIO_read(out, got, sizeof got) == (int)sizeof text && memcmp(got, text, sizeof text) == 0;
	CMS_ContentInfo_free(cms);
	X509_free(cert);
	EVP_PKEY_free(pkey);
	BIO_free(in);
	BIO_free(c);
	BIO_free(k);
	BIO_free(out);
	return good;
}

static void test_only_the_owner_reads(void **state)
{
	_cleanup_buf_ struct sk_buf certificate = SK_BUF(8192), key = SK_BUF(8192), other = SK_BUF(8192), other_key = SK_BUF(8192), sealed = SK_BUF(8192);

	make(&certificate, &key);
	make(&other, &other_key);
	assert_int_equal(sk_seal(certificate.data, certificate.size, text, sizeof text, &sealed, NULL), 0);
	assert_null(memmem(sealed.data, sealed.size, "RECIPE-BODY", 11));
	assert_true(opens(&sealed, &certificate, &key));
	assert_false(opens(&sealed, &certificate, &other_key));
}

static void test_what_is_no_certificate(void **state)
{
	_cleanup_buf_ struct sk_buf certificate = SK_BUF(8192), key = SK_BUF(8192), small = SK_BUF(10);
	struct sk_diag diag = {0};

	make(&certificate, &key);
	assert_int_equal(sk_seal_check("nonsense", 8, &diag), SK_BAD);
	assert_string_equal(diag.text, "is no certificate in PEM");
	assert_int_equal(sk_seal_check(key.data, key.size, NULL), SK_BAD);
	assert_int_equal(sk_seal_check(certificate.data, certificate.size, NULL), 0);
	assert_int_equal(sk_seal(certificate.data, certificate.size, text, sizeof text, &small, NULL), SK_FULL);
	assert_int_equal(small.size, 0);
}

SK_TEST_MAIN(cmocka_unit_test(test_only_the_owner_reads), cmocka_unit_test(test_what_is_no_certificate))
