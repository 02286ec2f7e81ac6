// SPDX-License-Identifier: GPL-3.0-or-later
/* The rdp parser under any bytes, in both directions, cut as the first byte says: it may say what it likes, and must stay within its memory. */
#include "proto/record.h"

extern const struct gw_proto gw_proto_rdp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;

	if (size < 2)
		return 0;
	record_begin(&r, &gw_proto_rdp, (data[0] & 2) && (gw_proto_rdp.over & GW_UDP), data[0] & 1);
	record_feed(&r, data[0] & 4 ? GW_TO_CLIENT : GW_TO_SERVER, data + 1, size - 1, 1 + (data[0] >> 3) * 7u);
	if (data[0] & 1)
		gw_proto_rdp.gap(&r.turn, r.state, GW_TO_SERVER, 3);
	record_feed(&r, data[0] & 4 ? GW_TO_SERVER : GW_TO_CLIENT, data + 1, size - 1, 5000);
	if (gw_proto_rdp.fin)
		gw_proto_rdp.fin(&r.turn, r.state, GW_TO_CLIENT);
	record_end(&r);
	return 0;
}
