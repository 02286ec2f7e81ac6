// SPDX-License-Identifier: GPL-3.0-or-later
/* Allocation with an injectable failure, and secrets that leave no copy. */
#include "base/mem.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#ifdef SK_POINTS
static atomic_ulong fail_at;
static atomic_ulong asked;

static int injected_failure(void)
{
	unsigned long n = atomic_fetch_add(&asked, 1) + 1;

	if (n != atomic_load(&fail_at))
		return 0;
	errno = ENOMEM;
	return 1;
}

void sk_alloc_fail_at(unsigned long n)
{
	atomic_store(&asked, 0);
	atomic_store(&fail_at, n);
}

unsigned long sk_alloc_count(void)
{
	return atomic_load(&asked);
}
#else
#define injected_failure() 0
void sk_alloc_fail_at(unsigned long n)
{
	(void)n;
}

unsigned long sk_alloc_count(void)
{
	return 0;
}
#endif

void *sk_malloc(size_t size)
{
	return injected_failure() ? NULL : malloc(size ? size : 1);
}

void *sk_calloc(size_t count, size_t size)
{
	return injected_failure() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *sk_realloc_array(void *old, size_t count, size_t size)
{
	return injected_failure() ? NULL : reallocarray(old, count ? count : 1, size ? size : 1);
}

char *sk_strndup(const char *text, size_t length)
{
	size_t n = strnlen(text, length);
	char *copy = sk_malloc(n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *sk_strdup(const char *text)
{
	return sk_strndup(text, strlen(text));
}

void sk_wipe(void *data, size_t size)
{
	explicit_bzero(data, size);
}

void sk_mem_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

int sk_equal_secret(const void *a, const void *b, size_t size)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

void sk_close_p(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}
