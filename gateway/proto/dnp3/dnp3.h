// SPDX-License-Identifier: GPL-3.0-or-later
/* What dnp3.c (link and transport) and app.c (application layer) share. */
#pragma once

#include "proto/pdu/pdu.h"

enum { DNP3_FUNCTION, DNP3_SOURCE, DNP3_DESTINATION, DNP3_GROUP, DNP3_VARIATION, DNP3_INDEX, DNP3_CONTROL, DNP3_VALUE, DNP3_IIN };
enum { DNP3_FRAGMENT_MAX = 4096 };

/* An application fragment that is whole: fills `told`, which was begun. */
void dnp3_application(struct pdu_told *told, const uint8_t *data, size_t size);
