// SPDX-License-Identifier: GPL-3.0-or-later
/* The tftp parser under any datagrams (pdu/fuzz-pdu.h says how the input is read). */
#include "proto/pdu/fuzz-pdu.h"

extern const struct gw_proto gw_proto_tftp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return pdu_fuzz(&gw_proto_tftp, data, size);
}
