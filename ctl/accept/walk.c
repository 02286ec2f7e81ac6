// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child: walks, hashes, unpacks, and says what it found, a line each. It runs inside the box that inventory.c makes; whatever an archive makes of it,
 * it can read the target and write lines.
 *
 * Owns its descriptor `out` while it runs. Everything that may grow has a bound of struct accept_bounds; what is over it becomes a gap, never silence.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accept/inventory.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/file.h"

enum { HEAD = 4096, PIECE = 1 << 18, LINE = 64 << 10, KEPT = 64 << 20 };

struct walk {
	const struct accept_bounds *bounds;
	int out;
	size_t below; /* bytes of the target's own path in each path */
	struct sk_hasher *hasher;
	char *space;  /* PIECE */
	struct sk_buf lines;
	uint64_t files, bytes, unpacked, until_ms;
};

static int flush(struct walk *w, size_t above)
{
	int r = 0;

	if (w->lines.size > above) {
		r = sk_fd_write("accept.lines", w->out, w->lines.data, w->lines.size);
		sk_buf_clear(&w->lines);
	}
	return r;
}

static int put_gap(struct walk *w, const char *reason, const char *path)
{
	int r = sk_buf_printf(&w->lines, "! %s ", reason);

	if (r == 0)
		r = accept_put_path(&w->lines, path, strlen(path));
	if (r == 0)
		r = sk_buf_append_char(&w->lines, '\n');
	return r ? (r < 0 ? r : -ENOBUFS) : flush(w, PIECE);
}

/* "!/" stands between an archive and its member. A folder whose name ends so must not make members of its files: those are no part of what a pass is for. */
static int put_file_path(struct sk_buf *out, const char *path)
{
	const char *mark = strstr(path, "!/");
	int r = 0;

	for (; mark && r == 0; path = mark + 1, mark = strstr(path, "!/")) {
		r = accept_put_path(out, path, (size_t)(mark - path));
		if (r == 0)
			r = sk_buf_append_str(out, "\\x21");
	}
	return r ? r : accept_put_path(out, path, strlen(path));
}

static int put_entry(struct walk *w, enum accept_kind kind, const uint8_t hash[SK_SHA256_SIZE], uint64_t size, const char *path, bool member)
{
	char hex[2 * SK_SHA256_SIZE + 1];
	int r;

	if (++w->files > w->bounds->files)
		return SK_FULL;
	r = sk_buf_printf(&w->lines, "%s %" PRIu64 " %s ", sk_hex(hash, SK_SHA256_SIZE, hex), size, accept_kind_words[kind]);
	if (r == 0)
		r = member ? accept_put_path(&w->lines, path, strlen(path)) : put_file_path(&w->lines, path);
	if (r == 0)
		r = sk_buf_append_char(&w->lines, '\n');
	return r ? (r < 0 ? r : -ENOBUFS) : flush(w, PIECE);
}

static bool time_is_up(const struct walk *w)
{
	return sk_clock_mono_ms() >= w->until_ms;
}

/* --- archives */

static struct archive *new_archive(void)
{
	struct archive *a = archive_read_new();

	if (!a)
		return NULL;
	/* Only what is read by the library itself: no filter that starts a program. */
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_rpm(a);
	archive_read_support_format_zip(a);
	archive_read_support_format_tar(a);
	archive_read_support_format_7zip(a);
	archive_read_support_format_cab(a);
	archive_read_support_format_ar(a);
	archive_read_support_format_cpio(a);
	archive_read_support_format_rar(a);
	archive_read_support_format_rar5(a);
	archive_read_support_format_raw(a); /* a single compressed file */
	return a;
}

static int unpack(struct walk *w, struct archive *a, const char *path, unsigned nesting);

static int unpack_kept(struct walk *w, const struct sk_buf *kept, const char *path, unsigned nesting)
{
	struct archive *inner;
	int r;

	if (nesting >= w->bounds->nesting)
		return put_gap(w, "too-deep", path);
	inner = new_archive();
	if (!inner)
		return -ENOMEM;
	r = archive_read_open_memory(inner, kept->data, kept->size) == ARCHIVE_OK ? unpack(w, inner, path, nesting + 1)
									       : put_gap(w, "archive-damaged", path);
	archive_read_free(inner);
	return r;
}

struct member {
	char head[HEAD];
	size_t head_size;
	uint64_t size;
	struct sk_buf kept; /* all of it, while it may be an archive */
	bool keeping, encrypted;
};

/* One piece of a member. 0; SK_FULL over a bound; -errno. */
static int take_piece(struct walk *w, struct member *m, const char *data, size_t size)
{
	int r;

	if (m->size == 0)
		m->keeping = accept_is_archive(data, size);
	if (m->head_size < HEAD) {
		size_t n = SK_MIN((size_t)HEAD - m->head_size, size);

		memcpy(m->head + m->head_size, data, n);
		m->head_size += n;
	}
	m->size += size;
	w->unpacked += size;
	if (m->size > w->bounds->member_bytes || w->unpacked > w->bounds->unpacked_bytes)
		return SK_FULL;
	if (m->keeping && (r = sk_buf_append(&m->kept, data, size)) != 0)
		return r;
	return sk_hasher_update(w->hasher, data, size);
}

/* 0; SK_BAD the archive is damaged there; SK_FULL; SK_AGAIN time is up. */
static int read_member(struct walk *w, struct archive *a, struct member *m)
{
	int r = sk_hasher_begin(w->hasher);

	while (r == 0) {
		la_ssize_t n = archive_read_data(a, w->space, PIECE);

		if (n == 0)
			return 0;
		if (n < 0)
			return n == ARCHIVE_RETRY ? -EAGAIN : SK_BAD;
		r = time_is_up(w) ? SK_AGAIN : take_piece(w, m, w->space, (size_t)n);
	}
	return r;
}

static int finish_member(struct walk *w, struct member *m, const char *path, const char *name, unsigned mode, unsigned nesting)
{
	enum accept_kind kind = accept_classify(m->head, m->head_size, name, mode);
	uint8_t hash[SK_SHA256_SIZE];
	int r = sk_hasher_finish(w->hasher, hash);

	if (r == 0 && m->size && ACCEPT_IS_CODE(kind))
		r = put_entry(w, kind, hash, m->size, path, true);
	/* tar has its magic behind the first piece's start only when that is whole: look again at the head */
	if (r == 0 && m->keeping)
		r = unpack_kept(w, &m->kept, path, nesting);
	return r;
}

/* A name that our own character set does not have comes as UTF-8: by its end a file is known for a script. */
static const char *name_of(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	name = name ? name : archive_entry_pathname_utf8(entry);
	return name && *name ? name : "?";
}

/* Member names may hold anything; they are never used as paths. */
static int take_member(struct walk *w, struct archive *a, struct archive_entry *entry, const char *path, unsigned nesting)
{
	const char *name = name_of(entry), *reason = NULL;
	struct member *m;
	char *whole;
	int r;

	if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != 0)
		return 0;
	m = sk_calloc(1, sizeof *m);
	whole = sk_malloc(strlen(path) + strlen(name) + 3);
	if (!m || !whole) {
		free(m);
		free(whole);
		return -ENOMEM;
	}
	snprintf(whole, strlen(path) + strlen(name) + 3, "%s!/%s", path, name);
	if (strlen(whole) > LINE / 8)
		whole[LINE / 8] = 0;
	m->kept = SK_BUF(KEPT);
	if (archive_entry_is_encrypted(entry))
		reason = "archive-encrypted";
	r = reason ? 0 : read_member(w, a, m);
	if (r == SK_FULL)
		reason = "archive-too-large";
	else if (r == SK_BAD)
		reason = "archive-damaged";
	else if (r == 0 && !reason)
		r = finish_member(w, m, whole, name, archive_entry_mode(entry), nesting);
	if (reason)
		r = put_gap(w, reason, whole);
	sk_buf_done(&m->kept);
	free(m);
	free(whole);
	return r;
}

static int unpack(struct walk *w, struct archive *a, const char *path, unsigned nesting)
{
	struct archive_entry *entry;
	int r = sk_buf_append_str(&w->lines, "+ archive\n"), said;

	while (r == 0 && (said = archive_read_next_header(a, &entry)) != ARCHIVE_EOF) {
		if (said < ARCHIVE_WARN)
			return put_gap(w, archive_read_has_encrypted_entries(a) > 0 ? "archive-encrypted" : "archive-damaged", path);
		if (time_is_up(w))
			return SK_AGAIN;
		if (w->unpacked > w->bounds->unpacked_bytes)
			return put_gap(w, "archive-too-large", path);
		r = take_member(w, a, entry, path, nesting);
	}
	return r;
}

static int unpack_file(struct walk *w, int fd, const char *path)
{
	struct archive *a = new_archive();
	int r;

	if (!a)
		return -ENOMEM;
	if (lseek(fd, 0, SEEK_SET) < 0)
		r = put_gap(w, "unreadable", path);
	else
		r = archive_read_open_fd(a, fd, PIECE) == ARCHIVE_OK ? unpack(w, a, path, 0) : put_gap(w, "archive-damaged", path);
	archive_read_free(a);
	return r;
}

/* --- files */

/* Nothing of the target changes, not even the time of the last reading where we may say so. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);

	return fd < 0 && errno == EPERM ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK) : fd;
}

static int on_progress(uint64_t done, void *arg)
{
	struct walk *w = arg;

	return time_is_up(w) || done > w->bounds->file_bytes;
}

static int look_at(struct walk *w, const char *path, const char *name)
{
	_cleanup_close_ int fd = open_file(path);
	const char *said = path + w->below;
	uint8_t hash[SK_SHA256_SIZE];
	char head[HEAD];
	struct stat st;
	size_t n = 0;
	uint64_t size = 0;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || sk_fd_pread(fd, head, sizeof head, 0, &n) != 0)
		return put_gap(w, "unreadable", said);
	if ((uint64_t)st.st_size > w->bounds->file_bytes || w->bytes + (uint64_t)st.st_size > w->bounds->total_bytes)
		return put_gap(w, "too-large", said);
	r = sk_hasher_fd(w->hasher, fd, w->space, PIECE, on_progress, w, hash, &size);
	w->bytes += size;
	if (r == SK_AGAIN)
		return time_is_up(w) ? r : put_gap(w, "too-large", said);
	if (r < 0)
		return put_gap(w, "unreadable", said);
	r = put_entry(w, accept_classify(head, n, name, st.st_mode), hash, size, said, false);
	return r == 0 && accept_is_archive(head, n) ? unpack_file(w, fd, said) : r;
}

static int look_at_link(struct walk *w, const char *path)
{
	uint8_t hash[SK_SHA256_SIZE];
	char text[4096];
	ssize_t n = readlink(path, text, sizeof text);

	if (n < 0 || sk_sha256(text, (size_t)n, hash) != 0)
		return put_gap(w, "unreadable", path + w->below);
	return put_entry(w, ACCEPT_LINK, hash, (uint64_t)n, path + w->below, false);
}

static int on_entry(struct walk *w, FTS *fts, FTSENT *entry)
{
	static const uint8_t none[SK_SHA256_SIZE];

	switch (entry->fts_info) {
	case FTS_F:
		return look_at(w, entry->fts_path, entry->fts_name);
	case FTS_SL:
	case FTS_SLNONE:
		return look_at_link(w, entry->fts_path);
	case FTS_DEFAULT:
		return put_entry(w, ACCEPT_SPECIAL, none, 0, entry->fts_path + w->below, false);
	case FTS_D:
		if (entry->fts_level < (int)w->bounds->depth)
			return 0;
		fts_set(fts, entry, FTS_SKIP);
		return put_gap(w, "too-deep", entry->fts_path + w->below);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
	case FTS_DC:
		return put_gap(w, "unreadable", entry->fts_path + SK_MIN(w->below, strlen(entry->fts_path)));
	default:
		return 0;
	}
}

static int walk_all(struct walk *w, const char *target)
{
	char *paths[] = {(char *)target, NULL};
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	int r = 0;

	if (!fts)
		return -errno;
	for (FTSENT *entry; r == 0 && (entry = fts_read(fts));)
		r = time_is_up(w) ? SK_AGAIN : on_entry(w, fts, entry);
	fts_close(fts);
	if (r == SK_AGAIN)
		r = put_gap(w, "time", "");
	else if (r == SK_FULL)
		r = put_gap(w, "too-many", "");
	return r;
}

int accept_walk(const char *target, const struct accept_bounds *bounds, int out)
{
	struct walk w = {.bounds = bounds, .out = out, .lines = SK_BUF(PIECE + 2 * LINE), .until_ms = sk_clock_mono_ms() + bounds->time_ms};
	struct stat st;
	int r = sk_hasher_new(&w.hasher);

	w.space = sk_malloc(PIECE);
	if (lstat(target, &st) == 0 && S_ISDIR(st.st_mode))
		w.below = strcmp(target, "/") ? strlen(target) + 1 : 1;
	else
		w.below = (size_t)((strrchr(target, '/') ? strrchr(target, '/') + 1 : target) - target);
	if (r == 0 && !w.space)
		r = -ENOMEM;
	if (r == 0)
		r = walk_all(&w, target);
	if (r == 0)
		r = sk_buf_append_str(&w.lines, "= end\n");
	if (r == 0)
		r = flush(&w, 0);
	sk_buf_done(&w.lines);
	free(w.space);
	sk_hasher_free(w.hasher);
	return r;
}
