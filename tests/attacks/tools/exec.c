// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-exec: ways to execute a program that is not simply there under its name.
 *
 *   attack-exec VERB FILE      FILE is `known` or `unknown`
 */
#include <linux/io_uring.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tool.h"

#define NAME(file) ((char *const[]){(char *)(file), NULL})

static int at_fd(int fd, const char *file)
{
	syscall(SYS_execveat, fd, "", NAME(file), environ, AT_EMPTY_PATH);
	printf("execveat: %s\n", strerror(errno));
	return 1;
}

static int by_proc(int fd, const char *file)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	execve(path, NAME(file), environ);
	printf("execve %s: %s\n", path, strerror(errno));
	return 1;
}

static int memory_of(const char *file, unsigned int flags)
{
	int fd = (int)syscall(SYS_memfd_create, "x", flags);

	if (fd < 0)
		die("memfd_create");
	return copy_to_fd(file, fd);
}

static int memfd_empty(char **w) { return at_fd(memory_of(w[0], MFD_CLOEXEC), w[0]); }
static int memfd_path(char **w) { return by_proc(memory_of(w[0], 0), w[0]); }
static int memfd_script(char **w) { return by_proc(memory_of(with_suffix(w[0], ".sh"), 0), w[0]); }

static int memfd_sealed(char **w)
{
	int fd = memory_of(w[0], MFD_CLOEXEC | MFD_ALLOW_SEALING);

	fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	return at_fd(fd, w[0]);
}

/* Another process' descriptor: it is opened through /proc/PID/fd. */
static int memfd_other(char **w)
{
	int fd = memory_of(w[0], 0);
	char path[64];

	if (fork() == 0) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", getppid(), fd);
		close(fd);
		execve(path, NAME(w[0]), environ);
		_exit(1);
	}
	return wait(NULL) < 0;
}

static int fd_exec(char **w) { return at_fd(open_read(w[0]), w[0]); }
static int fd_path(char **w) { return by_proc(open(w[0], O_PATH), w[0]); }

static int fd_passed(char **w)
{
	char space[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec one = {&byte, 1};
	struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	if (fork() == 0) {
		fd = open_read(w[0]);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
		_exit(sendmsg(pair[1], &m, 0) < 0);
	}
	if (recvmsg(pair[0], &m, 0) < 0)
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	wait(NULL);
	return at_fd(fd, w[0]);
}

static int fd_handle(char **w)
{
	struct {
		struct file_handle head;
		unsigned char rest[128];
	} handle = {.head.handle_bytes = 128};
	int id, fd, root = open(".", O_RDONLY | O_DIRECTORY);

	if (name_to_handle_at(AT_FDCWD, w[0], &handle.head, &id, 0) < 0)
		die("name_to_handle_at");
	fd = open_by_handle_at(root, &handle.head, O_RDONLY);
	return fd < 0 ? (die("open_by_handle_at"), 1) : at_fd(fd, w[0]);
}

static int deleted(char **w)
{
	int fd;

	copy_to(w[0], "gone");
	fd = open_read("gone");
	unlink("gone");
	return at_fd(fd, w[0]);
}

static int deleted_path(char **w)
{
	int fd;

	copy_to(w[0], "gone");
	fd = open("gone", O_PATH);
	unlink("gone");
	return by_proc(fd, w[0]);
}

/* Written without a name, then opened anew for reading, because what is open for writing is not executed. */
static int nameless(char **w)
{
	char path[64];
	int fd = open(".", O_TMPFILE | O_RDWR, 0755), again;

	if (fd < 0)
		die("O_TMPFILE");
	copy_to_fd(w[0], fd);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	close(fd);
	return by_proc(again, w[0]);
}

static void *start_in_thread(void *file)
{
	execl(file, file, (char *)NULL);
	printf("execve: %s\n", strerror(errno));
	_exit(1);
}

static int thread(char **w)
{
	pthread_t id;

	pthread_create(&id, NULL, start_in_thread, w[0]);
	pause();
	return 1;
}

static int vfork_exec(char **w)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(w[0], w[0], (char *)NULL);
		_exit(1);
	}
	return wait(NULL) < 0;
}

static int spawned(char **w)
{
	pid_t pid;

	return posix_spawn(&pid, w[0], NULL, NULL, NAME(w[0]), environ) || wait(NULL) < 0;
}

/* The new program in the place of a traced child: the tracer sees it stop before its first instruction and lets it go on. */
static int traced(char **w)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_ptrace, 0L, 0L, 0L, 0L); /* TRACEME */
		raise(SIGSTOP);
		execl(w[0], w[0], (char *)NULL);
		_exit(1);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) /* CONT, and no signal reaches it */
		syscall(SYS_ptrace, 7L, (long)pid, 0L, WSTOPSIG(status) == SIGKILL ? SIGKILL : 0L);
	return 0;
}

/* A mount that is attached nowhere. */
static int tree_clone(char **w)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int fd = tree < 0 ? -1 : openat(tree, w[0], O_RDONLY);

	return fd < 0 ? (die("open_tree"), 1) : at_fd(fd, w[0]);
}

static int fs_unattached(char **w)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), mnt, fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		die("fsopen");
	mnt = (int)syscall(SYS_fsmount, fs, 0, 0);
	fd = mnt < 0 ? -1 : openat(mnt, "x", O_WRONLY | O_CREAT, 0755);
	if (fd < 0)
		die("fsmount");
	close(copy_to_fd(w[0], fd));
	fd = openat(mnt, "x", O_RDONLY);
	return at_fd(fd, w[0]);
}

/* Opened by the kernel's ring, not by open(). */
static int uring_open(const char *path)
{
	struct io_uring_params p = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);
	unsigned char *sq, *cq;
	struct io_uring_sqe *sqe;
	unsigned int *array;

	if (ring < 0)
		die("io_uring_setup");
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof *sqe, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		die("ring");
	sqe[0] = (struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)path, .open_flags = O_RDONLY};
	array = (unsigned int *)(sq + p.sq_off.array);
	array[0] = 0;
	__atomic_store_n((unsigned int *)(sq + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		die("io_uring_enter");
	return ((struct io_uring_cqe *)(cq + p.cq_off.cqes))[0].res;
}

static int uring(char **w)
{
	int fd = uring_open(w[0]);

	errno = -fd;
	return fd < 0 ? (die("openat by io_uring"), 1) : at_fd(fd, w[0]);
}

/* A script's text read by a descriptor of the ring, given to an interpreter as its standard input's file. */
static int uring_script(char **w)
{
	int fd = uring_open(with_suffix(w[0], ".sh"));

	errno = -fd;
	if (fd < 0)
		die("openat by io_uring");
	dup2(fd, 0);
	execl("/bin/sh", "sh", (char *)NULL);
	return 1;
}

/* Many starts at once, of which one is the program: bounded in number and in time. */
static int storm(char **w)
{
	enum { STARTS = 400, AT_ONCE = 100 };
	char name[64];
	int running = 0;

	alarm(15);
	for (int i = 0; i < STARTS; i++) {
		if (running == AT_ONCE && wait(NULL) > 0)
			running--;
		snprintf(name, sizeof name, "flood/%d", i % 100);
		if (i < 100)
			copy_to("/opt/attacks/tiny", name); /* never seen, so that each must be hashed */
		if (fork() == 0) {
			execl(i % 50 == 49 ? w[0] : name, "x", (char *)NULL);
			_exit(1);
		}
		running++;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

/* Takes a processor for itself until the alarm. */
static int spin(char **w)
{
	volatile int turning = 1;

	(void)w;
	alarm(3);
	while (turning)
		;
	return 0;
}

static const struct verb verbs[] = {{"memfd-empty", memfd_empty}, {"memfd-path", memfd_path}, {"memfd-script", memfd_script},
				    {"memfd-sealed", memfd_sealed}, {"memfd-other", memfd_other}, {"fd", fd_exec}, {"fd-path", fd_path},
				    {"fd-passed", fd_passed}, {"fd-handle", fd_handle}, {"deleted", deleted}, {"deleted-path", deleted_path},
				    {"nameless", nameless}, {"thread", thread}, {"vfork", vfork_exec}, {"spawn", spawned}, {"traced", traced},
				    {"tree-clone", tree_clone}, {"fs-unattached", fs_unattached}, {"uring", uring},
				    {"uring-script", uring_script}, {"storm", storm}, {"spin", spin}, {0}};

int main(int argc, char **argv)
{
	return dispatch(verbs, argc, argv);
}
