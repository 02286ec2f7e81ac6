// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who writes what while a window is open: a notification group of the recorder's own on the file systems of the scope. Nobody waits for it, so it cannot hang
 * anything; a full queue loses records (and says so), and what is not recorded does not become known.
 *
 * A file that is closed after writing is hashed under a read lease, so nobody writes meanwhile. It becomes known when the writer is a trusted updater or one
 * of its descendants, and no later write of somebody else waits in the queue. The line in WINDOW_FOLDER/ID/record.ndjson is on the disk before the
 * guard is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/window/window.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/point.h"

enum { LEASE_TRIES = 300, READ_SPACE = 64 << 10, FOLLOWED = 6000, WAITING = 8000, LINE_MAX_BYTES = 16384, RECORD_MAX = 64 << 20, RECORD_SPARE = 1 << 20 };

/* One event that was read and not dealt with. */
struct seen {
	uint32_t pid;
	int fd;
	bool exec;
	uint64_t order, device, inode;
};

struct lk_watch {
	int root, fan, record;
	const struct lk_window_state *state;
	struct lk_lineage *lineage;
	struct sk_hasher *hasher;
	void *space;
	uint64_t order;
	struct sk_buf seen;  /* of struct seen */
	struct sk_buf items; /* of struct lk_written */
	struct sk_map *places; /* (device, inode) -> index + 1 of the item */
	struct sk_buf lines;   /* not on the disk yet */
	struct sk_buf fresh;   /* hashes that become known when they are */
	uint32_t followed, strangers; /* items with a descriptor; items that are nobody's we trust */
	uint64_t recorded;     /* bytes of the record, as far as known */
	bool lost, unwritten;
};

/* --- what a file is */

char lk_kind_of(int fd, const char *path)
{
	static const char *const ends[] = {".py", ".pyc", ".pl", ".pm", ".rb", ".js", ".jar", ".class", ".lua", ".sh", ".ko", NULL};
	unsigned char head[18] = "";
	const char *dot = strrchr(path, '.');
	ssize_t n = pread(fd, head, sizeof head, 0);
	struct stat found;

	if (n >= 2 && !memcmp(head, "#!", 2))
		return 's';
	if (n >= 18 && !memcmp(head, "\177ELF", 4))
		return head[16] == 3 && (strstr(path, ".so") != NULL) ? 'l' : 'p'; /* ET_DYN: a library, or a position-independent program */
	for (size_t i = 0; dot && ends[i]; i++)
		if (!strcmp(dot, ends[i]))
			return 's';
	return fstat(fd, &found) == 0 && (found.st_mode & 0111) ? 'p' : 0;
}

static void path_of(int fd, char *out, size_t size)
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, size - 1);
	out[n < 0 ? 0 : n] = 0;
}

static bool is_program(int fd)
{
	char path[4096];

	path_of(fd, path, sizeof path);
	return lk_kind_of(fd, path);
}

int lk_look_at(int fd, struct sk_hasher *hasher, void *space, char *ret_kind, uint8_t ret_hash[LK_HASH])
{
	const struct timespec pause = {.tv_nsec = 500000};
	char path[4096];
	int r;

	path_of(fd, path, sizeof path);
	*ret_kind = lk_kind_of(fd, path);
	if (!*ret_kind)
		return 0;
	for (int i = 0; fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && (errno == EAGAIN || errno == EBUSY); i++, nanosleep(&pause, NULL))
		if (i == LEASE_TRIES) /* the close is told a moment before the writer is gone; after that it is another one, whose close will be told */
			return SK_AGAIN;
	r = sk_hasher_fd(hasher, fd, space, LK_WINDOW_SPACE, NULL, NULL, ret_hash, NULL);
	return r > 0 ? SK_AGAIN : r;
}

/* --- the record */

struct place {
	uint64_t device, inode;
};

static struct lk_written *item_of(struct lk_watch *watch, uint64_t device, uint64_t inode)
{
	struct place place = {device, inode};
	uintptr_t index = (uintptr_t)sk_map_get(watch->places, &place, sizeof place);

	return index ? (struct lk_written *)watch->items.data + (index - 1) : NULL;
}

/* Strangers leave half of the room to the updaters: who writes and writes can make himself go unrecorded, not them. */
static struct lk_written *new_item(struct lk_watch *watch, uint64_t device, uint64_t inode, bool trusted)
{
	struct lk_written empty = {.device = device, .inode = inode, .fd = -1};
	struct place place = {device, inode};
	size_t count = watch->items.size / sizeof empty;

	if (!trusted && watch->strangers >= LK_WINDOW_ITEMS / 2)
		return NULL;
	if (count >= LK_WINDOW_ITEMS || sk_buf_append(&watch->items, &empty, sizeof empty))
		return NULL;
	if (sk_map_put(watch->places, &place, sizeof place, (void *)(count + 1)))
		return NULL;
	watch->strangers += !trusted;
	return (struct lk_written *)watch->items.data + count;
}

static int put_line(struct lk_watch *watch, const struct lk_written *item)
{
	_cleanup_json_ struct json_object *line = json_object_new_object();
	char kind[2] = {item->kind, 0};

	if (!line || sk_json_put_hex(line, "sha256", item->hash, LK_HASH) || sk_json_put_base64(line, "path", item->path, strlen(item->path)) ||
	    sk_json_put_base64(line, "writer", item->writer, strlen(item->writer)) || sk_json_put_bool(line, "trusted", item->trusted) ||
	    sk_json_put_string(line, "kind", kind) || sk_json_put_u64(line, "size", item->size) || sk_json_put_u64(line, "time", item->time_ms) ||
	    sk_json_put_u64(line, "pid", item->pid) || sk_json_put_u64(line, "updater", item->updater) ||
	    sk_json_put_u64(line, "device", item->device) || sk_json_put_u64(line, "inode", item->inode))
		return -ENOMEM;
	return sk_json_canonical(line, &watch->lines) || sk_buf_append_char(&watch->lines, '\n') ? -ENOMEM : 0;
}

static void writer_of(uint32_t pid, char *out, size_t size)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%u/exe", pid);
	n = readlink(path, out, size - 1);
	out[n < 0 ? 0 : n] = 0;
}

static void follow(struct lk_watch *watch, struct lk_written *item, int fd)
{
	char link[40];

	if (item->fd >= 0 || watch->followed >= (item->trusted ? FOLLOWED : FOLLOWED / 2))
		return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	item->fd = open(link, O_PATH | O_CLOEXEC);
	watch->followed += item->fd >= 0;
}

static void record(struct lk_watch *watch, const struct seen *seen, char kind, const uint8_t hash[LK_HASH], bool trusted, uint32_t updater)
{
	struct lk_written *item = item_of(watch, seen->device, seen->inode);
	char path[4096], writer[4096];
	struct stat found;

	if (item && !trusted && !item->trusted && !memcmp(item->hash, hash, LK_HASH))
		return; /* once more the same */
	if (!item)
		item = new_item(watch, seen->device, seen->inode, trusted);
	if (!item || fstat(seen->fd, &found) < 0) {
		watch->lost = true;
		return;
	}
	path_of(seen->fd, path, sizeof path);
	writer_of(seen->pid, writer, sizeof writer);
	free(item->path);
	free(item->writer);
	item->path = sk_strdup(path);
	item->writer = sk_strdup(writer);
	item->trusted = trusted;
	item->kind = kind;
	item->pid = seen->pid;
	item->updater = updater;
	item->size = (uint64_t)found.st_size;
	item->time_ms = sk_clock_ms();
	memcpy(item->hash, hash, LK_HASH);
	follow(watch, item, seen->fd);
	if (!item->path || !item->writer || watch->recorded + watch->lines.size > (trusted ? RECORD_MAX - RECORD_SPARE : RECORD_MAX / 2) || put_line(watch, item)) {
		watch->lost = true;
		return;
	}
	if (trusted)
		watch->lost |= sk_buf_append(&watch->fresh, hash, LK_HASH) != 0;
}

/* --- events */

static int read_events(struct lk_watch *watch)
{
	static char space[READ_SPACE] __attribute__((aligned(8)));
	ssize_t size;

	while (watch->seen.size / sizeof(struct seen) < WAITING && ((size = read(watch->fan, space, sizeof space)) > 0 || errno == EINTR)) {
		const struct fanotify_event_metadata *event = (const struct fanotify_event_metadata *)space;

		for (; FAN_EVENT_OK(event, size); event = FAN_EVENT_NEXT(event, size)) {
			struct seen seen = {.pid = (uint32_t)event->pid, .fd = event->fd, .order = ++watch->order, .exec = event->mask & FAN_OPEN_EXEC};
			struct stat found;

			if (event->mask & FAN_Q_OVERFLOW)
				watch->lost = true;
			if (event->fd < 0)
				continue;
			if (fstat(event->fd, &found) < 0 || !S_ISREG(found.st_mode) || event->pid == getpid()) {
				close(event->fd);
				continue;
			}
			seen.device = found.st_dev;
			seen.inode = found.st_ino;
			if (seen.exec)
				lk_lineage_open_exec(watch->lineage, seen.pid, seen.fd, seen.order);
			if (!(event->mask & FAN_CLOSE_WRITE) || !is_program(event->fd)) {
				close(event->fd);
				continue;
			}
			if (sk_buf_append(&watch->seen, &seen, sizeof seen)) {
				close(event->fd);
				watch->lost = true;
			}
		}
	}
	return 0;
}

/*
 * Two queues of the kernel, which are in order each by itself. An execution is told after its file was opened, so that one is read once more in between; whoever
 * wrote was born before, so what was read in the first place is surely known by its birth.
 */
static void catch_up(struct lk_watch *watch)
{
	read_events(watch);
	lk_lineage_receive(watch->lineage, watch->order);
	read_events(watch);
	lk_lineage_believe(watch->lineage);
}

/* Has somebody who is not trusted written it since? Then what was hashed may be his. */
static bool is_spoilt(struct lk_watch *watch, size_t from, const struct seen *seen)
{
	const struct seen *list = (const struct seen *)watch->seen.data;
	uint32_t updater;

	for (size_t i = from; i < watch->seen.size / sizeof *list; i++)
		if (list[i].device == seen->device && list[i].inode == seen->inode && !lk_lineage_trusts(watch->lineage, list[i].pid, list[i].order, &updater))
			return true;
	return false;
}

static void take(struct lk_watch *watch, size_t index)
{
	struct seen seen = ((struct seen *)watch->seen.data)[index];
	uint8_t hash[LK_HASH];
	uint32_t updater = 0;
	bool trusted;
	char kind;

	if (lk_look_at(seen.fd, watch->hasher, watch->space, &kind, hash) != 0 || !kind)
		return;
	/* what was written before the lease is in the queue by now */
	catch_up(watch);
	trusted = lk_lineage_trusts(watch->lineage, seen.pid, seen.order, &updater) && !is_spoilt(watch, index + 1, &seen);
	record(watch, &seen, kind, hash, trusted, updater);
}

/* The lines first, then the guard. On a full disk both wait, and are tried again with the next turn. */
static int publish(struct lk_watch *watch)
{
	int r = 0;

	if (watch->fresh.size)
		SK_POINT("window.record");
	if (watch->unwritten && watch->lines.size)
		r = sk_fd_write("window.record", watch->record, "\n", 1); /* behind what was cut short */
	if (!r && watch->lines.size)
		r = sk_fd_write("window.record", watch->record, watch->lines.data, watch->lines.size);
	if (!r && watch->fresh.size)
		r = sk_fd_sync("window.record", watch->record);
	watch->unwritten = r != 0;
	if (r)
		return r;
	if (watch->fresh.size)
		SK_POINT("window.known");
	for (size_t i = 0; i < watch->fresh.size / LK_HASH; i++)
		if (lk_window_add((const uint8_t *)watch->fresh.data + i * LK_HASH))
			watch->lost = true;
	watch->recorded += watch->lines.size;
	sk_buf_clear(&watch->lines);
	sk_buf_clear(&watch->fresh);
	return 0;
}

int lk_watch_turn(struct lk_watch *watch)
{
	do {
		sk_buf_clear(&watch->seen);
		catch_up(watch);
		for (size_t i = 0; i < watch->seen.size / sizeof(struct seen); i++) { /* it grows meanwhile */
			take(watch, i);
			close(((struct seen *)watch->seen.data)[i].fd);
		}
	} while (watch->seen.size);
	if (watch->lost)
		sk_log(SK_LOG_WARNING, "window: not everything that was written is on record; what is not does not become known");
	watch->lost = false;
	return publish(watch);
}

/* --- begin and end */

/* What an earlier life of the recorder wrote. */
static int read_line(struct lk_watch *watch, const char *text, size_t size)
{
	_cleanup_json_ struct json_object *line = NULL;
	struct lk_written *item;
	char path[4096], writer[4096];
	const char *kind;
	uint64_t device, inode, pid, updater;
	size_t path_size, writer_size;
	struct lk_written one = {.fd = -1};
	struct sk_json at;
	int r = sk_json_parse_object(text, size, LINE_MAX_BYTES, &line, NULL);

	if (r)
		return r < 0 ? r : 0; /* cut short by a power cut: promised to nobody */
	at = SK_JSON(line, "record", NULL);
	if (sk_json_u64(&at, "device", 0, SK_JSON_MAX_INT, &device) || sk_json_u64(&at, "inode", 0, SK_JSON_MAX_INT, &inode) ||
	    sk_json_u64(&at, "pid", 0, UINT32_MAX, &pid) || sk_json_u64(&at, "updater", 0, UINT32_MAX, &updater) ||
	    sk_json_u64(&at, "size", 0, SK_JSON_MAX_INT, &one.size) || sk_json_u64(&at, "time", 0, SK_JSON_MAX_INT, &one.time_ms) ||
	    sk_json_bool(&at, "trusted", &one.trusted) || sk_json_hex(&at, "sha256", one.hash, LK_HASH) || sk_json_string(&at, "kind", 1, 1, &kind) ||
	    sk_json_base64(&at, "path", path, sizeof path - 1, &path_size) || sk_json_base64(&at, "writer", writer, sizeof writer - 1, &writer_size))
		return 0;
	path[path_size] = writer[writer_size] = 0;
	item = item_of(watch, device, inode);
	if (!item)
		item = new_item(watch, device, inode, one.trusted);
	if (!item)
		return 0;
	free(item->path);
	free(item->writer);
	one.device = device, one.inode = inode, one.pid = (uint32_t)pid, one.updater = (uint32_t)updater, one.kind = kind[0];
	one.path = sk_strdup(path), one.writer = sk_strdup(writer);
	*item = one;
	if (!one.path || !one.writer)
		return sk_origin(-ENOMEM);
	if (one.trusted)
		(void)lk_window_add(one.hash);
	return 0;
}

static int read_record(struct lk_watch *watch, const char *path)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(RECORD_MAX);
	int r = sk_file_read(watch->root, path, RECORD_MAX, &text);

	if (r)
		return r == SK_NONE ? 0 : r < 0 ? r : -EFBIG;
	watch->recorded = text.size;
	for (size_t at = 0; r == 0 && at < text.size;) {
		const char *end = memchr(text.data + at, '\n', text.size - at);
		size_t size = end ? (size_t)(end - (text.data + at)) : text.size - at;

		r = read_line(watch, text.data + at, size);
		at += size + 1;
	}
	return r;
}

static int set_marks(struct lk_watch *watch)
{
	int r = 0;

	watch->fan = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME | O_NONBLOCK);
	if (watch->fan < 0)
		return sk_origin_errno();
	for (uint32_t i = 0; i < watch->state->path_count; i++)
		if (fanotify_mark(watch->fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CLOSE_WRITE | FAN_OPEN_EXEC, AT_FDCWD, watch->state->paths[i]) < 0) {
			sk_log(SK_LOG_WARNING, "window: %s is not watched: %s", watch->state->paths[i], strerror(errno));
			r = -errno;
		}
	return r;
}

int lk_watch_new(int root, const struct lk_window_state *state, struct lk_watch **ret_watch)
{
	struct lk_watch *watch = sk_calloc(1, sizeof *watch);
	char path[256];
	int r;

	if (!watch)
		return sk_origin(-ENOMEM);
	*watch = (struct lk_watch){.root = root, .fan = -1, .record = -1, .state = state, .seen = SK_BUF(64 << 20), .items = SK_BUF(64 << 20),
				   .lines = SK_BUF(RECORD_MAX), .fresh = SK_BUF(8 << 20), .space = sk_malloc(LK_WINDOW_SPACE)};
	lk_window_path(state, "record.ndjson", path);
	r = watch->space ? sk_map_new(LK_WINDOW_ITEMS, NULL, &watch->places) : sk_origin(-ENOMEM);
	if (!r)
		r = sk_hasher_new(&watch->hasher);
	if (!r)
		r = read_record(watch, path);
	if (!r)
		r = sk_open_in(root, path, O_WRONLY | O_CREAT | O_APPEND, 0600, &watch->record);
	if (!r && sk_buf_append_char(&watch->lines, '\n')) /* behind a line that was cut short */
		r = sk_origin(-ENOMEM);
	if (!r)
		r = set_marks(watch);
	if (!r)
		r = lk_lineage_new(state, &watch->lineage);
	if (r) {
		lk_watch_free(watch);
		return r < 0 ? r : -EIO;
	}
	*ret_watch = watch;
	return 0;
}

struct lk_watch *lk_watch_free(struct lk_watch *watch)
{
	struct lk_written *items;
	size_t count;

	if (!watch)
		return NULL;
	count = lk_watch_items(watch, &items);
	for (size_t i = 0; i < count; i++) {
		free(items[i].path);
		free(items[i].writer);
		if (items[i].fd >= 0)
			close(items[i].fd);
	}
	if (watch->fan >= 0)
		close(watch->fan);
	if (watch->record >= 0)
		close(watch->record);
	lk_lineage_free(watch->lineage);
	sk_hasher_free(watch->hasher);
	sk_map_free(watch->places);
	sk_buf_done(&watch->seen);
	sk_buf_done(&watch->items);
	sk_buf_done(&watch->lines);
	sk_buf_done(&watch->fresh);
	free(watch->space);
	free(watch);
	return NULL;
}

int lk_watch_fd(const struct lk_watch *watch)
{
	return watch->fan;
}

int lk_watch_lineage_fd(const struct lk_watch *watch)
{
	return lk_lineage_fd(watch->lineage);
}

size_t lk_watch_items(const struct lk_watch *watch, struct lk_written **ret_items)
{
	*ret_items = (struct lk_written *)watch->items.data;
	return watch->items.size / sizeof(struct lk_written);
}
