// SPDX-License-Identifier: GPL-3.0-or-later
/* Any bytes as a vulnerability report. The reader's text is ended by a zero, as a file's buffer is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "accept/vulns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct accept_vulns vulns;
	struct sk_diag diag = {0};
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (accept_vulns_read(text, size, &vulns, &diag) == 0)
		for (const char *c = vulns.tool; *c; c++)
			if ((unsigned char)*c < 0x20)
				abort();
	free(text);
	return 0;
}
