// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Hands the files of a folder to a duty's user. Follows no link: each file is opened first, and what was opened is what is changed. A file with a second
 * name stays as it is: the folder is the duty's own, so the second name may be one of root's files that a duty gone wrong wants to have.
 */
#include "sql/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"

static int own_one(int dir, const char *name, uid_t uid, gid_t gid, mode_t mode)
{
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP || errno == ENOENT || errno == ENXIO ? 0 : sk_origin_errno();
	if (fstat(fd, &st) < 0)
		return sk_origin_errno();
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_nlink > 1) {
		if (st.st_uid != uid || (st.st_mode & 07777) != mode)
			sk_log(SK_LOG_WARNING, "%s has another name elsewhere: it is not handed over", name);
		return 0;
	}
	if ((st.st_uid != uid || st.st_gid != gid) && geteuid() == 0 && fchown(fd, uid, gid) < 0)
		return sk_origin_errno();
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return sk_origin_errno();
	return 0;
}

int sk_folder_own(int root_dir, const char *folder, uid_t uid, gid_t gid, mode_t mode)
{
	struct dirent *entry;
	int fd, r = sk_open_in(root_dir, folder, O_RDONLY | O_DIRECTORY, 0, &fd);
	DIR *dir;

	if (r)
		return r < 0 ? r : sk_origin(-ENOENT);
	dir = fdopendir(fd);
	if (!dir) {
		r = sk_origin_errno();
		close(fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		r = own_one(fd, entry->d_name, uid, gid, mode);
	closedir(dir);
	return r;
}
