// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Unknown programs that were seen, by hash: what `learn` makes a draft of. In memory, and in one file of a JSON object per line, appended at most
 * once a tick. A line that was cut short by a crash is passed over. Nothing in here is trusted: a draft is reviewed and signed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/clerk/clerk.h"
#include "os/file.h"
#include "os/point.h"

#define LEARNED LOCKDOWN_FOLDER "/learned.ndjson"
enum { LEARNED_MAX = 32 << 20, LINE_MAX_BYTES = 16384 };

struct lk_learned {
	struct sk_map *known; /* hash -> nothing: what the file has */
	struct sk_buf unsaved;
	bool full, unwritten;
};

static char present; /* the value of every key */

/* The lines of the file, one by one. */
static int each_line(const struct clerk *c, int (*each)(void *arg, struct json_object *program), void *arg)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LEARNED_MAX);
	size_t at = 0;
	int r = sk_file_read(c->ctx->root_dir, LEARNED, LEARNED_MAX, &text);

	if (r == SK_NONE)
		return 0;
	if (r)
		return r < 0 ? r : sk_origin(-EIO);
	while (r == 0 && at < text.size) {
		_cleanup_json_ struct json_object *program = NULL;
		const char *end = memchr(text.data + at, '\n', text.size - at);
		size_t size = end ? (size_t)(end - (text.data + at)) : text.size - at;

		if (sk_json_parse_object(text.data + at, size, LINE_MAX_BYTES, &program, NULL) == 0)
			r = each(arg, program);
		at += size + 1;
	}
	return r;
}

static int remember(void *arg, struct json_object *program)
{
	struct lk_learned *learned = arg;
	struct sk_json at = SK_JSON(program, "program", NULL);
	uint8_t hash[LK_HASH];

	if (sk_json_hex(&at, "sha256", hash, sizeof hash) == 0 && sk_map_put(learned->known, hash, sizeof hash, &present) == SK_FULL)
		learned->full = true;
	return 0;
}

/* A line that a crash cut short: what comes next begins a line of its own. */
static bool ends_in_a_line(const struct clerk *c)
{
	_cleanup_close_ int fd = -1;
	off_t size;
	char last = '\n';

	if (sk_open_in(c->ctx->root_dir, LEARNED, O_RDONLY, 0, &fd) != 0)
		return false;
	size = lseek(fd, 0, SEEK_END);
	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

int lk_learned_open(struct clerk *c)
{
	int r;

	c->learned = sk_calloc(1, sizeof *c->learned);
	if (!c->learned)
		return sk_origin(-ENOMEM);
	c->learned->unsaved = SK_BUF(4 << 20);
	r = sk_map_new(LK_LEARNED, NULL, &c->learned->known);
	if (!r && ends_in_a_line(c))
		r = sk_buf_append_char(&c->learned->unsaved, '\n');
	return r ? r : each_line(c, remember, c->learned);
}

void lk_learned_close(struct clerk *c)
{
	if (!c->learned)
		return;
	lk_learned_save(c);
	sk_map_free(c->learned->known);
	sk_buf_done(&c->learned->unsaved);
	free(c->learned);
	c->learned = NULL;
}

static struct json_object *describe(const struct lk_record *record)
{
	struct json_object *program = json_object_new_object();
	const char *path = record->path;

	if (!program)
		return NULL;
	if (!sk_utf8_valid(path, strlen(path), NULL))
		path = "?"; /* names are for people, and a policy holds text */
	if (sk_json_put_hex(program, "sha256", record->hash, LK_HASH) || sk_json_put_string(program, "name", path) ||
	    sk_json_put_u64(program, "size", record->size) || sk_json_put_u64(program, "first", record->time_ms))
		program = sk_json_free(program);
	return program;
}

void lk_learned_add(struct clerk *c, const struct lk_record *record)
{
	_cleanup_json_ struct json_object *program = NULL;
	struct lk_learned *learned = c->learned;

	if (learned->full || sk_map_get(learned->known, record->hash, LK_HASH))
		return;
	program = describe(record);
	if (!program || sk_json_canonical(program, &learned->unsaved) || sk_buf_append_char(&learned->unsaved, '\n'))
		return;
	remember(learned, program);
	if (learned->full)
		sk_log(SK_LOG_WARNING, "%d unknown programs were seen: no more are noted until `sekisho lockdown learn --clear`", LK_LEARNED);
}

void lk_learned_save(struct clerk *c)
{
	struct sk_buf *unsaved = &c->learned->unsaved;
	_cleanup_close_ int fd = -1;

	if (!unsaved->size)
		return;
	SK_POINT("lockdown.learned");
	if (sk_open_in(c->ctx->root_dir, LEARNED, O_WRONLY | O_CREAT | O_APPEND, 0600, &fd) != 0 ||
	    sk_fd_write("lockdown.learned", fd, unsaved->data, unsaved->size) != 0 || sk_fd_sync("lockdown.learned", fd) != 0) {
		if (!c->learned->unwritten)
			sk_log(SK_LOG_WARNING, "%s cannot be written: it is tried again", LEARNED);
		/* what comes next begins a line of its own, behind one that was cut short */
		if (!c->learned->unwritten && sk_buf_append_char(unsaved, '\n') == 0) {
			memmove(unsaved->data + 1, unsaved->data, unsaved->size - 1);
			unsaved->data[0] = '\n';
		}
		c->learned->unwritten = true;
		return;
	}
	c->learned->unwritten = false;
	sk_buf_clear(unsaved);
}

int lk_learned_clear(struct clerk *c)
{
	struct sk_map *empty;
	int r = sk_map_new(LK_LEARNED, NULL, &empty);

	if (r)
		return r;
	sk_map_free(c->learned->known);
	c->learned->known = empty;
	c->learned->full = false;
	sk_buf_clear(&c->learned->unsaved);
	lk_cache_clear(&c->shared->cache); /* what is remembered would not be told again */
	r = sk_file_remove(c->ctx->root_dir, LEARNED);
	return r == SK_NONE ? 0 : r;
}

uint32_t lk_learned_count(const struct clerk *c)
{
	return (uint32_t)sk_map_size(c->learned->known);
}

int lk_learned_each(const struct clerk *c, int (*each)(void *arg, struct json_object *program), void *arg)
{
	return each_line(c, each, arg);
}
