// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-race: what is looked at is known, what runs is another: between both something is exchanged, written, stored or copied.
 *
 *   attack-race VERB FILE      FILE `unknown` attacks; `known` is the twin, where one known content takes the place of another
 *
 * All rounds are bounded in number and in time.
 */
#include <dlfcn.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <time.h>

#include "tool.h"

enum { ROUNDS = 150, SETTLED_US = 30000 };

static pid_t swapping(void (*swap)(const char *), const char *file)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	alarm(6);
	for (;;)
		swap(file);
}

static int rounds_of(pid_t swapper, const char *program, const char *suffix)
{
	char path[64];
	int status;

	snprintf(path, sizeof path, "./run%s", suffix);
	alarm(8);
	for (int i = 0; i < ROUNDS; i++)
		if (fork() == 0) {
			if (program)
				execl(program, program, "dlopen", "run", (char *)NULL);
			else
				execl(path, path, (char *)NULL);
			_exit(1);
		} else {
			wait(&status);
		}
	kill(swapper, SIGKILL);
	while (wait(&status) > 0)
		;
	return 0;
}

static void two_names(const char *file, const char *suffix)
{
	char path[80];

	snprintf(path, sizeof path, "run%s", suffix);
	copy_to(with_suffix("known", suffix), path);
	snprintf(path, sizeof path, "other%s", suffix);
	copy_to(with_suffix(file, suffix), path);
	usleep(SETTLED_US);
}

static void swap_names(const char *file)
{
	(void)file;
	syscall(SYS_renameat2, AT_FDCWD, "run", AT_FDCWD, "other", 2); /* RENAME_EXCHANGE */
}

static void swap_scripts(const char *file)
{
	(void)file;
	syscall(SYS_renameat2, AT_FDCWD, "run.sh", AT_FDCWD, "other.sh", 2);
}

static void swap_libraries(const char *file)
{
	(void)file;
	syscall(SYS_renameat2, AT_FDCWD, "run.so", AT_FDCWD, "other.so", 2);
}

static void swap_links(const char *file)
{
	if (symlink("known", "new") == 0)
		rename("new", "run");
	if (symlink(file, "new") == 0)
		rename("new", "run");
}

static void swap_hard_links(const char *file)
{
	if (link("known", "new") == 0)
		rename("new", "run");
	if (link(file, "new") == 0)
		rename("new", "run");
}

static void swap_folders(const char *file)
{
	(void)file;
	syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2);
}

static int exchange(char **w) { return two_names(w[0], ""), rounds_of(swapping(swap_names, w[0]), NULL, ""); }
static int exchange_script(char **w) { return two_names(w[0], ".sh"), rounds_of(swapping(swap_scripts, w[0]), NULL, ".sh"); }

static int exchange_library(char **w)
{
	return two_names(w[0], ".so"), rounds_of(swapping(swap_libraries, w[0]), "/opt/attacks/map", ".so");
}

static int symlinks(char **w) { return rounds_of(swapping(swap_links, w[0]), NULL, ""); }
static int hard_links(char **w) { return rounds_of(swapping(swap_hard_links, w[0]), NULL, ""); }

static int folders(char **w)
{
	mkdir("a", 0755), mkdir("b", 0755);
	copy_to("known", "a/run"), copy_to(w[0], "b/run");
	if (symlink("a/run", "run") < 0)
		die("symlink");
	usleep(SETTLED_US);
	return rounds_of(swapping(swap_folders, w[0]), NULL, "");
}

/* --- one file whose content changes behind a verdict */

static void put(const char *path, const char *from)
{
	size_t size;
	void *data = load(from, &size);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	write_all(fd, data, size);
	close(fd);
	free(data);
}

/* Known and remembered; written through an ordinary descriptor; started in the same moment. */
static int written(char **w)
{
	copy_to("known", "run");
	for (int i = 0; i < 40; i++) {
		usleep(i % 2 ? 0 : SETTLED_US);
		run_child("./run");
		put("run", w[0]);
		run_child("./run");
		put("run", "known");
	}
	return 0;
}

static void store(const char *path, const char *from)
{
	size_t size;
	void *data = load(from, &size), *map;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || map == MAP_FAILED)
		die(path);
	close(fd);
	memcpy(map, data, size);
	munmap(map, size);
	free(data);
}

static int stored(char **w)
{
	copy_to("known", "run");
	for (int i = 0; i < 30; i++) {
		usleep(i % 2 ? 0 : SETTLED_US);
		run_child("./run");
		store("run", w[0]);
		run_child("./run");
		store("run", "known");
	}
	return 0;
}

/* Its times are set back to what they were. */
static int written_back(char **w)
{
	struct timespec times[2];
	struct stat st;

	copy_to("known", "run");
	usleep(SETTLED_US);
	run_child("./run");
	stat("run", &st);
	times[0] = st.st_atim, times[1] = st.st_mtim;
	put("run", w[0]);
	utimensat(AT_FDCWD, "run", times, 0);
	return run_child("./run");
}

/* A descriptor for writing is kept from before. A script is executed when it is closed, and written while its interpreter has read its first part. */
static int script_behind(char **w)
{
	char text[400];
	size_t size, tail;
	const char *code = load(with_suffix(w[0], ".sh"), &tail), *line;
	char *known;
	int fd, status;
	pid_t pid;

	known = load("known.slow.sh", &size);
	copy_to("known.slow.sh", "run.sh");
	usleep(SETTLED_US);
	pid = fork();
	if (pid == 0) {
		execl("./run.sh", "run.sh", (char *)NULL);
		_exit(1);
	}
	usleep(300000);
	fd = open("run.sh", O_WRONLY);
	if (fd >= 0 && !strcmp(w[0], "unknown")) {
		line = strchr(code, '\n') + 1;
		memset(text, '\n', sizeof text);
		memcpy(text, line, tail - (size_t)(line - code));
		if (pwrite(fd, text, sizeof text, (off_t)(size - sizeof text)) < 0)
			die("write");
	}
	free(known);
	return waitpid(pid, &status, 0) != pid;
}

/* A library is mapped while it is known, and written when it is there: pages that nobody changed show what the file is now. */
static int library_behind(char **w)
{
	void *library;
	void (*later)(void);

	copy_to("known.late.so", "run.so");
	usleep(SETTLED_US);
	library = dlopen("./run.so", RTLD_NOW);
	if (!library)
		die(dlerror());
	put("run.so", with_suffix(w[0], ".late.so"));
	*(void **)&later = dlsym(library, "later");
	later();
	return 0;
}

static int library_stored(char **w)
{
	size_t size;
	void *library, *map, *data;
	void (*later)(void);
	int fd;

	copy_to("known.late.so", "run.so");
	usleep(SETTLED_US);
	fd = open("run.so", O_RDWR);
	data = load(with_suffix(w[0], ".late.so"), &size);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	library = dlopen("./run.so", RTLD_NOW);
	if (!library || map == MAP_FAILED)
		die("library");
	if (!strcmp(w[0], "unknown"))
		memcpy(map, data, size);
	*(void **)&later = dlsym(library, "later");
	later();
	return 0;
}

/* The twins of both: nobody writes what is mapped; another file is written. */
static int library_left(char **w)
{
	void *library;
	void (*later)(void);

	copy_to("known.late.so", "run.so"), copy_to("known.late.so", "data");
	usleep(SETTLED_US);
	library = dlopen("./run.so", RTLD_NOW);
	if (!library)
		die(dlerror());
	put("data", "unknown.late.so");
	*(void **)&later = dlsym(library, "later");
	later();
	return 0;
}

/* --- overlays: the lower file is known, the merged name is remembered, then it is copied up */

static int overlay(char **w)
{
	mkdir("low", 0755);
	mkdir("over", 0755);
	copy_to("known", "low/run");
	if (mount("x", "over", "tmpfs", 0, NULL) < 0 || mkdir("over/up", 0755) < 0 || mkdir("over/work", 0755) < 0 || mkdir("over/merged", 0755) < 0 ||
	    mount("x", "over/merged", "overlay", 0, "lowerdir=low,upperdir=over/up,workdir=over/work") < 0)
		die("overlay");
	usleep(SETTLED_US);
	for (int i = 0; i < 3; i++)
		run_child("over/merged/run");
	if (!strcmp(w[0], "unknown")) {
		put("over/merged/run", w[0]);
		run_child("over/merged/run");
		store("over/merged/run", w[0]);
		run_child("over/merged/run");
	}
	return 0;
}

/* What is below is exchanged under the merged name, and through the upper folder behind the overlay's back. */
static int overlay_below(char **w)
{
	mkdir("low", 0755), mkdir("up", 0755), mkdir("work", 0755), mkdir("merged", 0755);
	copy_to("known", "low/run"), copy_to("known", "up/two");
	if (mount("x", "merged", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work") < 0)
		die("overlay");
	usleep(SETTLED_US);
	run_child("merged/run"), run_child("merged/two");
	if (!strcmp(w[0], "unknown")) {
		put("low/run", w[0]), put("up/two", w[0]);
		run_child("merged/run"), run_child("merged/two");
	}
	return 0;
}

/* --- FUSE: other bytes from a certain opening on, or slow ones */

struct fuse_plan {
	int device, opens, turn; /* opened for the turn-th time it shows the other content */
	long slow_ms;
	const char *first, *other;
	size_t first_size, other_size;
};

static void answer(int device, uint64_t unique, int error, const void *body, size_t size)
{
	char space[1 << 17];
	struct fuse_out_header head = {.len = (uint32_t)(sizeof head + size), .error = -error, .unique = unique};

	memcpy(space, &head, sizeof head);
	memcpy(space + sizeof head, body ? body : "", body ? size : 0);
	if (write(device, space, sizeof head + size) < 0 && errno != ENOENT)
		_exit(1);
}

static struct fuse_attr attributes(const struct fuse_plan *p, uint64_t node)
{
	return (struct fuse_attr){.ino = node, .size = node == 1 ? 0 : p->first_size > p->other_size ? p->first_size : p->other_size,
				  .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0755, .nlink = 1, .blksize = 4096};
}

static void on_read(struct fuse_plan *p, const struct fuse_in_header *in, const struct fuse_read_in *r)
{
	bool other = r->fh >= (uint64_t)p->turn;
	const char *data = other ? p->other : p->first;
	size_t size = other ? p->other_size : p->first_size, n = 0;

	usleep((unsigned int)p->slow_ms * 1000);
	if (r->offset < size)
		n = size - r->offset < r->size ? size - r->offset : r->size;
	answer(p->device, in->unique, 0, data + (n ? r->offset : 0), n);
}

static void serve_one(struct fuse_plan *p, const struct fuse_in_header *in, const void *body)
{
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 4096, .max_write = 65536, .max_background = 8};
	struct fuse_entry_out entry = {.nodeid = 2, .attr_valid = 0, .entry_valid = 0};
	struct fuse_attr_out attr = {.attr = attributes(p, in->nodeid)};
	struct fuse_open_out opened = {.fh = 0};
	struct fuse_statfs_out system = {.st = {.bsize = 4096, .namelen = 64}};

	switch (in->opcode) {
	case FUSE_INIT: answer(p->device, in->unique, 0, &init, sizeof init); break;
	case FUSE_LOOKUP:
		entry.attr = attributes(p, 2);
		answer(p->device, in->unique, strcmp(body, "run") ? ENOENT : 0, &entry, strcmp(body, "run") ? 0 : sizeof entry);
		break;
	case FUSE_GETATTR: answer(p->device, in->unique, 0, &attr, sizeof attr); break;
	case FUSE_OPENDIR: answer(p->device, in->unique, 0, &opened, sizeof opened); break;
	case FUSE_OPEN:
		opened.fh = (uint64_t)p->opens++;
		answer(p->device, in->unique, 0, &opened, sizeof opened);
		break;
	case FUSE_READ: on_read(p, in, body); break;
	case FUSE_STATFS: answer(p->device, in->unique, 0, &system, sizeof system); break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR: answer(p->device, in->unique, 0, NULL, 0); break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: break;
	default: answer(p->device, in->unique, ENOSYS, NULL, 0);
	}
}

/* Mounts it, starts its server; the process id. */
static pid_t fuse_up(const char *file, int turn, long slow_ms)
{
	static char request[1 << 17] __attribute__((aligned(8)));
	struct fuse_plan p = {.turn = turn, .slow_ms = slow_ms, .device = open("/dev/fuse", O_RDWR)};
	char options[96];
	pid_t pid;

	p.first = load("known", &p.first_size);
	p.other = load(file, &p.other_size);
	mkdir("fuse", 0755);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", p.device);
	if (p.device < 0 || mount("x", "fuse", "fuse.x", 0, options) < 0)
		die("fuse");
	pid = fork();
	if (pid) {
		close(p.device);
		return pid;
	}
	alarm(12);
	while (read(p.device, request, sizeof request) > 0 || errno == EINTR)
		serve_one(&p, (struct fuse_in_header *)request, request + sizeof(struct fuse_in_header));
	_exit(0);
}

static int fuse_turn(char **w)
{
	for (int turn = 0; turn < 5; turn++) {
		pid_t server = fuse_up(w[0], turn, 0);

		for (int i = 0; i < 3; i++)
			run_child("fuse/run");
		umount2("fuse", MNT_DETACH);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	return 0;
}

static int fuse_slow(char **w)
{
	pid_t server = fuse_up(w[0], 0, strcmp(w[0], "unknown") ? 0 : 700);

	run_child("fuse/run");
	umount2("fuse", MNT_DETACH);
	kill(server, SIGKILL);
	return waitpid(server, NULL, 0) != server;
}

/* The twin of both: such a file system is mounted and read, and a known program runs from the disk. */
static int fuse_read(char **w)
{
	pid_t server = fuse_up(w[0], 0, 0);
	size_t size;
	bool same = load("fuse/run", &size) && size;

	umount2("fuse", MNT_DETACH);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return same ? run_child("./known") : 1;
}

static const struct verb verbs[] = {
	{"exchange", exchange}, {"exchange-script", exchange_script}, {"exchange-library", exchange_library}, {"symlinks", symlinks},
	{"hard-links", hard_links}, {"folders", folders}, {"written", written}, {"written-back", written_back}, {"stored", stored},
	{"script-behind", script_behind}, {"library-behind", library_behind}, {"library-stored", library_stored}, {"library-left", library_left},
	{"overlay", overlay}, {"overlay-below", overlay_below}, {"fuse-turn", fuse_turn}, {"fuse-slow", fuse_slow}, {"fuse-read", fuse_read},
	{0}};

int main(int argc, char **argv)
{
	return dispatch(verbs, argc, argv);
}
