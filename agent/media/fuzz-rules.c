// SPDX-License-Identifier: GPL-3.0-or-later
/* The clerk's word, should it be somebody else's. */
#include <stdint.h>

#include "media/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sk_medium medium = {.vendor = "0781", .product = "5581"};
	struct sk_diag diag = {0};
	struct media_rules rules;
	enum media_pass pass;
	int index;

	if (media_rules_read(data, size, &rules, &diag) != 0)
		return 0;
	(void)media_rules_find(&rules, &medium, &index, &pass);
	media_rules_done(&rules);
	return 0;
}
