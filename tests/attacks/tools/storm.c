// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-storm: PROCESSES processes at once, each forking and executing one of the PROGRAMs again and again for SECONDS; by turns fork and vfork, by turns also
 * a thread that does it. Exit code 0 when every program ended with 0; else what the first did is printed.
 *
 *   attack-storm SECONDS PROCESSES PROGRAM...
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024 };

struct tally {
	unsigned long starts, wrong;
	int status, error;
	char program[64];
};

struct storm {
	char **programs;
	unsigned count;
	struct timespec end;
	struct tally *tally;
};

static int is_over(const struct storm *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > s->end.tv_sec || (now.tv_sec == s->end.tv_sec && now.tv_nsec > s->end.tv_nsec);
}

static void start(const struct storm *s, unsigned long turn)
{
	char *program = s->programs[turn % s->count], *argv[] = {program, NULL}, *none[] = {NULL};
	volatile int error = 0;
	int status = 0;
	pid_t pid = turn & 1 ? fork() : vfork();

	if (pid == 0) {
		execve(program, argv, none);
		error = errno;
		_exit(126);
	}
	if (pid < 0)
		error = errno;
	else
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	s->tally->starts++;
	if (!error && status == 0)
		return;
	if (!s->tally->wrong++) {
		s->tally->status = status;
		s->tally->error = error;
		snprintf(s->tally->program, sizeof s->tally->program, "%s", program);
	}
}

static void *in_thread(void *arg)
{
	start(arg, 3);
	return NULL;
}

static void run(const struct storm *s, unsigned number)
{
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(3);
	for (unsigned long turn = number; !is_over(s); turn++) {
		pthread_t thread;

		start(s, turn);
		if (turn % 16 == 0 && pthread_create(&thread, NULL, in_thread, (void *)s) == 0)
			pthread_join(thread, NULL);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	struct storm s = {.programs = argv + 3, .count = (unsigned)(argc - 3)};
	unsigned processes = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, begun = 0;
	unsigned long starts = 0, wrong = 0;
	struct tally *tallies;

	if (argc < 4 || !processes || processes > MOST) {
		fprintf(stderr, "usage: attack-storm SECONDS PROCESSES PROGRAM...\n");
		return 2;
	}
	tallies = mmap(NULL, processes * sizeof *tallies, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		return 3;
	clock_gettime(CLOCK_MONOTONIC, &s.end);
	s.end.tv_sec += strtol(argv[1], NULL, 10);
	for (; begun < processes; begun++) {
		pid_t pid;

		s.tally = &tallies[begun];
		pid = fork();
		if (pid == 0)
			run(&s, begun);
		if (pid < 0)
			break;
	}
	while (wait(NULL) > 0)
		;
	for (unsigned i = 0; i < begun; i++) {
		starts += tallies[i].starts;
		if (tallies[i].wrong && !wrong)
			printf("%s: status %x, %s\n", tallies[i].program, (unsigned)tallies[i].status, strerror(tallies[i].error));
		wrong += tallies[i].wrong;
	}
	printf("%u processes, %lu starts, %lu wrong\n", begun, starts, wrong);
	return wrong || begun < processes ? 1 : 0;
}
