// SPDX-License-Identifier: GPL-3.0-or-later
/* The static files inside the program: style sheet, scripts. Made by generate.py; served by http.c under /assets/NAME. */
#pragma once

#include <stddef.h>

struct sk_asset_file {
	const char *name, *type;
	const unsigned char *data;
	size_t size;
	const char *version; /* start of its SHA-256: in its address, so that a browser may keep it for ever */
};

extern const struct sk_asset_file sk_asset_files[]; /* ends with name NULL */
const char *sk_asset_version(const char *name);
