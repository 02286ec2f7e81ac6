// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Scores are numbers with a fraction, which our own JSON reader refuses: so json-c's reader, strict, with its depth and the size bounded before. The
 * CSV reader is ours (RFC 4180), over a cursor.
 */
#include "accept/vulns.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"

enum { DEPTH = 32, ENTRIES = 200000, FIELDS = 64, FIELD_MAX = 256 };

const char *const accept_severity_words[] = {"critical", "high", "medium", "low", "none", "unknown", NULL};

/* Printable, cut, ended. UTF-8 stays what it is. */
static void put_text(char *out, size_t size, const char *text)
{
	size_t used = 0;

	for (; text && *text && used + 1 < size; text++)
		out[used++] = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
	while (text && *text && used && ((unsigned char)out[used - 1] & 0xc0) == 0x80)
		used--; /* not half a character */
	if (text && *text && used && (unsigned char)out[used - 1] >= 0xc0)
		used--;
	out[used] = 0;
}
#define PUT(array, text) put_text(array, sizeof(array), text)

static struct json_object *member(struct json_object *at, const char *key, enum json_type type)
{
	struct json_object *value;

	return json_object_is_type(at, json_type_object) && json_object_object_get_ex(at, key, &value) && json_object_is_type(value, type) ? value : NULL;
}

static const char *text_of(struct json_object *at, const char *key)
{
	struct json_object *value = member(at, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

static enum accept_severity severity_of(const char *word)
{
	if (word && (strcasecmp(word, "info") == 0 || strcasecmp(word, "negligible") == 0 || strcasecmp(word, "log") == 0))
		return ACCEPT_NONE;
	for (int i = 0; word && i < ACCEPT_UNKNOWN; i++)
		if (strcasecmp(word, accept_severity_words[i]) == 0)
			return (enum accept_severity)i;
	return ACCEPT_UNKNOWN;
}

/* The qualitative scale of CVSS 3 and 4. */
static enum accept_severity severity_of_score(double score)
{
	if (!(score >= 0 && score <= 10))
		return ACCEPT_UNKNOWN;
	return score >= 9 ? ACCEPT_CRITICAL : score >= 7 ? ACCEPT_HIGH : score >= 4 ? ACCEPT_MEDIUM : score > 0 ? ACCEPT_LOW : ACCEPT_NONE;
}

static void count(struct accept_vulns *out, const char *id, enum accept_severity severity)
{
	out->count[severity]++;
	if (severity == ACCEPT_CRITICAL && out->named_count < ACCEPT_VULNS_NAMED)
		PUT(out->named[out->named_count++], id && *id ? id : "?");
}

/* --- CycloneDX */

static enum accept_severity worst_rating(struct json_object *ratings)
{
	enum accept_severity worst = ACCEPT_UNKNOWN;

	for (size_t i = 0; ratings && i < json_object_array_length(ratings); i++) {
		struct json_object *rating = json_object_array_get_idx(ratings, i), *score = member(rating, "score", json_type_double);
		enum accept_severity one = severity_of(text_of(rating, "severity"));

		if (!score)
			score = member(rating, "score", json_type_int);
		if (one == ACCEPT_UNKNOWN && score)
			one = severity_of_score(json_object_get_double(score));
		worst = SK_MIN(worst, one);
	}
	return worst;
}

static bool is_dismissed(const char *state)
{
	static const char *const states[] = {"not_affected", "false_positive", "resolved", "resolved_with_pedigree"};

	for (size_t i = 0; state && i < SK_ARRAY_SIZE(states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

/* Until 1.4 a list; from 1.5 an object with components or services. */
static void read_tool(struct json_object *metadata, struct accept_vulns *out)
{
	struct json_object *list = member(metadata, "tools", json_type_array), *tools = member(metadata, "tools", json_type_object), *tool;

	if (!list && tools)
		list = member(tools, "components", json_type_array);
	if (!list && tools)
		list = member(tools, "services", json_type_array);
	tool = list && json_object_array_length(list) ? json_object_array_get_idx(list, 0) : NULL;
	PUT(out->tool, text_of(tool, "name"));
	PUT(out->version, text_of(tool, "version"));
}

static int read_cyclonedx(struct json_object *root, struct accept_vulns *out, struct sk_diag *diag)
{
	struct json_object *metadata = member(root, "metadata", json_type_object), *list = member(root, "vulnerabilities", json_type_array);

	PUT(out->format, "cyclonedx");
	if (!list)
		return sk_diag_path(diag, "vulnerabilities", "is missing: a parts list without them says nothing about vulnerabilities");
	if (json_object_array_length(list) > ENTRIES)
		return sk_diag_path(diag, "vulnerabilities", "has more than %d entries", ENTRIES);
	read_tool(metadata, out);
	PUT(out->date, text_of(metadata, "timestamp"));
	PUT(out->scope, text_of(member(metadata, "component", json_type_object), "name"));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!json_object_is_type(one, json_type_object))
			return sk_diag_path(diag, "vulnerabilities", "has an entry that is not an object");
		if (is_dismissed(text_of(member(one, "analysis", json_type_object), "state")))
			out->dismissed++;
		else
			count(out, text_of(one, "id"), worst_rating(member(one, "ratings", json_type_array)));
	}
	return 0;
}

/* --- Trivy */

static int read_result(struct json_object *result, struct accept_vulns *out, uint64_t *entries, struct sk_diag *diag)
{
	struct json_object *list = member(result, "Vulnerabilities", json_type_array);

	if (!json_object_is_type(result, json_type_object))
		return sk_diag_path(diag, "Results", "has an entry that is not an object");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		const char *status = text_of(one, "Status");

		if (!json_object_is_type(one, json_type_object) || ++*entries > ENTRIES)
			return sk_diag_path(diag, "Results", "has an entry that is not an object, or more than %d", ENTRIES);
		if (status && strcmp(status, "not_affected") == 0)
			out->dismissed++;
		else
			count(out, text_of(one, "VulnerabilityID"), severity_of(text_of(one, "Severity")));
	}
	return 0;
}

static int read_trivy(struct json_object *root, struct accept_vulns *out, struct sk_diag *diag)
{
	struct json_object *list = member(root, "Results", json_type_array);
	uint64_t entries = 0;
	int r = 0;

	PUT(out->format, "trivy");
	PUT(out->tool, "Trivy");
	PUT(out->version, text_of(member(root, "Trivy", json_type_object), "Version"));
	PUT(out->date, text_of(root, "CreatedAt"));
	PUT(out->scope, text_of(root, "ArtifactName"));
	for (size_t i = 0; list && i < json_object_array_length(list) && r == 0; i++)
		r = read_result(json_object_array_get_idx(list, i), out, &entries, diag);
	return r;
}

static int read_json(const char *text, size_t size, struct accept_vulns *out, struct sk_diag *diag)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
	struct json_object *root;
	size_t at;
	int r;

	if (!tokener)
		return sk_origin(-ENOMEM);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)size);
	at = json_tokener_get_parse_end(tokener);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		r = sk_diag_offset(diag, at, "is not JSON, or deeper than %d", DEPTH);
	else if (strspn(text + at, " \t\r\n") != size - at)
		r = sk_diag_offset(diag, at, "goes on after its end");
	else if (text_of(root, "bomFormat") && strcmp(text_of(root, "bomFormat"), "CycloneDX") == 0)
		r = read_cyclonedx(root, out, diag);
	else if (member(root, "SchemaVersion", json_type_int) && member(root, "Results", json_type_array))
		r = read_trivy(root, out, diag);
	else
		r = sk_diag_offset(diag, 0, "is neither CycloneDX nor Trivy");
	json_object_put(root);
	json_tokener_free(tokener);
	return r;
}

/* --- CSV */

struct row {
	char fields[FIELDS][FIELD_MAX];
	size_t count;
};

/* One field; *ret_end: 0 a comma follows, 1 the row ends. False: a quote is not closed, or stands where none may. */
static bool read_field(struct sk_cursor *in, char out[static FIELD_MAX], bool *ret_row_ends)
{
	bool quoted = sk_cursor_left(in) && in->data[in->at] == '"';
	size_t used = 0;

	if (quoted)
		sk_get_u8(in);
	for (;;) {
		uint8_t c;

		if (!sk_cursor_left(in)) {
			*ret_row_ends = true;
			out[used] = 0;
			return !quoted;
		}
		c = sk_get_u8(in);
		if (quoted && c == '"') {
			quoted = sk_cursor_left(in) && in->data[in->at] == '"';
			if (!quoted)
				continue;
			sk_get_u8(in);
		} else if (!quoted && (c == ',' || c == '\n')) {
			*ret_row_ends = c == '\n';
			out[used] = 0;
			return true;
		}
		if (c != '\r' && used + 1 < FIELD_MAX)
			out[used++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
}

static int read_row(struct sk_cursor *in, struct row *row, struct sk_diag *diag)
{
	bool end = false;

	for (row->count = 0; !end; row->count++) {
		if (row->count == FIELDS)
			return sk_diag_offset(diag, in->at, "has more than %d columns", FIELDS);
		if (!read_field(in, row->fields[row->count], &end))
			return sk_diag_offset(diag, in->at, "a quoted field is not closed");
	}
	return 0;
}

static int column(const struct row *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (strcasecmp(head->fields[i], name) == 0)
			return (int)i;
	return -1;
}

struct columns {
	int cvss, severity, oid, cves, time, task;
};

static const char *field(const struct row *row, int column)
{
	return column >= 0 && (size_t)column < row->count ? row->fields[column] : "";
}

static void take_row(const struct row *row, const struct columns *at, struct accept_vulns *out)
{
	const char *score = field(row, at->cvss), *cves = field(row, at->cves);
	enum accept_severity severity = ACCEPT_UNKNOWN;
	char id[32], *rest;
	double number = strtod(score, &rest);

	if (*score && rest != score && !*rest)
		severity = severity_of_score(number);
	if (severity == ACCEPT_UNKNOWN)
		severity = severity_of(field(row, at->severity));
	snprintf(id, sizeof id, "%.*s", (int)SK_MIN(strcspn(cves, ", "), sizeof id - 1), cves);
	count(out, id[0] ? id : field(row, at->oid), severity);
	if (strcmp(field(row, at->time), out->date) > 0)
		PUT(out->date, field(row, at->time));
	if (!out->scope[0])
		PUT(out->scope, field(row, at->task));
}

static int read_csv(const char *text, size_t size, struct accept_vulns *out, struct sk_diag *diag)
{
	_cleanup_free_ struct row *row = sk_malloc(sizeof *row);
	struct columns at;
	struct sk_cursor in;
	uint64_t entries = 0;
	int r;

	if (!row)
		return sk_origin(-ENOMEM);
	sk_cursor_init(&in, text, size);
	r = read_row(&in, row, diag);
	if (r)
		return r;
	at = (struct columns){column(row, "CVSS"), column(row, "Severity"), column(row, "NVT OID"), column(row, "CVEs"), column(row, "Timestamp"),
			      column(row, "Task Name")};
	if (at.oid < 0 || (at.cvss < 0 && at.severity < 0))
		return sk_diag_line(diag, 1, 1, "is no report we know: neither JSON nor the CSV of GVM with \"NVT OID\" and \"CVSS\" or \"Severity\"");
	PUT(out->format, "gvm-csv");
	PUT(out->tool, "OpenVAS/GVM");
	while (r == 0 && sk_cursor_left(&in)) {
		r = read_row(&in, row, diag);
		if (r == 0 && row->count == 1 && !row->fields[0][0])
			continue;
		if (r == 0 && ++entries > ENTRIES)
			r = sk_diag_offset(diag, in.at, "has more than %d rows", ENTRIES);
		if (r == 0)
			take_row(row, &at, out);
	}
	return r;
}

static int read_text(const char *text, size_t size, struct accept_vulns *out, struct sk_diag *diag)
{
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		text += 3;
		size -= 3;
	}
	return size && text[strspn(text, " \t\r\n")] == '{' ? read_json(text, size, out, diag) : read_csv(text, size, out, diag);
}

int accept_vulns_read(const char *text, size_t size, struct accept_vulns *ret_vulns, struct sk_diag *diag)
{
	struct accept_vulns *out = sk_calloc(1, sizeof *out);
	int r;

	if (!out)
		return sk_origin(-ENOMEM);
	if (size > ACCEPT_VULNS_MAX)
		r = sk_diag_offset(diag, ACCEPT_VULNS_MAX, "is larger than %u bytes", ACCEPT_VULNS_MAX);
	else if (memchr(text, 0, size))
		r = sk_diag_offset(diag, 0, "is not text");
	else
		r = read_text(text, size, out, diag);
	if (r == 0)
		*ret_vulns = *out;
	free(out);
	return r;
}
