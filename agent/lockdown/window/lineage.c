// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who descends from a trusted updater. The kernel tells births, executions and deaths of processes (window/births.c), so that the descendants of an updater are
 * known also when they lived for a millisecond, as `cp` in a maintainer's script does. Where it does not (a process namespace of one's own, a kernel without
 * it) parents are read from /proc while the process lives.
 *
 * An updater counts when root started it: whoever else runs it chooses what it unpacks, and where its hooks lead.
 *
 * An execution counts when two things are told: the file opened for execution has an updater's hash (an event in the queue of file events, which has an order
 * with writes), and the execution succeeded (the connector). What a process wrote before that event is not an updater's work. Whoever is born to a trusted
 * process is trusted. Where more was opened than executed, an execution failed, and only what the process runs now (/proc/PID/exe) counts; not so for a script,
 * whose program is its interpreter.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown/window/window.h"

enum { HEADS = 4, WAIT_TURNS = 400, PROCESSES = 65536, PROGRAMS = 16384, USERS = 262144, ANCESTORS = 64 };

/* What follows a loss of news (anybody can flood the connector): see lost(). */
struct whole {
	uint64_t ticks, order; /* since boot, and place in the queue of file events: everything from before is told */
};

/* A file that was opened for execution, and of which it is not told yet whether the execution succeeded. */
struct head {
	bool candidate; /* it is an updater */
	bool script;
	uint64_t order, device, inode;
};

struct process {
	bool trusted, dead;
	uint64_t since;    /* order of the event from which on it is; 0 = all its life */
	uint64_t until;    /* and up to which: after that the number may be another's; 0 = as long as it lives */
	uint64_t start;    /* ticks since boot at which it was born; 0 = not asked */
	uint32_t updater;  /* the process that is the updater */
	char inner;        /* what is opened next: 's' the interpreter of a script, 'l' perhaps a loader */
	bool failed;       /* more was opened than executed */
	uint8_t head_count, execs;
	struct head heads[HEADS];
};

/* What is known of a file by (device, inode, ctime): hashing each start would be slow. */
struct program_key {
	uint64_t device, inode, size;
	int64_t seconds, nanoseconds;
};
enum { PLAIN = 1, UPDATER = 2, SCRIPT = 4, DYNAMIC = 8 };

struct lk_lineage {
	const struct lk_window_state *state;
	int socket;                /* -1: there is no connector */
	struct sk_map *processes;  /* uint32_t -> struct process */
	struct sk_map *users;      /* uint32_t -> effective user + 1, as told; who is not in it is asked of /proc */
	struct sk_map *programs;   /* struct program_key -> char: the bits above */
	struct sk_hasher *hasher;
	void *space;
	bool overflowed, lost;     /* news was lost; and what that means is not drawn yet */
	struct whole whole;
	struct sk_buf told;        /* of struct lk_told: received and not yet believed */
};

static char bits_of[16];

static struct process *get(struct lk_lineage *lineage, uint32_t pid)
{
	return sk_map_get(lineage->processes, &pid, sizeof pid);
}

/* Trusted ones that are dead are kept while there is room: what they wrote may still wait in the queue. */
static void sweep(struct lk_lineage *lineage)
{
	_cleanup_buf_ struct sk_buf dead = SK_BUF(PROCESSES * sizeof(uint32_t));
	const struct process *process;
	size_t position = 0, size;
	const void *key;

	while ((process = sk_map_next(lineage->processes, &position, &key, &size)))
		if (process->dead && sk_buf_append(&dead, key, sizeof(uint32_t)))
			return;
	for (size_t i = 0; i < dead.size / sizeof(uint32_t); i++)
		free(sk_map_take(lineage->processes, dead.data + i * sizeof(uint32_t), sizeof(uint32_t)));
}

static struct process *make(struct lk_lineage *lineage, uint32_t pid)
{
	struct process *process = get(lineage, pid);

	if (process)
		return process;
	if (sk_map_size(lineage->processes) >= PROCESSES - 1)
		sweep(lineage);
	process = sk_calloc(1, sizeof *process);
	if (process && sk_map_put(lineage->processes, &pid, sizeof pid, process)) {
		free(process);
		return NULL;
	}
	return process;
}

static void forget(struct lk_lineage *lineage, uint32_t pid)
{
	free(sk_map_take(lineage->processes, &pid, sizeof pid));
}

/* --- users */

static void set_user(struct lk_lineage *lineage, uint32_t pid, uint32_t user)
{
	sk_map_take(lineage->users, &pid, sizeof pid);
	(void)sk_map_put(lineage->users, &pid, sizeof pid, (void *)((uintptr_t)user + 1)); /* full: /proc is asked */
}

static bool is_root(struct lk_lineage *lineage, uint32_t pid)
{
	uintptr_t told = (uintptr_t)sk_map_get(lineage->users, &pid, sizeof pid);
	uint32_t user;

	if (told && !lineage->overflowed)
		return told == 1;
	return lk_proc_user(pid, &user) && user == 0;
}

static void on_user_birth(struct lk_lineage *lineage, uint32_t parent, uint32_t child)
{
	uintptr_t told = (uintptr_t)sk_map_get(lineage->users, &parent, sizeof parent);

	if (told)
		set_user(lineage, child, (uint32_t)(told - 1));
	else
		sk_map_take(lineage->users, &child, sizeof child);
}

/* --- births and executions */

static void on_birth(struct lk_lineage *lineage, uint32_t parent_pid, uint32_t child_pid)
{
	const struct process *parent = get(lineage, parent_pid);
	struct process *child = get(lineage, child_pid);

	if (!parent || !parent->trusted || parent->until) {
		if (child && child->trusted)
			forget(lineage, child_pid); /* the number was another's. What it has opened by now stays: that was read before this */
		return;
	}
	child = make(lineage, child_pid);
	if (child)
		*child = (struct process){.trusted = true, .updater = parent->updater};
}

static void trust(struct lk_lineage *lineage, struct process *process, uint32_t pid, uint64_t since)
{
	if (!is_root(lineage, pid)) {
		process->head_count = 0;
		sk_log(SK_LOG_NOTICE, "window: process %u runs a trusted updater, but not as root: its work does not become known", pid);
		return;
	}
	process->trusted = true;
	process->since = since;
	process->start = lk_proc_start(pid);
	process->updater = pid;
	process->head_count = 0;
	sk_log(SK_LOG_INFO, "window: process %u is a trusted updater", pid);
}

/* Some of what it opened was not executed: only what it surely runs now counts. */
static void on_doubtful_exec(struct lk_lineage *lineage, struct process *process, uint32_t pid)
{
	struct stat found;

	if (lk_proc_program(pid, &found))
		for (unsigned i = 0; i < process->head_count; i++) {
			const struct head *head = &process->heads[i];

			if (head->candidate && !head->script && head->device == found.st_dev && head->inode == found.st_ino) {
				trust(lineage, process, pid, head->order);
				return;
			}
		}
	process->head_count = 0;
}

/* `last`: no other execution of it was told after this one. */
static void on_exec(struct lk_lineage *lineage, uint32_t pid, bool last)
{
	struct process *process = get(lineage, pid);
	struct head head;
	struct stat found;

	if (!process || process->trusted || !process->head_count)
		return;
	if (process->failed) {
		on_doubtful_exec(lineage, process, pid);
		return;
	}
	head = process->heads[0];
	memmove(process->heads, process->heads + 1, --process->head_count * sizeof head);
	if (!head.candidate)
		return;
	if (last && !process->head_count && !head.script && lk_proc_program(pid, &found) && (found.st_dev != head.device || found.st_ino != head.inode))
		return; /* it runs something else */
	trust(lineage, process, pid, head.order);
}

/* The nearest trusted ancestor, asked of /proc. */
static const struct process *ancestor(struct lk_lineage *lineage, uint32_t pid)
{
	for (int i = 0; i < ANCESTORS && pid > 1; i++, pid = lk_proc_parent(pid)) {
		const struct process *process = get(lineage, pid);

		if (process && process->trusted && !process->dead && (!process->start || process->start == lk_proc_start(pid)))
			return process;
	}
	return NULL;
}

void lk_lineage_receive(struct lk_lineage *lineage, uint64_t order)
{
	uint64_t now = lk_proc_ticks();

	if (lk_births_receive(lineage->socket, &lineage->told)) {
		if (!lineage->lost)
			lineage->whole = (struct whole){now, order};
		return;
	}
	if (!lineage->overflowed)
		sk_log(SK_LOG_WARNING, "window: births and deaths of processes were lost: who descends from an updater is asked of /proc from here on");
	lineage->overflowed = lineage->lost = true;
}

/*
 * A death may be among what was lost, and a birth that took the number. Who was born before the loss is who he was; of everybody else only what he wrote before
 * counts.
 */
static void lost(struct lk_lineage *lineage)
{
	struct process *process;
	size_t position = 0, size;
	const void *key;

	while ((process = sk_map_next(lineage->processes, &position, &key, &size))) {
		uint32_t pid;
		uint64_t start;

		memcpy(&pid, key, sizeof pid);
		start = process->trusted ? lk_proc_start(pid) : 0;
		if (!process->trusted || (start && (process->start ? start == process->start : start + 1 < lineage->whole.ticks)))
			continue;
		process->dead = true;
		if (!process->until || process->until > lineage->whole.order)
			process->until = lineage->whole.order ? lineage->whole.order : 1;
	}
	lineage->lost = false;
}

static size_t count_execs(struct lk_lineage *lineage, size_t from)
{
	const struct lk_told *list = (const struct lk_told *)lineage->told.data;
	size_t count = lineage->told.size / sizeof *list;

	for (size_t i = from; i < count; i++) {
		struct process *process = list[i].what == 'e' ? get(lineage, list[i].pid) : NULL;

		if (process && !process->trusted && process->execs < UINT8_MAX)
			process->execs++;
	}
	return count;
}

/* An updater is among what it opened, and not all of that was executed, as far as is told. */
static bool is_doubtful(const struct process *process)
{
	bool candidate = false;

	for (unsigned i = 0; i < process->head_count; i++)
		candidate |= process->heads[i].candidate;
	return candidate && !process->trusted && process->execs && process->execs < process->head_count;
}

static bool any_doubtful(struct lk_lineage *lineage, bool settle)
{
	const struct lk_told *list = (const struct lk_told *)lineage->told.data;
	bool any = false;

	for (size_t i = 0; i < lineage->told.size / sizeof *list; i++) {
		struct process *process = list[i].what == 'e' ? get(lineage, list[i].pid) : NULL;

		if (!process || !is_doubtful(process))
			continue;
		any = true;
		process->failed = settle;
	}
	return any;
}

/*
 * Of what a process opened the first belongs to its first execution, and so on: a shell may become an updater and that another program within a millisecond, and
 * children are born in between. When less was executed than opened, the rest is under way, which takes a moment, or failed.
 */
void lk_lineage_believe(struct lk_lineage *lineage)
{
	const struct lk_told *list;
	size_t count = count_execs(lineage, 0);

	for (int turn = 0; turn < WAIT_TURNS && any_doubtful(lineage, false); turn++) {
		usleep(1000);
		lk_lineage_receive(lineage, lineage->whole.order);
		count = count_execs(lineage, count);
	}
	any_doubtful(lineage, true);
	list = (const struct lk_told *)lineage->told.data;
	for (size_t i = 0; i < count; i++) {
		struct process *process = get(lineage, list[i].pid);

		if (list[i].what == 'b')
			on_user_birth(lineage, list[i].parent, list[i].pid);
		if (list[i].what == 'u')
			set_user(lineage, list[i].pid, list[i].parent);
		if (list[i].what == 'd')
			sk_map_take(lineage->users, &list[i].pid, sizeof list[i].pid);
		if (list[i].what == 'b')
			on_birth(lineage, list[i].parent, list[i].pid);
		else if (list[i].what == 'e' && process)
			on_exec(lineage, list[i].pid, process->execs <= 1);
		else if (list[i].what == 'd' && process && !process->trusted)
			forget(lineage, list[i].pid);
		else if (list[i].what == 'd' && process)
			process->dead = true;
		if (list[i].what == 'e' && process && process->execs)
			process->execs--;
	}
	for (size_t i = 0; i < count; i++) {
		struct process *process = get(lineage, list[i].pid);

		if (process)
			process->failed = false, process->execs = 0;
	}
	sk_buf_clear(&lineage->told);
	if (lineage->lost)
		lost(lineage);
}

/* --- programs */

static bool is_dynamic(int fd)
{
	unsigned char head[64], entry[56];

	if (pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head || memcmp(head, "\177ELF", 4) || head[5] != 1)
		return false;
	for (unsigned i = 0, count = head[4] == 2 ? head[56] : head[44]; i < count; i++) {
		uint64_t table = 0;

		memcpy(&table, head + (head[4] == 2 ? 32 : 28), head[4] == 2 ? 8 : 4);
		if (pread(fd, entry, sizeof entry, (off_t)(table + (uint64_t)i * (head[4] == 2 ? 56 : 32))) < 4)
			return false;
		if (entry[0] == 3 && !entry[1] && !entry[2] && !entry[3]) /* PT_INTERP */
			return true;
	}
	return false;
}

static int look_up(struct lk_lineage *lineage, int fd, const struct stat *found)
{
	struct program_key key = {.device = found->st_dev, .inode = found->st_ino, .size = (uint64_t)found->st_size, .seconds = found->st_ctim.tv_sec,
				  .nanoseconds = found->st_ctim.tv_nsec};
	const char *known = sk_map_get(lineage->programs, &key, sizeof key);
	uint8_t hash[LK_HASH];
	char head[2] = "";
	int bits = PLAIN;

	if (known)
		return (int)(known - bits_of);
	if (pread(fd, head, 2, 0) == 2 && !memcmp(head, "#!", 2))
		bits |= SCRIPT;
	else if (is_dynamic(fd))
		bits |= DYNAMIC;
	if (sk_hasher_fd(lineage->hasher, fd, lineage->space, LK_WINDOW_SPACE, NULL, NULL, hash, NULL) == 0)
		for (uint32_t i = 0; i < lineage->state->updater_count; i++)
			if (!memcmp(hash, lineage->state->updaters[i], LK_HASH))
				bits |= UPDATER;
	(void)sk_map_put(lineage->programs, &key, sizeof key, &bits_of[bits]); /* full: it is hashed again */
	return bits;
}

/* Is this the interpreter of the script, or the loader of the program, that was opened just before? */
static bool is_inner(struct process *process, int fd, int bits)
{
	char link[40], path[4096];
	const char *name;
	ssize_t n;

	if (process->inner != 'l')
		return process->inner == 's';
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	name = strrchr(path, '/');
	return name && !strncmp(name + 1, "ld", 2) && !(bits & (SCRIPT | DYNAMIC));
}

static void add_head(struct process *process, const struct head *head)
{
	if (process->head_count == HEADS) /* it executes faster than is told: the oldest cannot be told apart any more */
		memmove(process->heads, process->heads + 1, --process->head_count * sizeof *head);
	process->heads[process->head_count++] = *head;
}

void lk_lineage_open_exec(struct lk_lineage *lineage, uint32_t pid, int fd, uint64_t order)
{
	struct process *process;
	struct stat found;
	bool inner;
	int bits;

	if (fstat(fd, &found) < 0)
		return;
	bits = look_up(lineage, fd, &found);
	process = make(lineage, pid);
	if (!process)
		return;
	if (process->until && order > process->until)
		*process = (struct process){.trusted = false}; /* the number may be another's */
	if ((lineage->socket < 0 || lineage->overflowed) && !process->trusted) { /* nobody tells us of births: ask while it surely lives */
		const struct process *above = ancestor(lineage, lk_proc_parent(pid));

		if (above)
			*process = (struct process){.trusted = true, .since = order, .updater = above->updater, .start = lk_proc_start(pid)};
	}
	inner = is_inner(process, fd, bits);
	if (!inner && !process->trusted)
		add_head(process, &(struct head){bits & UPDATER, bits & SCRIPT, order, found.st_dev, found.st_ino});
	process->inner = bits & SCRIPT ? 's' : bits & DYNAMIC ? 'l' : 0;
}

/* Where nobody tells us of deaths, or not of all: is the number another's by now? */
static bool is_another(const struct lk_lineage *lineage, const struct process *process, uint32_t pid)
{
	uint64_t start = process->start && (lineage->socket < 0 || lineage->overflowed) ? lk_proc_start(pid) : 0;

	return start && start != process->start;
}

bool lk_lineage_trusts(struct lk_lineage *lineage, uint32_t pid, uint64_t order, uint32_t *ret_updater)
{
	const struct process *process = get(lineage, pid);

	if (process && !process->trusted && process->head_count && (lineage->socket < 0 || lineage->overflowed))
		on_doubtful_exec(lineage, get(lineage, pid), pid); /* nobody tells us that it succeeded: /proc does */
	if (process && process->trusted && is_another(lineage, process, pid)) {
		forget(lineage, pid);
		process = NULL;
	}
	if ((!process || !process->trusted) && (lineage->socket < 0 || lineage->overflowed))
		process = ancestor(lineage, pid);
	if (!process || !process->trusted || order < process->since || (process->until && order > process->until))
		return false;
	*ret_updater = process->updater;
	return true;
}

/* --- begin and end */

static bool is_watched(const struct lk_lineage *lineage, uint64_t device)
{
	for (uint32_t i = 0; i < lineage->state->path_count; i++) {
		struct stat found;

		if (stat(lineage->state->paths[i], &found) == 0 && found.st_dev == device)
			return true;
	}
	return false;
}

/* What runs already when the recorder begins (again): an updater that it did not see start, and all below it. */
static void adopt(struct lk_lineage *lineage)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	uint64_t pid;

	while (folder && (entry = readdir(folder))) {
		struct process *process;
		struct stat found;
		uint32_t user;
		char path[32];
		int fd;

		if (sk_parse_u64(entry->d_name, INT32_MAX, &pid))
			continue;
		if (lk_proc_user((uint32_t)pid, &user))
			set_user(lineage, (uint32_t)pid, user);
		snprintf(path, sizeof path, "/proc/%u/exe", (unsigned)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && is_watched(lineage, found.st_dev) &&
		    (look_up(lineage, fd, &found) & UPDATER) && is_root(lineage, (uint32_t)pid)) {
			process = make(lineage, (uint32_t)pid);
			if (process)
				*process = (struct process){.trusted = true, .updater = (uint32_t)pid, .start = lk_proc_start((uint32_t)pid)};
		}
		if (fd >= 0)
			close(fd);
	}
	if (folder)
		rewinddir(folder);
	while (folder && (entry = readdir(folder))) {
		const struct process *above;
		struct process *process;

		if (sk_parse_u64(entry->d_name, INT32_MAX, &pid) || get(lineage, (uint32_t)pid) || !(above = ancestor(lineage, (uint32_t)pid)))
			continue;
		process = make(lineage, (uint32_t)pid);
		if (process)
			*process = (struct process){.trusted = true, .updater = above->updater, .start = lk_proc_start((uint32_t)pid)};
	}
	if (folder)
		closedir(folder);
}

int lk_lineage_new(const struct lk_window_state *state, struct lk_lineage **ret_lineage)
{
	struct lk_lineage *lineage = sk_calloc(1, sizeof *lineage);
	int r;

	if (!lineage)
		return sk_origin(-ENOMEM);
	lineage->state = state;
	lineage->told = SK_BUF(64 << 20);
	lineage->whole.ticks = lk_proc_ticks();
	lineage->space = sk_malloc(LK_WINDOW_SPACE);
	r = lineage->space ? sk_map_new(PROCESSES, free, &lineage->processes) : sk_origin(-ENOMEM);
	if (!r)
		r = sk_map_new(PROGRAMS, NULL, &lineage->programs);
	if (!r)
		r = sk_map_new(USERS, NULL, &lineage->users);
	if (!r)
		r = sk_hasher_new(&lineage->hasher);
	lineage->socket = r ? -1 : lk_births_open();
	if (r) {
		lk_lineage_free(lineage);
		return r;
	}
	adopt(lineage);
	*ret_lineage = lineage;
	return 0;
}

struct lk_lineage *lk_lineage_free(struct lk_lineage *lineage)
{
	if (!lineage)
		return NULL;
	if (lineage->socket >= 0)
		close(lineage->socket);
	sk_map_free(lineage->processes);
	sk_map_free(lineage->programs);
	sk_map_free(lineage->users);
	sk_hasher_free(lineage->hasher);
	sk_buf_done(&lineage->told);
	free(lineage->space);
	free(lineage);
	return NULL;
}

int lk_lineage_fd(const struct lk_lineage *lineage)
{
	return lineage->socket;
}
