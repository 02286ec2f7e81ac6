// SPDX-License-Identifier: GPL-3.0-or-later
/* What the two readers of S7 share: the fields of both, and one function for each protocol of the family. */
#pragma once

#include "proto/pdu/pdu.h"

enum { S7_ROSCTR, S7_FUNCTION, S7_AREA, S7_ADDRESS, S7_VALUE, S7_SERVICE, S7_BLOCK, S7_SZL, S7_ERROR, S7_VERSION, S7_PRODUCT, S7_REVISION, S7_SERIAL, S7_NAME };

/* Each takes the user data from its protocol byte on, and fills `told`, which was begun. False: the bytes are not of that protocol. */
bool s7_classic(struct pdu_told *told, const struct pdu *pdu, const uint8_t *data, size_t size);
bool s7_plus(struct pdu_told *told, const struct pdu *pdu, const uint8_t *data, size_t size);
