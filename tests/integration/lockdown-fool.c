// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * lockdown-fool: every way we know to change a program behind a verdict cache, tried on a real file system under a real guard.
 *
 *   lockdown-fool RIG FOLDER TMPFS [IMAGE]     prints TAP; exit 1 when one way worked
 *
 * FOLDER is the mount point of an ext4 on a loop device, TMPFS that of a tmpfs; IMAGE is the file behind the loop device. RIG is lockdown-rig.
 *
 * Each way begins with a file that holds a known program, which is run (and so remembered), and ends with the same file holding an unknown one. Beside
 * our guard two caches are kept in here as negative controls: what they would have said is printed behind each line. One keys on device,
 * inode, size and change time, the other on size and modification time. A way that no control falls for proves little; the last points
 * make sure that the controls do fall for what they are known to fall for.
 *
 * The programs are ELF files of two instructions: exit with 7 (known) or with 66 (unknown).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 8192, KNOWN = 7, UNKNOWN = 66, REFUSED = 1000, BUSY = 1001, TRIES = 300 };

static const char *rig_path, *folder, *tmpfs, *image;
static char program[600], beside[600];
static FILE *to_rig, *from_rig;
static pid_t rig;
static const char *group; /* LOCKDOWN_FOOL_CGROUP: the kernel side is in force on us, and known files are left alone */
static int count, failed, ctime_fooled, mtime_fooled, not_remembered;
static uint8_t known[SIZE], unknown[SIZE], known_text[SIZE]; /* the last is on the list and no program */

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	if (rig > 0)
		kill(rig, SIGTERM);
	exit(1);
}

static void make_program(uint8_t *out, uint8_t code)
{
	static const uint8_t head[] = {
		0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0, 1, 0, 0, 0, 0x78, 0, 0x40, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* one segment, readable and executable, all of the file */
		1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0,
		0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0xbf, 0, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05};

	memset(out, 0, SIZE);
	memcpy(out, head, sizeof head);
	out[0x79] = code;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void write_file(const char *path, const uint8_t *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0 || write(fd, content, SIZE) != SIZE || close(fd) < 0)
		die(path);
}

/* Exit code, REFUSED (EPERM) or BUSY (ETXTBSY). A program that hangs is a failure of the guard. */
static int run(const char *path)
{
	char *const words[] = {(char *)path, NULL};
	pid_t pid;
	int status, r;

	alarm(10);
	r = posix_spawn(&pid, path, NULL, NULL, words, (char *const[]){NULL});
	if (r == 0 && waitpid(pid, &status, 0) < 0)
		die("waitpid");
	alarm(0);
	if (r)
		return r == EPERM ? REFUSED : r == ETXTBSY ? BUSY : 2000 + r;
	if (group && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return REFUSED; /* before its first instruction */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3000;
}

/* The rig's next answer: records in between are passed over. */
static const char *answer(void)
{
	static char line[4096];

	do
		if (!fgets(line, sizeof line, from_rig))
			die("lockdown-rig ended");
	while (strncmp(line, "ok", 2) && strncmp(line, "count", 5) && strncmp(line, "ready", 5));
	return line;
}

static const char *ask(const char *words)
{
	fprintf(to_rig, "%s\n", words);
	fflush(to_rig);
	return answer();
}

static unsigned long counter(const char *name)
{
	const char *at = strstr(ask("count"), name);

	return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

/* --- the controls */

struct control {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed, modified;
};

static struct control look(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		die(path);
	return (struct control){st.st_dev, st.st_ino, st.st_size, st.st_ctim, st.st_mtim};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool ctime_says_same(const struct control *a, const struct control *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && same_time(a->changed, b->changed);
}

static bool mtime_says_same(const struct control *a, const struct control *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && same_time(a->modified, b->modified);
}

/* --- TAP */

static void point(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void point(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	failed += !good;
}

static void skip(const char *name, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++count, name, why);
}

/* The file holds the unknown program now: it must not run. */
static void judge(const char *name, const struct control *before)
{
	struct control after = look(program);
	bool by_ctime = ctime_says_same(before, &after), by_mtime = mtime_says_same(before, &after);
	int code = run(program);

	ctime_fooled += by_ctime;
	mtime_fooled += by_mtime;
	point(code == REFUSED, "%s: refused (a cache on change time is%s fooled, one on modification time is%s)", name, by_ctime ? "" : " not",
	      by_mtime ? "" : " not");
	if (code != REFUSED)
		printf("# it ended with %d\n", code);
}

/* A new file with the known program, run twice, so that it is remembered: a way that begins with what is not proves nothing. */
static struct control remembered(void)
{
	unsigned long hits, asked;

	unlink(program);
	write_file(program, known);
	pause_ms(40);
	if (run(program) != KNOWN)
		die("the known program does not run");
	hits = counter(" hits=");
	asked = counter(" events=");
	if (run(program) != KNOWN)
		die("the known program does not run again");
	not_remembered += counter(" hits=") == hits && counter(" events=") != asked;
	return look(program);
}

static int writable(void)
{
	int fd = open(program, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(program);
	return fd;
}

static uint8_t *map(int fd)
{
	uint8_t *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void set_back(const struct control *before)
{
	struct timespec times[2] = {before->modified, before->modified};

	if (utimensat(AT_FDCWD, program, times, 0) < 0)
		die("utimensat");
}

/* --- the ways */

static void by_write(const struct control *before)
{
	int fd = writable();

	if (pwrite(fd, unknown, SIZE, 0) != SIZE)
		die("pwrite");
	close(fd);
	set_back(before);
}

static void by_truncate(const struct control *before)
{
	write_file(program, unknown);
	set_back(before);
}

static void by_direct_write(const struct control *before)
{
	int fd = open(program, O_RDWR | O_DIRECT | O_CLOEXEC);
	void *space;

	if (fd < 0 || posix_memalign(&space, 4096, SIZE))
		die("O_DIRECT");
	memcpy(space, unknown, SIZE);
	if (pwrite(fd, space, SIZE, 0) != SIZE)
		die("pwrite O_DIRECT");
	free(space);
	close(fd);
	set_back(before);
}

static void by_copy_range(const struct control *before)
{
	int from, to = writable();

	write_file(beside, unknown);
	from = open(beside, O_RDONLY | O_CLOEXEC);
	if (copy_file_range(from, &(loff_t){0}, to, &(loff_t){0}, SIZE, 0) != SIZE)
		die("copy_file_range");
	close(from);
	close(to);
	set_back(before);
}

static void by_fallocate(const struct control *before)
{
	int fd = writable();

	/* the second block becomes the first */
	if (pwrite(fd, known, 4096, 0) != 4096 || pwrite(fd, unknown, 4096, 4096) != 4096 || fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096) < 0 ||
	    ftruncate(fd, SIZE) < 0)
		die("fallocate");
	close(fd);
	set_back(before);
}

static void by_rename(const struct control *before)
{
	write_file(beside, unknown);
	if (rename(beside, program) < 0)
		die("rename");
	set_back(before);
}

static void by_hard_link(const struct control *before)
{
	int fd;

	unlink(beside);
	if (link(program, beside) < 0)
		die("link");
	fd = open(beside, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, unknown, SIZE, 0) != SIZE)
		die("pwrite");
	close(fd);
	unlink(beside);
	set_back(before);
}

static void by_later_mapping(const struct control *before)
{
	int fd = writable();
	uint8_t *at = map(fd);

	memcpy(at, unknown, SIZE);
	munmap(at, SIZE);
	close(fd);
	set_back(before);
}

/* The descriptor is closed before the store: only the mapping lives, and nothing is closed afterwards but it. */
static void by_mapping_alone(const struct control *before)
{
	int fd = writable();
	uint8_t *at = map(fd);

	(void)before;
	close(fd);
	memcpy(at, unknown, SIZE);
	munmap(at, SIZE);
}

static void by_new_inode(const struct control *before)
{
	for (int i = 0; i < 200; i++) {
		unlink(program);
		write_file(program, unknown);
		if (look(program).inode == before->inode)
			break;
	}
	set_back(before);
}

static const struct {
	const char *name;
	void (*change)(const struct control *before);
} ways[] = {
	{"written in place, modification time set back", by_write},
	{"truncated and written anew", by_truncate},
	{"written past the page cache (O_DIRECT)", by_direct_write},
	{"copy_file_range into it", by_copy_range},
	{"fallocate collapses its first block", by_fallocate},
	{"another file renamed over it", by_rename},
	{"written through a hard link", by_hard_link},
	{"stored through a mapping made later", by_later_mapping},
	{"stored through a mapping whose descriptor is closed", by_mapping_alone},
	{"deleted and made anew with the same inode number", by_new_inode},
};

static void try_ways(void)
{
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct control before = remembered();

		ways[i].change(&before);
		judge(ways[i].name, &before);
	}
}

/* The mapping is live and its page dirty while the file is judged: the later store changes no time at all. */
static void try_live_mapping(void)
{
	struct control before;
	volatile uint8_t *at;
	int fd, code;

	unlink(program);
	write_file(program, known);
	fd = writable();
	at = map(fd);
	at[0] = known[0]; /* both pages dirty: from now on the kernel sees no fault */
	at[SIZE - 1] = known[SIZE - 1];
	pause_ms(40);
	code = run(program); /* judged, and refused: somebody writes */
	before = look(program);
	memcpy((void *)at, unknown, SIZE);
	munmap((void *)at, SIZE);
	close(fd);
	/* by us: what the kernel says later (ETXTBSY) would leave a writer time to finish in between */
	point(code == REFUSED, "a program that is open for writing is refused (%d)", code);
	judge("stored through a mapping that was live when it was judged", &before);
}

/* Asks the guard and nothing more: the file is no program, so that without a refusal execve(2) comes back with ENOEXEC. */
static bool refused(void)
{
	execve(program, (char *const[]){program, NULL}, (char *const[]){NULL});
	return errno != ENOEXEC;
}

/* Judged and written within one tick of the kernel's clock. */
static void try_same_tick(void)
{
	int ran = 0, fooled = 0;

	for (int i = 0; i < TRIES; i++) {
		struct control before, after;
		int fd;

		unlink(program);
		fd = open(program, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
		if (fd < 0 || pwrite(fd, known_text, SIZE, 0) != SIZE || close(fd) < 0)
			die("known text");
		ran += refused() ? 1000 : 0;
		before = look(program);
		fd = writable();
		if (pwrite(fd, unknown, SIZE, 0) != SIZE)
			die("pwrite");
		close(fd);
		after = look(program);
		fooled += ctime_says_same(&before, &after);
		ran += run(program) != REFUSED;
	}
	point(ran == 0, "written right after it was judged, %d times: refused (a cache on change time is fooled %d times)", TRIES, fooled);
	if (ran)
		printf("# %d ran, %d of the known were refused\n", ran % 1000, ran / 1000);
	ctime_fooled += fooled > 0;
}

static uint64_t block_of(const char *path)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[4];
	} request = {.map = {.fm_length = SIZE, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 4}};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, FS_IOC_FIEMAP, &request) < 0 || request.map.fm_mapped_extents < 1 || request.extents[0].fe_length < SIZE)
		die("FIEMAP");
	close(fd);
	return request.extents[0].fe_physical;
}

static void drop_pages(void)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) == 1)
		close(fd);
}

static bool find_device(char *out, size_t size)
{
	struct stat st;
	char path[64], text[256], *at;
	FILE *file;

	if (stat(folder, &st) < 0)
		die(folder);
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u/uevent", major(st.st_dev), minor(st.st_dev));
	file = fopen(path, "re");
	if (!file)
		return false;
	out[0] = 0;
	while (fgets(text, sizeof text, file))
		if (!strncmp(text, "DEVNAME=", 8)) {
			if ((at = strchr(text, '\n')))
				*at = 0;
			snprintf(out, size, "/dev/%.50s", text + 8);
		}
	fclose(file);
	return out[0] && access(out, W_OK) == 0;
}

/*
 * Whoever writes below a file system does it from elsewhere: a process that is made before we become one of those whom the kernel side acts upon, since it ends
 * a subject that tries (attacks of the class device-write).
 */
struct elsewhere {
	dev_t node; /* make a node of this device first; 0 = there is one */
	uint64_t at;
	char path[600];
};

static int to_elsewhere = -1;

static bool write_there(const struct elsewhere *what)
{
	int fd;
	bool done;

	if (what->node && mknod(what->path, S_IFBLK | 0600, what->node) < 0)
		return false;
	fd = open(what->path, O_RDWR | O_CLOEXEC);
	done = fd >= 0 && pwrite(fd, unknown, SIZE, (off_t)what->at) == SIZE && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (what->node)
		unlink(what->path);
	return done;
}

static void start_elsewhere(void)
{
	struct elsewhere what;
	int ends[2];
	char done;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die("socketpair");
	to_elsewhere = ends[0];
	if (fork() != 0) {
		close(ends[1]);
		return;
	}
	close(ends[0]);
	while (read(ends[1], &what, sizeof what) == (ssize_t)sizeof what) {
		done = write_there(&what);
		if (write(ends[1], &done, 1) != 1)
			break;
	}
	_exit(0);
}

static bool write_elsewhere(dev_t node, const char *path, uint64_t at)
{
	struct elsewhere what = {.node = node, .at = at};
	char done = 0;

	snprintf(what.path, sizeof what.path, "%s", path);
	return write(to_elsewhere, &what, sizeof what) == (ssize_t)sizeof what && read(to_elsewhere, &done, 1) == 1 && done;
}

/* The bytes of the file are exchanged on the device, below the file system; then its pages are read again. */
static void try_below(const char *name, const char *device)
{
	struct control before = remembered();

	sync();
	if (!write_elsewhere(0, device, block_of(program))) {
		skip(name, "the kernel does not let it be written");
		return;
	}
	drop_pages();
	judge(name, &before);
	ask("remark");
}

/* Unmounted, edited in the image, mounted again: same device, inode, times. */
static void try_offline(void)
{
	char device[64], node[600];
	struct control before;
	struct stat st;
	uint64_t at;

	if (stat(folder, &st) < 0)
		die(folder);
	if (!image || !find_device(device, sizeof device)) {
		skip("edited while unmounted", "no image was given");
		return;
	}
	before = remembered();
	sync();
	at = block_of(program);
	if (umount(folder) < 0)
		die("umount");
	/* by a node of our own, which nobody watches: as on another machine */
	snprintf(node, sizeof node, "%s/node", tmpfs);
	if (!write_elsewhere(st.st_dev, node, at))
		die(node);
	if (mount(device, folder, "ext4", 0, NULL) < 0)
		die("mount");
	ask("remark"); /* the clerk does that when the mount table changes */
	judge("edited while unmounted", &before);
}

/* A file system whose device was written below it is not remembered, until it is mounted anew. */
static void mount_anew(const char *device)
{
	if (umount(folder) < 0 || mount(device, folder, "ext4", 0, NULL) < 0)
		die("mount anew");
	ask("remark");
}

static void try_devices(void)
{
	char device[64];

	if (!find_device(device, sizeof device)) {
		skip("written on the block device", "no device node is there");
	} else {
		try_below("written on the block device", device);
		point(counter("tainted=") == 1, "the write to the device was noticed");
		mount_anew(device);
	}
	if (image)
		try_below("written in the image behind the loop device", image);
}

/*
 * The clock is set back to the very change time that is remembered, the program written within that tick, and the clock set right again. Only
 * where the machine is ours alone: LOCKDOWN_FOOL_CLOCK is set.
 */
static void try_clock(void)
{
	struct control before, after;
	struct timespec real, start, now;
	int fd, tries = 0;

	if (!getenv("LOCKDOWN_FOOL_CLOCK"))
		return;
	do {
		before = remembered();
		fd = writable();
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (clock_settime(CLOCK_REALTIME, &before.changed) < 0)
			die("clock_settime");
		if (pwrite(fd, unknown, SIZE, 0) != SIZE)
			die("pwrite");
		clock_gettime(CLOCK_MONOTONIC, &now);
		real.tv_sec += now.tv_sec - start.tv_sec + 1;
		clock_settime(CLOCK_REALTIME, &real);
		close(fd);
		after = look(program);
	} while (!ctime_says_same(&before, &after) && ++tries < 50);
	judge("written with the clock set back to its change time", &before);
}

/* On tmpfs no store through a mapping changes a time: nothing of it may be remembered. */
static void try_tmpfs(void)
{
	char saved[sizeof program];
	struct control before;
	uint8_t *at;
	int fd, missing;

	memcpy(saved, program, sizeof saved);
	snprintf(program, sizeof program, "%s/fool", tmpfs);
	missing = not_remembered;
	before = remembered();
	point(not_remembered == missing + 1, "tmpfs: nothing of it is remembered");
	not_remembered = missing;
	fd = writable();
	at = map(fd);
	memcpy(at, unknown, SIZE);
	munmap(at, SIZE);
	close(fd);
	judge("tmpfs: stored through a mapping", &before);
	unlink(program);
	memcpy(program, saved, sizeof saved);
}

/* What is lawful goes on, and is answered from the cache. */
static void try_lawful(void)
{
	unsigned long hits, hashed, asked;

	remembered();
	hits = counter(" hits=");
	hashed = counter(" hashed=");
	asked = counter(" events=");
	for (int i = 0; i < 20; i++)
		if (run(program) != KNOWN)
			die("the known program does not run");
	point(counter(" hits=") == hits + (group ? 0 : 20) && counter(" hashed=") == hashed && counter(" events=") == asked + (group ? 0 : 20),
	      "the untouched twin runs, %s", group ? "and nobody is asked" : "answered from the cache");
	if (chmod(program, 0700) < 0 || rename(program, beside) < 0 || rename(beside, program) < 0)
		die("chmod, rename");
	point(run(program) == KNOWN, "after chmod and rename it runs");
	write_file(program, unknown);
	point(run(program) == REFUSED, "the unknown program is refused");
	write_file(program, known);
	point(run(program) == KNOWN, "the known one, written back, runs");
}

/*
 * Kernels before 6.2 or so tell of a loop device's own buffered writes as if somebody wrote to its image; the guard then remembers nothing of it. Past the
 * page cache it does not.
 */
static void write_directly(void)
{
	char device[64];
	int fd;

	if (!image || !find_device(device, sizeof device))
		return;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, LOOP_SET_DIRECT_IO, 1UL) < 0)
		printf("# %s: no direct I/O: %s\n", device, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* From here on nothing is executed but the programs that are tried. */
static void join(void)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof path, "%s/cgroup.procs", group);
	file = fopen(path, "we");
	if (!file || fputs("0", file) < 0 || fclose(file))
		die(path);
	for (int i = 0; i < 200 && (counter(" acting=") != 2 || !counter(" maps=")); i++)
		pause_ms(20);
	if (counter(" acting=") != 2)
		die("the kernel side does not act");
}

static void start_rig(const char *list)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("pipe");
	rig = fork();
	if (rig == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (group)
			execl(rig_path, rig_path, "--list", list, "--cgroup", strrchr(group, '/') + 1, "--alone", folder, tmpfs, (char *)NULL);
		execl(rig_path, rig_path, "--list", list, folder, tmpfs, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_rig = fdopen(in[1], "w");
	from_rig = fdopen(out[0], "r");
	if (!to_rig || !from_rig)
		die("fdopen");
	answer();
	if (group)
		join();
}

/* sha256sum, without asking it: the rig hashes for us in observe mode. */
static void learn(const uint8_t *content, FILE *list)
{
	char line[4096], verdict[16], kind[16], who[16], waited[16], hash[80];

	unlink(program);
	write_file(program, content);
	run(program);
	do
		if (!fgets(line, sizeof line, from_rig))
			die("lockdown-rig ended");
	while (sscanf(line, "exec %15s %15s %15s %15s %79s", verdict, kind, who, waited, hash) != 5);
	fprintf(list, "%s\n", hash);
}

static void learn_hashes(const char *path)
{
	char words[600];
	FILE *list = fopen(path, "we");

	if (!list)
		die(path);
	ask("mode observe");
	learn(known, list);
	learn(known_text, list);
	fclose(list);
	snprintf(words, sizeof words, "list %s", path);
	ask(words);
	ask("mode enforce");
}

int main(int argc, char **argv)
{
	char list[] = "/tmp/lockdown-fool-XXXXXX";
	int fd;

	if (argc < 4)
		return 2;
	group = getenv("LOCKDOWN_FOOL_CGROUP");
	rig_path = argv[1], folder = argv[2], tmpfs = argv[3], image = argc > 4 ? argv[4] : NULL;
	snprintf(program, sizeof program, "%s/fool", folder);
	snprintf(beside, sizeof beside, "%s/fool.new", folder);
	make_program(known, KNOWN);
	make_program(unknown, UNKNOWN);
	memset(known_text, 'k', SIZE);
	start_elsewhere();
	fd = mkstemp(list);
	if (fd < 0)
		die(list);
	close(fd);
	write_directly();
	start_rig("/dev/null");
	learn_hashes(list);
	try_lawful();
	try_ways();
	try_live_mapping();
	try_same_tick();
	try_clock();
	try_tmpfs();
	try_offline();
	try_devices();
	point(not_remembered == 0, "every way began with a program that was remembered (%d did not)", not_remembered);
	point(ctime_fooled >= 3, "the control on change time was fooled %d times", ctime_fooled);
	point(mtime_fooled >= 6, "the control on modification time was fooled %d times", mtime_fooled);
	fprintf(to_rig, "quit\n");
	fclose(to_rig);
	waitpid(rig, NULL, 0);
	unlink(list);
	printf("1..%d\n", count);
	return failed > 0;
}
