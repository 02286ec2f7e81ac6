// SPDX-License-Identifier: GPL-3.0-or-later
/* PEM texts from outside: certificate requests (an unauthenticated client sends them), certificates, keys. */
#include <stddef.h>
#include <stdint.h>

#include "crypto/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_tls_key_ struct sk_tls_key *key = NULL;
	_cleanup_cert_ struct sk_cert *cert = NULL;
	struct sk_diag diag = {0};

	sk_csr_check((const char *)data, size, &diag);
	if (sk_cert_parse((const char *)data, size, &diag, &cert) == 0) {
		sk_cert_is_for(cert, "server.example");
		sk_cert_issued_by(cert, cert);
	}
	sk_tls_key_parse((const char *)data, size, &diag, &key);
	return 0;
}
