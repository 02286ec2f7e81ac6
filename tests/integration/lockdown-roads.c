// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * lockdown-roads ROAD FILE [FILE]: a program that is on the allowlist and goes one road by which code comes to run without an execution on a guarded file system: with a known FILE the
 * lawful twin, with an unknown one the attack. Prints "arrived" when the code ran (or was mapped to be run). For tests; it does what it does only to itself.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* mov $42, %eax; ret */
static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};

static char program_name[] = "program";

static int arrived(void)
{
	puts("arrived");
	fflush(stdout);
	return 0;
}

static int failed(const char *what)
{
	printf("failed %s: %s\n", what, strerror(errno));
	return 1;
}

static int call(void *at)
{
	int (*function)(void);

	memcpy(&function, &at, sizeof function);
	return function() == 42 ? arrived() : 1;
}

static int copy_to(int to, const char *path)
{
	char space[65536];
	int from = open(path, O_RDONLY);
	ssize_t n;

	while ((n = read(from, space, sizeof space)) > 0)
		if (write(to, space, (size_t)n) != n)
			return failed("write");
	close(from);
	return 0;
}

static int run_fd(int fd)
{
	char *const words[] = {program_name, NULL};

	syscall(SYS_execveat, fd, "", words, environ, AT_EMPTY_PATH);
	return failed("execveat");
}

static int road_memfd(char **files)
{
	int fd = memfd_create("road", 0);

	return copy_to(fd, files[0]) ? 1 : run_fd(fd);
}

/* A copy that nobody can change any more, as runc starts itself from. */
static int road_sealed(char **files)
{
	int fd = memfd_create("road", MFD_ALLOW_SEALING);

	if (copy_to(fd, files[0]) || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return 1;
	return run_fd(fd);
}

/* The file is gone before it runs; on the guarded file system. */
static int road_deleted(char **files)
{
	int out = open("/deleted-road", O_CREAT | O_WRONLY | O_TRUNC, 0755), fd;

	if (copy_to(out, files[0]))
		return 1;
	close(out);
	fd = open("/deleted-road", O_RDONLY);
	unlink("/deleted-road");
	usleep(100000);
	return run_fd(fd);
}

static int road_fd(char **files)
{
	char path[64], *const words[] = {program_name, NULL};
	int fd = open(files[0], O_RDONLY);

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (access(path, F_OK) < 0)
		return run_fd(fd);
	execv(path, words);
	return failed("execv");
}

static int own_namespaces(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return failed("unshare");
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0 && errno != EINVAL ? failed("private") : 0;
}

static int run_path(const char *path)
{
	char *const words[] = {program_name, NULL};

	execv(path, words);
	return failed("execv");
}

/* A file system that no scope names. */
static int road_elsewhere(char **files)
{
	int out;

	if (own_namespaces() || mount("road", "/mnt", "tmpfs", 0, NULL) < 0)
		return failed("mount");
	out = open("/mnt/program", O_CREAT | O_WRONLY, 0755);
	if (copy_to(out, files[0]))
		return 1;
	close(out);
	return run_path("/mnt/program");
}

static int road_userns(char **files)
{
	int map;

	if (unshare(CLONE_NEWUSER) < 0)
		return failed("user namespace");
	map = open("/proc/self/uid_map", O_WRONLY);
	if (map < 0 || write(map, "0 0 1", 5) != 5)
		return failed("uid_map");
	close(map);
	map = open("/proc/self/setgroups", O_WRONLY);
	if (map < 0 || write(map, "deny", 4) != 4)
		return failed("setgroups");
	close(map);
	map = open("/proc/self/gid_map", O_WRONLY);
	if (map < 0 || write(map, "0 0 1", 5) != 5)
		return failed("gid_map");
	close(map);
	return road_elsewhere(files);
}

/* A known or unknown file below, shown by an overlay. */
static int road_overlay(char **files)
{
	char path[512], options[512];
	char *slash = strrchr(files[0], '/');

	if (own_namespaces() || mount("road", "/mnt", "tmpfs", 0, NULL) < 0)
		return failed("mount");
	mkdir("/mnt/upper", 0755);
	mkdir("/mnt/work", 0755);
	mkdir("/mnt/all", 0755);
	snprintf(options, sizeof options, "lowerdir=%.*s,upperdir=/mnt/upper,workdir=/mnt/work", (int)(slash - files[0]), files[0]);
	if (mount("overlay", "/mnt/all", "overlay", 0, options) < 0)
		return failed("overlay");
	snprintf(path, sizeof path, "/mnt/all%s", slash);
	return run_path(path);
}

static int road_bind(char **files)
{
	if (own_namespaces() || mount(files[0], files[1], NULL, MS_BIND, NULL) < 0)
		return failed("bind");
	return run_path(files[1]);
}

static int road_exec(char **files)
{
	return run_path(files[0]);
}

static int road_dlopen(char **files)
{
	return dlopen(files[0], RTLD_NOW) ? arrived() : (printf("failed dlopen: %s\n", dlerror()), 1);
}

static int road_map(char **files)
{
	int fd = open(files[0], O_RDONLY);

	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? failed("mmap") : arrived();
}

static int road_map_protect(char **files)
{
	int fd = open(files[0], O_RDONLY);
	void *at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED || mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0 ? failed("mprotect") : arrived();
}

/* Every readable mapping becomes executable. */
static int road_personality(char **files)
{
	int fd = open(files[0], O_RDONLY);
	void *at;

	personality(READ_IMPLIES_EXEC);
	at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	personality(PER_LINUX); /* else the heap is executable as well: another road */
	return at == MAP_FAILED ? failed("mmap") : arrived();
}

static int road_anonymous(char **files)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)files;
	if (at == MAP_FAILED)
		return failed("mmap");
	memcpy(at, code, sizeof code);
	return call(at);
}

static int road_protect(char **files)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)files;
	memcpy(at, code, sizeof code);
	return mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0 ? failed("mprotect") : call(at);
}

/* A known file, changed in a private mapping. */
static int road_changed(char **files)
{
	int fd = open(files[0], O_RDONLY);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return failed("mmap");
	memcpy(at, code, sizeof code);
	return mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0 ? failed("mprotect") : call(at);
}

static int road_shared(char **files)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)files;
	if (at == MAP_FAILED)
		return failed("mmap");
	memcpy(at, code, sizeof code);
	return call(at);
}

/* Written through one mapping, run through another. */
static int road_twice(char **files)
{
	int fd = memfd_create("road", 0);
	void *write_at, *run_at;

	(void)files;
	if (ftruncate(fd, 4096) < 0)
		return failed("ftruncate");
	write_at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	run_at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (write_at == MAP_FAILED || run_at == MAP_FAILED)
		return failed("mmap");
	memcpy(write_at, code, sizeof code);
	return call(run_at);
}

static int road_segment(char **files)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	void *at = shmat(id, NULL, SHM_EXEC);

	(void)files;
	shmctl(id, IPC_RMID, NULL);
	if (at == (void *)-1)
		return failed("shmat");
	memcpy(at, code, sizeof code);
	return call(at);
}

/* Another thread exchanges the descriptor between check and use: unknown, known, unknown, known. */
static struct {
	int target, files[2];
	_Atomic int stop;
} race;

static void *exchange(void *arg)
{
	(void)arg;
	while (!race.stop) {
		dup2(race.files[0], race.target);
		dup2(race.files[1], race.target);
	}
	return NULL;
}

/* The kernel side cannot look at a memory whose lock another thread has, or waits for. */
static void *contend(void *arg)
{
	for (;;) {
		void *at = mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		munmap(at, 64 << 20);
	}
	return arg;
}

static int road_contended(char **files)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			pthread_t thread;

			alarm(5);
			for (int j = 0; j < 3; j++)
				pthread_create(&thread, NULL, contend, NULL);
			usleep(20000);
			close(1);
			_exit(road_protect(files) == 0 ? 42 : 1);
		}
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 42)
			return arrived();
	}
	return failed("contended");
}

/* Many records at once: who floods the ring hides what comes behind. */
static int road_flood(char **files)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)files;
	for (int i = 0; i < 40000; i++)
		if (mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0 || mprotect(at, 4096, PROT_READ | PROT_WRITE) < 0)
			return failed("mprotect");
	return arrived();
}

/* What is made by other calls than mmap and mprotect is executable as well under this personality. */
static int road_heap(char **files)
{
	char *at;

	(void)files;
	personality(READ_IMPLIES_EXEC);
	at = sbrk(8192);
	if (at == (void *)-1)
		return failed("brk");
	memcpy(at, code, sizeof code);
	return call(at);
}

static int road_segment_implied(char **files)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	void *at;

	(void)files;
	personality(READ_IMPLIES_EXEC);
	at = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (at == (void *)-1)
		return failed("shmat");
	memcpy(at, code, sizeof code);
	return call(at);
}

static int road_race(char **files)
{
	pthread_t thread;
	char name[4096];

	race.files[0] = open(files[0], O_RDONLY); /* unknown */
	race.files[1] = open(files[1], O_RDONLY); /* known */
	race.target = dup(race.files[1]);
	pthread_create(&thread, NULL, exchange, NULL);
	for (int i = 0; i < 200000; i++) {
		unsigned char *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, race.target, 0);

		if (at != MAP_FAILED && pread(race.files[0], name, sizeof name, 0) > 0 && !memcmp(name, at, sizeof name))
			return arrived();
		if (at != MAP_FAILED)
			munmap(at, 4096);
	}
	return failed("race");
}

/* One thread maps it, and another would run it before the first is back. */
static void *wait_for_mapping(void *at)
{
	while (msync(at, 4096, MS_ASYNC) < 0)
		;
	arrived();
	_exit(0);
}

static int road_map_other(char **files)
{
	void *at = (void *)0x600000000000;
	int fd = open(files[0], O_RDONLY);
	pthread_t thread;

	pthread_create(&thread, NULL, wait_for_mapping, at);
	usleep(20000);
	if (mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) == MAP_FAILED)
		return failed("mmap");
	pthread_join(thread, NULL);
	return 1;
}

static const struct {
	const char *name;
	int (*go)(char **files);
} roads[] = {
	{"exec", road_exec}, {"memfd", road_memfd}, {"sealed", road_sealed}, {"deleted", road_deleted}, {"fd", road_fd}, {"elsewhere", road_elsewhere}, {"userns", road_userns},
	{"overlay", road_overlay}, {"bind", road_bind}, {"dlopen", road_dlopen}, {"map", road_map}, {"map-other", road_map_other}, {"map-protect", road_map_protect},
	{"personality", road_personality}, {"anonymous", road_anonymous}, {"protect", road_protect}, {"changed", road_changed}, {"shared", road_shared},
	{"twice", road_twice}, {"segment", road_segment}, {"race", road_race}, {"contended", road_contended}, {"flood", road_flood}, {"heap", road_heap}, {"segment-implied", road_segment_implied},
};

int main(int argc, char **argv)
{
	char *files[3] = {argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL, NULL};

	if (argc > 1 && !strcmp(argv[1], "hello"))
		return arrived();
	for (size_t i = 0; argc > 1 && i < sizeof roads / sizeof roads[0]; i++)
		if (!strcmp(argv[1], roads[i].name))
			return roads[i].go(files);
	/* started as the program of a road */
	return argc == 1 ? arrived() : 2;
}
