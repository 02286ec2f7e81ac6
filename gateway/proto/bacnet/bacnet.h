// SPDX-License-Identifier: GPL-3.0-or-later
/* What bacnet.c (link, network and application heads) and service.c (what a service touches) share. */
#pragma once

#include "base/cursor.h"
#include "proto/pdu/pdu.h"

enum { BAC_SERVICE, BAC_TYPE, BAC_INSTANCE, BAC_PROPERTY, BAC_VALUE, BAC_PRIORITY, BAC_STATE, BAC_NETWORK, BAC_ERROR, BAC_VENDOR };
enum { BAC_UNCONFIRMED = 0x100 }; /* added to the number of an unconfirmed service */

extern const struct pdu_row bacnet_rows[];
/* The parameters of a request. What cannot be read makes the message partial. */
void bacnet_request(struct pdu_told *told, unsigned service, struct sk_cursor *c);
