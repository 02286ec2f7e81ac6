// SPDX-License-Identifier: GPL-3.0-or-later
/* The operating system of a target, from its os-release(5): never executed, never sourced. What it does not say is not known. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ACCEPT_OS_MAX (64u << 10) /* bytes of the file */

struct accept_os {
	char id[64], version[64], name[128];
	char support_end[11]; /* "2028-06-30", from SUPPORT_END; "" = the file does not say */
};

/* Unknown lines are passed over; of a key given twice the last counts, as in a shell. 0; SK_NONE: neither ID nor PRETTY_NAME is in it. */
int accept_os_read(const char *text, size_t size, struct accept_os *ret_os);
/* Days from `today` (seconds since 1970) to the end of support, negative when it has passed. SK_NONE when it is not known. */
int accept_os_days(const struct accept_os *os, int64_t today, int64_t *ret_days);
