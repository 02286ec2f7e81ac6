// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SECS-I (SEMI E4) as a terminal server carries it over TCP: ENQ asks for the line, EOT gives it, then a block of a length byte (10 to 254), a header of ten bytes, up
 * to 244 of data and two of checksum, then ACK or NAK. Messages longer than a block are several, counted in the header, the last with the E bit.
 *
 *     R bit and device id (2) | W bit and stream | function | E bit and block number (2) | system bytes (4)
 *
 * What the messages mean is HSMS's: the same table, fields, transactions and roles; but the R bit says who sends.
 */
#pragma once

#include "proto/hsms/session.h"

enum { SECS1_BLOCK = 1 + 254 + 2, SECS1_HEADER = 10, SECS1_BODY_MAX = 0x7fff * 244 };

struct secs1_line {
	bool asked;       /* ENQ was sent: a length byte may come */
	bool open, torn;  /* a message of several blocks has begun; one of them was not seen */
	size_t have;
	uint8_t block[SECS1_BLOCK], last[SECS1_HEADER]; /* header of the block before */
	uint16_t number;
	uint64_t size, since;
};

struct secs1_session {
	struct hsms_session talk;
	struct secs1_line line[2];
	bool seen, noise;
};
