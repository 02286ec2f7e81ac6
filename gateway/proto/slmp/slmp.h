// SPDX-License-Identifier: GPL-3.0-or-later
/* What slmp.c (frames and commands) and device.c (what a command touches) share. Numbers are little-endian in binary frames, hexadecimal digits in ASCII ones. */
#pragma once

#include "base/cursor.h"
#include "proto/pdu/pdu.h"

enum { SLMP_NETWORK, SLMP_STATION, SLMP_MODULE, SLMP_COMMAND, SLMP_SUBCOMMAND, SLMP_DEVICE, SLMP_ADDRESS, SLMP_VALUE, SLMP_END, SLMP_PRODUCT };

struct slmp_reader {
	struct sk_cursor c;
	bool ascii;
};

/* A number of so many bytes; of ASCII twice as many digits. */
uint32_t slmp_number(struct slmp_reader *in, unsigned bytes);
/* The body of a request. What cannot be read makes the message partial. */
void slmp_touches(struct pdu_told *told, struct slmp_reader *in, unsigned command, unsigned subcommand);
