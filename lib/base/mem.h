// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Allocation, and the cleanup attributes that make ownership visible in a declaration.
 *
 * Everything in lib/ and the parts allocates through these, so that a test can make the 1st, 2nd, 3rd ...
 * allocation fail (builds with -Dpoints=true only; otherwise the check is compiled out).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_ _cleanup_(sk_free_p)
#define _cleanup_close_ _cleanup_(sk_close_p)

/* NULL when memory is out. Sizes multiply without overflow. Release with free(). */
void *sk_malloc(size_t size) __attribute__((malloc, warn_unused_result));
void *sk_calloc(size_t count, size_t size) __attribute__((malloc, warn_unused_result));
void *sk_realloc_array(void *old, size_t count, size_t size) __attribute__((warn_unused_result));
char *sk_strdup(const char *text) __attribute__((malloc, warn_unused_result));
char *sk_strndup(const char *text, size_t length) __attribute__((malloc, warn_unused_result));

/* Gives what was freed back to the system, where the C library can. For who has just freed much and then rests. */
void sk_mem_trim(void);

/* Zeroes memory that held a secret; not optimised away. */
void sk_wipe(void *data, size_t size);
/* 1 when equal, in time that depends on `size` alone. */
int sk_equal_secret(const void *a, const void *b, size_t size);

static inline void sk_free_p(void *p)
{
	free(*(void **)p);
}
/* Closes *fd when >= 0, keeps errno. */
void sk_close_p(int *fd);

#define SK_TAKE(p) ({ __typeof__(p) *sk_take_ = &(p); __typeof__(p) sk_taken_ = *sk_take_; *sk_take_ = NULL; sk_taken_; })
#define SK_TAKE_FD(fd) ({ int *sk_take_ = &(fd); int sk_taken_ = *sk_take_; *sk_take_ = -1; sk_taken_; })
#define SK_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SK_MIN(a, b) ({ __typeof__(a) sk_a_ = (a); __typeof__(b) sk_b_ = (b); sk_a_ < sk_b_ ? sk_a_ : sk_b_; })
#define SK_MAX(a, b) ({ __typeof__(a) sk_a_ = (a); __typeof__(b) sk_b_ = (b); sk_a_ > sk_b_ ? sk_a_ : sk_b_; })

/*
 * Test switch: the nth allocation from now (1 = the next) fails once; 0 switches off. Without effect unless
 * built with -Dpoints=true.
 */
void sk_alloc_fail_at(unsigned long n);
/* How many allocations were asked for since the last sk_alloc_fail_at(). */
unsigned long sk_alloc_count(void);
