// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * bench-probe: takes the samples of bench/exec and bench/open, where a scripting language would be slower than what it measures. Never installed.
 *
 *   bench-probe start COUNT PATH DIR...      start PATH COUNT times in each DIR as its root (vfork, chroot, execve, wait)
 *   bench-probe fresh COUNT PATH DIR...      PATH0, PATH1 ... each started once in each DIR; then, in the first two DIRs, hashed
 *   bench-probe read COUNT PATH DIR...       open, read and close DIR/PATH00000, DIR/PATH00001 ... once each
 *   bench-probe answer 1 - DIR               allow every start on DIR's file system without looking, until killed: the least that anybody in user
 *                                            space can add. DIR must be a mount point of its own
 *
 * With BENCH_CGROUP=DIR it joins that control group first.
 *
 * All folders are visited in turn within one run, in an order thrown anew each time, so that neither drift nor a neighbour's load nor what the one
 * before left in the caches falls on one of them. Prints one line per DIR: nanoseconds, all of them (start, fresh) or their sum (read); fresh adds
 * those of hashing on a second line each. Exits 3 when something did not start or could not be read: then nothing was measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"

enum { DIRS = 8, COUNT_MAX = 100000, PIECE = 128 * 1024, BATCH = 50, ENVIRONMENT = 3 };

struct probe {
	char **dirs;
	unsigned dir_count, count;
	const char *path;
	uint64_t *times[DIRS], *hash_times[DIRS];
	struct sk_hasher *hasher;
	void *space;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "bench-probe: cannot %s %s: %s\n", what, path, strerror(errno));
	exit(ENVIRONMENT);
}

static uint64_t start_once(const char *root, const char *path)
{
	char *const arguments[] = {(char *)path, NULL}, *const environment[] = {NULL};
	uint64_t begin = now_ns();
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		if (chroot(root) == 0)
			execve(path, arguments, environment);
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail("start", path);
	return now_ns() - begin;
}

static uint64_t hash_once(struct probe *probe, const char *root, const char *path)
{
	uint8_t hash[SK_SHA256_SIZE];
	char name[4096];
	uint64_t begin;
	int fd;

	snprintf(name, sizeof name, "%s%s", root, path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	begin = now_ns(); /* the guard gets the file open from the kernel */
	if (fd < 0 || sk_hasher_fd(probe->hasher, fd, probe->space, PIECE, NULL, NULL, hash, NULL) != 0)
		fail("hash", name);
	begin = now_ns() - begin;
	close(fd);
	return begin;
}

static uint64_t read_batch(struct probe *probe, const char *root, unsigned first)
{
	char names[BATCH][512];
	uint64_t begin;

	for (unsigned i = 0; i < BATCH; i++)
		snprintf(names[i], sizeof names[i], "%s%s%05u", root, probe->path, first + i);
	begin = now_ns();
	for (unsigned i = 0; i < BATCH && first + i < probe->count; i++) {
		int fd = open(names[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, probe->space, PIECE) <= 0)
			fail("read", names[i]);
		close(fd);
	}
	return now_ns() - begin;
}

/* Marsaglia's xorshift: any order will do, as long as it is no pattern. */
static uint64_t thrown(void)
{
	static uint64_t state;

	if (!state)
		state = now_ns() | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void shuffle(unsigned *order, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		order[i] = i;
	for (unsigned i = count; i > 1; i--) {
		unsigned other = (unsigned)(thrown() % i), kept = order[i - 1];

		order[i - 1] = order[other];
		order[other] = kept;
	}
}

static void run_start(struct probe *probe)
{
	unsigned order[DIRS];

	for (unsigned i = 0; i < probe->count; i++) {
		shuffle(order, probe->dir_count);
		for (unsigned d = 0; d < probe->dir_count; d++)
			probe->times[order[d]][i] = start_once(probe->dirs[order[d]], probe->path);
	}
}

static void run_fresh(struct probe *probe)
{
	unsigned order[DIRS];
	char path[512];

	for (unsigned i = 0; i < probe->count; i++) {
		snprintf(path, sizeof path, "%s%u", probe->path, i);
		shuffle(order, probe->dir_count);
		for (unsigned d = 0; d < probe->dir_count; d++)
			probe->times[order[d]][i] = start_once(probe->dirs[order[d]], path);
		for (unsigned d = 0; d < probe->dir_count && d < 2; d++)
			probe->hash_times[d][i] = hash_once(probe, probe->dirs[d], path);
	}
}

static void run_read(struct probe *probe)
{
	unsigned order[DIRS];

	for (unsigned i = 0; i < probe->count; i += BATCH) {
		shuffle(order, probe->dir_count);
		for (unsigned d = 0; d < probe->dir_count; d++)
			probe->times[order[d]][0] += read_batch(probe, probe->dirs[order[d]], i);
	}
}

/* Never the machine's own file system: not the root's, not the one that DIR is mounted on. */
static void check_mount(const char *dir)
{
	char above[4096];
	struct stat here, up, root;

	snprintf(above, sizeof above, "%s/..", dir);
	if (stat(dir, &here) < 0 || stat(above, &up) < 0 || stat("/", &root) < 0 || here.st_dev == up.st_dev || here.st_dev == root.st_dev) {
		errno = EXDEV;
		fail("watch", dir);
	}
}

static void run_answer(struct probe *probe)
{
	const struct sched_param first = {.sched_priority = 1};
	struct fanotify_event_metadata event;
	int fan;

	check_mount(probe->dirs[0]);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC | O_NOATIME);
	if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC_PERM, AT_FDCWD, probe->dirs[0]) < 0)
		fail("watch", probe->dirs[0]);
	sched_setscheduler(0, SCHED_FIFO, &first); /* as the guard's reader; refused: go on without */
	puts("ready");
	fflush(stdout);
	while (read(fan, &event, sizeof event) == (ssize_t)sizeof event) {
		struct fanotify_response response = {.fd = event.fd, .response = FAN_ALLOW};

		if (write(fan, &response, sizeof response) < 0)
			fail("answer on", probe->dirs[0]);
		close(event.fd);
	}
}

static void say(const uint64_t *times, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		printf("%lu%c", times[i], i + 1 < count ? ' ' : '\n');
}

static const struct verb {
	const char *name;
	void (*run)(struct probe *probe);
} verbs[] = {{"start", run_start}, {"fresh", run_fresh}, {"read", run_read}, {"answer", run_answer}};

static const struct verb *verb_of(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int prepare(struct probe *probe)
{
	probe->space = sk_malloc(PIECE);
	if (!probe->space || sk_hasher_new(&probe->hasher) < 0)
		return ENVIRONMENT;
	for (unsigned d = 0; d < probe->dir_count; d++) {
		probe->times[d] = sk_calloc(probe->count, sizeof(uint64_t));
		probe->hash_times[d] = sk_calloc(probe->count, sizeof(uint64_t));
		if (!probe->times[d] || !probe->hash_times[d])
			return ENVIRONMENT;
	}
	return 0;
}

/* bench/kernel: what we start from here on belongs to this control group. */
static void join_group(void)
{
	const char *group = getenv("BENCH_CGROUP");
	char path[512];
	FILE *file;

	if (!group)
		return;
	snprintf(path, sizeof path, "%s/cgroup.procs", group);
	file = fopen(path, "we");
	if (!file || fputs("0", file) < 0 || fclose(file))
		fail("join", group);
}

int main(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? verb_of(argv[1]) : NULL;
	static struct probe probe;
	uint64_t count;

	if (!verb || argc < 5 || argc > 4 + DIRS || sk_parse_u64(argv[2], COUNT_MAX, &count) || count == 0) {
		fprintf(stderr, "usage: bench-probe start|fresh|read|answer COUNT PATH DIR... (up to %d)\n", DIRS);
		return 2;
	}
	probe.count = (unsigned)count;
	probe.path = argv[3];
	probe.dirs = argv + 4;
	probe.dir_count = (unsigned)argc - 4;
	if (prepare(&probe))
		return ENVIRONMENT;
	join_group();
	verb->run(&probe);
	for (unsigned d = 0; d < probe.dir_count; d++) {
		say(probe.times[d], verb->run == run_read ? 1 : probe.count);
		if (verb->run == run_fresh && d < 2)
			say(probe.hash_times[d], probe.count);
	}
	return 0;
}
