// SPDX-License-Identifier: GPL-3.0-or-later
/* One walk over the list; a sender's list may be wrong, so each length is looked at before it is used. */
#include "flow/options.h"

uint8_t *gw_option_find(const struct gw_packet *p, uint8_t kind, size_t size)
{
	uint8_t *at = p->frame + p->l4 + 20, *end = p->frame + p->payload;

	while (end - at >= 2 && *at != 0) {
		if (*at == 1) {
			at++;
			continue;
		}
		if (at[1] < 2 || at[1] > end - at)
			return NULL;
		if (*at == kind && at[1] >= size)
			return at;
		at += at[1];
	}
	return NULL;
}
