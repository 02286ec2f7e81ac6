// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The child that acts: the one place that unmounts and remounts. What it does was decided before it was made and stands in its copy of the job; it looks again
 * at nothing but the device's number.
 *
 * Every remount keeps the flags that a mount has and adds to them; nothing here ever gives a mount more than it had.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/media.h"
#include "os/clock.h"
#include "os/proc.h"

int media_mounts_open(int *ret_fd)
{
	int space = sk_host_mounts(), fd;

	fd = open(space >= 0 ? "/proc/1/mountinfo" : "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	sk_close_p(&space);
	if (fd < 0)
		return sk_origin_errno();
	*ret_fd = fd;
	return 0;
}

static void note(struct media_done *done, int error)
{
	if (!done->error)
		done->error = error;
}

static bool unmount(const struct media_mount *mount_, struct media_done *done)
{
	if (umount2(mount_->point, MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
		done->unmounted++;
		return true;
	}
	if (errno != EINVAL && errno != ENOENT) /* it is gone already */
		note(done, errno);
	return false;
}

/* The file system as a whole, whoever else has it mounted. */
static void make_read_only(const struct media_job *job, struct media_done *done)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct media_mount *m = &job->mounts[i];

		if (m->super_read_only)
			continue;
		if (mount(NULL, m->point, NULL, MS_REMOUNT | MS_RDONLY | m->flags, NULL) == 0) {
			done->read_only++;
			return; /* one is enough: it is the same for all its mounts */
		}
		if (errno == EBUSY) { /* somebody has a file open for writing: then nobody shall find it any more */
			for (; i < job->count; i++)
				done->busy += unmount(&job->mounts[i], done);
			return;
		}
		note(done, errno);
	}
}

static void restrict_mounts(const struct media_job *job, struct media_done *done)
{
	const unsigned long more = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	for (size_t i = 0; i < job->count; i++) {
		const struct media_mount *m = &job->mounts[i];

		if ((m->flags & more) == more)
			continue;
		if (mount(NULL, m->point, NULL, MS_REMOUNT | MS_BIND | m->flags | more, NULL) == 0)
			done->remounted++;
		else if (errno != EINVAL && errno != ENOENT)
			note(done, errno);
	}
}

static int open_device(const struct sk_medium *medium)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof path, "/dev/%s", medium->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode) || st.st_rdev != makedev(medium->major, medium->minor)))
		sk_close_p(&fd);
	return fd;
}

/* The device itself refuses writes then, by whatever road, and being mounted for writing. After the file system: what it has not written yet must get there. */
static void set_device(int fd, int read_only, struct media_done *done)
{
	if (fd < 0)
		note(done, ENXIO);
	else if (ioctl(fd, BLKROSET, &read_only) < 0)
		note(done, errno);
}

/* --- mount namespaces of others */

struct elsewhere {
	struct media_job *job; /* its mounts are those of one namespace */
	unsigned major, minor;
};

static int gather(void *arg, const struct sk_mount_entry *mount)
{
	struct elsewhere *e = arg;
	struct media_mount *m = &e->job->mounts[e->job->count];

	if (mount->major != e->major || mount->minor != e->minor || e->job->count == MEDIA_MOUNTS)
		return 0;
	memcpy(m->point, mount->point, sizeof m->point);
	m->flags = mount->flags;
	m->super_read_only = mount->super_read_only;
	e->job->count++;
	return 0;
}

/* Only where that device is really mounted: a path may lead elsewhere in the meantime. */
static void act_there(const struct media_job *job, struct media_done *done)
{
	for (size_t i = 0; i < job->count; i++) {
		_cleanup_close_ int fd = open(job->mounts[i].point, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		const unsigned long more = MS_NOSUID | MS_NODEV | MS_NOEXEC;
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 || st.st_dev != makedev(job->medium.major, job->medium.minor) || fchdir(fd) < 0)
			continue;
		if (job->unmount)
			done->unmounted += umount2(".", MNT_DETACH) == 0;
		else if (job->no_exec && (job->mounts[i].flags & more) != more)
			done->remounted += mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | job->mounts[i].flags | more, NULL) == 0;
		if (!job->unmount && job->read_only && !job->mounts[i].super_read_only)
			done->read_only += mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY | job->mounts[i].flags, NULL) == 0;
	}
}

/* The whole table of that namespace: seen from its own root, whatever chroot its processes are in. */
static void act_in_space(int proc, int space, struct media_job *job, struct media_done *done)
{
	struct elsewhere e = {job, job->medium.major, job->medium.minor};
	_cleanup_close_ int table = -1;

	if (setns(space, CLONE_NEWNS) < 0) {
		note(done, errno);
		return;
	}
	table = openat(proc, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	job->count = 0;
	if (table >= 0 && sk_mounts_each(table, gather, &e) == 0)
		act_there(job, done);
}

static bool is_new(const struct stat *st, ino_t *seen, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (seen[i] == st->st_ino)
			return false;
	if (*count == MEDIA_SPACES)
		return false;
	seen[(*count)++] = st->st_ino;
	return true;
}

static void act_everywhere(struct media_job *job, struct media_done *done)
{
	DIR *folder = opendir("/proc");
	int proc = folder ? dirfd(folder) : -1;
	ino_t seen[MEDIA_SPACES];
	size_t count = 0;

	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		_cleanup_close_ int space = -1;
		char path[64];
		struct stat st;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "%.20s/ns/mnt", entry->d_name);
		space = openat(proc, path, O_RDONLY | O_CLOEXEC);
		if (space >= 0 && fstat(space, &st) == 0 && is_new(&st, seen, &count))
			act_in_space(proc, space, job, done);
	}
	if (folder)
		closedir(folder);
}

static void child(struct media_job *job, int report)
{
	bool device = job->read_only || job->device_writable;
	int space = sk_host_mounts(), fd = device ? open_device(&job->medium) : -1; /* by the node of our own /dev */
	struct media_done done = {0};

	if (space >= 0 && setns(space, CLONE_NEWNS) < 0) {
		note(&done, errno);
	} else if (job->unmount) {
		for (size_t i = 0; i < job->count; i++)
			unmount(&job->mounts[i], &done);
	} else {
		if (job->no_exec)
			restrict_mounts(job, &done);
		if (job->read_only)
			make_read_only(job, &done);
	}
	if (job->everywhere)
		act_everywhere(job, &done);
	if (device)
		set_device(fd, job->read_only, &done);
	if (write(report, &done, sizeof done) != (ssize_t)sizeof done)
		_exit(1);
	_exit(0);
}

int media_hand_start(struct media_job *job, struct media_hand *ret_hand)
{
	pid_t pid, self = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return sk_origin_errno();
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() != self)
			_exit(1);
		media_close_but(ends[1], -1);
		child(job, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return sk_origin_errno();
	}
	*ret_hand = (struct media_hand){pid, ends[0], sk_clock_mono_ms() + MEDIA_PATIENCE_MS};
	return 0;
}
