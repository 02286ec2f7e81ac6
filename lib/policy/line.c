// SPDX-License-Identifier: GPL-3.0-or-later
/* The grammar of message lines: words are cut first, then each rule of line.h's grammar is a function of its name. */
#include "policy/line.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"

const char *const sk_line_acts[] = {"session", "read", "report", "write", "control", "engineer", NULL};
static const char *const keywords[] = {"with", "and", "never", "only", "may", "host", "equipment", NULL};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_COMMA, TOKEN_COLON };

struct reader {
	const char *text, *at;
	struct sk_diag *diag;
	/* the present token */
	enum token_kind kind;
	size_t column;
	char word[SK_LINE_WORD];
};

static int bad(const struct reader *r, const char *what)
{
	if (r->kind == TOKEN_END)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, "the line ends where %s was expected", what);
	return sk_diag_line(r->diag, 1, (uint32_t)r->column, "\"%s\" stands where %s was expected", r->word, what);
}

static int take_text(struct reader *r, size_t size, enum token_kind kind)
{
	if (size >= sizeof r->word)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, "a word is longer than %d bytes", SK_LINE_WORD - 1);
	memcpy(r->word, r->at, size);
	r->word[size] = '\0';
	r->at += size;
	r->kind = kind;
	return 0;
}

static int next_quoted(struct reader *r)
{
	const char *end = strchr(r->at + 1, '"');
	int done;

	if (!end || end == r->at + 1)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, end ? "an empty text" : "a quoted text has no end");
	r->at++;
	done = take_text(r, (size_t)(end - r->at), TOKEN_QUOTED);
	r->at = end + 1;
	return done;
}

/* The next token becomes the present one. */
static int advance(struct reader *r)
{
	size_t size;

	r->at += strspn(r->at, " \t");
	r->column = (size_t)(r->at - r->text) + 1;
	if (!*r->at) {
		r->kind = TOKEN_END;
		r->word[0] = '\0';
		return 0;
	}
	if (*r->at == '"')
		return next_quoted(r);
	if (*r->at == ',' || *r->at == ':')
		return take_text(r, 1, *r->at == ',' ? TOKEN_COMMA : TOKEN_COLON);
	size = strcspn(r->at, " \t,:\"");
	for (size_t i = 0; i < size; i++)
		if (iscntrl((unsigned char)r->at[i]))
			return sk_diag_line(r->diag, 1, (uint32_t)(r->column + i), "a control character");
	return take_text(r, size, TOKEN_WORD);
}

static bool is(const struct reader *r, const char *word)
{
	return r->kind == TOKEN_WORD && strcasecmp(r->word, word) == 0;
}

static bool is_keyword(const char *word)
{
	for (size_t i = 0; keywords[i]; i++)
		if (strcasecmp(keywords[i], word) == 0)
			return true;
	return false;
}

static void lower(char *out, const char *word)
{
	size_t i = 0;

	for (; word[i]; i++)
		out[i] = (char)tolower((unsigned char)word[i]);
	out[i] = '\0';
}

static void read_name(const struct reader *r, struct sk_line_what *what)
{
	size_t size = strlen(r->word);

	*what = (struct sk_line_what){.act = -1};
	for (int i = 0; sk_line_acts[i]; i++)
		if (strcasecmp(sk_line_acts[i], r->word) == 0)
			what->act = i;
	if (what->act >= 0)
		return;
	what->prefix = r->word[size - 1] == '*' || strcasecmp(r->word, "anything") == 0;
	if (strcasecmp(r->word, "anything") == 0)
		return;
	memcpy(what->name, r->word, size + 1);
	if (what->prefix)
		what->name[size - 1] = '\0';
}

static int read_what(struct reader *r, struct sk_line *line)
{
	if (r->kind != TOKEN_WORD || is_keyword(r->word))
		return bad(r, "a message, an act or \"anything\"");
	if (line->what_count == SK_LINE_WHATS)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, "more than %d messages in one line", SK_LINE_WHATS);
	read_name(r, &line->whats[line->what_count++]);
	return advance(r);
}

static int read_whats(struct reader *r, struct sk_line *line)
{
	int done = read_what(r, line);

	while (done == 0 && r->kind == TOKEN_COMMA) {
		done = advance(r);
		if (done == 0)
			done = read_what(r, line);
	}
	return done;
}

/* 5, 100-199: a number with an upper end, or not. */
static bool read_range(const char *word, struct sk_line_value *value)
{
	const char *dash = strchr(word, '-');
	char low[SK_LINE_WORD];

	snprintf(low, sizeof low, "%.*s", (int)(dash ? dash - word : (ptrdiff_t)strlen(word)), word);
	if (sk_parse_u64(low, UINT64_MAX, &value->low) != 0)
		return false;
	value->high = value->low;
	return !dash || (sk_parse_u64(dash + 1, UINT64_MAX, &value->high) == 0 && value->low <= value->high);
}

static int read_value(struct reader *r, struct sk_line *line)
{
	struct sk_line_value *value;

	if ((r->kind != TOKEN_WORD && r->kind != TOKEN_QUOTED) || (r->kind == TOKEN_WORD && is_keyword(r->word)))
		return bad(r, "a value");
	if (line->value_count == SK_LINE_VALUES)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, "more than %d values in one line", SK_LINE_VALUES);
	value = &line->values[line->value_count++];
	*value = (struct sk_line_value){0};
	memcpy(value->text, r->word, sizeof value->text);
	value->number = r->kind == TOKEN_WORD && read_range(r->word, value);
	return advance(r);
}

static int read_field(struct reader *r, struct sk_line *line)
{
	struct sk_line_field *field;
	int done;

	if (r->kind != TOKEN_WORD || is_keyword(r->word))
		return bad(r, "the name of a field");
	if (line->field_count == SK_LINE_FIELDS)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, "more than %d fields in one line", SK_LINE_FIELDS);
	field = &line->fields[line->field_count++];
	lower(field->name, r->word);
	field->first = line->value_count;
	done = advance(r);
	if (done == 0)
		done = read_value(r, line);
	while (done == 0 && r->kind == TOKEN_COMMA) {
		done = advance(r);
		if (done == 0)
			done = read_value(r, line);
	}
	field->count = line->value_count - field->first;
	return done;
}

static int read_fields(struct reader *r, struct sk_line *line)
{
	int done;

	do {
		done = advance(r); /* over "with", or "and" */
		if (done == 0)
			done = read_field(r, line);
	} while (done == 0 && is(r, "and"));
	return done;
}

static int read_need(struct reader *r, struct sk_line *line)
{
	bool window = is(r, "while");
	int done;

	if (!window && !is(r, "recipe"))
		return bad(r, "\"while maintenance\" or \"recipe released\"");
	done = advance(r);
	if (done != 0)
		return done;
	if (!is(r, window ? "maintenance" : "released"))
		return bad(r, window ? "\"maintenance\"" : "\"released\"");
	line->needs |= window ? SK_LINE_MAINTENANCE : SK_LINE_RECIPE;
	return advance(r);
}

static int read_only(struct reader *r, struct sk_line *line)
{
	int done;

	line->verdict = SK_LINE_ONLY;
	do {
		done = advance(r); /* over "only", or "and" */
		if (done == 0)
			done = read_need(r, line);
	} while (done == 0 && is(r, "and"));
	return done;
}

static int read_never(struct reader *r, struct sk_line *line)
{
	enum sk_line_role role;
	int done = advance(r);

	line->verdict = SK_LINE_NEVER;
	if (done != 0 || r->kind == TOKEN_END)
		return done;
	if (!is(r, "leaves") && !is(r, "enters"))
		return bad(r, "the end, \"leaves\" or \"enters\"");
	role = is(r, "leaves") ? SK_LINE_EQUIPMENT : SK_LINE_HOST;
	if (line->role != SK_LINE_ANYBODY && line->role != role)
		return sk_diag_line(r->diag, 1, (uint32_t)r->column, "\"%s\" contradicts who speaks", r->word);
	line->role = role;
	return advance(r);
}

static int read_end(struct reader *r, struct sk_line *line, bool may)
{
	int done = 0;

	if (may && (is(r, "never")))
		return bad(r, "the end (\"may\" and \"never\" in one line)");
	if (is(r, "never"))
		done = read_never(r, line);
	else if (is(r, "only"))
		done = read_only(r, line);
	if (done == 0 && r->kind != TOKEN_END)
		return bad(r, "\"with\", \"never\", \"only\" or the end");
	return done;
}

/* "hsms:" before everything else; the word is looked at before it is known to be one. */
static int read_protocol(struct reader *r, struct sk_line *line)
{
	const char *after = r->at + strspn(r->at, " \t");
	int done;

	if (r->kind != TOKEN_WORD || *after != ':')
		return 0;
	lower(line->protocol, r->word);
	done = advance(r);
	return done ? done : advance(r);
}

static int read_who(struct reader *r, struct sk_line *line, bool *ret_may)
{
	int done = 0;

	if (is(r, "host") || is(r, "equipment")) {
		line->role = is(r, "host") ? SK_LINE_HOST : SK_LINE_EQUIPMENT;
		done = advance(r);
	}
	*ret_may = done == 0 && is(r, "may");
	return *ret_may ? advance(r) : done;
}

int sk_line_parse(const char *text, struct sk_line *ret_line, struct sk_diag *diag)
{
	struct reader r = {.text = text, .at = text, .diag = diag, .column = 1};
	struct sk_line line = {0};
	bool may = false;
	int done;

	if (strlen(text) > SK_LINE_MAX)
		return sk_diag_line(diag, 1, SK_LINE_MAX + 1, "longer than %d bytes", SK_LINE_MAX);
	done = advance(&r);
	if (done == 0)
		done = read_protocol(&r, &line);
	if (done == 0)
		done = read_who(&r, &line, &may);
	if (done == 0)
		done = read_whats(&r, &line);
	if (done == 0 && is(&r, "with"))
		done = read_fields(&r, &line);
	if (done == 0)
		done = read_end(&r, &line, may);
	if (done == 0)
		*ret_line = line;
	return done;
}

static int write_what(const struct sk_line_what *what, struct sk_buf *out)
{
	if (what->act >= 0)
		return sk_buf_append_str(out, sk_line_acts[what->act]);
	if (what->prefix && !what->name[0])
		return sk_buf_append_str(out, "anything");
	return sk_buf_printf(out, "%s%s", what->name, what->prefix ? "*" : "");
}

static int write_field(const struct sk_line *line, const struct sk_line_field *field, struct sk_buf *out)
{
	int r = sk_buf_append_str(out, field->name);

	for (size_t i = 0; i < field->count && r == 0; i++) {
		const struct sk_line_value *value = &line->values[field->first + i];

		r = sk_buf_printf(out, value->number ? "%s %s" : "%s \"%s\"", i ? "," : "", value->text);
	}
	return r;
}

static int write_end(const struct sk_line *line, struct sk_buf *out)
{
	if (line->verdict == SK_LINE_NEVER)
		return sk_buf_append_str(out, " never");
	if (line->verdict == SK_LINE_MAY)
		return 0;
	return sk_buf_printf(out, " only%s%s%s", line->needs & SK_LINE_MAINTENANCE ? " while maintenance" : "",
			     line->needs == (SK_LINE_MAINTENANCE | SK_LINE_RECIPE) ? " and" : "", line->needs & SK_LINE_RECIPE ? " recipe released" : "");
}

int sk_line_write(const struct sk_line *line, struct sk_buf *out)
{
	static const char *const roles[] = {"", "host ", "equipment "};
	int r = 0;

	if (line->protocol[0])
		r = sk_buf_printf(out, "%s: ", line->protocol);
	if (r == 0)
		r = sk_buf_append_str(out, roles[line->role]);
	if (r == 0 && line->role != SK_LINE_ANYBODY && line->verdict == SK_LINE_MAY)
		r = sk_buf_append_str(out, "may ");
	for (size_t i = 0; i < line->what_count && r == 0; i++) {
		r = i ? sk_buf_append_str(out, ", ") : 0;
		if (r == 0)
			r = write_what(&line->whats[i], out);
	}
	for (size_t i = 0; i < line->field_count && r == 0; i++) {
		r = sk_buf_append_str(out, i ? " and " : " with ");
		if (r == 0)
			r = write_field(line, &line->fields[i], out);
	}
	return r ? r : write_end(line, out);
}
