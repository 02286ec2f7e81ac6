// SPDX-License-Identifier: GPL-3.0-or-later
/* What sign.c and keyfile.c share: the inside of a private key. Nobody else includes this. */
#pragma once

#include <openssl/types.h>

#include "crypto/sign.h"

struct sk_private {
	uint8_t seed[SK_PUBLIC_SIZE];
	struct sk_public public;
	EVP_PKEY *pkey;
};
