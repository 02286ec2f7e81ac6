// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What was there before the window: the content of every known file that lies where the policy names it (by hash, each once), its owner, mode, attributes and
 * times, and the symbolic links beside it, because a library is found by one. Rolling back puts exactly that in place again and takes away what was added.
 *
 * A file that was there with a content that nobody knows is only noted: it cannot be put back, and is not taken away.
 *
 * WINDOW_FOLDER/ID/  data/HASH    contents       kept.ndjson   one line a file or link     kept.json, restored.json   it is done, and the counts
 *
 * Both are done again from the start when they were interrupted; each file is replaced by a rename, so there is never half of one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
#include "lockdown/window.h"
#include "os/file.h"
#include "os/point.h"

enum { INDEX_MAX = 64 << 20, LINE_MAX_BYTES = 128 << 10, NAMES_MAX = 64 << 20, FOLDERS = 20000, XATTR_MAX = 64 << 10, SPARE = 64 << 20 };

struct keeping {
	int root, folder; /* WINDOW_FOLDER/ID/data */
	const struct lk_window_state *state;
	struct sk_hasher *hasher;
	void *space;
	struct sk_buf index;
	struct sk_map *folders;
	uint64_t kept, bytes, not_kept;
};

/* --- keeping */

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

/* The links of a folder, and which other files there are (what was there is not added by a window), once. */
static int keep_folder(struct keeping *k, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096], name[4400], target[4096];
	const struct dirent *entry;
	struct stat st;
	DIR *list;
	int r = 0;

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof folder)
		return 0;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	if (sk_map_get(k->folders, folder, strlen(folder)) || sk_map_put(k->folders, folder, strlen(folder), k))
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
		else if (S_ISREG(st.st_mode))
			r = put_line(k, name, 'x', &st, NULL, NULL, false, -1);
	}
	if (list)
		closedir(list);
	return r;
}

static int keep_one(struct keeping *k, const char *path, const uint8_t wanted[LK_HASH])
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	uint8_t hash[LK_HASH];
	struct stat st;
	bool kept;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || sk_hasher_fd(k->hasher, fd, k->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) != 0 ||
	    memcmp(hash, wanted, LK_HASH))
		return 0; /* it is not there, or not what the policy knows */
	kept = keep_content(k, fd, hash, (uint64_t)st.st_size);
	k->kept += kept;
	k->not_kept += !kept;
	SK_POINT("window.keep-file");
	return put_line(k, path, 'f', &st, NULL, hash, kept, fd) || keep_folder(k, path) ? sk_origin(-ENOMEM) : 0;
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

static int keep_line(void *arg, struct json_object *line)
{
	struct sk_json at = SK_JSON(line, "name", NULL);
	uint8_t hash[LK_HASH];
	const char *path;

	if (sk_json_string(&at, "path", 1, 4095, &path) || sk_json_hex(&at, "sha256", hash, sizeof hash) || path[0] != '/')
		return 0;
	return keep_one(arg, path, hash);
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
	if (!r && !k->space)
		r = sk_origin(-ENOMEM);
	if (!r)
		r = each_line(k->root, WINDOW_NAMES, NAMES_MAX, keep_line, k);
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

/* --- putting back */

struct restoring {
	int root, folder;
	struct sk_hasher *hasher;
	void *space;
	uint64_t restored, removed, failed;
};

struct before {
	char path[4096], target[4096];
	char type;
	bool kept;
	uint64_t mode, uid, gid, nanoseconds;
	int64_t seconds;
	uint8_t hash[LK_HASH];
	struct sk_json xattrs;
	bool has_xattrs;
};

static bool read_before(const struct sk_json *at, struct before *out)
{
	const char *type;
	size_t size;

	*out = (struct before){.type = 0};
	if (sk_json_base64(at, "path", out->path, sizeof out->path - 1, &size) || sk_json_string(at, "type", 1, 1, &type) ||
	    sk_json_u64(at, "mode", 0, 07777, &out->mode) || sk_json_u64(at, "uid", 0, UINT32_MAX, &out->uid) ||
	    sk_json_u64(at, "gid", 0, UINT32_MAX, &out->gid) || sk_json_i64(at, "seconds", -SK_JSON_MAX_INT, SK_JSON_MAX_INT, &out->seconds) ||
	    sk_json_u64(at, "nanoseconds", 0, 999999999, &out->nanoseconds) || sk_json_bool(at, "kept", &out->kept))
		return false;
	out->type = type[0];
	out->has_xattrs = sk_json_has(at, "xattrs") && sk_json_array(at, "xattrs", 1000, &out->xattrs) == 0;
	if (out->type == 'l')
		return sk_json_base64(at, "target", out->target, sizeof out->target - 1, &size) == 0;
	return sk_json_hex(at, "sha256", out->hash, LK_HASH) == 0;
}

static int set_xattrs(int fd, const struct before *b)
{
	_cleanup_free_ char *value = sk_malloc(XATTR_MAX);
	size_t size;

	for (size_t i = 0; value && b->has_xattrs && i < sk_json_length(&b->xattrs); i++) {
		struct sk_json one;
		const char *name;

		if (sk_json_item_object(&b->xattrs, i, &one) || sk_json_string(&one, "name", 1, 255, &name) ||
		    sk_json_base64(&one, "value", value, XATTR_MAX, &size))
			continue;
		if (fsetxattr(fd, name, value, size, 0) < 0)
			return -errno;
	}
	return value ? 0 : -ENOMEM;
}

static bool is_as_before(struct restoring *x, const struct before *b)
{
	_cleanup_close_ int fd = -1;
	uint8_t hash[LK_HASH];
	char target[4096];
	struct stat st;
	ssize_t n;

	if (lstat(b->path, &st) < 0)
		return false;
	if (b->type == 'l') {
		n = S_ISLNK(st.st_mode) ? readlink(b->path, target, sizeof target - 1) : -1;
		if (n >= 0)
			target[n] = 0;
		return n >= 0 && !strcmp(target, b->target);
	}
	if (!S_ISREG(st.st_mode) || (st.st_mode & 07777) != b->mode || st.st_uid != b->uid || st.st_gid != b->gid || st.st_mtim.tv_sec != b->seconds ||
	    (uint64_t)st.st_mtim.tv_nsec != b->nanoseconds)
		return false;
	fd = open(b->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	return fd >= 0 && sk_hasher_fd(x->hasher, fd, x->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) == 0 && !memcmp(hash, b->hash, LK_HASH);
}

enum { LINKS = 40 };

/* What is left of a path that is gone through part by part. */
struct way {
	char rest[2 * 4096 + 2];
	int dir, links;
};

/* `dir` is a symbolic link that stands in for what comes next. */
static int follow(struct way *way, int link)
{
	char target[4096], rest[sizeof way->rest];
	ssize_t n = readlinkat(link, "", target, sizeof target - 1);

	if (n <= 0 || ++way->links > LINKS)
		return n < 0 ? -errno : -ELOOP;
	target[n] = 0;
	if (snprintf(rest, sizeof rest, "%s/%s", target, way->rest) >= (int)sizeof rest)
		return -ENAMETOOLONG;
	memcpy(way->rest, rest, sizeof rest);
	if (target[0] != '/')
		return 0;
	sk_close_p(&way->dir);
	way->dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return way->dir < 0 ? -errno : 0;
}

static int step(struct way *way, bool make)
{
	size_t size = strcspn(way->rest, "/"), skip = size + strspn(way->rest + size, "/");
	_cleanup_close_ int fd = -1;
	char part[256];
	struct stat st;

	if (size >= sizeof part)
		return -ENAMETOOLONG;
	snprintf(part, sizeof part, "%.*s", (int)size, way->rest);
	memmove(way->rest, way->rest + skip, strlen(way->rest + skip) + 1);
	if (!part[0])
		return 0;
	fd = openat(way->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make && mkdirat(way->dir, part, 0755) == 0)
		fd = openat(way->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return st.st_uid == 0 ? follow(way, fd) : -ELOOP;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	sk_close_p(&way->dir);
	way->dir = SK_TAKE_FD(fd);
	return 0;
}

/*
 * The folder that `path` lies in (O_PATH), and its last part. Of symbolic links on the way only root's are followed: whoever owns a folder with a known program in it could
 * have put a link in its place, and have us write, as root, in a folder of his choice.
 */
static int open_parent(const char *path, bool make, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	struct way way = {.dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	int r = way.dir < 0 ? -errno : 0;

	*ret_name = slash + 1;
	snprintf(way.rest, sizeof way.rest, "%.*s", (int)(slash - path), path);
	while (!r && way.rest[0])
		r = step(&way, make);
	if (!r)
		return way.dir;
	sk_close_p(&way.dir);
	return r;
}

static int write_file(struct restoring *x, const struct before *b, int dir, const char *beside)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = b->seconds, .tv_nsec = (long)b->nanoseconds}};
	_cleanup_close_ int from = -1, to = -1;
	char name[2 * LK_HASH + 1];
	ssize_t n;
	off_t at = 0;
	int r = 0;

	from = openat(x->folder, sk_hex(b->hash, LK_HASH, name), O_RDONLY | O_CLOEXEC);
	unlinkat(dir, beside, 0);
	to = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (from < 0 || to < 0)
		return -errno;
	while (!r && (n = pread(from, x->space, LK_WINDOW_SPACE, at)) > 0) {
		r = sk_fd_write("window.restore", to, x->space, (size_t)n);
		at += n;
	}
	if (!r && (n < 0 || fchown(to, (uid_t)b->uid, (gid_t)b->gid) < 0 || fchmod(to, (mode_t)b->mode) < 0))
		r = -errno;
	if (!r)
		r = set_xattrs(to, b);
	if (!r && (futimens(to, times) < 0 || fsync(to) < 0))
		r = -errno;
	return r;
}

static int restore(struct restoring *x, const struct before *b)
{
	const char *name;
	_cleanup_close_ int dir = open_parent(b->path, true, &name);
	char beside[300];
	int r;

	if (dir < 0)
		return dir;
	snprintf(beside, sizeof beside, "%.230s.sekisho-restore", name);
	if (b->type == 'l') {
		unlinkat(dir, beside, 0);
		r = symlinkat(b->target, dir, beside) < 0 || fchownat(dir, beside, (uid_t)b->uid, (gid_t)b->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	} else {
		r = b->kept ? write_file(x, b, dir, beside) : -ENODATA;
	}
	SK_POINT("window.restore-file");
	if (!r && renameat(dir, beside, dir, name) < 0)
		r = -errno;
	if (r)
		unlinkat(dir, beside, 0);
	return r;
}

static int restore_line(void *arg, struct json_object *line)
{
	struct sk_json at = SK_JSON(line, "kept", NULL);
	struct restoring *x = arg;
	struct before b;
	int r;

	if (!read_before(&at, &b) || b.path[0] != '/' || is_as_before(x, &b))
		return 0;
	r = restore(x, &b);
	if (r)
		sk_log(SK_LOG_WARNING, "window: %s cannot be put back: %s", b.path, r == -ENODATA ? "its content was not kept" : strerror(-r));
	x->failed += r != 0;
	x->restored += r == 0;
	return 0;
}

/* What an updater added goes, if it is still what it wrote. */
static int remove_added(struct restoring *x, const struct sk_json *item)
{
	_cleanup_close_ int fd = -1, dir = -1;
	uint8_t wanted[LK_HASH], hash[LK_HASH];
	const char *change, *name;
	char path[4096] = "";
	bool trusted;
	size_t size;

	if (sk_json_string(item, "change", 1, 16, &change) || strcmp(change, "added") || sk_json_bool(item, "trusted", &trusted) || !trusted ||
	    sk_json_base64(item, "path", path, sizeof path - 1, &size) || sk_json_hex(item, "sha256", wanted, LK_HASH))
		return 0;
	dir = path[0] == '/' ? open_parent(path, false, &name) : -1;
	fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	if (fd < 0 || sk_hasher_fd(x->hasher, fd, x->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) != 0 || memcmp(hash, wanted, LK_HASH))
		return 0;
	SK_POINT("window.remove-file");
	if (unlinkat(dir, name, 0) == 0)
		x->removed++;
	else
		x->failed++;
	return 0;
}

static int remove_all_added(struct restoring *x, const struct lk_window_state *state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(INDEX_MAX);
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_json at, items, one;
	char path[256];
	int r;

	lk_window_path(state, "changes.json", path);
	r = sk_file_read(x->root, path, INDEX_MAX, &text);
	if (r == 0)
		r = sk_json_parse_object(text.data, text.size, INDEX_MAX, &tree, NULL);
	at = SK_JSON(tree, "changes", NULL);
	if (r == 0)
		r = sk_json_array(&at, "items", LK_WINDOW_ITEMS * 2, &items);
	for (size_t i = 0; r == 0 && i < sk_json_length(&items); i++)
		if (sk_json_item_object(&items, i, &one) == 0)
			r = remove_added(x, &one);
	return r < 0 ? r : 0;
}

static int say_restored(const struct restoring *x, const struct lk_window_state *state)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	_cleanup_buf_ struct sk_buf text = SK_BUF(1024);
	char path[256];
	int r = out ? sk_json_put_u64(out, "restored", x->restored) : -ENOMEM;

	if (!r)
		r = sk_json_put_u64(out, "removed", x->removed);
	if (!r)
		r = sk_json_put_u64(out, "failed", x->failed);
	if (!r)
		r = sk_json_canonical(out, &text);
	lk_window_path(state, "restored.json", path);
	return r ? r : LK_REPLACE("window.restored", x->root, path, text.data, text.size);
}

int lk_keep_restore(int root, const struct lk_window_state *state)
{
	struct restoring x = {.root = root, .folder = -1, .space = sk_malloc(LK_WINDOW_SPACE)};
	char path[256];
	int r = x.space ? sk_hasher_new(&x.hasher) : sk_origin(-ENOMEM);

	lk_window_path(state, "data", path);
	if (!r)
		r = sk_open_in(root, path, O_RDONLY | O_DIRECTORY, 0, &x.folder);
	if (!r)
		r = lk_keep_each(root, state, restore_line, &x);
	if (!r)
		r = remove_all_added(&x, state);
	for (uint32_t i = 0; !r && i < state->path_count; i++) {
		_cleanup_close_ int fd = open(state->paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			syncfs(fd); /* before it is said that all is back */
	}
	if (!r)
		r = say_restored(&x, state);
	if (x.folder >= 0)
		close(x.folder);
	sk_hasher_free(x.hasher);
	free(x.space);
	return r > 0 ? -EIO : r;
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
