// SPDX-License-Identifier: GPL-3.0-or-later
/* The mms parser under any bytes, gaps and cuts (pdu/fuzz-pdu.h says how the input is read): cut otherwise, it says the same. */
#include "proto/pdu/fuzz-pdu.h"

extern const struct gw_proto gw_proto_mms;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return pdu_fuzz(&gw_proto_mms, data, size);
}
