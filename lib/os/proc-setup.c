// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What main does before it starts a duty: one instance a root, users, folders, listeners, and an end to what
 * survived an earlier main. Every refusal is one line that says what to do, and exit code 3.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/peer.h"
#include "os/proc-parts.h"

enum { EXIT_ENVIRONMENT = 3, SURVIVOR_KILL_MS = 3000, SURVIVOR_STEP_MS = 20 };

static int open_root(struct sk_proc *proc)
{
	const char *root = proc->opts->root ? proc->opts->root : "/";
	char resolved[4096];
	int r;

	if (!realpath(root, resolved)) {
		sk_log(SK_LOG_ERROR, "--root %s: %m", root);
		return EXIT_ENVIRONMENT;
	}
	memcpy(proc->root, resolved, sizeof resolved);
	r = sk_dir_open(resolved, "", &proc->root_dir);
	if (r == 0)
		r = sk_dir_make(proc->root_dir, "run/sekisho", (uid_t)-1, (gid_t)-1, 0755);
	if (r == 0)
		r = sk_open_in(proc->root_dir, "run/sekisho", O_RDONLY | O_DIRECTORY, 0, &proc->run_dir);
	if (r) {
		sk_log(SK_LOG_ERROR, "cannot make %s/run/sekisho: give --root a folder that may be written, or run as root", resolved);
		return EXIT_ENVIRONMENT;
	}
	return 0;
}

/* Reads the pid somebody wrote; 0 when there is none. */
static pid_t read_pid(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof text - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

/*
 * A lock file with our pid in it. 0, SK_AGAIN (*ret_pid holds it), -errno. Nobody else may even read it: flock() is granted to whoever has it
 * open, and a stranger's lock would pass for a running instance.
 */
static int lock_file(int dir, const char *name, int *ret_fd, pid_t *ret_pid)
{
	_cleanup_close_ int fd = -1;
	char text[16];
	int r;

	r = sk_open_in(dir, name, O_RDWR | O_CREAT, 0600, &fd);
	if (r)
		return r < 0 ? r : sk_origin(-ELOOP);
	if (fchmod(fd, 0600) < 0)
		return sk_origin_errno();
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		*ret_pid = read_pid(fd);
		return errno == EWOULDBLOCK ? SK_AGAIN : sk_origin_errno();
	}
	snprintf(text, sizeof text, "%d\n", getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		return sk_origin_errno();
	*ret_fd = SK_TAKE_FD(fd);
	return 0;
}

static int take_pid_file(struct sk_proc *proc)
{
	char name[64];
	pid_t other = 0;
	int r;

	snprintf(name, sizeof name, "%s.pid", proc->opts->program);
	r = lock_file(proc->run_dir, name, &proc->pid_file, &other);
	if (r == SK_AGAIN)
		sk_log(SK_LOG_ERROR, "already running as process %d: stop that one first, or give another --root", (int)other);
	else if (r)
		sk_log(SK_LOG_ERROR, "cannot write %s/run/sekisho/%s", proc->root, name);
	return r ? EXIT_ENVIRONMENT : 0;
}

int sk_survivor_lock(int run_dir, const char *duty, int *ret_fd, pid_t *ret_pid)
{
	char name[64];

	snprintf(name, sizeof name, "%s.life", duty);
	return lock_file(run_dir, name, ret_fd, ret_pid);
}

static bool survivor_gone(struct sk_proc *proc, const char *duty, uint64_t within_ms)
{
	uint64_t until = sk_clock_mono_ms() + within_ms;
	int r;

	do {
		pid_t pid;
		int fd = -1;

		r = sk_survivor_lock(proc->run_dir, duty, &fd, &pid);
		sk_close_p(&fd);
		if (r == 0)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = SURVIVOR_STEP_MS * 1000000}, NULL);
	} while (r == SK_AGAIN && sk_clock_mono_ms() < until);
	return false;
}

/* The holder of the lock leads its process group, or led it: the number stays taken while a member lives. */
static int stop_survivor(struct sk_proc *proc, const struct sk_duty *duty)
{
	pid_t pid = 0;
	int fd = -1, r;

	r = sk_survivor_lock(proc->run_dir, duty->name, &fd, &pid);
	sk_close_p(&fd);
	if (r == 0)
		return 0;
	if (r == SK_AGAIN && pid > 1) {
		sk_log(SK_LOG_NOTICE, "%s outlived an earlier main (process %d): replacing it", duty->name, (int)pid);
		if (kill(pid, SIGTERM) < 0)
			kill(-pid, SIGTERM);
		if (survivor_gone(proc, duty->name, proc->opts->stop_ms ? proc->opts->stop_ms : 5000))
			return 0;
		kill(-pid, SIGKILL);
		if (survivor_gone(proc, duty->name, SURVIVOR_KILL_MS))
			return 0;
	}
	sk_log(SK_LOG_ERROR, "%s of an earlier main (process %d) does not end: end it first", duty->name, (int)pid);
	return EXIT_ENVIRONMENT;
}

static const char *user_name(struct sk_proc *proc, const char *duty, char *space, size_t size)
{
	const char *user = proc->opts->user_of ? proc->opts->user_of(proc->opts->config, duty) : NULL;

	if (user)
		return user;
	snprintf(space, size, "sekisho-%s", duty);
	return space;
}

/* Ids of a duty or of a peer that is named like one. */
static int find_user(struct sk_proc *proc, const char *duty, uid_t *ret_uid, gid_t *ret_gid)
{
	char space[64];
	const char *user = user_name(proc, duty, space, sizeof space);

	if (sk_user_find(user, ret_uid, ret_gid) == 0)
		return 0;
	sk_log(SK_LOG_ERROR, "no user %s for %s: make it, or name another under users: in the configuration", user, duty);
	return EXIT_ENVIRONMENT;
}

static int set_user(struct sk_proc *proc, struct sk_child *child)
{
	int r;

	child->uid = (uid_t)-1;
	child->gid = (gid_t)-1;
	if (proc->developer)
		return 0;
	if (child->duty->as_root) {
		sk_role_add(child->duty->name, 0);
		return 0;
	}
	r = find_user(proc, child->duty->name, &child->uid, &child->gid);
	if (r == 0)
		sk_role_add(child->duty->name, child->uid);
	return r;
}

static int open_unix(struct sk_proc *proc, const struct sk_listener *listener, int *ret_fd)
{
	uid_t uid = (uid_t)-1, unused_uid;
	gid_t gid = (gid_t)-1, unused_gid;
	mode_t mode = listener->mode ? listener->mode : 0660;
	int r;

	if (proc->developer)
		mode = 0600;
	else if ((listener->owner && find_user(proc, listener->owner, &uid, &unused_gid)) ||
		 (listener->group && find_user(proc, listener->group, &unused_uid, &gid)))
		return EXIT_ENVIRONMENT;
	r = sk_peer_listen(proc->run_dir, listener->name, uid, gid, mode, ret_fd);
	if (r)
		sk_log(SK_LOG_ERROR, "cannot listen on %s/run/sekisho/%s", proc->root, listener->name);
	return r ? EXIT_ENVIRONMENT : 0;
}

/* The port goes to a file, because "port 0" is whatever was free. */
static int open_tcp(struct sk_proc *proc, const struct sk_listener *listener, int *ret_fd)
{
	const char *address = listener->address;
	char name[64], text[16];
	int r;

	if (strcmp(address, "config") == 0)
		address = proc->opts->address_of ? proc->opts->address_of(proc->opts->config, listener->name) : NULL;
	if (!address)
		return 0;
	r = sk_tcp_listen(address, ret_fd);
	if (r == SK_BAD)
		sk_log(SK_LOG_ERROR, "%s: \"%s\" is not ADDRESS:PORT", listener->name, address);
	else if (r)
		sk_log(SK_LOG_ERROR, "%s: cannot listen on %s: %s: free it, or configure another address", listener->name, address,
		       strerror(-r));
	if (r)
		return EXIT_ENVIRONMENT;
	snprintf(name, sizeof name, "%s.port", listener->name);
	snprintf(text, sizeof text, "%u\n", sk_tcp_port(*ret_fd));
	return sk_file_replace("proc.port", proc->run_dir, name, text, strlen(text), 0644) ? EXIT_ENVIRONMENT : 0;
}

static int open_listeners(struct sk_proc *proc, struct sk_child *child)
{
	const struct sk_listener *listener = child->duty->listeners;
	int r = 0;

	for (size_t i = 0; listener && listener[i].name && r == 0; i++) {
		if (i == SK_DUTY_LISTENERS) {
			sk_log(SK_LOG_ERROR, "%s has more than %d listeners", child->duty->name, SK_DUTY_LISTENERS);
			return EXIT_ENVIRONMENT;
		}
		child->listeners[i] = (struct sk_listening){.name = listener[i].name, .fd = -1};
		r = listener[i].address ? open_tcp(proc, &listener[i], &child->listeners[i].fd)
					: open_unix(proc, &listener[i], &child->listeners[i].fd);
	}
	return r;
}

static int prepare(struct sk_proc *proc, const struct sk_child *child)
{
	const struct sk_duty_ctx ctx = {.name = child->duty->name, .root = proc->root, .root_dir = proc->root_dir,
					.config = proc->opts->config, .main_fd = -1, .life_fd = -1};
	int r;

	if (!child->duty->prepare)
		return 0;
	r = child->duty->prepare(&ctx, child->uid, child->gid);
	if (r)
		sk_log(SK_LOG_ERROR, "%s cannot be prepared: see the line before", child->duty->name);
	return r ? EXIT_ENVIRONMENT : 0;
}

int sk_proc_setup(struct sk_proc *proc, const struct sk_duty *table, size_t count)
{
	int r;

	if (count > SK_DUTIES)
		return EXIT_ENVIRONMENT;
	sk_clock_boot_id();
	proc->developer = geteuid() != 0;
	proc->count = count;
	for (size_t i = 0; i < count; i++)
		proc->children[i] = (struct sk_child){.proc = proc, .duty = &table[i], .life = -1};
	r = open_root(proc);
	if (r == 0)
		r = take_pid_file(proc);
	if (r == 0 && proc->developer)
		sk_log(SK_LOG_NOTICE, "not root: every process runs as user %u (developer mode)", geteuid());
	for (size_t i = 0; i < count && r == 0; i++)
		r = set_user(proc, &proc->children[i]);
	for (size_t i = 0; i < count && r == 0; i++)
		r = prepare(proc, &proc->children[i]);
	for (size_t i = 0; i < count && r == 0; i++) /* as late as can be: until then it does its work */
		r = table[i].survives_main ? stop_survivor(proc, &table[i]) : 0;
	for (size_t i = 0; i < count && r == 0; i++)
		r = open_listeners(proc, &proc->children[i]);
	if (r == 0 && pipe2(proc->main_line, O_CLOEXEC) < 0)
		r = EXIT_ENVIRONMENT;
	return r;
}

static void close_listeners(struct sk_proc *proc, struct sk_child *child)
{
	for (struct sk_listening *listening = child->listeners; listening->name; listening++) {
		char name[64];

		if (listening->fd < 0)
			continue;
		snprintf(name, sizeof name, "%s%s", listening->name, sk_tcp_port(listening->fd) ? ".port" : "");
		unlinkat(proc->run_dir, name, 0);
		sk_close_p(&listening->fd);
	}
}

void sk_proc_undo(struct sk_proc *proc)
{
	char name[64];

	for (size_t i = 0; i < proc->count; i++)
		close_listeners(proc, &proc->children[i]);
	if (proc->pid_file >= 0) {
		/* Removed while the lock is held: nobody can have taken it meanwhile. */
		snprintf(name, sizeof name, "%s.pid", proc->opts->program);
		unlinkat(proc->run_dir, name, 0);
	}
	sk_close_p(&proc->pid_file);
	sk_close_p(&proc->main_line[0]);
	sk_close_p(&proc->main_line[1]);
	sk_close_p(&proc->run_dir);
	sk_close_p(&proc->root_dir);
}

/* sd_notify's protocol: one datagram to the socket that the service manager named. */
void sk_proc_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, n);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		sk_log(SK_LOG_WARNING, "cannot tell the service manager %s: %m", text);
}
