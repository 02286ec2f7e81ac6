// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Carrying a hardening plan out, and taking it back. What was there before is written down durably first, so that a power cut at any moment leaves
 * something that --undo takes back whole. A file that somebody changed afterwards is theirs: it is named and left alone.
 *
 * Owns var/lib/sekisho/harden/record.json: a folder that no duty of the agent may write, because undoing writes what stands there as root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown-harden.h"
#include "os/file.h"

#define RECORD "var/lib/sekisho/harden/record.json"

enum { RECORD_MAX = 8 << 20, FOLDERS_MAX = 1024 };

/* --- files and links below the root */

static int open_parent(int dir, const char *path, int *ret_parent, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[512];

	snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 0, path);
	*ret_name = slash ? slash + 1 : path;
	return sk_open_in(dir, parent, O_RDONLY | O_DIRECTORY, 0, ret_parent);
}

/* 0; SK_NONE. */
static int read_now(int dir, enum harden_kind kind, const char *path, struct sk_buf *out)
{
	_cleanup_close_ int parent = -1;
	const char *name;
	char target[512];
	ssize_t n;
	int r;

	out->max = HARDEN_FILE_MAX;
	if (kind != HARDEN_LINK)
		return sk_file_read(dir, path, HARDEN_FILE_MAX, out);
	r = open_parent(dir, path, &parent, &name);
	if (r)
		return r;
	n = readlinkat(parent, name, target, sizeof target);
	if (n < 0)
		return errno == ENOENT ? SK_NONE : -errno;
	return sk_buf_append(out, target, (size_t)n);
}

static int write_now(int dir, enum harden_kind kind, const char *path, const void *data, size_t size, mode_t mode)
{
	_cleanup_close_ int parent = -1;
	const char *name;
	char target[512];
	int r;

	if (kind != HARDEN_LINK)
		return sk_file_replace("harden.write", dir, path, data, size, mode);
	r = open_parent(dir, path, &parent, &name);
	snprintf(target, sizeof target, "%.*s", (int)size, (const char *)data);
	return r ? r : symlinkat(target, parent, name) < 0 && errno != EEXIST ? -errno : 0;
}

static int hash_now(int dir, enum harden_kind kind, const char *path, uint8_t ret_hash[static SK_SHA256_SIZE])
{
	_cleanup_buf_ struct sk_buf now = {0};
	int r = read_now(dir, kind, path, &now);

	return r ? r : sk_sha256(now.data ? now.data : "", now.size, ret_hash);
}

int harden_look(const struct ctl *ctl, const struct harden_file *file, enum harden_state *ret_state)
{
	_cleanup_buf_ struct sk_buf now = {0};
	_cleanup_close_ int dir = -1;
	int r = sk_dir_open(ctl->root, "", &dir);

	r = r ? r : read_now(dir, file->kind, file->path, &now);
	if (r && r != SK_NONE)
		return r < 0 ? r : -ELOOP;
	*ret_state = r ? HARDEN_ABSENT
		     : now.size == file->content.size && memcmp(now.data ? now.data : "", file->content.data, now.size) == 0 ? HARDEN_IN_PLACE
															       : HARDEN_DIFFERENT;
	return 0;
}

int harden_is_immutable(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -errno;
	return !!(flags & FS_IMMUTABLE_FL);
}

static int set_immutable(const struct ctl *ctl, const char *name, bool on)
{
	char path[4200];
	_cleanup_close_ int fd = -1;
	int flags;

	snprintf(path, sizeof path, "%s%s", strcmp(ctl->root, "/") ? ctl->root : "", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -errno;
	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* --- the record */

static int note_folders(int dir, const char *path, struct json_object *list)
{
	char part[512];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_close_ int fd = -1;
		bool noted = false;
		int r;

		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		r = sk_open_in(dir, part, O_RDONLY | O_DIRECTORY, 0, &fd);
		for (size_t i = 0; i < json_object_array_length(list); i++)
			noted |= strcmp(json_object_get_string(json_object_array_get_idx(list, i)), part) == 0;
		if (r == SK_NONE && !noted)
			r = sk_json_append(list, json_object_new_string(part));
		if (r && r != SK_NONE)
			return r;
	}
	return 0;
}

static int note_before(int dir, const char *path, struct json_object *one)
{
	_cleanup_buf_ struct sk_buf before = SK_BUF(HARDEN_FILE_MAX);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = sk_file_read(dir, path, HARDEN_FILE_MAX, &before);

	r = r ? r : sk_open_in(dir, path, O_RDONLY, 0, &fd);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	r = r ? r : sk_json_put_base64(one, "before", before.data ? before.data : "", before.size);
	r = r ? r : sk_json_put_u64(one, "mode", st.st_mode & 07777);
	r = r ? r : sk_json_put_u64(one, "uid", st.st_uid);
	r = r ? r : sk_json_put_u64(one, "gid", st.st_gid);
	r = r ? r : sk_json_put_i64(one, "time", st.st_mtim.tv_sec);
	return r ? r : sk_json_put_u64(one, "time_ns", (uint64_t)st.st_mtim.tv_nsec);
}

static int note_file(int dir, const struct harden_file *file, struct json_object *files, struct json_object *folders)
{
	struct json_object *one = json_object_new_object();
	uint8_t hash[SK_SHA256_SIZE];
	int r = one ? sk_json_append(files, one) : -ENOMEM;

	r = r ? r : sk_json_put_string(one, "path", file->path);
	r = r ? r : sk_json_put_u64(one, "kind", file->kind);
	r = r ? r : sk_sha256(file->content.data, file->content.size, hash);
	r = r ? r : sk_json_put_hex(one, "sha256", hash, sizeof hash);
	r = r ? r : note_folders(dir, file->path, folders);
	return r || file->kind != HARDEN_EDIT ? r : note_before(dir, file->path, one);
}

static int note(const struct ctl *ctl, int dir, const struct harden_plan *plan, struct json_object *record)
{
	struct json_object *files, *folders, *immutable;
	int r = sk_json_put_u64(record, "version", 1);

	r = r ? r : sk_json_put_array(record, "files", &files);
	r = r ? r : sk_json_put_array(record, "folders", &folders);
	r = r ? r : sk_json_put_array(record, "immutable", &immutable);
	r = r ? r : note_folders(dir, RECORD, folders);
	for (size_t i = 0; i < plan->count && r == 0; i++) {
		enum harden_state state;

		r = harden_look(ctl, &plan->files[i], &state);
		if (r == 0 && state == HARDEN_DIFFERENT && plan->files[i].kind != HARDEN_EDIT)
			return ctl_fail(ctl, CTL_FOUND, CTL_T("%s is there already and is not ours", "%s が既にあり、Sekisho のものではありません"), plan->files[i].path);
		if (r == 0 && state != HARDEN_IN_PLACE)
			r = note_file(dir, &plan->files[i], files, folders);
	}
	for (size_t i = 0; i < plan->immutable_count && r == 0; i++) {
		char path[4200];

		snprintf(path, sizeof path, "%s%s", strcmp(ctl->root, "/") ? ctl->root : "", plan->immutable[i]);
		if (harden_is_immutable(path) == 0)
			r = sk_json_append(immutable, json_object_new_string(plan->immutable[i]));
	}
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r < 0 ? r : -ELOOP, "harden");
}

static int write_record(int dir, struct json_object *record)
{
	const char *text = json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN);

	return text ? sk_file_replace("harden.record", dir, RECORD, text, strlen(text), 0600) : -ENOMEM;
}

static int read_record(const struct ctl *ctl, int dir, struct json_object **ret_record)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(RECORD_MAX);
	struct sk_diag diag = {0};
	int r = sk_file_read(dir, RECORD, RECORD_MAX, &text);

	if (r == SK_NONE)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("nothing was applied here", "適用されたものはありません"));
	r = r ? r : sk_json_parse_object(text.data, text.size, RECORD_MAX, ret_record, &diag);
	return r == 0 ? CTL_OK : r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, RECORD);
}

/* --- apply */

static struct json_object *list_of(struct json_object *record, const char *key)
{
	struct json_object *list = NULL;

	return json_object_object_get_ex(record, key, &list) && json_object_is_type(list, json_type_array) ? list : NULL;
}

static int make_folders(int dir, struct json_object *record)
{
	struct json_object *folders = list_of(record, "folders");
	int r = 0;

	for (size_t i = 0; i < json_object_array_length(folders) && r == 0; i++)
		r = sk_dir_make(dir, json_object_get_string(json_object_array_get_idx(folders, i)), (uid_t)-1, (gid_t)-1, 0755);
	return r;
}

static int put_files(const struct ctl *ctl, int dir, const struct harden_plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < plan->count && r == 0; i++) {
		const struct harden_file *file = &plan->files[i];
		enum harden_state state;

		r = harden_look(ctl, file, &state);
		if (r == 0 && state != HARDEN_IN_PLACE)
			r = write_now(dir, file->kind, file->path, file->content.data, file->content.size, 0644);
	}
	return r;
}

int harden_apply(const struct ctl *ctl, const struct harden_plan *plan)
{
	_cleanup_json_ struct json_object *record = json_object_new_object();
	_cleanup_close_ int dir = -1, was = -1;
	struct json_object *immutable;
	int r = record ? sk_dir_open(ctl->root, "", &dir) : -ENOMEM;

	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -ENOENT, ctl->root);
	if (sk_open_in(dir, RECORD, O_RDONLY, 0, &was) == 0)
		return ctl_fail(ctl, CTL_FOUND, CTL_T("applied already: take it back with --undo first", "既に適用されています。先に --undo で戻してください"));
	r = note(ctl, dir, plan, record);
	if (r != CTL_OK)
		return r;
	/* The record's own folders come before it; what a power cut leaves of them is empty folders. */
	r = make_folders(dir, record);
	r = r ? r : write_record(dir, record);
	r = r ? r : put_files(ctl, dir, plan);
	immutable = list_of(record, "immutable");
	for (size_t i = 0; i < json_object_array_length(immutable) && r == 0; i++)
		r = set_immutable(ctl, json_object_get_string(json_object_array_get_idx(immutable, i)), true);
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r < 0 ? r : -ELOOP, CTL_T("stopped half way (take it back with --undo)", "途中で止まりました（--undo で戻してください）"));
}

/* --- undo */

static int put_back(int dir, const struct sk_json *at, const char *path, const void *before, size_t size)
{
	_cleanup_close_ int fd = -1;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	uint64_t mode, uid, gid, ns;
	int64_t seconds;
	int r = 0;

	if (sk_json_u64(at, "mode", 0, 07777, &mode) || sk_json_u64(at, "uid", 0, UINT32_MAX, &uid) || sk_json_u64(at, "gid", 0, UINT32_MAX, &gid) ||
	    sk_json_i64(at, "time", -SK_JSON_MAX_INT, SK_JSON_MAX_INT, &seconds) || sk_json_u64(at, "time_ns", 0, 999999999, &ns))
		return SK_BAD;
	r = sk_file_replace("harden.undo", dir, path, before, size, (mode_t)mode);
	r = r ? r : sk_open_in(dir, path, O_RDONLY, 0, &fd);
	times[1] = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)ns};
	if (r == 0 && (fchown(fd, (uid_t)uid, (gid_t)gid) < 0 || fchmod(fd, (mode_t)mode) < 0 || futimens(fd, times) < 0))
		r = -errno;
	return r;
}

/* 0; SK_FULL: somebody else changed it since; SK_BAD; -errno. */
static int undo_file(int dir, const struct sk_json *at)
{
	_cleanup_free_ uint8_t *before = NULL;
	uint8_t wrote[SK_SHA256_SIZE], now[SK_SHA256_SIZE], was[SK_SHA256_SIZE];
	const char *path;
	uint64_t kind;
	size_t size = 0;
	int r;

	if (sk_json_string(at, "path", 1, 511, &path) || sk_json_u64(at, "kind", HARDEN_NEW, HARDEN_LINK, &kind) ||
	    sk_json_hex(at, "sha256", wrote, sizeof wrote))
		return SK_BAD;
	if (kind == HARDEN_EDIT) {
		before = sk_malloc(HARDEN_FILE_MAX);
		if (!before)
			return -ENOMEM;
		if (sk_json_base64(at, "before", before, HARDEN_FILE_MAX, &size))
			return SK_BAD;
		r = sk_sha256(before, size, was);
		if (r)
			return r;
	}
	r = hash_now(dir, (enum harden_kind)kind, path, now);
	if (r == SK_NONE && kind != HARDEN_EDIT)
		return 0; /* never came so far, or is gone */
	if (r && r != SK_NONE)
		return r < 0 ? r : SK_FULL;
	if (r == 0 && kind == HARDEN_EDIT && memcmp(now, was, sizeof now) == 0)
		return 0;
	if (r == SK_NONE || memcmp(now, wrote, sizeof now))
		return SK_FULL;
	return kind == HARDEN_EDIT ? put_back(dir, at, path, before, size) : sk_file_remove(dir, path);
}

static void remove_folders(int dir, struct json_object *record)
{
	struct json_object *folders = list_of(record, "folders");

	for (size_t i = folders ? json_object_array_length(folders) : 0; i-- > 0;) {
		_cleanup_close_ int parent = -1;
		const char *name;

		if (open_parent(dir, json_object_get_string(json_object_array_get_idx(folders, i)), &parent, &name) == 0)
			unlinkat(parent, name, AT_REMOVEDIR); /* one that is in use stays */
	}
}

/* What was changed by others goes on standard error; *ret_left counts it. */
static int undo_all(const struct ctl *ctl, int dir, struct json_object *record, unsigned *ret_left)
{
	struct sk_diag diag = {0};
	struct sk_json top = SK_JSON(record, "harden", &diag), files, names;
	int r = sk_json_array(&top, "immutable", 1 << 20, &names) || sk_json_array(&top, "files", HARDEN_FILES, &files) ? SK_BAD : 0;

	for (size_t i = 0; r == 0 && i < sk_json_length(&names); i++) {
		const char *path = "";

		r = sk_json_item_string(&names, i, 1, 4096, &path);
		r = r ? r : set_immutable(ctl, path, false);
		r = r == -ENOENT || r == -ENOTDIR ? 0 : r;
	}
	for (size_t i = 0; r == 0 && i < sk_json_length(&files); i++) {
		struct sk_json one;
		const char *path = "";

		r = sk_json_item_object(&files, i, &one);
		r = r ? r : undo_file(dir, &one);
		if (r != SK_FULL)
			continue;
		r = sk_json_string(&one, "path", 1, 511, &path);
		++*ret_left;
		fprintf(stderr, CTL_T("sekisho: %s was changed since and is left as it is\n", "sekisho: %s は適用後に変更されているため、そのまま残します\n"), path);
	}
	return r == 0 ? CTL_OK : r == SK_BAD ? ctl_fail_diag(ctl, &diag) : ctl_fail_errno(ctl, r < 0 ? r : -EIO, "harden --undo");
}

int harden_undo(const struct ctl *ctl)
{
	_cleanup_json_ struct json_object *record = NULL;
	_cleanup_close_ int dir = -1;
	unsigned left = 0;
	int r = sk_dir_open(ctl->root, "", &dir);

	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -ENOENT, ctl->root);
	r = read_record(ctl, dir, &record);
	r = r == CTL_OK ? undo_all(ctl, dir, record, &left) : r;
	if (r != CTL_OK)
		return r;
	r = sk_file_remove(dir, RECORD);
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -ENOENT, RECORD);
	remove_folders(dir, record);
	return left ? CTL_FOUND : CTL_OK;
}
