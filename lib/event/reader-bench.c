// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * event-reader-bench: how fast the columns of an event can be had. Not installed; bench/event-reader runs it.
 *
 *   event-reader-bench ours|json-c|json-c-strict EVENTS      events of 600 bytes; prints events per second of processor time
 *
 * json-c: the same columns out of a tree by json_tokener_parse_ex(); json-c-strict: with its strict and UTF-8 flags, which is the least that could take our
 * place.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "event/make.h"

enum { LINES = 512, LINE_BYTES = 600 };

static struct sk_buf lines[LINES];

static void make_lines(void)
{
	static const uint8_t hash[32] = {0x12, 0x34};
	static const uint8_t secret[32] = {1};
	static char reason[512], path[128];
	const struct sk_event_stamp at = {1790000000000, SK_CLOCK_OK};

	for (int i = 0; i < LINES; i++) {
		struct sk_event_program p = {.path = path, .sha256 = hash, .size = 40960, .pid = 1000 + i, .actor_path = "/usr/bin/bash", .uid = 1000,
					     .mode = "enforce", .reason = reason, .policy_serial = 7, .took_us = 80, .arguments = path,
					     .arguments_size = 5, .secret = secret};

		snprintf(path, sizeof path, "/opt/tool/bin/step-%d", i);
		reason[0] = '\0';
		for (int pass = 0; pass < 2; pass++) {
			lines[i] = SK_BUF(SK_EVENT_MAX);
			if (sk_event_program(SK_EVENT_PROGRAM_REFUSED, &at, &p, false, &lines[i]))
				exit(1);
			if (pass == 0 && lines[i].size < LINE_BYTES) {
				memset(reason, 'x', LINE_BYTES - lines[i].size);
				sk_buf_done(&lines[i]);
			}
		}
	}
}

static int by_ours(const struct sk_buf *line)
{
	struct sk_event_columns c;

	return sk_event_scan(line->data, line->size, &c, NULL) == 0 && c.class_uid == 1007 && c.path_count == 2 ? 0 : 1;
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	return o && json_object_object_get_ex(o, key, &v) ? v : NULL;
}

static int by_json_c(const struct sk_buf *line, int flags)
{
	struct json_tokener *tok = json_tokener_new_ex(SK_PULL_DEPTH);
	struct json_object *o, *process;
	int wrong;

	json_tokener_set_flags(tok, flags);
	o = json_tokener_parse_ex(tok, line->data, (int)line->size);
	process = member(o, "process");
	wrong = json_object_get_int64(member(o, "class_uid")) != 1007 || !member(o, "severity_id") || !member(o, "time") || !member(o, "message") ||
		!json_object_get_string(member(member(process, "file"), "path")) ||
		!json_object_get_string(member(member(member(member(o, "actor"), "process"), "file"), "path")) ||
		!json_object_get_string(member(member(o, "metadata"), "event_code"));
	json_object_put(o);
	json_tokener_free(tok);
	return wrong;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	long events = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	int wrong = 0, ours = argc == 3 && strcmp(argv[1], "ours") == 0;
	int flags = argc == 3 && strcmp(argv[1], "json-c-strict") == 0 ? JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 : 0;
	double seconds;

	if (events <= 0)
		return 2;
	make_lines();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (long i = 0; i < events; i++)
		wrong |= ours ? by_ours(&lines[i % LINES]) : by_json_c(&lines[i % LINES], flags);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	if (wrong)
		return 1;
	printf("%.0f\n", (double)events / seconds);
	return 0;
}
