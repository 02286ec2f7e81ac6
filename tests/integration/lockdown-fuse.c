// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * lockdown-fuse: a file system that can be made to die, for the tests of lockdown. It shows the regular files of one folder, read-only.
 *
 *   lockdown-fuse SOURCE MOUNTPOINT [--stop-at open|read|flush] [--slow MS] [--no-open] [--no-flush]
 *
 * --stop-at: stops itself (SIGSTOP) with the first such request in its hands, unanswered. The kernel then does not let go of the one who
 *            asked, not even when he is killed.
 * --slow:    every read takes so long.
 * --no-open, --no-flush: tells the kernel not to ask.
 *
 * Prints "ready" when it is mounted. Speaks to /dev/fuse itself. Killed, it leaves a mount point where everything fails at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 512, NAME = 64, REQUEST = 256 * 1024, PIECE = 128 * 1024 };

static char names[FILES][NAME]; /* node id - 2 */
static int count, source, fuse;
static uint32_t stop_at;
static long slow_ms;
static bool no_open, no_flush;

static void reply(uint64_t unique, int error, const void *body, size_t size)
{
	struct fuse_out_header head = {.len = (uint32_t)(sizeof head + size), .error = -error, .unique = unique};
	struct iovec parts[2] = {{&head, sizeof head}, {(void *)body, size}};

	if (writev(fuse, parts, 2) < 0 && errno != ENOENT && errno != EINTR)
		exit(1);
}

static const char *name_of(uint64_t node)
{
	return node >= 2 && node < 2 + (uint64_t)count ? names[node - 2] : ".";
}

static bool attributes(uint64_t node, struct fuse_attr *out)
{
	struct stat st;

	if (fstatat(source, name_of(node), &st, 0) < 0)
		return false;
	*out = (struct fuse_attr){.ino = node, .size = (uint64_t)st.st_size, .blocks = (uint64_t)st.st_blocks, .mode = st.st_mode, .nlink = 1,
				  .mtime = (uint64_t)st.st_mtim.tv_sec, .ctime = (uint64_t)st.st_ctim.tv_sec, .blksize = 4096};
	return true;
}

static uint64_t find(const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return (uint64_t)i + 2;
	if (count == FILES || strlen(name) >= NAME || faccessat(source, name, F_OK, 0) < 0)
		return 0;
	memcpy(names[count], name, strlen(name) + 1);
	return (uint64_t)count++ + 2;
}

static void on_lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out out = {.nodeid = find(name), .entry_valid = 3600, .attr_valid = 3600};

	if (!out.nodeid || !attributes(out.nodeid, &out.attr))
		reply(in->unique, ENOENT, NULL, 0);
	else
		reply(in->unique, 0, &out, sizeof out);
}

static void on_getattr(const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {.attr_valid = 3600};

	reply(in->unique, attributes(in->nodeid, &out.attr) ? 0 : ENOENT, &out, sizeof out);
}

static void on_read(const struct fuse_in_header *in, const struct fuse_read_in *wanted)
{
	static char space[PIECE];
	const struct timespec pause = {.tv_sec = slow_ms / 1000, .tv_nsec = slow_ms % 1000 * 1000000};
	int fd = openat(source, name_of(in->nodeid), O_RDONLY | O_CLOEXEC);
	size_t size = wanted->size < PIECE ? wanted->size : PIECE;
	ssize_t n = fd < 0 ? -1 : pread(fd, space, size, (off_t)wanted->offset);

	if (slow_ms)
		nanosleep(&pause, NULL);
	if (fd >= 0)
		close(fd);
	reply(in->unique, n < 0 ? EIO : 0, space, n < 0 ? 0 : (size_t)n);
}

static void on_init(const struct fuse_in_header *in)
{
	const struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = PIECE, .max_write = PIECE,
					  .max_background = 16, .congestion_threshold = 12};

	reply(in->unique, 0, &out, sizeof out);
	puts("ready");
	fflush(stdout);
}

static void serve(const struct fuse_in_header *in, const void *body)
{
	const struct fuse_open_out opened = {.fh = in->nodeid};
	const struct fuse_statfs_out system = {.st = {.bsize = 4096, .namelen = NAME}};

	if (in->opcode == stop_at) {
		stop_at = 0;
		raise(SIGSTOP);
	}
	switch (in->opcode) {
	case FUSE_INIT: on_init(in); break;
	case FUSE_LOOKUP: on_lookup(in, body); break;
	case FUSE_GETATTR: on_getattr(in); break;
	case FUSE_OPENDIR: reply(in->unique, 0, &opened, sizeof opened); break;
	case FUSE_OPEN: reply(in->unique, no_open ? ENOSYS : 0, &opened, no_open ? 0 : sizeof opened); break;
	case FUSE_READ: on_read(in, body); break;
	case FUSE_STATFS: reply(in->unique, 0, &system, sizeof system); break;
	case FUSE_FLUSH: reply(in->unique, no_flush ? ENOSYS : 0, NULL, 0); break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR: reply(in->unique, 0, NULL, 0); break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: break;
	default: reply(in->unique, ENOSYS, NULL, 0);
	}
}

static uint32_t opcode(const char *word)
{
	return !strcmp(word, "open") ? FUSE_OPEN : !strcmp(word, "flush") ? FUSE_FLUSH : FUSE_READ;
}

int main(int argc, char **argv)
{
	static char request[REQUEST] __attribute__((aligned(8)));
	char options[96];
	ssize_t n;

	for (int i = 3; i < argc; i++) {
		if (!strcmp(argv[i], "--stop-at") && i + 1 < argc)
			stop_at = opcode(argv[++i]);
		else if (!strcmp(argv[i], "--slow") && i + 1 < argc)
			slow_ms = strtol(argv[++i], NULL, 10);
		no_open |= !strcmp(argv[i], "--no-open");
		no_flush |= !strcmp(argv[i], "--no-flush");
	}
	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	source = argc < 3 ? -1 : open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	if (fuse < 0 || source < 0 || mount("lockdown-fuse", argv[2], "fuse.lockdown", 0, options) < 0) {
		perror("lockdown-fuse");
		return 3;
	}
	while ((n = read(fuse, request, sizeof request)) >= 0 || errno == EINTR || errno == ENOENT)
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve((const struct fuse_in_header *)request, request + sizeof(struct fuse_in_header));
	return 0;
}
