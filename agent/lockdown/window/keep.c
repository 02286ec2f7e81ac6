// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What was there before the window: the content of every known file that lies where the policy names it, or beside one (by hash, each once), its owner, mode, attributes and times; the symbolic links beside it, because a library is found by one; and the folders above it.
 * A file that was there with a content that nobody knows is only noted: it cannot be put back, and is not taken away. window/restore.c puts it back.
 *
 * WINDOW_FOLDER/ID/  data/HASH    contents       kept.ndjson   a line: 'd' folder, 'f' file, 'l' link, 'x' noted       kept.json   it is done, and the counts
 *
 * Paths are those without links, so that what is put back later lands where it came from. Interrupted it is done again from the start.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/window/window.h"
#include "os/file.h"
#include "os/point.h"

enum { INDEX_MAX = 64 << 20, LINE_MAX_BYTES = 128 << 10, NAMES_MAX = 64 << 20, FOLDERS = 400000, KNOWN = 400000, XATTR_MAX = 64 << 10, SPARE = 64 << 20 };

struct keeping {
	int root, folder; /* WINDOW_FOLDER/ID/data */
	const struct lk_window_state *state;
	struct sk_hasher *hasher;
	void *space;
	struct sk_buf index;
	struct sk_map *folders; /* path -> anything: their links and files are noted, or their owner is */
	struct sk_map *known;   /* hash -> anything */
	struct sk_map *sizes;   /* of files that are kept: another name of a known program is kept, too */
	bool any_approved;      /* contents without a name of theirs */
	uint64_t kept, bytes, not_kept;
};

/* --- keeping */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Owner, mode and extended attributes as one hash, for a comparison. */
int lk_attributes(int fd, const struct stat *st, uint8_t out[LK_HASH])
{
	_cleanup_free_ char *names = sk_malloc(XATTR_MAX), *value = sk_malloc(XATTR_MAX);
	_cleanup_buf_ struct sk_buf text = SK_BUF(4 << 20);
	ssize_t size = names && value ? flistxattr(fd, names, XATTR_MAX) : -1, n;
	char *list[256];
	size_t count = 0;
	int r = sk_buf_printf(&text, "%o %u %u\n", (unsigned)st->st_mode & 07777, (unsigned)st->st_uid, (unsigned)st->st_gid);

	for (ssize_t at = 0; at < size && count < SK_ARRAY_SIZE(list); at += (ssize_t)strlen(names + at) + 1)
		list[count++] = names + at;
	qsort(list, count, sizeof *list, by_name);
	for (size_t i = 0; !r && i < count; i++) {
		n = fgetxattr(fd, list[i], value, XATTR_MAX);
		r = sk_buf_printf(&text, "%s %zd\n", list[i], n);
		if (!r && n > 0)
			r = sk_buf_append(&text, value, (size_t)n);
	}
	return r ? -ENOMEM : sk_sha256(text.data, text.size, out);
}

static int put_xattrs(struct json_object *line, int fd)
{
	_cleanup_free_ char *names = sk_malloc(XATTR_MAX), *value = sk_malloc(XATTR_MAX);
	struct json_object *list, *one;
	ssize_t size = names && value ? flistxattr(fd, names, XATTR_MAX) : -1, n;
	int r = sk_json_put_array(line, "xattrs", &list);

	for (ssize_t at = 0; !r && at < size; at += (ssize_t)strlen(names + at) + 1) {
		n = fgetxattr(fd, names + at, value, XATTR_MAX);
		if (n < 0)
			continue;
		one = json_object_new_object();
		r = one ? sk_json_append(list, one) : -ENOMEM;
		if (!r)
			r = sk_json_put_string(one, "name", names + at);
		if (!r)
			r = sk_json_put_base64(one, "value", value, (size_t)n);
	}
	return r;
}

static int put_line(struct keeping *k, const char *path, char type, const struct stat *st, const char *target, const uint8_t *hash, bool kept, int fd)
{
	_cleanup_json_ struct json_object *line = json_object_new_object();
	uint8_t attributes[LK_HASH];
	char word[2] = {type, 0};
	int r = line ? sk_json_put_base64(line, "path", path, strlen(path)) : -ENOMEM;

	if (!r)
		r = sk_json_put_string(line, "type", word);
	if (!r)
		r = sk_json_put_u64(line, "mode", st->st_mode & 07777);
	if (!r)
		r = sk_json_put_u64(line, "uid", st->st_uid);
	if (!r)
		r = sk_json_put_u64(line, "gid", st->st_gid);
	if (!r)
		r = sk_json_put_i64(line, "seconds", st->st_mtim.tv_sec);
	if (!r)
		r = sk_json_put_u64(line, "nanoseconds", (uint64_t)st->st_mtim.tv_nsec);
	if (!r)
		r = sk_json_put_u64(line, "inode", st->st_ino);
	if (!r)
		r = sk_json_put_i64(line, "changed", st->st_ctim.tv_sec);
	if (!r)
		r = sk_json_put_u64(line, "changed_ns", (uint64_t)st->st_ctim.tv_nsec);
	if (!r && target)
		r = sk_json_put_base64(line, "target", target, strlen(target));
	if (!r && hash)
		r = sk_json_put_hex(line, "sha256", hash, LK_HASH);
	if (!r)
		r = sk_json_put_bool(line, "kept", kept);
	if (!r && fd >= 0)
		r = put_xattrs(line, fd);
	if (!r && fd >= 0)
		r = lk_attributes(fd, st, attributes);
	if (!r && fd >= 0)
		r = sk_json_put_hex(line, "attributes", attributes, LK_HASH);
	if (!r)
		r = sk_json_canonical(line, &k->index);
	return r ? r : sk_buf_append_char(&k->index, '\n');
}

static bool has_room(const struct keeping *k, uint64_t size)
{
	struct statvfs room;

	return k->bytes + size <= k->state->keep_max && fstatvfs(k->folder, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize > size + SPARE;
}

static int copy(struct keeping *k, int from, int to)
{
	off_t at = 0;
	ssize_t n;
	int r = 0;

	while (!r && (n = pread(from, k->space, LK_WINDOW_SPACE, at)) > 0) {
		r = sk_fd_write("window.keep", to, k->space, (size_t)n);
		at += n;
	}
	return r ? r : n < 0 ? -errno : 0;
}

/* True when the content is there: written now, or before. */
static bool keep_content(struct keeping *k, int fd, const uint8_t hash[LK_HASH], uint64_t size)
{
	_cleanup_close_ int out = -1;
	char name[2 * LK_HASH + 1], beside[2 * LK_HASH + 8];

	snprintf(beside, sizeof beside, "%s.new", sk_hex(hash, LK_HASH, name));
	if (faccessat(k->folder, name, F_OK, 0) == 0)
		return true;
	if (!has_room(k, size))
		return false;
	out = openat(k->folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0 || copy(k, fd, out) != 0 || renameat(k->folder, beside, k->folder, name) < 0) {
		unlinkat(k->folder, beside, 0);
		return false;
	}
	k->bytes += size;
	return true;
}

static bool is_new(struct keeping *k, char kind, const char *path)
{
	char key[4800];
	int length = snprintf(key, sizeof key, "%c%s", kind, path);

	return !sk_map_get(k->folders, key, (size_t)length) && !sk_map_put(k->folders, key, (size_t)length, k);
}

static bool is_kept(const struct keeping *k, const char *path)
{
	char key[4800];
	int length = snprintf(key, sizeof key, "f%s", path);

	return sk_map_get(k->folders, key, (size_t)length);
}

/* Owner and mode of the folders above, each once: an updater may take them away. */
static int keep_parents(struct keeping *k, const char *path)
{
	char folder[4400];
	struct stat st;
	int r = 0;

	snprintf(folder, sizeof folder, "%.4200s", path);
	for (char *slash = strrchr(folder, '/'); !r && slash && slash != folder; slash = strrchr(folder, '/')) {
		*slash = 0;
		if (!is_new(k, 'd', folder))
			break;
		if (lstat(folder, &st) == 0 && S_ISDIR(st.st_mode))
			r = put_line(k, folder, 'd', &st, NULL, NULL, true, -1);
	}
	return r;
}

/* `sure`: it is the one that the policy names; others are kept when their content is known all the same, and noted when not. */
static int keep_file(struct keeping *k, const char *path, bool sure)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	uint8_t hash[LK_HASH];
	struct stat st;
	bool kept;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (!sure && !((k->any_approved || sk_map_get(k->sizes, &st.st_size, sizeof st.st_size)) && lk_kind_of(fd, path)))
		return put_line(k, path, 'x', &st, NULL, NULL, false, -1);
	if (sk_hasher_fd(k->hasher, fd, k->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) != 0 || !sk_map_get(k->known, hash, LK_HASH))
		return sure ? 0 : put_line(k, path, 'x', &st, NULL, NULL, false, -1);
	kept = keep_content(k, fd, hash, (uint64_t)st.st_size);
	k->kept += kept;
	k->not_kept += !kept;
	(void)is_new(k, 'f', path);
	if (sk_map_put(k->sizes, &st.st_size, sizeof st.st_size, k) < 0)
		return -ENOMEM;
	SK_POINT("window.keep-file");
	return put_line(k, path, 'f', &st, NULL, hash, kept, fd);
}

/* The links of a folder, and which other files there are (what was there is not added by a window), once. */
static int keep_folder(struct keeping *k, const char *folder)
{
	char name[4700], target[4096];
	const struct dirent *entry;
	struct stat st;
	DIR *list;
	int r = 0;

	if (!is_new(k, 'l', folder))
		return 0;
	list = opendir(folder);
	while (list && !r && (entry = readdir(list))) {
		ssize_t n;

		if (entry->d_type != DT_LNK && entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
			continue;
		snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
		if (lstat(name, &st) < 0)
			continue;
		n = S_ISLNK(st.st_mode) ? readlink(name, target, sizeof target - 1) : -1;
		target[n < 0 ? 0 : n] = 0;
		if (n >= 0)
			r = put_line(k, name, 'l', &st, target, NULL, true, -1);
		else if (S_ISREG(st.st_mode) && !is_kept(k, name))
			r = keep_file(k, name, false);
	}
	if (list)
		closedir(list);
	return r;
}

/* Without links in the folders: where it lies. */
static bool real_place(const char *path, char out[static 4400])
{
	const char *slash = strrchr(path, '/');
	char folder[4096], real[PATH_MAX];

	if (slash == path || (size_t)(slash - path) >= sizeof folder)
		return false;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	return realpath(folder, real) && real[1] && (size_t)snprintf(out, 4400, "%s%s", real, slash) < 4096;
}

static int keep_one(struct keeping *k, const char *path)
{
	char place[4400];
	int r;

	if (!real_place(path, place) || !is_new(k, 'n', place))
		return 0;
	r = keep_file(k, place, true);
	return r || keep_parents(k, place) ? sk_origin(-ENOMEM) : 0;
}

static int keep_beside(struct keeping *k, const char *path)
{
	char place[4400];

	if (!real_place(path, place))
		return 0;
	*strrchr(place, '/') = 0;
	return keep_folder(k, place) ? sk_origin(-ENOMEM) : 0;
}

static int each_line(int root, const char *file, size_t max, int (*each)(void *arg, struct json_object *line), void *arg)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(max);
	int r = sk_file_read(root, file, max, &text);

	if (r)
		return r == SK_NONE ? 0 : r < 0 ? r : -EFBIG;
	for (size_t at = 0; r == 0 && at < text.size;) {
		_cleanup_json_ struct json_object *line = NULL;
		const char *end = memchr(text.data + at, '\n', text.size - at);
		size_t size = end ? (size_t)(end - (text.data + at)) : text.size - at;

		if (sk_json_parse_object(text.data + at, size, LINE_MAX_BYTES, &line, NULL) == 0)
			r = each(arg, line);
		at += size + 1;
	}
	return r;
}

static int know_line(void *arg, struct json_object *line)
{
	struct sk_json at = SK_JSON(line, "name", NULL);
	struct keeping *k = arg;
	uint8_t hash[LK_HASH];

	if (sk_json_hex(&at, "sha256", hash, sizeof hash))
		return 0;
	k->any_approved |= !sk_json_has(&at, "path");
	return sk_map_put(k->known, hash, LK_HASH, k) < 0 ? -ENOMEM : 0;
}

static int name_line(void *arg, struct json_object *line, int (*each)(struct keeping *k, const char *path))
{
	struct sk_json at = SK_JSON(line, "name", NULL);
	const char *path;

	if (!sk_json_has(&at, "path") || sk_json_string(&at, "path", 1, 4095, &path) || path[0] != '/')
		return 0;
	return each(arg, path);
}

static int keep_line(void *arg, struct json_object *line)
{
	return name_line(arg, line, keep_one);
}

static int beside_line(void *arg, struct json_object *line)
{
	return name_line(arg, line, keep_beside);
}

static int say_kept(const struct keeping *k)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(1024);
	char path[256];
	int r = out ? sk_json_put_u64(out, "kept", k->kept) : -ENOMEM;

	if (!r)
		r = sk_json_put_u64(out, "kept_bytes", k->bytes);
	if (!r)
		r = sk_json_put_u64(out, "not_kept", k->not_kept);
	if (!r)
		r = sk_json_canonical(out, &text);
	lk_window_path(k->state, "kept.json", path);
	return r ? r : LK_REPLACE("window.kept", k->root, path, text.data, text.size);
}

static int keep_all(struct keeping *k)
{
	char path[256];
	int r = sk_map_new(FOLDERS, NULL, &k->folders);

	if (!r)
		r = sk_hasher_new(&k->hasher);
	if (!r)
		r = sk_map_new(KNOWN, NULL, &k->known);
	if (!r)
		r = sk_map_new(KNOWN, NULL, &k->sizes);
	if (!r && !k->space)
		r = sk_origin(-ENOMEM);
	if (!r)
		r = each_line(k->root, WINDOW_NAMES, NAMES_MAX, know_line, k);
	if (!r)
		r = each_line(k->root, WINDOW_NAMES, NAMES_MAX, keep_line, k);
	if (!r)
		r = each_line(k->root, WINDOW_NAMES, NAMES_MAX, beside_line, k);
	if (!r && syncfs(k->folder) < 0) /* all contents at once, before anything says that they are there */
		r = sk_origin_errno();
	lk_window_path(k->state, "kept.ndjson", path);
	if (!r)
		r = LK_REPLACE("window.kept", k->root, path, k->index.data ? k->index.data : "", k->index.size);
	return r ? r : say_kept(k);
}

int lk_keep_before(int root, const struct lk_window_state *state)
{
	struct keeping k = {.root = root, .folder = -1, .state = state, .index = SK_BUF(INDEX_MAX), .space = sk_malloc(LK_WINDOW_SPACE)};
	char path[256];
	int r;

	lk_window_path(state, "data", path);
	r = sk_dir_make(root, path, (uid_t)-1, (gid_t)-1, 0700);
	if (!r)
		r = sk_open_in(root, path, O_RDONLY | O_DIRECTORY, 0, &k.folder);
	if (!r)
		r = keep_all(&k);
	if (k.folder >= 0)
		close(k.folder);
	sk_hasher_free(k.hasher);
	sk_map_free(k.folders);
	sk_map_free(k.known);
	sk_map_free(k.sizes);
	sk_buf_done(&k.index);
	free(k.space);
	return r;
}

int lk_keep_each(int root, const struct lk_window_state *state, int (*each)(void *arg, struct json_object *file), void *arg)
{
	char path[256];

	lk_window_path(state, "kept.ndjson", path);
	return each_line(root, path, INDEX_MAX, each, arg);
}

/* --- what nobody needs any more */

static void remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && unlinkat(fd, entry->d_name, 0) < 0)
			remove_below(fd, entry->d_name);
	if (list)
		closedir(list);
	else if (fd >= 0)
		close(fd);
	unlinkat(parent, name, AT_REMOVEDIR);
}

void lk_keep_sweep(int root, const char *but)
{
	const struct dirent *entry;
	DIR *list;
	int fd;

	if (sk_open_in(root, WINDOW_FOLDER, O_RDONLY | O_DIRECTORY, 0, &fd) != 0)
		return;
	list = fdopendir(fd);
	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, but))
			remove_below(fd, entry->d_name);
	if (list)
		closedir(list);
	else
		close(fd);
}
