// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Blocking client of our local sockets, for the command and for tests. Not for duties: they have a loop
 * (wire/chan.h).
 */
#pragma once

#include <stdint.h>

#include "base/diag.h"
#include "wire/frame.h"

struct sk_call;

/* Results of sk_peer_connect(): 0, SK_NONE nobody listens, SK_DENIED, SK_AGAIN, -errno. */
int sk_call_open(const char *root, const char *name, enum sk_proto proto, struct sk_call **ret_call);
/* The same over a connected socket; takes the descriptor on success only. */
int sk_call_open_fd(int fd, enum sk_proto proto, struct sk_call **ret_call);
struct sk_call *sk_call_free(struct sk_call *call);
void sk_call_free_p(struct sk_call **call);
#define _cleanup_call_ __attribute__((cleanup(sk_call_free_p)))

/*
 * Sends one frame within `timeout_ms` (monotonic). 0; SK_AGAIN time is up; SK_END the other side closed;
 * -errno.
 */
int sk_call_send(struct sk_call *call, uint16_t type, uint32_t id, const void *body, size_t size, uint64_t timeout_ms);
/*
 * The next frame; its body is valid until the next call. 0; SK_AGAIN; SK_END; SK_BAD with `diag`; -errno.
 * timeout_ms UINT64_MAX = for ever.
 */
int sk_call_receive(struct sk_call *call, uint64_t timeout_ms, struct sk_frame *ret_frame, struct sk_diag *diag);
/*
 * Sends a question and waits for the frame with its id that ends it. PROGRESS and ROWS frames in between go
 * to `on_part` (may be NULL; another value than 0 from it ends the call and is returned); the time starts
 * again at each. 0 with the answer; SK_DENIED the answer is an ERROR frame: `diag` has "code" as path and the
 * text; SK_AGAIN; SK_END; SK_BAD; -errno.
 */
int sk_call_ask(struct sk_call *call, uint16_t type, const void *body, size_t size, uint64_t timeout_ms,
		int (*on_part)(void *arg, const struct sk_frame *frame), void *arg, struct sk_frame *ret_answer, struct sk_diag *diag);
int sk_call_fd(const struct sk_call *call);
