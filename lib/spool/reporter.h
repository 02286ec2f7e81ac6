// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The reporter's end of spool.sock: a duty hands over events, this keeps each of priority 0 and 1 until the spool has said that it is durable, and sends
 * again after a reconnect (so the spool may get one twice when it dies between the two). Bulk is sent once. What is over the limit is lost and counted; the spool may be
 * absent for as long as it likes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/loop.h"

struct sk_reporter;

/* Connects to ROOT/run/sekisho/spool.sock, now and whenever it is gone. At most `max` events and `max_bytes` wait. 0 or -errno. */
int sk_reporter_new(struct sk_loop *loop, const char *root, uint32_t max, size_t max_bytes, struct sk_reporter **ret_reporter);
struct sk_reporter *sk_reporter_free(struct sk_reporter *reporter);
/* One bare event without a newline; copied. */
void sk_reporter_send(struct sk_reporter *reporter, uint8_t priority, const char *text, size_t size);
uint32_t sk_reporter_waiting(const struct sk_reporter *reporter);
bool sk_reporter_connected(const struct sk_reporter *reporter);
/* Lost since the last call, when less than half of the room is taken: then an event can tell it. Else 0. */
uint64_t sk_reporter_take_lost(struct sk_reporter *reporter);
uint64_t sk_reporter_lost(const struct sk_reporter *reporter); /* in all */
