// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Owns the child and its temporary folder. The child is killed with its whole group when time is up, and whatever it wrote is removed.
 *
 * Output of `clamscan --stdout --infected`: lines "PATH: NAME FOUND", then a summary of "Key: value" lines after a line of dashes. A file's name may
 * hold a line feed and forge lines of its own; but a forged line can only add a find, and the exit code and the summary's count must agree with it.
 */
#include "accept/clamav.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ftw.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "accept/child.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/sandbox.h"

enum { OUTPUT_MAX = 4 << 20, MEMORY_MAX_MIB = 4096 };

const char *const accept_scan_words[] = {"not-scanned", "clean", "infected", "failed", NULL};

/* --- reading what it said */

static int failed(struct accept_clam *clam, const char *why)
{
	clam->scan = ACCEPT_SCAN_FAILED;
	snprintf(clam->reason, sizeof clam->reason, "%s", why);
	return 0;
}

static void make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

/* "PATH: NAME FOUND": the last ": " parts them, since a name of malware has no space. False: it is no such line. */
static bool split_found(const char *line, size_t size, size_t *ret_path, size_t *ret_name)
{
	static const char end[] = " FOUND";
	size_t at;

	if (size <= sizeof end || memcmp(line + size - (sizeof end - 1), end, sizeof end - 1) != 0)
		return false;
	size -= sizeof end - 1;
	for (at = size; at > 2 && !(line[at - 2] == ':' && line[at - 1] == ' '); at--)
		if (line[at - 1] == ' ')
			return false;
	*ret_path = at - 2;
	*ret_name = size - at;
	return at > 2 && size > at;
}

static int take_found(struct accept_clam *clam, const char *line, size_t path, size_t name)
{
	struct accept_hit *hit = &clam->hits[clam->hit_count];

	if (clam->hit_count == ACCEPT_HITS)
		return 0;
	hit->path = sk_strndup(line, path);
	if (!hit->path)
		return sk_origin(-ENOMEM);
	make_printable(hit->path);
	snprintf(hit->name, sizeof hit->name, "%.*s", (int)SK_MIN(name, sizeof hit->name - 1), line + path + 2);
	make_printable(hit->name);
	clam->hit_count++;
	return 0;
}

/* "Key: value" of the summary, a number at its end. */
static bool summary_number(const char *line, size_t size, const char *key, uint64_t *out)
{
	size_t length = strlen(key);
	char text[24];

	if (size <= length || memcmp(line, key, length) != 0)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)SK_MIN(size - length, sizeof text - 1), line + length);
	return sk_parse_u64(text, UINT64_MAX, out) == 0;
}

struct said {
	uint64_t found, errors;
	bool summary, files, infected, limits;
};

static int take_line(struct accept_clam *clam, struct said *said, const char *line, size_t size)
{
	static const char dashes[] = "----------- SCAN SUMMARY -----------";
	static const char version[] = "Engine version: ", limits[] = "Heuristics.Limits.Exceeded";
	size_t path, name;

	if (size == sizeof dashes - 1 && memcmp(line, dashes, size) == 0) {
		*said = (struct said){.found = said->found, .limits = said->limits, .summary = true}; /* a forged one before it counts for nothing */
		return 0;
	}
	if (said->summary) {
		if (size > sizeof version - 1 && memcmp(line, version, sizeof version - 1) == 0)
			snprintf(clam->engine, sizeof clam->engine, "%.*s", (int)SK_MIN(size - (sizeof version - 1), sizeof clam->engine - 1), line + sizeof version - 1);
		make_printable(clam->engine);
		(void)summary_number(line, size, "Known viruses: ", &clam->signatures);
		said->files |= summary_number(line, size, "Scanned files: ", &clam->scanned);
		said->infected |= summary_number(line, size, "Infected files: ", &clam->infected);
		(void)summary_number(line, size, "Total errors: ", &said->errors);
		return 0;
	}
	if (!split_found(line, size, &path, &name))
		return 0;
	said->found++;
	said->limits |= name >= sizeof limits - 1 && memcmp(line + path + 2, limits, sizeof limits - 1) == 0;
	return take_found(clam, line, path, name);
}

static int judge(struct accept_clam *clam, const struct said *said, int code)
{
	if (code < 0)
		return failed(clam, "it was ended before it had finished");
	if (code != 0 && code != 1)
		return failed(clam, code == 2 ? "it reported errors: not everything was scanned" : "it ended with a code that is not known");
	if (!said->summary || !said->files || !said->infected)
		return failed(clam, "its summary is missing");
	if (code == 1 && (clam->infected == 0 || said->found == 0))
		return failed(clam, "its code and its summary do not agree");
	if (code == 0 && (clam->infected || said->found || said->errors))
		return failed(clam, "its code and its summary do not agree");
	clam->scan = code == 1 ? ACCEPT_INFECTED : ACCEPT_CLEAN;
	if (said->limits && clam->scan == ACCEPT_INFECTED)
		snprintf(clam->reason, sizeof clam->reason, "some files exceed its limits: they count as found");
	return 0;
}

int accept_clam_read(int code, const char *text, size_t size, struct accept_clam *ret_clam)
{
	struct said said = {0};
	int r = 0;

	for (const char *at = text, *stop = text + size; at && at < stop && r == 0;) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));

		r = take_line(ret_clam, &said, at, (size_t)((end ? end : stop) - at));
		at = end ? end + 1 : stop;
	}
	return r ? r : judge(ret_clam, &said, code);
}

void accept_clam_done(struct accept_clam *clam)
{
	for (size_t i = 0; i < clam->hit_count; i++)
		free(clam->hits[i].path);
	*clam = (struct accept_clam){0};
}

/* --- running it */

static const char *find_program(const char *given)
{
	static const char *const places[] = {"/usr/bin/clamscan", "/usr/local/bin/clamscan", "/opt/clamav/bin/clamscan"};

	if (given)
		return access(given, X_OK) == 0 ? given : NULL;
	for (size_t i = 0; i < SK_ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	if (setrlimit(resource, &both) < 0)
		_exit(126);
}

/* One capability survives execve: reading what is not ours. The target's files may belong to anybody. */
static void keep_reading_only(void)
{
	if (geteuid() != 0)
		return;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | CAPNG_BOUNDING_SET, CAP_DAC_READ_SEARCH) < 0 ||
	    capng_apply(CAPNG_SELECT_BOTH) < 0)
		_exit(126);
}

static void enter_box(const struct accept_clam_job *job, const char *folder)
{
	const struct sk_land_rule land[] = {{job->target, SK_LAND_READ | SK_LAND_HOST}, {folder, SK_LAND_READ | SK_LAND_WRITE | SK_LAND_HOST},
					    {job->database ? job->database : "/var/lib/clamav", SK_LAND_READ | SK_LAND_HOST},
					    {job->program, SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST},
					    {"/usr", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST}, {"/lib", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST},
					    {"/lib64", SK_LAND_READ | SK_LAND_EXEC | SK_LAND_HOST}, {"/etc", SK_LAND_READ | SK_LAND_HOST},
					    {"/dev/null", SK_LAND_READ | SK_LAND_WRITE | SK_LAND_HOST}, {"/dev/urandom", SK_LAND_READ | SK_LAND_HOST},
					    {"/proc/self", SK_LAND_READ | SK_LAND_HOST}, {0}};
	const struct sk_sandbox box = {.name = "clamscan", .root = "/", .land = land};
	int ruleset = -1, r;

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_AS, (rlim_t)MEMORY_MAX_MIB << 20);
	limit(RLIMIT_NOFILE, 256);
	limit(RLIMIT_FSIZE, (rlim_t)1 << 30);
	limit(RLIMIT_CPU, (rlim_t)(job->time_ms / 1000 + 5));
	if (geteuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0)
		_exit(126);
	r = sk_landlock_open(&box, &ruleset);
	if (r < 0)
		_exit(126);
	keep_reading_only();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || (r == 0 && sk_landlock_enter(ruleset)))
		_exit(126);
}

static void child(const struct accept_clam_job *job, const char *folder, int out, pid_t parent)
{
	char database[4200], temporary[4200], file_max[64], scan_max[64], *words[20];
	size_t n = 0;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	snprintf(database, sizeof database, "--database=%s", job->database ? job->database : "/var/lib/clamav");
	snprintf(temporary, sizeof temporary, "--tempdir=%s", folder);
	snprintf(file_max, sizeof file_max, "--max-filesize=%" PRIu64, job->file_max);
	snprintf(scan_max, sizeof scan_max, "--max-scansize=%" PRIu64, job->file_max);
	words[n++] = (char *)job->program;
	words[n++] = (char *)"--stdout";
	words[n++] = (char *)"--infected";
	words[n++] = (char *)"--recursive";
	words[n++] = (char *)"--follow-dir-symlinks=0";
	words[n++] = (char *)"--follow-file-symlinks=0";
	words[n++] = (char *)"--alert-exceeds-max=yes";
	words[n++] = (char *)"--official-db-only=no";
	words[n++] = database;
	words[n++] = temporary;
	words[n++] = file_max;
	words[n++] = scan_max;
	words[n++] = (char *)"--";
	words[n++] = (char *)job->target;
	words[n] = NULL;
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO) < 0 || dup2(STDIN_FILENO, STDERR_FILENO) < 0)
		_exit(126);
	enter_box(job, folder);
	execve(job->program, words, (char *[]){(char *)"PATH=/usr/bin", (char *)"LC_ALL=C", NULL});
	_exit(127);
}

/* It closed its output; its end follows. It is not waited for yet. */
static bool has_ended(pid_t pid, uint64_t until_ms)
{
	const struct timespec step = {0, 2000000};

	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
			return true;
		if (sk_clock_mono_ms() >= until_ms)
			return false;
		nanosleep(&step, NULL);
	}
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	(void)remove(path);
	return 0;
}

static int run(const struct accept_clam_job *job, const char *folder, struct sk_buf *text, int *ret_code)
{
	_cleanup_close_ int in = -1, out = -1;
	uint64_t until = sk_clock_mono_ms() + job->time_ms;
	int ends[2], status = 0;
	bool whole;
	pid_t pid, self = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return sk_origin_errno();
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0)
		return sk_origin_errno();
	if (pid == 0)
		child(job, folder, out, self);
	close(SK_TAKE_FD(out));
	whole = accept_collect(in, until, text) && has_ended(pid, until);
	kill(-pid, SIGKILL); /* nothing of it stays; as long as it is not waited for, its number is nobody else's */
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_code = whole && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}

int accept_clam_run(const struct accept_clam_job *given, struct accept_clam *ret_clam)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(OUTPUT_MAX);
	struct accept_clam_job job = *given;
	char folder[] = "/tmp/sekisho-clam.XXXXXX";
	int code = -1, r;

	*ret_clam = (struct accept_clam){.scan = ACCEPT_NOT_SCANNED};
	job.program = find_program(given->program);
	if (!job.program) {
		snprintf(ret_clam->reason, sizeof ret_clam->reason, "clamscan is not installed");
		return 0;
	}
	if (!mkdtemp(folder))
		return sk_origin_errno();
	r = run(&job, folder, &text, &code);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (r == 0)
		r = accept_clam_read(code, text.data, text.size, ret_clam);
	return r;
}
