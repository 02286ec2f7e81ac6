// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The console as a client of store and fleet: one channel each, opened when first needed and again after it broke. Whoever asked is told when the answer
 * cannot come; nothing waits for ever.
 */
#pragma once

#include <stdint.h>

#include <json-c/json.h>

#include "os/loop.h"
#include "wire/frame.h"

enum { SK_BACKEND_WAIT_MS = 4000, SK_BACKEND_ASKS_MAX = 512 };

struct sk_backend;
struct sk_ask;

/* A frame that answers (valid during the call); NULL when none will come, then `why` says so. After the last one the ask is gone. */
typedef void (*sk_ask_fn)(void *arg, const struct sk_frame *frame, const char *why);

int sk_backend_new(struct sk_loop *loop, const char *root, const char *name, enum sk_proto proto, struct sk_backend **ret_backend);
struct sk_backend *sk_backend_free(struct sk_backend *backend);

/*
 * Asks; `last` is the frame type that ends the answer (0 = none: the ask goes on until cancelled or the channel breaks; no time limit). ERROR always
 * ends it. The answer never comes from inside this call. 0; SK_FULL too many asks; SK_NONE nobody listens; -ENOMEM.
 */
int sk_backend_ask(struct sk_backend *backend, uint16_t type, json_object *body, uint16_t last, sk_ask_fn fn, void *arg,
		   struct sk_ask **ret_ask);
/* No more calls of fn. Takes NULL. One that goes on at the other side is forgotten by closing the channel when nothing else uses it. */
void sk_ask_cancel(struct sk_ask *ask);
