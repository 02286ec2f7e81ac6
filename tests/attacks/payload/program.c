// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The code whose effect is looked for. Built anew for each run with two numbers, LOW and HIGH, which are the token's bytes turned over: so the token
 * stands nowhere in a file until this code has run and has written it into the proof. TINY is a program without any effect, LIBRARY a library that
 * writes when it is loaded, LATER one that does when it is called.
 */
#include <fcntl.h>
#include <unistd.h>

#ifndef LOW
#define LOW 0UL
#define HIGH 0UL
#endif

static void __attribute__((unused)) prove(void)
{
	const unsigned long token[2] = {~LOW, ~HIGH};
	int fd = open("/proof/token", O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, token, sizeof token) < 0)
		return;
	close(fd);
}

#if defined(LIBRARY)
static void __attribute__((constructor)) loaded(void)
{
	prove();
}

unsigned int la_version(unsigned int version)
{
	return version;
}

int plugin(void)
{
	return 0;
}
#elif defined(LATER)
/* Padded to pages of its own, so that it is read when it is called, not when the library is loaded. */
__attribute__((aligned(4096))) void later(void)
{
	prove();
}

__attribute__((aligned(4096))) void behind(void)
{
}
#else
#ifdef LINKED
unsigned int la_version(unsigned int version)
{
	return version;
}

int plugin(void);
#endif

int main(void)
{
#ifdef LINKED
	return plugin();
#elif !defined(TINY)
	prove();
#endif
	return 0;
}
#endif
