// SPDX-License-Identifier: GPL-3.0-or-later
/* Reads /proc in two rounds: first what ends soonest, the process itself, and the numbers of the whole chain; then the rest of the others. */
#include "lockdown/guard/ancestry.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { TEXT = 256, STAT = 1024, FIELDS = 22 };

/* A small file of a process, terminated. False when it is gone. */
static bool read_file(int process, const char *name, char *out, size_t size)
{
	int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	out[n] = 0;
	return true;
}

struct stat_line {
	uint32_t parent, session;
	int32_t tty;
	uint64_t start;
	char comm[16];
};

/* "PID (COMM) STATE PPID PGRP SESSION TTY ... START ...": COMM may hold spaces and brackets. */
static bool read_stat(int process, struct stat_line *ret_line)
{
	uint64_t values[FIELDS] = {0};
	char text[STAT], *open_at, *at;
	struct stat_line line = {0};

	if (!read_file(process, "stat", text, sizeof text))
		return false;
	open_at = strchr(text, '(');
	at = strrchr(text, ')');
	if (!open_at || !at || at < open_at || at[1] != ' ' || !at[2] || at[3] != ' ')
		return false;
	snprintf(line.comm, sizeof line.comm, "%.*s", (int)SK_MIN(at - open_at - 1, (ptrdiff_t)sizeof line.comm - 1), open_at + 1);
	at += 4;
	for (int i = 3; i < FIELDS; i++) { /* fields 4 to 22 */
		char *end;

		values[i] = (uint64_t)strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	line.parent = (uint32_t)values[3];
	line.session = (uint32_t)values[5];
	line.tty = (int32_t)values[6];
	line.start = values[21];
	*ret_line = line;
	return true;
}

uint64_t lk_ticks_of(uint64_t mono_us)
{
	struct timespec boot, mono;
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK), slept;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	slept = (uint64_t)(boot.tv_sec - mono.tv_sec) * 1000000 + (uint64_t)((boot.tv_nsec - mono.tv_nsec) / 1000);
	return (mono_us + slept) * ticks / 1000000 + 1;
}

/* Did a process of this start time exist at that moment? */
static bool started_before(uint64_t start, uint64_t asked_us)
{
	return !asked_us || start <= lk_ticks_of(asked_us);
}

/* The place of the text, plus one; a text that is there already is used again. 0 when there is no room. */
static uint16_t keep(struct lk_record *record, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size == 1)
		return 0;
	for (uint32_t at = 0; at < record->texts_used; at += (uint32_t)strlen(record->texts + at) + 1)
		if (!strcmp(record->texts + at, text))
			return (uint16_t)(at + 1);
	if (record->texts_used + size > LK_RECORD_TEXTS)
		return 0;
	memcpy(record->texts + record->texts_used, text, size);
	record->texts_used = (uint16_t)(record->texts_used + size);
	return (uint16_t)(record->texts_used - size + 1);
}

static uint32_t read_uid(int process)
{
	char status[STAT], *at;

	if (!read_file(process, "status", status, sizeof status) || !(at = strstr(status, "\nUid:\t")))
		return UINT32_MAX;
	return (uint32_t)strtoul(at + 6, NULL, 10);
}

static void read_program(int process, char out[TEXT])
{
	ssize_t n = readlinkat(process, "exe", out, TEXT - 1);

	out[n < 0 ? 0 : n] = 0;
}

/* Of the unified hierarchy, else of systemd's own. */
static void read_cgroup(int process, char out[TEXT])
{
	char text[4096], *at;

	out[0] = 0;
	if (!read_file(process, "cgroup", text, sizeof text))
		return;
	at = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	if (at)
		at = strstr(at, "0::") + 3;
	else if ((at = strstr(text, ":name=systemd:")))
		at += strlen(":name=systemd:");
	if (at)
		snprintf(out, TEXT, "%.*s", (int)SK_MIN(strcspn(at, "\n"), (size_t)TEXT - 1), at);
}

static void describe(struct lk_record *record, int process, struct lk_ancestor *one)
{
	char program[TEXT];

	one->uid = read_uid(process);
	read_program(process, program);
	one->program = keep(record, program);
	record->cut |= one->uid == UINT32_MAX;
}

static int open_process(const char *proc, uint32_t pid)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%u", proc, pid);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* One more process. Its parent, or 0 when there is none or it is not the one that was meant. */
static uint32_t step(struct lk_record *record, struct lk_chain *chain, const char *proc, uint32_t pid, uint64_t asked_us)
{
	struct lk_ancestor *one = &record->ancestor[record->ancestors];
	int process = open_process(proc, pid);
	struct stat_line line;

	if (process < 0 || !read_stat(process, &line) ||
	    (record->ancestors ? line.start > one[-1].start : !started_before(line.start, asked_us))) {
		if (process >= 0)
			close(process);
		record->cut = true;
		return 0;
	}
	*one = (struct lk_ancestor){.pid = pid, .uid = UINT32_MAX, .session = line.session, .tty = line.tty, .start = line.start};
	memcpy(one->comm, line.comm, sizeof one->comm);
	chain->process[record->ancestors++] = process;
	return line.parent;
}

/* A process as it was before the answer. Its folder is opened for what else there is, if it is still this one. */
static uint32_t recall(struct lk_record *record, struct lk_chain *chain, const char *proc, const struct lk_seen *seen)
{
	struct lk_ancestor *one = &record->ancestor[record->ancestors];
	int process = chain->look ? open_process(proc, seen->pid) : -1;
	struct stat_line line;

	*one = (struct lk_ancestor){.pid = seen->pid, .uid = seen->uid, .session = seen->session, .tty = seen->tty, .start = seen->start};
	memcpy(one->comm, seen->comm, sizeof one->comm);
	one->program = keep(record, seen->program);
	if (process >= 0 && (!read_stat(process, &line) || (seen->at_most ? line.start > seen->start : line.start != seen->start))) {
		close(process);
		process = -1;
	} else if (process >= 0 && seen->at_most) {
		one->session = line.session;
		one->tty = line.tty;
		one->start = line.start;
		describe(record, process, one);
	}
	chain->process[record->ancestors++] = process;
	return seen->parent;
}

void lk_ancestry_walk(struct lk_record *record, struct lk_chain *chain, const char *proc, const struct lk_witness *witness, uint64_t asked_us,
		      uint32_t limit)
{
	uint32_t pid = record->pid;

	record->ancestors = record->cut = 0;
	for (uint32_t i = 0; witness && i < witness->count; i++)
		pid = recall(record, chain, proc, &witness->seen[i]);
	chain->recalled = record->ancestors;
	if (!chain->recalled && ((pid = step(record, chain, proc, pid, asked_us)), record->ancestors))
		describe(record, chain->process[0], &record->ancestor[0]);
	while (pid && record->ancestors < SK_MIN(limit, (uint32_t)LK_ANCESTORS))
		pid = step(record, chain, proc, pid, 0);
	record->cut = record->cut || pid;
}

static bool see(struct lk_seen *seen, int proc, uint32_t pid)
{
	struct stat_line line;
	char name[16];
	struct stat st;
	int process;
	ssize_t n;
	bool there;

	snprintf(name, sizeof name, "%u", pid);
	process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return false;
	there = read_stat(process, &line);
	if (there) {
		*seen = (struct lk_seen){.pid = pid, .parent = line.parent, .session = line.session, .tty = line.tty, .start = line.start};
		memcpy(seen->comm, line.comm, sizeof seen->comm);
		seen->uid = fstat(process, &st) == 0 ? st.st_uid : UINT32_MAX;
		n = readlinkat(process, "exe", seen->program, sizeof seen->program - 1);
		seen->program[n < 0 ? 0 : n] = 0;
	}
	close(process);
	return there;
}

void lk_witness_take(struct lk_witness *witness, int proc, uint32_t pid)
{
	witness->pid = witness->count = 0;
	for (uint32_t next = pid; next && witness->count < LK_SEEN; next = witness->seen[witness->count++].parent) {
		struct lk_seen *seen = &witness->seen[witness->count];

		if (!see(seen, proc, next) || (witness->count && seen->start > seen[-1].start))
			break;
	}
	if (witness->count)
		witness->pid = pid;
}

static void put_process(struct lk_record *record)
{
	if (!record->ancestors)
		return;
	record->has_process = true;
	record->parent = record->ancestors > 1 ? record->ancestor[1].pid : 0;
	record->uid = record->ancestor[0].uid;
	memcpy(record->comm, record->ancestor[0].comm, sizeof record->comm);
	snprintf(record->actor, sizeof record->actor, "%s", lk_record_text(record, record->ancestor[0].program));
	if (record->ancestors > 1)
		memcpy(record->parent_comm, record->ancestor[1].comm, sizeof record->parent_comm);
}

void lk_ancestry_detail(struct lk_record *record, struct lk_chain *chain, bool cgroups)
{
	char cgroup[TEXT];

	for (uint32_t i = SK_MAX(chain->recalled, 1u); i < record->ancestors; i++)
		describe(record, chain->process[i], &record->ancestor[i]);
	for (uint32_t i = 0; cgroups && i < record->ancestors; i++) {
		cgroup[0] = 0;
		if (chain->process[i] >= 0)
			read_cgroup(chain->process[i], cgroup);
		record->ancestor[i].cgroup = keep(record, cgroup);
	}
	for (uint32_t i = 0; i < record->ancestors; i++)
		if (chain->process[i] >= 0)
			close(chain->process[i]);
	put_process(record);
}

void lk_ancestry(struct lk_record *record, const char *proc, const struct lk_witness *witness, uint64_t asked_us, enum lk_depth depth)
{
	struct lk_chain chain = {.look = depth != LK_DEPTH_SEEN};

	lk_ancestry_walk(record, &chain, proc, witness, asked_us, depth <= LK_DEPTH_PARENT ? 2 : LK_ANCESTORS);
	lk_ancestry_detail(record, &chain, depth == LK_DEPTH_ALL);
}
