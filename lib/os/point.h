// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Named places where a test kills the process or makes an operation fail. Compiled out unless built with
 * -Dpoints=true.
 *
 *   SEKISHO_POINT=spool.append:3      SIGKILL at the third pass. Passes are counted over all processes of a program (duties and their restarts),
 *                                     so the kill happens once.
 *   SEKISHO_POINT_LOG=FILE            appends each name when it is reached for the first time by a process.
 *   SEKISHO_POINT_WAIT=1              FILE is a terminal line: each pass is told there, and the process goes on when a byte comes back. So whoever listens (a test
 *                                     outside of a virtual machine) knows what was on the disk at that point, or ends the machine there.
 *   SEKISHO_FAIL=NAME:3:ENOSPC        the third operation named NAME fails, once. `3+`: the third and all after it. `@FILE`: while FILE
 *                                     exists. Several rules are separated by commas.
 */
#pragma once

#ifdef SK_POINTS
void sk_point_reached(const char *name);
/* 0, or the positive errno that the operation called `name` shall fail with now. */
int sk_point_failure(const char *name);
#define SK_POINT(name) sk_point_reached(name)
#else
#define SK_POINT(name) ((void)0)
#define sk_point_failure(name) 0
#endif

/* Descriptor that must stay open in every process for the log to work, or -1. */
int sk_point_fd(void);
