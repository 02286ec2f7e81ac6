// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * intake-rig: what bench/intake needs that is no part of the product. Not installed.
 *
 *   intake-rig write FILE COUNT         COUNT events of 600 bytes, one a line: what is measured with
 *   intake-rig fill ROOT FILE UID       the lines of FILE into the spool below ROOT, durable, owned by UID. Prints the seconds it took
 *   intake-rig rows DATABASE FILE N     the baseline: the same lines as rows with four indexes in SQLite (WAL, synchronous=FULL), N a commit. Prints the seconds
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "base/text.h"
#include "event/event.h"
#include "os/clock.h"
#include "os/file.h"
#include "spool/spool.h"

enum { SIZE = 600, SYNC_EVERY = 2000 };

static const char spool_folder[] = "var/lib/sekisho/spool";

/* ---- the events ---- */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* What a fab's endpoint reports: a few programs over and over, each with a pid, a hash, a user and times of its own. */
static int write_event(char *line, uint64_t i, uint64_t now, uint64_t *random)
{
	static const char *const programs[] = {"/opt/etch/bin/recipe-loader", "/usr/bin/python3.11", "/opt/secs/hsmsd", "/usr/lib/jvm/bin/java",
					       "/opt/maker/service/diag", "/usr/sbin/cron", "/srv/operator/tool-update.bin"};
	uint64_t a = next_random(random), b = next_random(random);
	const char *program = programs[a % 7];
	unsigned refused = a % 50 == 0;
	int n = snprintf(line, SIZE + 1,
			 "{\"activity_id\":1,\"category_uid\":1,\"class_uid\":1007,\"device_hint\":\"bay-%02u\",\"disposition_id\":%u,\"message\":\"A program was "
			 "%s\",\"metadata\":{\"event_code\":\"program_%s\",\"product\":{\"name\":\"Sekisho\",\"vendor_name\":\"Sekisho\"},\"version\":\"1.3.0\"},"
			 "\"process\":{\"file\":{\"hashes\":[{\"algorithm_id\":3,\"value\":\"%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64
			 "\"}],\"path\":\"%s-%u\",\"size\":%u},\"pid\":%u,\"user\":{\"uid\":\"%u\"}},\"severity_id\":%u,\"time\":%" PRIu64
			 ",\"type_uid\":100701,\"fab\":{\"number\":%" PRIu64 "}",
			 (unsigned)(b % 40), refused ? 2 : 1, refused ? "refused" : "allowed", refused ? "refused" : "allowed", a % 300, a % 300 * 7919, a % 300 * 31,
			 a % 300 * 131071, program, (unsigned)(b % 200), (unsigned)(a % 1000000), (unsigned)(b % 60000), (unsigned)(b % 30), refused ? 4 : 1, now + i / 50, i);

	n += snprintf(line + n, (size_t)(SIZE - n), ",\"pad\":\"");
	while (n < SIZE - 3)
		line[n++] = "0123456789abcdef"[next_random(random) & 15];
	memcpy(line + n, "\"}\n", 3);
	return SIZE;
}

static int run_write(const char *path, uint64_t count)
{
	uint64_t now = sk_clock_ms() - count / 50, random = 88172645463325252u;
	FILE *out = fopen(path, "w");
	char line[SIZE + 8];

	if (!out)
		return 1;
	for (uint64_t i = 1; i <= count; i++)
		fwrite(line, 1, (size_t)write_event(line, i, now, &random), out);
	return fclose(out) ? 1 : 0;
}

/* ---- reading them ---- */

struct lines {
	const char *data;
	size_t size, at;
};

static bool open_lines(const char *path, struct lines *lines)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	lines->size = (size_t)st.st_size;
	lines->at = 0;
	lines->data = mmap(NULL, lines->size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	return lines->data != MAP_FAILED;
}

/* ---- our side ---- */

static int fill(struct sk_spool *spool, struct lines *lines)
{
	const char *line;
	uint64_t count = 0;
	size_t size;

	while ((line = sk_event_next_line(lines->data, lines->size, &lines->at, &size))) {
		if (sk_spool_append(spool, 2, line, size, NULL))
			return -ENOSPC;
		if (++count % SYNC_EVERY == 0 && sk_spool_sync(spool))
			return -EIO;
	}
	return sk_spool_sync(spool);
}

static int run_fill(const char *root, const char *path, uid_t uid)
{
	const struct sk_spool_opts opts = {.max_bytes = UINT64_C(4) << 30, .segment_bytes = 1 << 20};
	struct sk_spool *spool;
	struct lines lines;
	uint64_t began;
	int dir, r;

	if (!open_lines(path, &lines) || sk_dir_open(root, "", &dir) || sk_dir_make(dir, spool_folder, uid, uid, 0700))
		return 1;
	if (geteuid() == 0 && (setegid(uid) || seteuid(uid)))
		return 1;
	began = sk_clock_mono_us();
	r = sk_spool_open(dir, spool_folder, &opts, &spool);
	if (r)
		return 1;
	r = fill(spool, &lines);
	sk_spool_free(spool);
	printf("%.3f\n", (double)(sk_clock_mono_us() - began) / 1e6);
	return r ? 1 : 0;
}

/* ---- the baseline ---- */

static const char schema[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			     "CREATE TABLE event(id INTEGER PRIMARY KEY, time INTEGER, endpoint TEXT, class INTEGER, severity INTEGER, path TEXT, body TEXT);"
			     "CREATE INDEX by_time ON event(time); CREATE INDEX by_endpoint ON event(endpoint, time);"
			     "CREATE INDEX by_class ON event(class, severity, time); CREATE INDEX by_path ON event(path, time);";

static int insert(sqlite3_stmt *stmt, const char *line, size_t size)
{
	struct sk_event_columns c;

	if (sk_event_scan(line, size, &c, NULL))
		return 1;
	sqlite3_bind_int64(stmt, 1, c.time_ms);
	sqlite3_bind_text(stmt, 2, "etch-1", -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, c.class_uid);
	sqlite3_bind_int64(stmt, 4, c.severity_id);
	sqlite3_bind_text(stmt, 5, c.path_count ? c.paths[0].data : "", c.path_count ? (int)c.paths[0].size : 0, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 6, line, (int)size, SQLITE_STATIC);
	return sqlite3_step(stmt) != SQLITE_DONE || sqlite3_reset(stmt) != SQLITE_OK;
}

static int insert_all(sqlite3 *db, struct lines *lines, uint64_t group)
{
	sqlite3_stmt *stmt;
	const char *line;
	uint64_t count = 0;
	size_t size;

	if (sqlite3_prepare_v2(db, "INSERT INTO event(time,endpoint,class,severity,path,body) VALUES(?,?,?,?,?,?)", -1, &stmt, NULL) != SQLITE_OK)
		return 1;
	while ((line = sk_event_next_line(lines->data, lines->size, &lines->at, &size))) {
		if (count % group == 0)
			sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		if (insert(stmt, line, size))
			return 1;
		if (++count % group == 0 && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
			return 1;
	}
	sqlite3_finalize(stmt);
	return sqlite3_get_autocommit(db) || sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : 1;
}

static int run_rows(const char *database, const char *path, uint64_t group)
{
	struct lines lines;
	sqlite3 *db;
	uint64_t began;
	int r;

	if (!open_lines(path, &lines) || sqlite3_open(database, &db) != SQLITE_OK || sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	began = sk_clock_mono_us();
	r = insert_all(db, &lines, group);
	printf("%.3f\n", (double)(sk_clock_mono_us() - began) / 1e6);
	sqlite3_close(db);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t number = 0;

	if (argc > 3 && sk_parse_u64(argv[argc - 1], UINT32_MAX, &number) == 0) {
		if (strcmp(argv[1], "write") == 0 && argc == 4)
			return run_write(argv[2], number);
		if (strcmp(argv[1], "fill") == 0 && argc == 5)
			return run_fill(argv[2], argv[3], (uid_t)number);
		if (strcmp(argv[1], "rows") == 0 && argc == 5)
			return run_rows(argv[2], argv[3], number);
	}
	fprintf(stderr, "intake-rig write FILE COUNT | fill ROOT FILE UID | rows DATABASE FILE GROUP\n");
	return 2;
}
