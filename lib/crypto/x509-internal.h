// SPDX-License-Identifier: GPL-3.0-or-later
/* What x509.c, issue.c and tls.c share. Nobody else includes this. */
#pragma once

#include <openssl/types.h>

#include "crypto/x509.h"

struct sk_tls_key {
	EVP_PKEY *pkey;
};

struct sk_cert {
	X509 *x509;
	struct sk_cert_info info;
};

/* Takes the reference to `x509` in every case. As sk_cert_parse(). */
int sk_cert_wrap(X509 *x509, struct sk_diag *diag, struct sk_cert **ret_cert);
/* The common name, when it is the only one and within the bounds of x509.h; else SK_BAD. */
int sk_cert_common_name(const X509_NAME *name, char out[static SK_CERT_NAME_MAX + 1]);
bool sk_cert_name_fits(const char *name);
bool sk_pkey_is_p256(const EVP_PKEY *pkey);
/* Reads one PEM object of `type` and nothing behind it but white space; *ret_der is for OPENSSL_free(). 0 or SK_BAD. */
int sk_pem_only(const char *pem, size_t size, const char *type, struct sk_diag *diag, uint8_t **ret_der, long *ret_size);
