// SPDX-License-Identifier: GPL-3.0-or-later
/* The files of rules/interpreters, as generate.py compiled them in. Ends with name NULL. */
#pragma once

struct sk_interp_text {
	const char *name, *text;
};
extern const struct sk_interp_text sk_interp_texts[];
