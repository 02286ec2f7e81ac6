// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * bench-tiny: the smallest program there is: static, without a C library, it ends at once. bench/exec starts copies of it that are made as large as it
 * wants them by bytes after the end. Never installed.
 */
#include <sys/syscall.h>

void _start(void) __attribute__((noreturn));

void _start(void)
{
	for (;;) {
#if defined(__x86_64__)
		__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
		register long number __asm__("x8") = SYS_exit_group;
		register long code __asm__("x0") = 0;

		__asm__ volatile("svc 0" : : "r"(number), "r"(code) : "memory");
#else
#error "bench-tiny: how does a program end on this machine?"
#endif
	}
}
