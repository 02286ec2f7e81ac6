// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The clerk writes the packets around alerts: var/lib/sekisho/gateway/captures/TIME.pcapng, in one piece when the last has come. With bodies in them they are written only
 * encrypted for the owner of the policy's certificate (TIME.pcapng.cms), else not at all. The oldest files go when all together are over the limit. Whatever the engine hands over
 * is bounded here again: FILM_MAX bytes each.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/seal.h"
#include "flow/capture.h"
#include "main/clerk.h"
#include "os/file.h"

enum { FILM_MAX = 8 << 20, FILES_MAX = 4096, STALE_S = 15 };

static int begin(struct gw_film *film, const struct gw_around_record *record, const char *name)
{
	static const char *const interfaces[] = {"A", "B"};

	*film = (struct gw_film){.used = true, .bodies = record->bodies, .since_ns = gw_now_ns(), .text = SK_BUF(FILM_MAX)};
	snprintf(film->name, sizeof film->name, "%.*s", (int)SK_MIN(record->size, (uint32_t)sizeof film->name - 1), name);
	/* The engine's word becomes a file's name: digits, T, dot and Z. */
	if (strspn(film->name, "0123456789T.Z") != strlen(film->name) || film->name[0] == '.' || !film->name[0])
		return SK_BAD;
	return gw_capture_ng_begin(&film->text, interfaces, 2);
}

struct listed {
	char name[GW_AROUND_NAME + 16];
	uint64_t size;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static size_t list_files(DIR *dir, struct listed *list, uint64_t *ret_bytes)
{
	const struct dirent *entry;
	size_t count = 0;
	struct stat st;

	*ret_bytes = 0;
	while (count < FILES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		snprintf(list[count].name, sizeof list[count].name, "%.*s", (int)sizeof list[count].name - 1, entry->d_name);
		list[count].size = (uint64_t)st.st_size;
		*ret_bytes += (uint64_t)st.st_size;
		count++;
	}
	return count;
}

/* The oldest go until `more` bytes fit. */
static void make_room(struct gw_clerk *c, uint64_t more)
{
	_cleanup_free_ struct listed *list = sk_calloc(FILES_MAX, sizeof *list);
	uint64_t bytes;
	size_t count;
	DIR *dir;
	int fd;

	if (!list || sk_open_in(c->ctx->root_dir, GATEWAY_CAPTURES, O_RDONLY | O_DIRECTORY, 0, &fd) != 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	count = list_files(dir, list, &bytes);
	qsort(list, count, sizeof *list, by_name);
	for (size_t i = 0; i < count && (bytes + more > c->config->captures || count - i >= FILES_MAX); i++)
		if (unlinkat(dirfd(dir), list[i].name, 0) == 0)
			bytes -= list[i].size;
	closedir(dir);
}

/* What is written: the film, or sealed when it has bodies. SK_BAD: there is nobody to seal it for. */
static int develop(struct gw_clerk *c, struct gw_film *film, struct sk_buf *sealed)
{
	struct sk_diag diag = {0};

	return film->bodies ? sk_seal(c->now->certificate, strlen(c->now->certificate), film->text.data, film->text.size, sealed, &diag) : 0;
}

static void finish(struct gw_clerk *c, struct gw_film *film)
{
	_cleanup_buf_ struct sk_buf sealed = SK_BUF(FILM_MAX + (64 << 10));
	const struct sk_buf *out = film->bodies ? &sealed : &film->text;
	char path[200];
	int r = develop(c, film, &sealed);

	snprintf(path, sizeof path, "%s/%s.pcapng%s", GATEWAY_CAPTURES, film->name, film->bodies ? ".cms" : "");
	if (r == 0 && out->size > c->config->captures)
		r = SK_FULL;
	if (r == 0) {
		make_room(c, out->size);
		r = sk_file_replace("gateway.capture", c->ctx->root_dir, path, out->data, out->size, 0600);
	}
	if (r == 0)
		c->captures_written++;
	else
		c->captures_failed++;
	if (r != 0)
		sk_log(SK_LOG_WARNING, "the capture %s is not kept: %s", film->name, r == SK_BAD ? "it has bodies, and there is no certificate to encrypt it for" :
		       r == SK_FULL ? "it is larger than all captures together may be" : strerror(-r));
	sk_buf_done(&film->text);
	film->used = false;
}

static void take(struct gw_clerk *c, const struct gw_around_record *record, const uint8_t *data)
{
	struct gw_film *film = &c->films[record->open];

	if (record->what == GW_AROUND_BEGIN) {
		if (film->used) /* of an engine that is no more */
			finish(c, film);
		if (begin(film, record, (const char *)data) != 0) {
			sk_buf_done(&film->text);
			film->used = false;
		}
		return;
	}
	if (!film->used)
		return;
	if (record->what == GW_AROUND_END)
		finish(c, film);
	else if (record->bodies == film->bodies && gw_capture_ng_put(&film->text, record->port & 1, record->time, data, record->size, record->whole) != 0)
		c->captures_failed += !film->cut, film->cut = true;
}

void gw_captures_take(struct gw_clerk *c)
{
	static uint8_t data[GW_AROUND_WHOLE];
	struct gw_around_record record;

	while (gw_around_next(&c->common->around, &record, data, sizeof data) == 0)
		take(c, &record, data);
	for (int i = 0; i < GW_AROUND_OPEN; i++)
		if (c->films[i].used && gw_now_ns() > c->films[i].since_ns + STALE_S * 1000000000ull)
			finish(c, &c->films[i]);
}

void gw_captures_close(struct gw_clerk *c)
{
	gw_captures_take(c);
	for (int i = 0; i < GW_AROUND_OPEN; i++)
		if (c->films[i].used)
			finish(c, &c->films[i]);
}
