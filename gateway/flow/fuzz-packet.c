// SPDX-License-Identifier: GPL-3.0-or-later
/* Decoding a frame: whatever it holds, each part lies inside it, and mending its checksums changes no other place than where they stand. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow/packet.h"
#include "flow/sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct gw_packet *p)
{
	if (p->l3 > p->size || p->l4 > p->size || p->payload > p->size || p->payload_size > p->size - p->payload || (p->payload && p->payload < p->l4))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_packet first = {.size = (uint32_t)size}, second;

	if (size == 0 || !(first.frame = malloc(size))) /* of its very size, so that a byte too far is seen */
		return 0;
	memcpy(first.frame, data, size);
	gw_decode(&first, true);
	inside(&first);
	second = (struct gw_packet){.frame = first.frame, .size = first.size};
	gw_sum_mend(&first);
	gw_decode(&second, true);
	inside(&second);
	if (second.l4 != first.l4 || second.payload != first.payload || second.payload_size != first.payload_size || second.transport != first.transport)
		__builtin_trap();
	free(first.frame);
	return 0;
}
