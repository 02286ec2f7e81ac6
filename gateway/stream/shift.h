// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Two sides that count differently, because bytes were taken out of what one says, or put in. For the files of stream alone.
 *
 * Each direction has a list of edits, in order: at a number of the sender's so many bytes are left out, and so many of ours stand there instead. Behind an edit the receiver
 * counts by the difference more or less. An edit that the receiver has acknowledged as a whole becomes part of one sum: whatever still comes from before it is old for
 * the receiver, wherever it is put. What is left out counts as acknowledged when everything before it is.
 *
 *   in    the acknowledgement, SACK's blocks (RFC 2018) and the window of a segment are made those of the other side's own numbers
 *   out   a segment goes on without what was left out, in pieces where something of ours stands between, its number as the receiver counts
 *
 * Owns its edits, charged to the engine's account.
 */
#pragma once

#include "stream/tcp.h"

enum { GW_EDITS_MAX = 64, GW_INSERT_MAX = 1024 };

void gw_shift_in(struct gw_tcp *tcp, struct gw_packet *packet, int side, struct gw_memory *memory);
/* PASS: the packet is what goes on. DROP: everything of it was handed to release(). */
enum gw_tcp_fate gw_shift_out(struct gw_tcp *tcp, const struct gw_tcp_calls *calls, struct gw_packet *packet, int side);
/* What is to be sent by ourselves to `side` now: what was put in before its turn came, or else an acknowledgement that is owed. */
void gw_shift_flush(struct gw_tcp *tcp, const struct gw_tcp_calls *calls, int side);
/* The sender does not know that what it says again need not come: it is told. */
void gw_shift_owe(struct gw_tcp *tcp, int side);
void gw_shift_end(struct gw_tcp *tcp, struct gw_memory *memory);
