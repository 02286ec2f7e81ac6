// SPDX-License-Identifier: GPL-3.0-or-later
/* What the simulated equipment and host say: answers to primaries, the steps of a script, the equipment's events. Recipes are files of a folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/hsms/extract.h"
#include "sim/peer.h"
#include "sim/sml.h"

enum { RECIPE_MAX = 16 << 20, NAME_MAX_SIZE = 80 };

/* A name that stays in the folder. */
static bool good_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

static int open_recipe(const struct peer *peer, const char *name, int flags)
{
	char path[512];

	if (!peer->options->recipes || !good_name(name) || snprintf(path, sizeof(path), "%s/%s", peer->options->recipes, name) >= (int)sizeof(path))
		return -1;
	return open(path, flags | O_CLOEXEC, 0644);
}

static int read_all(int fd, struct sk_buf *out)
{
	for (;;) {
		char *space;
		ssize_t n;

		if (sk_buf_reserve(out, 65536, &space) != 0)
			return -1;
		n = read(fd, space, 65536);
		if (n <= 0)
			return (int)n;
		sk_buf_grown(out, (size_t)n);
	}
}

/* <L [2] PPID PPBODY> */
static int put_recipe(struct sk_buf *out, const char *name, const struct sk_buf *body)
{
	int r = secs_put_list(out, 2);

	if (r == 0)
		r = secs_put_text(out, name);
	return r ? r : secs_put_bytes(out, SECS_BINARY, body->data, body->size);
}

static int put_model(const struct peer *peer, struct sk_buf *out)
{
	if (!peer->options->equipment)
		return secs_put_list(out, 0);
	secs_put_list(out, 2);
	secs_put_text(out, peer->options->mdln);
	return secs_put_text(out, peer->options->softrev);
}

static void field_text(const struct extract *extract, enum hsms_field field, char out[static NAME_MAX_SIZE + 1])
{
	const struct gw_field *at = extract_get(extract, field);
	size_t size = at ? SK_MIN(at->bytes.size, (size_t)NAME_MAX_SIZE) : 0;

	if (size)
		memcpy(out, at->bytes.data, size);
	out[size] = '\0';
}

/* The second item of <L PPID PPBODY>, written to the folder. */
struct store {
	int fd;
	bool body;
};

static void store_item(void *context, const struct secs_item *item)
{
	struct store *store = context;

	store->body = item->depth == 1 && item->path[0] == 1;
}

static void store_bytes(void *context, const uint8_t *data, size_t size)
{
	struct store *store = context;

	if (store->body && write(store->fd, data, size) != (ssize_t)size)
		store->body = false;
}

static unsigned store_recipe(const struct peer *peer, const char *name, const uint8_t *body, size_t size)
{
	static const struct secs_sink sink = {.item = store_item, .bytes = store_bytes};
	struct store store = {.fd = open_recipe(peer, name, O_WRONLY | O_CREAT | O_TRUNC)};
	struct secs_reader reader;

	if (store.fd < 0)
		return 2; /* ACKC7: no space */
	secs_reader_begin(&reader, size);
	secs_reader_feed(&reader, body, size, &sink, &store);
	close(store.fd);
	return 0;
}

static int put_stored(const struct peer *peer, const char *name, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(RECIPE_MAX);
	int fd = open_recipe(peer, name, O_RDONLY), r;

	if (fd < 0)
		return secs_put_list(out, 0);
	r = read_all(fd, &body);
	close(fd);
	return r ? secs_put_list(out, 0) : put_recipe(out, name, &body);
}

static int put_directory(const struct peer *peer, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf names = SK_BUF(1 << 20);
	DIR *folder = peer->options->recipes ? opendir(peer->options->recipes) : NULL;
	uint32_t count = 0;

	for (struct dirent *at = folder ? readdir(folder) : NULL; at; at = readdir(folder))
		if (good_name(at->d_name) && secs_put_text(&names, at->d_name) == 0)
			count++;
	if (folder)
		closedir(folder);
	secs_put_list(out, count);
	return sk_buf_append(out, names.data, names.size);
}

/* One made-up value for each variable or constant that was asked for. */
static int put_values(const struct extract *extract, enum hsms_field field, struct sk_buf *out)
{
	uint32_t count = 0;

	for (size_t i = 0; i < extract->field_count; i++)
		count += extract->fields[i].def == field;
	secs_put_list(out, count);
	for (uint32_t i = 0; i < count; i++)
		secs_put_number(out, SECS_U4, 100 + i);
	return 0;
}

static int put_clock(struct sk_buf *out)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y%m%d%H%M%S00", &tm);
	return secs_put_text(out, text);
}

static int put_ack_list(struct sk_buf *out, unsigned code, bool model, const struct peer *peer)
{
	secs_put_list(out, 2);
	secs_put_number(out, SECS_BINARY, code);
	return model ? put_model(peer, out) : secs_put_list(out, 0);
}

static unsigned judge_command(const char *name)
{
	static const char *const known[] = {"START", "STOP", "PAUSE", "RESUME", "ABORT", "PP-SELECT"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(known); i++)
		if (strcmp(name, known[i]) == 0)
			return 0;
	return 1; /* HCACK: no such command */
}

#define SF(stream, function) ((stream) << 8 | (function))

/* The body of the equipment's answer. SK_NONE: it does not know the message. */
static int equipment_answer(struct peer *peer, unsigned what, const struct extract *extract, const uint8_t *body, size_t size, struct sk_buf *out)
{
	char name[NAME_MAX_SIZE + 1];

	switch (what) {
	case SF(1, 3): return put_values(extract, HSMS_F_SVID, out);
	case SF(2, 13): return put_values(extract, HSMS_F_ECID, out);
	case SF(2, 17): return put_clock(out);
	case SF(2, 41):
		field_text(extract, HSMS_F_RCMD, name);
		return put_ack_list(out, judge_command(name), false, peer);
	case SF(7, 3):
		field_text(extract, HSMS_F_PPID, name);
		return secs_put_number(out, SECS_BINARY, store_recipe(peer, name, body, size));
	case SF(7, 5):
		field_text(extract, HSMS_F_PPID, name);
		return put_stored(peer, name, out);
	case SF(7, 19): return put_directory(peer, out);
	case SF(1, 15): case SF(1, 17): case SF(2, 15): case SF(2, 31): case SF(2, 33): case SF(2, 35): case SF(2, 37): case SF(5, 3): case SF(7, 1):
	case SF(10, 3): case SF(10, 5): case SF(10, 9):
		return secs_put_number(out, SECS_BINARY, 0);
	default: return SK_NONE;
	}
}

static int host_answer(unsigned what, struct sk_buf *out)
{
	switch (what) {
	case SF(2, 17): return put_clock(out);
	case SF(5, 1): case SF(6, 1): case SF(6, 3): case SF(6, 11): case SF(7, 1): case SF(7, 3): case SF(10, 1):
		return secs_put_number(out, SECS_BINARY, 0);
	default: return SK_NONE;
	}
}

static int refuse(struct peer *peer, const struct hsms_head *head)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(64);
	uint8_t raw[HSMS_HEAD];
	int r = 0;

	hsms_head_write(head, raw);
	secs_put_bytes(&out, SECS_BINARY, raw + 4, HSMS_HEADER);
	if (peer->options->equipment)
		r = peer_send(peer, 9, 5, false, peer_new_system(peer), &out);
	return r || !hsms_wait(head) ? r : peer_send(peer, hsms_stream(head), 0, false, head->system, NULL);
}

int talk_answer(struct peer *peer, const struct hsms_head *head, const uint8_t *body, size_t size)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(PEER_FRAME_MAX - 65536);
	struct extract *extract = sk_calloc(1, sizeof(*extract));
	unsigned what = SF(hsms_stream(head), head->byte3);
	int r;

	if (!extract)
		return -ENOMEM;
	extract_begin(extract, hsms_row_find(hsms_stream(head), head->byte3), size);
	extract_feed(extract, body, size);
	if (what == SF(1, 1))
		r = put_model(peer, &out);
	else if (what == SF(1, 13))
		r = put_ack_list(&out, 0, true, peer);
	else
		r = peer->options->equipment ? equipment_answer(peer, what, extract, body, size, &out) : host_answer(what, &out);
	extract_done(extract);
	free(extract);
	if (r == SK_NONE && hsms_stream(head) == 9)
		return 0;
	if (r == SK_NONE)
		return refuse(peer, head);
	if (r)
		return -ENOMEM;
	r = hsms_wait(head) ? peer_send(peer, hsms_stream(head), head->byte3 + 1u, false, head->system, &out) : 0;
	/* A command that was taken is told as an event. */
	return r == 0 && what == SF(2, 41) && peer->options->equipment && out.size > 4 && out.data[4] == 0 ? talk_event(peer, 41) : r;
}

int talk_event(struct peer *peer, uint64_t ceid)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(256);

	secs_put_list(&out, 3);
	secs_put_number(&out, SECS_U4, 0);
	secs_put_number(&out, SECS_U4, ceid);
	secs_put_list(&out, 0);
	return peer_send(peer, 6, 11, true, peer_new_system(peer), &out);
}

/* `S2F41 START LOT=7`: the command, then its parameters. */
static int put_command(char *words, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf parameters = SK_BUF(4096);
	char *rest = words, *name = strsep(&rest, " "), *word;
	uint32_t count = 0;

	while (rest && (word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			return SK_BAD;
		*value++ = '\0';
		secs_put_list(&parameters, 2);
		secs_put_text(&parameters, word);
		secs_put_text(&parameters, value);
		count++;
	}
	secs_put_list(out, 2);
	secs_put_text(out, name);
	secs_put_list(out, count);
	return sk_buf_append(out, parameters.data, parameters.size);
}

/* `S7F3 NAME FILE` */
static int put_file(char *words, struct sk_buf *out)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(RECIPE_MAX);
	char *file = words, *name = strsep(&file, " ");
	int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1, r;

	if (fd < 0)
		return SK_BAD;
	r = read_all(fd, &body);
	close(fd);
	return r ? SK_BAD : put_recipe(out, name, &body);
}

static int put_step(const struct peer *peer, unsigned what, char *rest, struct sk_buf *out)
{
	if (rest && *rest == '<')
		return sml_read(rest, out, NULL);
	switch (what) {
	case SF(1, 13): return rest ? SK_BAD : put_model(peer, out);
	case SF(2, 41): return rest ? put_command(rest, out) : SK_BAD;
	case SF(7, 3): return rest ? put_file(rest, out) : SK_BAD;
	case SF(2, 21): case SF(7, 5): return rest ? secs_put_text(out, rest) : SK_BAD;
	default: return rest ? SK_BAD : 0;
	}
}

int talk_step(struct peer *peer, const char *step, uint32_t system, bool *ret_wait)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(PEER_FRAME_MAX - 65536);
	_cleanup_free_ char *copy = sk_strdup(step);
	unsigned stream, function;
	int used = 0, r;
	char *rest;

	if (!copy)
		return -ENOMEM;
	if (sscanf(step, "S%uF%u%n", &stream, &function, &used) != 2 || stream > 127 || function > 255 || (step[used] && step[used] != ' ' && step[used] != '-')) {
		fprintf(stderr, "sekisho-tool-sim: \"%s\" is no message: S2F41 START, S7F3 NAME FILE, S1F3 <L <U4 1>>\n", step);
		peer->failed = true;
		return -EINVAL;
	}
	*ret_wait = function % 2 == 1 && stream != 9 && step[used] != '-'; /* S2F41- asks for no answer */
	used += step[used] == '-';
	rest = step[used] == ' ' ? copy + used + 1 : NULL;
	r = put_step(peer, SF(stream, function), rest, &out);
	if (r) {
		fprintf(stderr, "sekisho-tool-sim: the body of \"%s\" cannot be made\n", step);
		peer->failed = true;
		return -EINVAL;
	}
	return peer_send(peer, stream, function, *ret_wait, system, &out);
}
