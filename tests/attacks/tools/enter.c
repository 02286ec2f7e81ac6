// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-enter: runs one program as a process of the equipment PC: own mounts and process ids, its root, its cgroup, its user, and a
 * time limit after which everything that came of it is dead.
 *
 *   attack-enter [--cgroup DIR] [--user UID] [--seconds N] [--host-pids] ROOT FOLDER PROGRAM [WORD...]
 *
 * The cgroup is joined last, so that only what runs from ROOT is ever a subject of lockdown. Exit code: the program's, 128 + signal when it was
 * killed, 125 when the time was over, 126 when it did not start (its errno is printed). Touches nothing outside of ROOT and its own namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct wish {
	const char *cgroup, *root, *folder;
	unsigned int uid, seconds;
	bool host_pids;
	char **argv;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "attack-enter: %s: %s\n", what, strerror(errno));
	_exit(126);
}

static void put_in(const char *root, const char *place, const char *type, unsigned long flags, const char *data)
{
	char path[4096];

	snprintf(path, sizeof path, "%s%s", root, place);
	if (mount(type, path, type, flags, data) < 0)
		fail(path);
}

static int open_cgroup(const char *cgroup)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	return fd;
}

/* Not chroot: one who lives in a chroot may make no user namespace. And nothing of the machine's own root can be seen from then on. */
static void enter_root(const char *root)
{
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail(root);
}

static _Noreturn void become(const struct wish *w)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", home[] = "HOME=/root", words[] = "LC_ALL=C.UTF-8";
	char *given[24] = {path, home, words};
	int n = 3;

	for (char **e = environ; *e && n < 23; e++) /* what the runner says to the case */
		if (!strncmp(*e, "ATTACK_", 7))
			given[n++] = *e;
	if (chdir(w->folder) < 0)
		fail(w->folder);
	if (w->uid && (setgroups(0, NULL) < 0 || setresgid(w->uid, w->uid, w->uid) < 0 || setresuid(w->uid, w->uid, w->uid) < 0))
		fail("user");
	execve(w->argv[0], w->argv, given);
	printf("not started: %s\n", strerror(errno));
	fflush(stdout);
	_exit(126);
}

/* Process 1 of the namespace. It is not in the cgroup, reaps, and its end is the end of all. */
static int govern(const struct wish *w)
{
	int status = 0, cgroup = w->cgroup ? open_cgroup(w->cgroup) : -1;
	pid_t pid, ended;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	put_in(w->root, "/proc", "proc", 0, NULL);
	put_in(w->root, "/sys", "sysfs", MS_RDONLY, NULL);
	put_in(w->root, "/run", "tmpfs", 0, "mode=1777");
	put_in(w->root, "/dev/shm", "tmpfs", 0, "mode=1777");
	put_in(w->root, "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=0620");
	enter_root(w->root);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (w->cgroup && write(cgroup, "0", 1) != 1)
			fail(w->cgroup);
		become(w);
	}
	while ((ended = wait(&status)) != pid)
		if (ended < 0 && errno != EINTR)
			fail("wait");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static pid_t governor;

static void too_late(int number)
{
	(void)number;
	kill(governor, SIGKILL);
}

static int watch(const struct wish *w)
{
	const struct sigaction late = {.sa_handler = too_late};
	int status = 0;

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (w->host_pids ? 0 : CLONE_NEWPID)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail("namespaces");
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	governor = fork();
	if (governor == 0)
		_exit(govern(w));
	sigaction(SIGALRM, &late, NULL);
	sigaction(SIGTERM, &late, NULL);
	alarm(w->seconds);
	while (waitpid(governor, &status, 0) < 0)
		if (errno != EINTR)
			fail("wait");
	return WIFSIGNALED(status) ? 125 : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	struct wish w = {.seconds = 20};
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--host-pids"))
			w.host_pids = true;
		else if (i + 1 >= argc)
			break;
		else if (!strcmp(argv[i], "--cgroup"))
			w.cgroup = argv[++i];
		else if (!strcmp(argv[i], "--user"))
			w.uid = (unsigned int)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--seconds"))
			w.seconds = (unsigned int)strtoul(argv[++i], NULL, 10);
	}
	if (argc - i < 3) {
		fprintf(stderr, "usage: attack-enter [--cgroup DIR] [--user UID] [--seconds N] [--host-pids] ROOT FOLDER PROGRAM [WORD...]\n");
		return 2;
	}
	w.root = argv[i];
	w.folder = argv[i + 1];
	w.argv = argv + i + 2;
	return watch(&w);
}
