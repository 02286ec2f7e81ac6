// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Data for one reader: CMS EnvelopedData (RFC 5652) for the owner of a certificate, AES-256 in CBC mode, DER. Whoever writes it cannot read it again;
 * `openssl cms -decrypt -inform DER -binary -inkey KEY -recip CERTIFICATE` does. It hides; it proves nothing about who wrote it.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/diag.h"

/* A certificate that data can be encrypted for: P-256 or RSA, PEM. 0, SK_BAD or -ENOMEM. */
int sk_seal_check(const char *pem, size_t size, struct sk_diag *diag);
/* Appends. 0; SK_BAD: no such certificate; SK_FULL; -ENOMEM, -EIO. */
int sk_seal(const char *pem, size_t pem_size, const void *data, size_t size, struct sk_buf *out, struct sk_diag *diag);
