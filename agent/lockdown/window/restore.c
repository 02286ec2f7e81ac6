// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Puts back what window/keep.c kept, exactly, and takes away what an updater added. No link is followed on the way to a file: whoever may write in a folder above
 * it could else lead the recorder, which is root, to another place. A link or nothing where a folder was: the folder is made again, with its owner and mode.
 * Each file is replaced by a rename, so there is never half of one, and a file that is in use goes on being used. Interrupted it is done again from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

enum { INDEX_MAX = 64 << 20, XATTR_MAX = 64 << 10, FOLDERS = 400000 };

struct folder {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

struct restoring {
	int root, data;
	struct sk_map *folders; /* path -> struct folder */
	struct sk_map *places;  /* inode before -> path where it is again: hard links */
	struct sk_hasher *hasher;
	void *space;
	uint64_t restored, removed, failed;
};

struct before {
	char path[4096], target[4096];
	char type;
	bool kept;
	uint64_t mode, uid, gid, nanoseconds, inode;
	int64_t seconds;
	uint8_t hash[LK_HASH], attributes[LK_HASH];
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
	    sk_json_u64(at, "nanoseconds", 0, 999999999, &out->nanoseconds) || sk_json_bool(at, "kept", &out->kept) ||
	    sk_json_u64(at, "inode", 0, SK_JSON_MAX_INT, &out->inode) || out->path[0] != '/')
		return false;
	out->type = type[0];
	out->has_xattrs = sk_json_has(at, "xattrs") && sk_json_array(at, "xattrs", 1000, &out->xattrs) == 0;
	if (out->type == 'l')
		return sk_json_base64(at, "target", out->target, sizeof out->target - 1, &size) == 0;
	return out->type == 'd' || (out->type == 'f' && sk_json_hex(at, "sha256", out->hash, LK_HASH) == 0 &&
				    sk_json_hex(at, "attributes", out->attributes, LK_HASH) == 0);
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

/* --- folders */

/* A folder that is not there: as it was, when that is known. */
static int make_folder(struct restoring *x, int parent, const char *name, const char *path)
{
	const struct folder *before = sk_map_get(x->folders, path, strlen(path));
	int fd, error;

	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fchown(fd, before ? before->uid : 0, before ? before->gid : 0) == 0 && fchmod(fd, before ? before->mode : 0755) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int enter(struct restoring *x, int parent, const char *name, const char *path, bool make)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat found;

	if (fd >= 0 || !make)
		return fd < 0 ? -errno : fd;
	if ((errno == ENOTDIR || errno == ELOOP) && fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode)) {
		sk_log(SK_LOG_WARNING, "window: %s was a folder and is a link: the folder is made again", path);
		unlinkat(parent, name, 0);
		errno = ENOENT;
	}
	return errno == ENOENT ? make_folder(x, parent, name, path) : -errno;
}

/* The folder of `path`, and the name in it. A descriptor or -errno. */
static int walk(struct restoring *x, const char *path, bool make, const char **ret_name)
{
	char part[4096];
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	const char *begin = path + 1;

	for (const char *end = strchr(begin, '/'); fd >= 0 && end; begin = end + 1, end = strchr(begin, '/')) {
		char name[256];

		if (end == begin || (size_t)snprintf(name, sizeof name, "%.*s", (int)(end - begin), begin) >= sizeof name || !strcmp(name, "..")) {
			close(fd);
			return -EINVAL;
		}
		snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
		next = enter(x, fd, name, part, make);
		close(fd);
		fd = next;
	}
	*ret_name = begin;
	return fd;
}

/* --- files */

static bool is_link_as_before(int folder, const char *name, const struct before *b)
{
	char target[4096];
	ssize_t n = readlinkat(folder, name, target, sizeof target - 1);

	target[n < 0 ? 0 : n] = 0;
	return n >= 0 && !strcmp(target, b->target);
}

static bool is_as_before(struct restoring *x, const struct before *b)
{
	_cleanup_close_ int folder = -1, fd = -1;
	uint8_t hash[LK_HASH], attributes[LK_HASH];
	const char *name;
	struct stat st;

	folder = walk(x, b->path, false, &name);
	if (folder < 0 || b->type == 'l')
		return folder >= 0 && is_link_as_before(folder, name, b);
	fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_mtim.tv_sec != b->seconds || (uint64_t)st.st_mtim.tv_nsec != b->nanoseconds ||
	    lk_attributes(fd, &st, attributes) != 0 || memcmp(attributes, b->attributes, LK_HASH))
		return false;
	return sk_hasher_fd(x->hasher, fd, x->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) == 0 && !memcmp(hash, b->hash, LK_HASH);
}

static int write_file(struct restoring *x, const struct before *b, int folder, const char *beside)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = b->seconds, .tv_nsec = (long)b->nanoseconds}};
	_cleanup_close_ int from = -1, to = -1;
	char name[2 * LK_HASH + 1];
	ssize_t n;
	off_t at = 0;
	int r = 0;

	from = openat(x->data, sk_hex(b->hash, LK_HASH, name), O_RDONLY | O_CLOEXEC);
	to = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
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

/* Another name of a file that is back by now: it was one file, and is one again. */
static bool link_other(struct restoring *x, const struct before *b, int folder, const char *beside)
{
	_cleanup_close_ int other = -1;
	const char *path = sk_map_get(x->places, &b->inode, sizeof b->inode), *name;

	other = path ? walk(x, path, false, &name) : -1;
	return other >= 0 && linkat(other, name, folder, beside, 0) == 0;
}

static int restore(struct restoring *x, const struct before *b)
{
	_cleanup_close_ int folder = -1;
	const char *name;
	char beside[300];
	int r = 0;

	folder = walk(x, b->path, true, &name);
	if (folder < 0)
		return folder;
	snprintf(beside, sizeof beside, "%.230s.sekisho-restore", name);
	unlinkat(folder, beside, 0);
	if (b->type == 'l')
		r = symlinkat(b->target, folder, beside) < 0 || fchownat(folder, beside, (uid_t)b->uid, (gid_t)b->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	else if (!link_other(x, b, folder, beside))
		r = b->kept ? write_file(x, b, folder, beside) : -ENODATA;
	SK_POINT("window.restore-file");
	if (!r && renameat(folder, beside, folder, name) < 0)
		r = -errno;
	unlinkat(folder, beside, 0); /* also when both were one file already */
	return r;
}

static int folder_line(void *arg, struct json_object *line)
{
	struct sk_json at = SK_JSON(line, "kept", NULL);
	struct restoring *x = arg;
	struct folder *folder;
	struct before b;

	if (!read_before(&at, &b) || b.type != 'd')
		return 0;
	folder = sk_malloc(sizeof *folder);
	if (!folder)
		return -ENOMEM;
	*folder = (struct folder){(uid_t)b.uid, (gid_t)b.gid, (mode_t)b.mode};
	if (sk_map_put(x->folders, b.path, strlen(b.path), folder))
		free(folder);
	return 0;
}

static void remember_place(struct restoring *x, const struct before *b)
{
	char *path;

	if (b->type != 'f' || sk_map_get(x->places, &b->inode, sizeof b->inode))
		return;
	path = sk_strdup(b->path);
	if (path && sk_map_put(x->places, &b->inode, sizeof b->inode, path))
		free(path);
}

static int restore_line(void *arg, struct json_object *line)
{
	struct sk_json at = SK_JSON(line, "kept", NULL);
	struct restoring *x = arg;
	struct before b;
	bool same;
	int r;

	if (!read_before(&at, &b) || b.type == 'd')
		return 0;
	same = is_as_before(x, &b);
	r = same ? 0 : restore(x, &b);
	if (!r)
		remember_place(x, &b);
	if (r)
		sk_log(SK_LOG_WARNING, "window: %s cannot be put back: %s", b.path, r == -ENODATA ? "its content was not kept" : strerror(-r));
	x->failed += r != 0;
	x->restored += !same && !r;
	return 0;
}

/* What an updater added goes, if it is still what it wrote. */
static int remove_added(struct restoring *x, const struct sk_json *item)
{
	_cleanup_close_ int fd = -1, folder = -1;
	uint8_t wanted[LK_HASH], hash[LK_HASH];
	const char *change, *name;
	char path[4096] = "";
	bool trusted;
	size_t size;

	if (sk_json_string(item, "change", 1, 16, &change) || strcmp(change, "added") || sk_json_bool(item, "trusted", &trusted) || !trusted ||
	    sk_json_base64(item, "path", path, sizeof path - 1, &size) || sk_json_hex(item, "sha256", wanted, LK_HASH))
		return 0;
	folder = path[0] == '/' ? walk(x, path, false, &name) : -1;
	fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	if (fd < 0 || sk_hasher_fd(x->hasher, fd, x->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) != 0 || memcmp(hash, wanted, LK_HASH))
		return 0;
	SK_POINT("window.remove-file");
	if (unlinkat(folder, name, 0) == 0)
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
	struct restoring x = {.root = root, .data = -1, .space = sk_malloc(LK_WINDOW_SPACE)};
	char path[256];
	int r = x.space ? sk_hasher_new(&x.hasher) : sk_origin(-ENOMEM);

	lk_window_path(state, "data", path);
	if (!r)
		r = sk_open_in(root, path, O_RDONLY | O_DIRECTORY, 0, &x.data);
	if (!r)
		r = sk_map_new(FOLDERS, free, &x.folders);
	if (!r)
		r = sk_map_new(FOLDERS, free, &x.places);
	if (!r)
		r = lk_keep_each(root, state, folder_line, &x);
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
	if (x.data >= 0)
		close(x.data);
	sk_map_free(x.folders);
	sk_map_free(x.places);
	sk_hasher_free(x.hasher);
	free(x.space);
	return r > 0 ? -EIO : r;
}

