// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The difference that a window made, for a person to approve or roll back: programs, libraries and scripts that were added, changed or removed, who wrote each,
 * and whether that was a trusted updater's work. Worked out from what was recorded, from what was there before, and from what is there now; the files
 * are hashed once more, so what is approved is what lies there, and are on the disk before the difference is. A known content with another owner, mode (set-uid)
 * or attribute (capabilities) is a difference, too.
 */
#include <dirent.h>
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

enum { CHANGES_MAX = 64 << 20, BEFORE_MAX = 100000 };

struct old {
	uint8_t hash[LK_HASH], attributes[LK_HASH];
	uint64_t inode, changed_ns;
	int64_t changed;
	bool told;
};

struct comparing {
	struct sk_hasher *hasher;
	void *space;
	struct sk_map *before; /* path -> struct old */
	struct sk_map *told;   /* path -> anything */
	struct json_object *list;
	uint64_t added, changed, removed;
	int r;
};

static int read_old(void *arg, struct json_object *line)
{
	struct sk_json at = SK_JSON(line, "kept", NULL);
	struct comparing *c = arg;
	struct old *old;
	const char *type;
	char path[4096];
	size_t size;

	if (sk_json_string(&at, "type", 1, 1, &type) || type[0] == 'l' || type[0] == 'd' || sk_json_base64(&at, "path", path, sizeof path - 1, &size))
		return 0;
	if (type[0] == 'x' && sk_map_get(c->before, path, size))
		return 0; /* it is known with its content */
	old = sk_calloc(1, sizeof *old);
	if (!old)
		return sk_origin(-ENOMEM);
	old->told = type[0] == 'x'; /* what it was nobody knows */
	if ((type[0] == 'f' && (sk_json_hex(&at, "sha256", old->hash, LK_HASH) || sk_json_hex(&at, "attributes", old->attributes, LK_HASH))) || sk_json_u64(&at, "inode", 0, SK_JSON_MAX_INT, &old->inode) ||
	    sk_json_i64(&at, "changed", -SK_JSON_MAX_INT, SK_JSON_MAX_INT, &old->changed) ||
	    sk_json_u64(&at, "changed_ns", 0, 999999999, &old->changed_ns) || sk_map_put(c->before, path, size, old))
		free(old);
	return 0;
}

/* --- where a file is now */

static bool is_at(const char *path, uint64_t inode)
{
	struct stat found;

	return lstat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_ino == inode;
}

/* Renamed within its folder, as installers do. */
static bool find_beside(const char *path, uint64_t inode, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	const struct dirent *entry;
	bool found = false;
	DIR *list;

	if (!slash)
		return false;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	list = opendir(folder[0] ? folder : "/");
	while (list && !found && (entry = readdir(list))) {
		if (entry->d_ino != inode)
			continue;
		found = (size_t)snprintf(out, size, "%s/%s", folder, entry->d_name) < size && is_at(out, inode);
	}
	if (list)
		closedir(list);
	return found;
}

static bool where(const struct lk_written *item, char *out, size_t size)
{
	char link[40];
	ssize_t n;

	if (item->fd >= 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", item->fd);
		n = readlink(link, out, size - 1);
		out[n < 0 ? 0 : n] = 0;
		if (n > 0 && is_at(out, item->inode))
			return true;
	}
	snprintf(out, size, "%s", item->path);
	return is_at(out, item->inode) || find_beside(item->path, item->inode, out, size);
}

/* --- the list */

/* What a person must see beside the content: who owns it now, and what it may. */
struct looks {
	uint64_t size, mode;
	bool is_privileged; /* it gives rights to whoever starts it */
	uint8_t attributes[LK_HASH];
};

static int tell(struct comparing *c, const char *path, const char *change, char kind, bool trusted, const uint8_t *now, const uint8_t *before,
		const struct looks *looks, const struct lk_written *item)
{
	struct json_object *one = json_object_new_object();
	char word[2] = {kind, 0};
	int r = one ? sk_json_append(c->list, one) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_base64(one, "path", path, strlen(path));
	if (!r)
		r = sk_json_put_string(one, "change", change);
	if (!r)
		r = sk_json_put_string(one, "kind", word);
	if (!r)
		r = sk_json_put_bool(one, "trusted", trusted);
	if (!r && now)
		r = sk_json_put_hex(one, "sha256", now, LK_HASH);
	if (!r && before)
		r = sk_json_put_hex(one, "before", before, LK_HASH);
	if (!r)
		r = sk_json_put_u64(one, "size", looks->size);
	if (!r)
		r = sk_json_put_u64(one, "mode", looks->mode);
	if (!r)
		r = sk_json_put_bool(one, "privileged", looks->is_privileged);
	if (!r && item)
		r = sk_json_put_base64(one, "writer", item->writer, strlen(item->writer));
	if (!r && item)
		r = sk_json_put_u64(one, "time", item->time_ms);
	return r;
}

static int look(struct comparing *c, const char *path, uint8_t hash[LK_HASH], char *kind, struct looks *looks)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME);
	struct stat found;

	if (fd < 0 || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode))
		return SK_NONE;
	*looks = (struct looks){.size = (uint64_t)found.st_size, .mode = found.st_mode & 07777};
	looks->is_privileged = (found.st_mode & S_ISUID) || (found.st_mode & S_ISGID) || fgetxattr(fd, "security.capability", NULL, 0) > 0;
	if (lk_attributes(fd, &found, looks->attributes))
		return SK_NONE;
	return lk_look_at(fd, c->hasher, c->space, kind, hash);
}

static int compare_item(struct comparing *c, const struct lk_written *item)
{
	char path[4400], kind = item->kind;
	struct looks looks = {0};
	uint8_t now[LK_HASH];
	struct old *old;
	bool trusted;

	if (!where(item, path, sizeof path) || look(c, path, now, &kind, &looks) != 0 || !kind || sk_map_get(c->told, path, strlen(path)))
		return 0; /* it did not stay */
	trusted = item->trusted && !memcmp(now, item->hash, LK_HASH);
	old = sk_map_get(c->before, path, strlen(path));
	if (old && !memcmp(old->hash, now, LK_HASH))
		return 0; /* compare_old() looks at the rest */
	if (old)
		old->told = true;
	(void)sk_map_put(c->told, path, strlen(path), c);
	c->added += !old;
	c->changed += old != NULL;
	return tell(c, path, old ? "changed" : "added", kind, trusted, now, old ? old->hash : NULL, &looks, item);
}

/* What nobody recorded, but is gone or is not what it was. */
static int compare_old(struct comparing *c, const char *path, struct old *old)
{
	struct looks looks = {0};
	struct stat found;
	uint8_t now[LK_HASH];
	const char *change;
	char kind = 'p';

	if (old->told)
		return 0;
	if (lstat(path, &found) < 0 || !S_ISREG(found.st_mode)) {
		c->removed++;
		return tell(c, path, "removed", kind, false, NULL, old->hash, &looks, NULL);
	}
	if (found.st_ino == old->inode && found.st_ctim.tv_sec == old->changed && (uint64_t)found.st_ctim.tv_nsec == old->changed_ns)
		return 0;
	if (look(c, path, now, &kind, &looks) != 0)
		return 0;
	change = memcmp(now, old->hash, LK_HASH) ? "changed" : "attributes";
	if (change[0] == 'a' && !memcmp(looks.attributes, old->attributes, LK_HASH))
		return 0;
	c->changed++;
	return tell(c, path, change, kind ? kind : 'p', false, now, old->hash, &looks, NULL);
}

static int compare(struct comparing *c, const struct lk_written *items, size_t count)
{
	size_t position = 0, size;
	const void *key;
	struct old *old;
	int r = 0;

	for (size_t i = count; i > 0 && !r; i--) /* of two that have one place the later one counts */
		r = compare_item(c, &items[i - 1]);
	while (!r && (old = sk_map_next(c->before, &position, &key, &size))) {
		char path[4096];

		snprintf(path, sizeof path, "%.*s", (int)SK_MIN(size, sizeof path - 1), (const char *)key);
		r = compare_old(c, path, old);
	}
	return r;
}

static int write_changes(int root, const struct lk_window_state *state, struct comparing *c, struct json_object *out)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(CHANGES_MAX);
	char path[256];
	int r = sk_json_put_u64(out, "added", c->added);

	if (!r)
		r = sk_json_put_u64(out, "changed", c->changed);
	if (!r)
		r = sk_json_put_u64(out, "removed", c->removed);
	if (!r)
		r = sk_json_canonical(out, &text);
	lk_window_path(state, "changes.json", path);
	return r ? r : LK_REPLACE("window.changes", root, path, text.data, text.size);
}

static void settle(const struct lk_window_state *state)
{
	for (uint32_t i = 0; i < state->path_count; i++) {
		_cleanup_close_ int fd = open(state->paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			syncfs(fd);
	}
}

int lk_changes(int root, const struct lk_window_state *state, const struct lk_written *items, size_t count)
{
	_cleanup_json_ struct json_object *out = json_object_new_object();
	struct comparing c = {.space = sk_malloc(LK_WINDOW_SPACE)};
	int r = c.space && out ? sk_json_put_array(out, "items", &c.list) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_map_new(BEFORE_MAX, free, &c.before);
	if (!r)
		r = sk_map_new(BEFORE_MAX, NULL, &c.told);
	if (!r)
		r = sk_hasher_new(&c.hasher);
	settle(state);
	if (!r)
		r = lk_keep_each(root, state, read_old, &c);
	if (!r)
		r = compare(&c, items, count);
	if (!r)
		r = write_changes(root, state, &c, out);
	sk_map_free(c.before);
	sk_map_free(c.told);
	sk_hasher_free(c.hasher);
	free(c.space);
	return r > 0 ? -EFBIG : r;
}
