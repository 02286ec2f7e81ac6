// SPDX-License-Identifier: GPL-3.0-or-later
/* What fins.c (frames) and command.c (what a command touches) share. */
#pragma once

#include "base/cursor.h"
#include "proto/pdu/pdu.h"

enum { FINS_COMMAND, FINS_NETWORK, FINS_NODE, FINS_UNIT, FINS_AREA, FINS_ADDRESS, FINS_BIT, FINS_VALUE, FINS_END, FINS_PRODUCT, FINS_REVISION };

extern const struct pdu_row fins_rows[];
/* The body of a request or, behind its end code, of an answer. What cannot be read makes the message partial. */
void fins_request(struct pdu_told *told, unsigned command, struct sk_cursor *c);
void fins_answer(struct pdu_told *told, unsigned command, struct sk_cursor *c);
