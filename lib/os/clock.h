// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Times, and whether the wall clock can be believed.
 *
 * A wall clock below the build date, or below the last time a trusted party told us (kept in a file), is
 * wrong: then dates are reported, never acted upon. Order is the event's sequence number, durations come from
 * the monotonic clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum sk_clock_state { SK_CLOCK_OK, SK_CLOCK_WRONG };

struct sk_clock {
	uint64_t floor_ms; /* the latest time known to have passed: build date or trusted time */
	uint64_t saved_ms; /* what the file holds */
};

uint64_t sk_clock_ms(void);       /* UTC, milliseconds since 1970 */
uint64_t sk_clock_mono_ms(void);  /* does not count while suspended, never goes back */
uint64_t sk_clock_mono_us(void);
uint64_t sk_clock_build_ms(void); /* when this program was built */
/*
 * The kernel's boot id, 36 characters; "" when /proc cannot be read. Read once and kept; sk_proc_run() reads
 * it before any sandbox.
 */
const char *sk_clock_boot_id(void);
const char *sk_clock_state_name(enum sk_clock_state state); /* "ok", "wrong" */

/*
 * Reads the trusted time kept in `path` below `dir`; a missing or unreadable one leaves the build date (0), a
 * damaged one as well (logged).
 */
int sk_clock_load(struct sk_clock *clock, int dir, const char *path);
enum sk_clock_state sk_clock_check(const struct sk_clock *clock, uint64_t now_ms);
/*
 * Raises the floor to `trusted_ms`, and writes the file when it is more than an hour past what the file
 * holds. Never lowers.
 */
int sk_clock_trust(struct sk_clock *clock, int dir, const char *path, uint64_t trusted_ms);
/* "2025-10-02T03:04:05.678Z"; `out` has 25 bytes. Returns `out`. */
char *sk_clock_text(uint64_t ms, char *out);
/* The inverse, strict: this form, with or without the fraction, UTC. 0 or SK_BAD. */
int sk_clock_parse(const char *text, uint64_t *ret_ms);
