// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is on its way to the server: batches sent and not answered yet, at most WINDOW of them, and per priority how far was sent and how far is
 * acknowledged. Bookkeeping alone: no socket, no memory of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/batch.h"

enum { WINDOW = 8 };

struct window {
	uint64_t epoch;
	uint64_t sent[SK_PRIORITIES];  /* highest seq handed to the server on this connection */
	uint64_t acked[SK_PRIORITIES]; /* highest seq it said is durable */
	uint32_t ids[WINDOW];          /* of BATCH frames under way; 0 = free */
	struct window_range { uint64_t first, last; uint8_t priority; } ranges[WINDOW]; /* what is in them */
	unsigned count;
};

void window_reset(struct window *w, uint64_t epoch);
bool window_full(const struct window *w);
/* A batch goes out. False: it is not what follows (another epoch, or seqs that were sent already): do not send it. */
bool window_send(struct window *w, uint32_t id, const struct sk_batch *batch);
/* 0: `ret_news` says whether more is acknowledged than before; SK_BAD: an answer nobody asked for, or a seq that was never sent. */
int window_ack(struct window *w, uint32_t id, const struct sk_ack *ack, bool *ret_news);
/* The server has this much from before (WELCOME). */
void window_welcome(struct window *w, uint8_t priority, uint64_t seq);
/* What was in the BATCH that is answered, when it is the next one of its priority that the server needs; else NULL. */
const struct window_range *window_next(const struct window *w, uint32_t id);
/* After ERROR "full": nothing is under way, sending starts again behind what is acknowledged. */
void window_rewind(struct window *w);
