// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * spool-rig: a spool between a reporter and a server that are both inside this program, for tests that kill it anywhere and start it again.
 *
 *   spool-rig FOLDER plain|capped|damaged EVENTS
 *
 * The reporter appends events that say their own number; the server writes what it gets to FOLDER/received before it acknowledges. Started again,
 * both go on where they were. `capped`: the server is away until everything was reported, and the spool is small. `damaged`: at the next start what
 * FOLDER/to-damage names goes bad. At the end it says "complete" when each
 * number of each priority either came exactly once, in order, or stands in exactly one tombstone; else what is wrong. Not installed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "spool/spool.h"

enum { CAP = 512 << 10, SEGMENT = 128 << 10, BATCH = 300, NUMBERS_MAX = 1 << 20 };

struct rig {
	struct sk_spool *spool;
	const char *folder;
	int received; /* lines "PRIORITY SEQ NUMBER" or "PRIORITY SEQ 0 LOST-PRIORITY FIRST LAST" */
	uint64_t has[SK_PRIORITIES]; /* what the server has, contiguous but for tombstones */
	uint64_t events;
	bool capped;
};

static void die(const char *what)
{
	printf("wrong: %s\n", what);
	exit(1);
}

/* The server after a restart: what its file says. A last line cut short was never acknowledged. */
static void remember(struct rig *rig)
{
	char path[512], line[256];
	off_t whole = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/received", rig->folder);
	rig->received = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f) && strchr(line, '\n')) {
		unsigned priority;
		uint64_t seq;

		if (sscanf(line, "%u %" SCNu64, &priority, &seq) != 2 || priority >= SK_PRIORITIES)
			die("the server's file");
		rig->has[priority] = seq;
		whole += (off_t)strlen(line);
	}
	if (f)
		fclose(f);
	if (rig->received < 0 || ftruncate(rig->received, whole) < 0 || lseek(rig->received, whole, SEEK_SET) < 0)
		die("the server's file cannot be written");
}

static void receive_one(struct rig *rig, uint8_t priority, uint64_t seq, const char *line, size_t size)
{
	struct sk_event_columns c;
	uint64_t number = 0;
	char text[256];
	int n;

	if (sscanf(line, "{\"n\":%" SCNu64, &number) == 1)
		n = snprintf(text, sizeof text, "%u %" PRIu64 " %" PRIu64 "\n", priority, seq, number);
	else if (sk_event_scan(line, size, &c, NULL) == 0 && c.has_loss)
		n = snprintf(text, sizeof text, "%u %" PRIu64 " 0 %u %" PRIu64 " %" PRIu64 "\n", priority, seq, c.loss_priority, c.loss_first,
			     c.loss_last);
	else
		die("an event that nobody made");
	if (write(rig->received, text, (size_t)n) != n)
		die("the server's file cannot be written");
}

/* One batch of each priority, in order, and its acknowledgement. True when there was any. */
static bool serve(struct rig *rig)
{
	const uint64_t epoch = sk_spool_stats(rig->spool).epoch;
	bool any = false;

	for (uint8_t p = 0; p < SK_PRIORITIES; p++) {
		_cleanup_buf_ struct sk_buf lines = SK_BUF(SK_BATCH_MAX_RAW);
		uint64_t first, seq;
		uint32_t count;
		const char *line;
		size_t at = 0, size;
		int r = sk_spool_read(rig->spool, p, rig->has[p], SK_BATCH_MAX_RAW, BATCH, &lines, &first, &count);

		if (r == SK_NONE)
			continue;
		if (r)
			die("a batch cannot be read");
		for (seq = first; (line = sk_event_next_line(lines.data, lines.size, &at, &size)); seq++)
			receive_one(rig, p, seq, line, size);
		rig->has[p] = first + count - 1;
		if (sk_spool_ack(rig->spool, epoch, p, rig->has[p]) < 0)
			die("an acknowledgement");
		any = true;
	}
	return any;
}

static void report(struct rig *rig, uint8_t priority)
{
	static char event[512];
	uint64_t next = sk_spool_stats(rig->spool).chain[priority].next;
	int n = snprintf(event, sizeof event, "{\"n\":%" PRIu64 ",\"fill\":\"%0*d\"}", next, (int)(next % 300 + 1), 0);

	if (sk_spool_append(rig->spool, priority, event, (size_t)n, NULL) < 0)
		die("an event was refused");
}

static void run(struct rig *rig)
{
	bool more = true;

	for (unsigned turn = 0; more; turn++) {
		more = false;
		for (uint8_t p = 0; p < SK_PRIORITIES; p++)
			if (sk_spool_stats(rig->spool).chain[p].next <= rig->events) {
				report(rig, p);
				more = true;
			}
		if (turn % 64 == 0 && sk_spool_sync(rig->spool))
			die("sync");
		if (turn % 128 == 127 && !rig->capped)
			serve(rig);
	}
	while (serve(rig))
		;
	sk_spool_sync(rig->spool);
}

/* ---- the account ---- */

static uint8_t *seen[SK_PRIORITIES];

static void account_line(const char *line, uint64_t last[SK_PRIORITIES])
{
	unsigned priority, lost;
	uint64_t seq, number, first, end;
	int n = sscanf(line, "%u %" SCNu64 " %" SCNu64 " %u %" SCNu64 " %" SCNu64, &priority, &seq, &number, &lost, &first, &end);

	if (n < 3 || seq <= last[priority])
		die("out of order");
	last[priority] = seq;
	if (seen[priority][seq]++)
		die("a number came twice, or came and was called lost");
	/* A tombstone may have taken the number that was next when an event of priority 0 was made. */
	if (number && (priority == 0 ? number > seq : number != seq))
		die("an event under the number of another");
	for (uint64_t i = first; n == 6 && i <= end; i++)
		if (seen[lost][i]++)
			die("a number was called lost and came, or was called lost twice");
}

static void account(struct rig *rig)
{
	const struct sk_spool_stats st = sk_spool_stats(rig->spool);
	uint64_t last[SK_PRIORITIES] = {0};
	char path[512], line[256];
	FILE *f;

	for (int p = 0; p < SK_PRIORITIES; p++)
		seen[p] = sk_calloc(NUMBERS_MAX, 1);
	snprintf(path, sizeof path, "%s/received", rig->folder);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		account_line(line, last);
	for (int p = 0; p < SK_PRIORITIES; p++)
		for (uint64_t i = 1; i < st.chain[p].next; i++)
			if (seen[p][i] != 1) {
				snprintf(line, sizeof line, "number %" PRIu64 " of priority %d is missing, and nothing says so", i, p);
				die(line);
			}
	if (st.tombstones_pending)
		die("a tombstone is still to be written");
	printf("complete\n");
}

/* ---- damage ---- */

static void damage_file(const char *path, int place)
{
	int file = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte = 0;

	if (file < 0)
		die("a file to be damaged is not there");
	if (place >= 0 && pread(file, &byte, 1, place) == 1) {
		byte ^= 0x55;
		if (pwrite(file, &byte, 1, place) != 1)
			die("damage");
	} else if (place < 0 && pwrite(file, "SR\0\0\0\0\0\7half", 12, lseek(file, 0, SEEK_END)) != 12) {
		die("damage");
	}
	close(file);
}

/* Once. The test lists the files in FOLDER/to-damage: "PATH OFFSET" flips a byte, "PATH -1" appends half a record. */
static void damage(const char *folder)
{
	char path[512], list_path[512];
	int place;
	FILE *list;

	snprintf(list_path, sizeof list_path, "%s/to-damage", folder);
	list = fopen(list_path, "r");
	while (list && fscanf(list, "%511s %d", path, &place) == 2)
		damage_file(path, place);
	if (list) {
		fclose(list);
		unlink(list_path);
	}
}

int main(int argc, char **argv)
{
	struct sk_spool_opts opts = {.max_bytes = 64 << 20, .segment_bytes = SEGMENT};
	struct rig rig = {0};
	char spool[512];
	int dir;

	if (argc != 4)
		return 2;
	rig.folder = argv[1];
	rig.capped = strcmp(argv[2], "capped") == 0;
	rig.events = strtoull(argv[3], NULL, 10);
	if (rig.capped)
		opts.max_bytes = CAP;
	snprintf(spool, sizeof spool, "%s/spool", rig.folder);
	mkdir(spool, 0700);
	if (strcmp(argv[2], "damaged") == 0)
		damage(rig.folder);
	dir = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	remember(&rig);
	if (dir < 0 || sk_spool_open(dir, "", &opts, &rig.spool))
		die("the spool cannot be opened");
	for (uint8_t p = 0; p < SK_PRIORITIES; p++)
		if (rig.has[p])
			sk_spool_resync(rig.spool, sk_spool_stats(rig.spool).epoch, p, rig.has[p]);
	run(&rig);
	account(&rig);
	sk_spool_free(rig.spool);
	close(dir);
	return 0;
}
