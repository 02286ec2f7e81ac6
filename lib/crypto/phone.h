// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Codes that people read to each other over a telephone: an endpoint without a network shows a challenge, the desk reads back an answer. Digits alone,
 * in groups, each number with a check digit, so that a misheard or swapped digit is found before it costs a try.
 *
 *   challenge   12 digits, 4-4-4: scope (1), half hours (2), random (8), check (1)
 *   answer      9 digits, 3-3-3: OCRA value (8), check (1)
 *
 * The value is OCRA-1:HOTP-SHA256-8:QN11-S064 (RFC 6287, truncated as RFC 4226 section 5.3 says), under the 32 bytes that enrolment left on both sides
 * (var/lib/sekisho/endpoint.secret; fleet.db): HMAC-SHA-256 over the suite, a zero byte, the first 11 digits of the challenge as a number, and 64
 * bytes of session text that spell scope and duration once more. The check digit is Damm's: it finds each wrong digit and each swap of neighbours.
 *
 * What this does not do: count tries, tell the time, forget a used challenge. Who shows the challenge does (agent/lockdown/window/code.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

#define SK_PHONE_SECRET 32
enum { SK_PHONE_CHALLENGE = 12, SK_PHONE_ANSWER = 9, SK_PHONE_TEXT = 16 /* either, grouped, with its zero */ };
enum { SK_PHONE_HALF_HOURS = 96 /* longest duration */ };

enum sk_phone_scope {
	SK_PHONE_UPDATERS = 1, /* a maintenance window: what trusted updaters write becomes known */
	SK_PHONE_OBSERVE = 2,  /* the same, and unknown programs start and are noted */
};
/* By number, NULL where there is none: "updaters", "observe". */
extern const char *const sk_phone_scopes[10];

struct sk_phone {
	char digits[SK_PHONE_CHALLENGE + 1];
	unsigned scope;      /* enum sk_phone_scope */
	unsigned half_hours; /* 1 .. SK_PHONE_HALF_HOURS */
};

/* A new challenge. 0, SK_BAD (no such scope or duration), fatal. */
int sk_phone_ask(unsigned scope, unsigned half_hours, struct sk_phone *ret_challenge);
/* As a person types it: spaces, hyphens and full-width digits pass. 0, or SK_BAD with what to do. */
int sk_phone_read_challenge(const char *text, struct sk_phone *ret_challenge, struct sk_diag *diag);
int sk_phone_read_answer(const char *text, char ret_digits[static SK_PHONE_ANSWER + 1], struct sk_diag *diag);
/* The answer to a challenge. 0 or fatal. */
int sk_phone_answer(const uint8_t secret[static SK_PHONE_SECRET], const struct sk_phone *challenge, char ret_digits[static SK_PHONE_ANSWER + 1]);
/* "108247301956" as "1082 4730 1956", "282479701" as "282 479 701". Returns `out`. */
char *sk_phone_group(const char *digits, char out[static SK_PHONE_TEXT]);

/* RFC 6287 without counter, PIN and time: `session` NULL leaves S out. *ret_value has 8 digits. 0 or fatal. */
int sk_ocra(const void *key, size_t key_size, const char *suite, const uint8_t question[static 128], const uint8_t *session,
	    uint32_t *ret_value);
/* Damm's check digit of decimal digits, as a character. */
char sk_phone_check_digit(const char *digits, size_t count);
