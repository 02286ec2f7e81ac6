// SPDX-License-Identifier: GPL-3.0-or-later
/* The whole table: what is compiled in, and a site's own files beside it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "interp/interp.h"
#include "interp/texts.h"

enum { FILE_SIZE_MAX = 65536 };

void sk_interp_table_done(struct sk_interp_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		sk_interp_done(&table->items[i]);
	free(table->items);
	free(table->rows);
	*table = (struct sk_interp_table){0};
}

/* A file of a name that exists replaces it. */
static int add(struct sk_interp_table *table, const char *text, size_t size, struct sk_diag *diag)
{
	struct sk_interp in;
	struct sk_row row;
	size_t at = 0;
	int r = sk_interp_parse(text, size, &in, &row, diag);

	if (r != 0)
		return r;
	while (at < table->count && strcmp(table->items[at].name, in.name) != 0)
		at++;
	if (at == SK_ROWS) {
		sk_interp_done(&in);
		return sk_diag_path(diag, "", "more than %d interpreters", SK_ROWS);
	}
	if (at < table->count)
		sk_interp_done(&table->items[at]);
	else
		table->count++;
	row.number = (uint8_t)at;
	table->items[at] = in;
	table->rows[at] = row;
	return 0;
}

static int add_file(struct sk_interp_table *table, const char *path, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(FILE_SIZE_MAX);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;
	char *space;
	int r;

	sk_diag_source(diag, path);
	if (fd < 0)
		return sk_diag_path(diag, "", "cannot be opened");
	do {
		r = sk_buf_reserve(&text, 8192, &space);
		if (r != 0)
			return r == SK_FULL ? sk_diag_path(diag, "", "is larger than %d bytes", FILE_SIZE_MAX - 8192) : r;
		n = read(fd, space, 8192);
		if (n > 0)
			sk_buf_grown(&text, (size_t)n);
	} while (n > 0);
	return n < 0 ? sk_diag_path(diag, "", "cannot be read") : add(table, text.data ? text.data : "", text.size, diag);
}

static int is_ours(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return entry->d_name[0] != '.' && size > 5 && strcmp(entry->d_name + size - 5, ".yaml") == 0;
}

static int add_folder(struct sk_interp_table *table, const char *folder, struct sk_diag *diag)
{
	struct dirent **names = NULL;
	int count = scandir(folder, &names, is_ours, alphasort), r = 0;
	char path[4096];

	if (count < 0)
		return errno == ENOMEM ? sk_origin(-ENOMEM) : 0; /* no folder: nothing of the site's own */
	for (int i = 0; i < count; i++) {
		if (r == 0 && (size_t)snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name) < sizeof path)
			r = add_file(table, path, diag);
		free(names[i]);
	}
	free(names);
	return r;
}

int sk_interp_load(const char *folder, struct sk_interp_table *ret_table, struct sk_diag *diag)
{
	_cleanup_interp_ struct sk_interp_table table = {sk_calloc(SK_ROWS, sizeof *table.items), sk_calloc(SK_ROWS, sizeof *table.rows), 0};
	int r = table.items && table.rows ? 0 : sk_origin(-ENOMEM);

	for (size_t i = 0; sk_interp_texts[i].name && r == 0; i++) {
		if (diag)
			diag->source[0] = '\0';
		sk_diag_source(diag, sk_interp_texts[i].name);
		r = add(&table, sk_interp_texts[i].text, strlen(sk_interp_texts[i].text), diag);
	}
	if (r == 0 && folder)
		r = add_folder(&table, folder, diag);
	if (r == 0) {
		*ret_table = table;
		table = (struct sk_interp_table){0};
	}
	return r;
}
