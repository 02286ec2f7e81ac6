// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the tools of the attacks share. A tool is a known program, listed by the policy: it stands for a known program that somebody has taken over.
 * It brings unknown code to run in one way, and its lawful twin known code in the same way; which of both is the name of a file, `unknown` or
 * `known`, in the current folder. Only that code writes the proof.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct verb {
	const char *name;
	int (*run)(char **words); /* words after the verb, ended by NULL; exit code */
};

static inline _Noreturn void die(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(20);
}

static inline int open_read(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path);
	return fd;
}

/* The whole of a file in ordinary memory. */
static inline void *load(const char *path, size_t *ret_size)
{
	struct stat st;
	int fd = open_read(path);
	char *data;

	if (fstat(fd, &st) < 0)
		die(path);
	data = malloc((size_t)st.st_size + 1);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		die(path);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return data;
}

static inline void write_all(int fd, const void *data, size_t size)
{
	if (write(fd, data, size) != (ssize_t)size)
		die("write");
}

static inline void copy_to(const char *from, const char *to)
{
	size_t size;
	void *data = load(from, &size);
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0)
		die(to);
	write_all(fd, data, size);
	fchmod(fd, 0755);
	close(fd);
	free(data);
}

static inline int copy_to_fd(const char *from, int fd)
{
	size_t size;
	void *data = load(from, &size);

	write_all(fd, data, size);
	free(data);
	return fd;
}

/* Starts a program in a child; its exit code, or 128 + signal, or 255 when it did not start. */
static inline int run_child(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(255);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("child");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Is code that the process is about to run in file NAME + SUFFIX. */
static inline const char *with_suffix(const char *name, const char *suffix)
{
	static char path[256];

	snprintf(path, sizeof path, "%s%s", name, suffix);
	return path;
}

static inline int dispatch(const struct verb *verbs, int argc, char **argv)
{
	for (; argc > 1 && verbs->name; verbs++)
		if (!strcmp(verbs->name, argv[1]))
			return verbs->run(argv + 2);
	fprintf(stderr, "no such verb\n");
	return 2;
}
