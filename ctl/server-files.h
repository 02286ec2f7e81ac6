// SPDX-License-Identifier: GPL-3.0-or-later
/* What a server is made of, for backup and restore: one table. */
#pragma once

#include <stdbool.h>

struct server_file {
	const char *name;  /* in the backup */
	const char *path;  /* below the root */
	bool database;     /* copied by SQLite while it is in use */
	bool required;
};

extern const struct server_file server_files[]; /* ends with name NULL */
const struct server_file *server_file_find(const char *name);
