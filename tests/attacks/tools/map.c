// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-map: ways to run code of a file that is never executed: the file becomes an executable mapping.
 *
 *   attack-map VERB FILE       uses FILE.so (a library) or FILE.code (bare instructions, which need no loader)
 */
#include <dlfcn.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "tool.h"

enum { LENGTH = 4096 };

static int call(void *code)
{
	if (code == MAP_FAILED)
		die("mmap");
	((void (*)(void))code)();
	return 1; /* the code ends the process */
}

static int code_file(const char *name, int flags)
{
	int fd = open(with_suffix(name, ".code"), flags);

	if (fd < 0)
		die(name);
	return fd;
}

static int map_private(char **w) { return call(mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_PRIVATE, code_file(w[0], O_RDONLY), 0)); }
static int map_shared(char **w) { return call(mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_SHARED, code_file(w[0], O_RDONLY), 0)); }
static int map_only_exec(char **w) { return call(mmap(NULL, LENGTH, PROT_EXEC, MAP_PRIVATE, code_file(w[0], O_RDONLY), 0)); }

/* A descriptor is closed, or stands for another file, by the time somebody looks at the mapping. */
static int map_closed(char **w)
{
	int fd = code_file(w[0], O_RDONLY);
	void *code = mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	close(fd);
	return call(code);
}

/* Asked to be readable only; this personality makes it executable. */
static int map_personality(char **w)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		die("personality");
	return call(mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, code_file(w[0], O_RDONLY), 0));
}

static int read_then_exec(char **w)
{
	void *code = mmap(NULL, LENGTH, PROT_READ, MAP_PRIVATE, code_file(w[0], O_RDONLY), 0);

	if (code == MAP_FAILED || mprotect(code, LENGTH, PROT_READ | PROT_EXEC) < 0)
		die("mprotect");
	return call(code);
}

static int write_then_exec(char **w)
{
	void *code = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE, code_file(w[0], O_RDONLY), 0);

	if (code == MAP_FAILED || mprotect(code, LENGTH, PROT_READ | PROT_EXEC) < 0)
		die("mprotect");
	return call(code);
}

static int map_deleted(char **w)
{
	int fd;

	copy_to(with_suffix(w[0], ".code"), "gone");
	fd = open_read("gone");
	unlink("gone");
	return call(mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
}

/* A page of a file mapping is moved over the text of a known one. */
static int map_moved(char **w)
{
	void *text = mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_PRIVATE, code_file("/tries/lawful/known", O_RDONLY), 0);
	void *code = mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_PRIVATE, code_file(w[0], O_RDONLY), 0);

	if (text == MAP_FAILED || code == MAP_FAILED)
		die("mmap");
	return call(mremap(code, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, text));
}

/* Two threads: one maps again and again while the other turns the descriptor from known to unknown and back. */
static int swap_known, swap_other, swap_fd;
static volatile int swap_stop;

static int swapper(void *arg)
{
	(void)arg;
	while (!swap_stop) {
		dup2(swap_known, swap_fd);
		dup2(swap_other, swap_fd);
	}
	return 0;
}

static int map_swap(char **w)
{
	static char stack[65536] __attribute__((aligned(16)));
	extern int clone(int (*)(void *), void *, int, void *, ...);
	const unsigned char *wanted;
	size_t size;

	wanted = load(with_suffix(w[0], ".code"), &size);
	swap_known = code_file("/tries/lawful/known", O_RDONLY);
	swap_other = code_file(w[0], O_RDONLY);
	swap_fd = dup(swap_known);
	alarm(3);
	if (clone(swapper, stack + sizeof stack, 0x100 | 0x200 | 0x400 | 0x800 | 0x10000, NULL) < 0) /* VM FS FILES SIGHAND THREAD */
		die("clone");
	for (int i = 0; i < 20000; i++) {
		void *code = mmap(NULL, LENGTH, PROT_READ | PROT_EXEC, MAP_PRIVATE, swap_fd, 0);

		if (code != MAP_FAILED && !memcmp(code, wanted, size))
			return call(code);
		if (code != MAP_FAILED)
			munmap(code, LENGTH);
	}
	swap_stop = 1;
	return 1;
}

static int opened(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library)
		printf("%s\n", dlerror());
	return !library;
}

static int by_dlopen(char **w)
{
	char path[300];

	snprintf(path, sizeof path, "./%s", with_suffix(w[0], ".so"));
	return opened(path);
}

static int by_dlopen_memory(char **w)
{
	char path[64];
	int fd = (int)syscall(SYS_memfd_create, "x", 0);

	copy_to_fd(with_suffix(w[0], ".so"), fd);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return opened(path);
}

static int by_dlmopen(char **w)
{
	char path[300];

	snprintf(path, sizeof path, "./%s", with_suffix(w[0], ".so"));
	return !dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
}

static int by_dlopen_copy(char **w)
{
	copy_to(with_suffix(w[0], ".so"), "/dev/shm/x.so");
	return opened("/dev/shm/x.so");
}

static const struct verb verbs[] = {{"private", map_private}, {"shared", map_shared}, {"only-exec", map_only_exec}, {"closed", map_closed},
				    {"personality", map_personality}, {"read-then-exec", read_then_exec}, {"write-then-exec", write_then_exec},
				    {"deleted", map_deleted}, {"moved", map_moved}, {"swap", map_swap}, {"dlopen", by_dlopen},
				    {"dlopen-memory", by_dlopen_memory}, {"dlmopen", by_dlmopen}, {"dlopen-copy", by_dlopen_copy}, {0}};

int main(int argc, char **argv)
{
	return dispatch(verbs, argc, argv);
}
