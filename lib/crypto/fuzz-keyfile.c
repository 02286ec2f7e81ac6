// SPDX-License-Identifier: GPL-3.0-or-later
/* Private and public key files. Without a pass phrase: what is encrypted stops before scrypt, which would only cost time here. */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "crypto/password.h"
#include "crypto/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_private_ struct sk_private *key = NULL;
	struct sk_diag diag = {0};
	struct sk_public public;

	if (sk_private_decode((const char *)data, size, NULL, &diag, &key) == 0 && !key)
		__builtin_trap();
	sk_public_parse((const char *)data, size, &diag, &public);
	return 0;
}
