// SPDX-License-Identifier: GPL-3.0-or-later
/* Reads frames in hexadecimal digits, one a line, from standard input; prints each as a JSON line. 0, or 1 when one was none. */
#pragma once

int sim_decode(void);
