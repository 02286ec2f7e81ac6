// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines of a list, and heads of files: what a child that an archive took over could say, and what a file's maker can choose. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "accept/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct accept_inventory inventory = {0};
	struct sk_diag diag = {0};

	(void)accept_classify(data, size, "name.ko", 0755);
	(void)accept_is_archive(data, size);
	if (accept_list_read((const char *)data, size, &inventory, &diag) != 0)
		return 0;
	for (size_t i = 0; i < inventory.count; i++)
		for (const char *c = inventory.entries[i].path; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				abort();
	accept_inventory_done(&inventory);
	return 0;
}
