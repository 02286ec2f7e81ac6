// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Password work away from the loop: scrypt takes 0.2 s of a core and 32 MiB, so one thread does it, one password after the other, and the queue is short.
 * Passwords are wiped when done.
 */
#pragma once

#include <stdbool.h>

#include "crypto/password.h"
#include "os/loop.h"

enum { SK_HASHER_QUEUE = 16 };

struct sk_pass;
struct sk_pass_job;

/* What came out. `record` is set by making, and by checking when the record should be made anew at today's cost ("" otherwise). */
struct sk_pass_result {
	int result; /* of sk_password_check() or sk_password_make() */
	char record[SK_PASSWORD_RECORD_SIZE];
};

typedef void (*sk_pass_fn)(void *arg, const struct sk_pass_result *result);

int sk_pass_new(struct sk_loop *loop, struct sk_pass **ret_pass);
struct sk_pass *sk_pass_free(struct sk_pass *pass); /* waits for the one being worked on */
/* `record` NULL: an unknown person, the same work. 0; SK_FULL: ask again later; -ENOMEM. */
int sk_pass_check(struct sk_pass *pass, const char *record, const char *password, sk_pass_fn fn, void *arg, struct sk_pass_job **ret_job);
int sk_pass_make(struct sk_pass *pass, const char *password, sk_pass_fn fn, void *arg, struct sk_pass_job **ret_job);
/* fn will not be called. Takes NULL. */
void sk_pass_cancel(struct sk_pass_job *job);
