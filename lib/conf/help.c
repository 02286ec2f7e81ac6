// SPDX-License-Identifier: GPL-3.0-or-later
/* What people read about a table: --help-config, the manual page, an example file. */
#include "conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "conf/value.h"

static int help_row(const struct sk_setting *row, const char *prefix, bool ja, struct sk_buf *out)
{
	char what[200];
	int r = sk_buf_printf(out, "%s%s\n    %s\n    %s", prefix, row->key, ja ? row->ja : row->en, sk_value_describe(row, ja, what, sizeof what));

	if (r == 0 && row->required)
		r = sk_buf_append_str(out, ja ? "。必須" : "; required");
	if (r == 0 && row->fallback)
		r = sk_buf_printf(out, ja ? "。既定: %s" : "; default %s", row->fallback);
	return r != 0 ? r : sk_buf_append_str(out, "\n\n");
}

static int help_rows(const struct sk_table *table, const char *prefix, bool ja, struct sk_buf *out)
{
	char inner[160];
	int r = 0;

	for (const struct sk_setting *row = table->rows; row->key && r == 0; row++) {
		r = help_row(row, prefix, ja, out);
		if (r == 0 && row->kind == SK_KIND_RECORDS) {
			snprintf(inner, sizeof inner, "%s%s[].", prefix, row->key);
			r = help_rows(row->inner, inner, ja, out);
		}
	}
	return r;
}

int sk_conf_help(const struct sk_table *table, bool ja, struct sk_buf *out)
{
	int r = sk_buf_printf(out, "%s: %s\n\n", table->name, ja ? table->ja : table->en);

	return r != 0 ? r : help_rows(table, "", ja, out);
}

/* A backslash, and a full stop or quote that begins a line, are roff's. */
static int put_roff(const char *text, struct sk_buf *out)
{
	int r = *text == '.' || *text == '\'' ? sk_buf_append_str(out, "\\&") : 0;

	for (; *text && r == 0; text++)
		r = *text == '\\' ? sk_buf_append_str(out, "\\e") : *text == '-' ? sk_buf_append_str(out, "\\-") : sk_buf_append_char(out, *text);
	return r != 0 ? r : sk_buf_append_char(out, '\n');
}

static int manual_rows(const struct sk_table *table, const char *prefix, struct sk_buf *out)
{
	char what[200], inner[160];
	int r = 0;

	for (const struct sk_setting *row = table->rows; row->key && r == 0; row++) {
		r = sk_buf_printf(out, ".It Cm %s%s\n", prefix, row->key);
		if (r == 0)
			r = put_roff(row->en, out);
		if (r == 0)
			r = sk_buf_append_str(out, ".br\n");
		if (r == 0)
			r = sk_buf_printf(out, "Takes %s%s%s%s.\n", sk_value_describe(row, false, what, sizeof what), row->required ? "; required" : "",
					  row->fallback ? "; default " : "", row->fallback ? row->fallback : "");
		if (r == 0 && row->kind == SK_KIND_RECORDS) {
			snprintf(inner, sizeof inner, "%s%s[].", prefix, row->key);
			r = manual_rows(row->inner, inner, out);
		}
	}
	return r;
}

int sk_conf_manual(const struct sk_table *table, const char *page, struct sk_buf *out)
{
	char title[64];
	size_t i;
	int r;

	for (i = 0; page[i] && i < sizeof title - 1; i++)
		title[i] = page[i] >= 'a' && page[i] <= 'z' ? (char)(page[i] - 32) : page[i];
	title[i] = '\0';
	r = sk_buf_printf(out, ".Dd $Mdocdate$\n.Dt %s 5\n.Os Sekisho %s\n.Sh NAME\n.Nm %s\n.Nd ", title, SK_VERSION, page);
	if (r == 0)
		r = put_roff(table->en, out);
	if (r == 0)
		r = sk_buf_append_str(out, ".Sh DESCRIPTION\nThe file is YAML: UTF\\-8, without anchors, aliases and tags. A key with dots lies in nested "
					   "mappings. An unknown key, a wrong type or a value out of bounds is an error that names line and column.\n"
					   ".Bl -tag -width Ds\n");
	if (r == 0)
		r = manual_rows(table, "", out);
	return r != 0 ? r : sk_buf_append_str(out, ".El\n.Sh SEE ALSO\n.Xr sekisho 1\n");
}

static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? dot + 1 : key;
}

static unsigned depth_of(const char *key)
{
	unsigned depth = 0;

	for (; *key; key++)
		depth += *key == '.';
	return depth;
}

/* How many dots stand before `name`, a part of `key`. */
static unsigned section_depth(const char *key, const char *name)
{
	unsigned depth = 0;

	for (; key < name; key++)
		depth += *key == '.';
	return depth;
}

/* "#users:" for the sections of `key` in which `before` did not lie. */
static int example_sections(const char *key, const char *before, struct sk_buf *out)
{
	int r = 0;

	for (const char *dot = strchr(key, '.'); dot && r == 0; dot = strchr(dot + 1, '.')) {
		const char *name = dot;

		if (before && strncmp(key, before, (size_t)(dot - key) + 1) == 0)
			continue;
		while (name > key && name[-1] != '.')
			name--;
		r = sk_buf_printf(out, "#%*s%.*s:\n", (int)section_depth(key, name) * 2, "", (int)(dot - name), name);
	}
	return r;
}

int sk_conf_example(const struct sk_table *table, bool ja, struct sk_buf *out)
{
	const char *before = NULL;
	int r = sk_buf_printf(out, "# %s: %s\n", table->name, ja ? table->ja : table->en);

	for (const struct sk_setting *row = table->rows; row->key && r == 0; row++) {
		int indent = (int)depth_of(row->key) * 2;

		r = sk_buf_append_char(out, '\n');
		if (r == 0)
			r = example_sections(row->key, before, out);
		if (r == 0)
			r = sk_buf_printf(out, "#%*s %s\n#%*s%s: %s\n", indent, "", ja ? row->ja : row->en, indent, "",
					  last_part(row->key), row->fallback ? row->fallback : "");
		before = row->key;
	}
	return r;
}

int sk_conf_print(const struct sk_table *table, enum sk_conf_form form, const char *page, bool ja)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(1 << 20);
	int r;

	if (form == SK_CONF_EXAMPLE)
		r = sk_conf_example(table, ja, &out);
	else if (form == SK_CONF_MANUAL)
		r = sk_conf_manual(table, page, &out);
	else
		r = sk_conf_help(table, ja, &out);
	if (r == 0 && (fwrite(out.data, 1, out.size, stdout) != out.size || fflush(stdout)))
		r = sk_origin(-errno);
	return r;
}
