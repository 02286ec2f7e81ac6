// SPDX-License-Identifier: GPL-3.0-or-later
/* Bundles. A second pass puts the right checksum at the end, so that the items behind it are reached. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/hash.h"
#include "policy/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const void *data, size_t size)
{
	struct sk_diag diag = {0};
	struct sk_bundle bundle;

	if (sk_bundle_parse(data, size, &bundle, &diag) != 0) {
		if (!diag.text[0])
			__builtin_trap();
		return;
	}
	for (size_t i = 0; i < bundle.count; i++) {
		_cleanup_envelope_ struct sk_envelope *envelope = NULL;

		sk_envelope_parse(bundle.items[i].text, bundle.items[i].size, &envelope, &diag);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t end[5] = {0, 0, 0, 0, 32};
	_cleanup_buf_ struct sk_buf whole = SK_BUF(1 << 20);
	uint8_t sum[SK_SHA256_SIZE];

	parse(data, size);
	if (sk_buf_append(&whole, "SKB1", 4) != 0 || sk_buf_append(&whole, data, size) != 0 || sk_sha256(whole.data, whole.size, sum) != 0 ||
	    sk_buf_append(&whole, end, sizeof end) != 0 || sk_buf_append(&whole, sum, sizeof sum) != 0)
		return 0;
	parse(whole.data, whole.size);
	return 0;
}
