// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * JSON bodies that somebody else wrote, as this folder reads them (wire/link.h says what they mean). Each takes the whole body. 0; SK_BAD with path or
 * byte; -ENOMEM. Nothing points into the body afterwards.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "wire/batch.h"

enum { WELCOME_ACKS_MAX = 64 };

struct body_read {
	uint8_t priority;
	uint64_t after;
};

struct body_refused {
	uint64_t epoch, first, last;
	uint8_t priority;
};

struct body_welcome {
	uint64_t time; /* ms */
	size_t ack_count;
	struct sk_ack acks[WELCOME_ACKS_MAX];
};

struct body_error {
	char code[65];
	char text[256]; /* cut there */
};

int body_read_read(const void *body, size_t size, struct body_read *ret, struct sk_diag *diag);
int body_refused_read(const void *body, size_t size, struct body_refused *ret, struct sk_diag *diag);
int body_welcome_read(const void *body, size_t size, struct body_welcome *ret, struct sk_diag *diag);
int body_error_read(const void *body, size_t size, struct body_error *ret, struct sk_diag *diag);
