// SPDX-License-Identifier: GPL-3.0-or-later
/* Finds the device behind a target and mounts it where nobody else looks. The superblock is parsed by lib/medium's reader before the kernel's. */
#include "accept/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "os/file.h"

enum { TRIES = 40, PIECE = 1 << 20 };

static int read_superblock(int fd, struct sk_superblock *out)
{
	_cleanup_free_ char *window = sk_malloc(SK_SUPERBLOCK_WINDOW);
	size_t size = 0;
	int r = window ? sk_fd_pread(fd, window, SK_SUPERBLOCK_WINDOW, 0, &size) : sk_origin(-ENOMEM);

	return r ? r : sk_superblock_read(window, size, out);
}

/* Images and loop devices of any folder: here a person named it. */
static const char *const any_image[] = {"/", NULL};

static void name_it(struct accept_target *target)
{
	const struct sk_medium *m = &target->medium;
	char identity[SK_MEDIUM_IDENTITY];

	sk_medium_identity(m, identity);
	snprintf(target->uuid, sizeof target->uuid, "%s", m->superblock.uuid);
	if (!target->serial[0] || strncmp(identity, "uuid:", 5))
		snprintf(target->serial, sizeof target->serial, "%s", identity[0] ? identity : target->serial);
}

/* An image without an identifier of its own is known by its content. */
static int name_by_content(int fd, struct accept_target *target)
{
	_cleanup_hasher_ struct sk_hasher *hasher = NULL;
	_cleanup_free_ void *space = sk_malloc(PIECE);
	uint8_t hash[SK_SHA256_SIZE];
	char hex[2 * SK_SHA256_SIZE + 1];
	int r = space ? sk_hasher_new(&hasher) : -ENOMEM;

	if (r == 0)
		r = sk_hasher_fd(hasher, fd, space, PIECE, NULL, NULL, hash, NULL);
	if (r == 0)
		snprintf(target->serial, sizeof target->serial, "sha256:%s", sk_hex(hash, sizeof hash, hex));
	return r;
}

static int look_at_device(dev_t device, struct accept_target *target)
{
	char path[64];
	_cleanup_close_ int fd = -1;
	int r = sk_medium_look("/sys", major(device), minor(device), any_image, &target->medium);

	if (r)
		return r;
	snprintf(path, sizeof path, "/dev/%s", target->medium.name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && read_superblock(fd, &target->medium.superblock) < 0)
		return -EIO;
	name_it(target);
	return 0;
}

/* --- mounting */

static int attach(int image, char out[static 32])
{
	_cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	for (int i = 0; control >= 0 && i < TRIES; i++) {
		struct loop_config config = {.fd = (unsigned)image, .info = {.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR}};
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		int fd;

		if (number < 0)
			break;
		snprintf(out, 32, "/dev/loop%d", number);
		fd = open(out, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			return fd; /* the device is ours until this is closed and nothing is mounted */
		sk_close_p(&fd);
		if (errno != EBUSY)
			break;
	}
	return -errno;
}

static const struct {
	const char *type, *driver, *options;
} ways[] = {{"ext4", "ext4", "noload"}, {"xfs", "xfs", "norecovery"}, {"btrfs", "btrfs", "rescue=nologreplay"}, {"f2fs", "f2fs", "norecovery"},
	    {"ntfs", "ntfs3", NULL}, {"ntfs", "ntfs", NULL}, {"vfat", "vfat", NULL}, {"exfat", "exfat", NULL}, {"iso9660", "iso9660", NULL},
	    {"squashfs", "squashfs", NULL}};

/* Somebody may hold the device for a moment (an agent that asks whose it is): some more tries. */
static int mount_device(const char *device, const char *type, const char *folder)
{
	const struct timespec pause = {0, 50000000};
	int r = -ENODEV;

	for (int try = 0; try < TRIES; try++) {
		for (size_t i = 0; i < SK_ARRAY_SIZE(ways); i++) {
			if (strcmp(ways[i].type, type) != 0)
				continue;
			if (mount(device, folder, ways[i].driver, MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOSUID, ways[i].options) == 0)
				return 0;
			r = -errno;
			if (r != -ENODEV)
				break;
		}
		if (r != -EBUSY)
			return r;
		nanosleep(&pause, NULL);
	}
	return r;
}

static int private_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

static int mount_target(const char *device, struct accept_target *target, struct sk_diag *diag)
{
	char folder[] = "/tmp/sekisho-accept.XXXXXX";
	const char *type = target->medium.superblock.type;
	int r;

	if (!type[0] || strcmp(type, "luks") == 0)
		return sk_diag_path(diag, "", target->medium.has_parts ? "it has partitions: name one of them"
							  : type[0]	       ? "it is encrypted: open it first"
									       : "no file system that we know begins there");
	r = private_mounts();
	if (r)
		return r;
	if (!mkdtemp(folder))
		return -errno;
	r = mount_device(device, type, folder);
	if (r) {
		rmdir(folder);
		return r;
	}
	snprintf(target->path, sizeof target->path, "%s", folder);
	target->mounted = true;
	return 0;
}

static int open_image(const char *name, struct accept_target *target, struct sk_diag *diag)
{
	_cleanup_close_ int image = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), loop = -1;
	char device[32];
	int r;

	if (image < 0)
		return -errno;
	r = read_superblock(image, &target->medium.superblock);
	if (r < 0)
		return r;
	name_it(target);
	if (!target->serial[0])
		r = name_by_content(image, target);
	if (r < 0)
		return r;
	if (!target->medium.superblock.type[0])
		return mount_target("", target, diag);
	loop = attach(image, device);
	return loop < 0 ? loop : mount_target(device, target, diag);
}

static int open_mount(const char *name, const struct stat *st, struct accept_target *target, struct sk_diag *diag)
{
	int r;

	if (S_ISREG(st->st_mode))
		return open_image(name, target, diag);
	if (!S_ISBLK(st->st_mode))
		return sk_diag_path(diag, "", "--mount wants a block device or an image");
	r = look_at_device(st->st_rdev, target);
	return r == SK_NONE ? -ENODEV : r ? r : mount_target(name, target, diag);
}

int accept_target_open(const char *name, bool mount_it, struct accept_target *ret_target, struct sk_diag *diag)
{
	_cleanup_free_ char *real = realpath(name, NULL);
	struct stat st;
	int r = 0;

	*ret_target = (struct accept_target){0};
	if (!real || stat(real, &st) < 0)
		return -errno;
	if (mount_it)
		return open_mount(real, &st, ret_target, diag);
	if (S_ISBLK(st.st_mode))
		return sk_diag_path(diag, "", "it is a device: add --mount to look at the file system on it");
	if (strlen(real) >= sizeof ret_target->path)
		return -ENAMETOOLONG;
	memcpy(ret_target->path, real, strlen(real) + 1);
	/* A folder may be where a medium is mounted: then it is bound to that. */
	if (major(st.st_dev) && S_ISDIR(st.st_mode)) {
		char above[4200];
		struct stat up;

		snprintf(above, sizeof above, "%s/..", real);
		if (stat(above, &up) == 0 && (up.st_dev != st.st_dev))
			r = look_at_device(st.st_dev, ret_target);
	}
	return r == SK_NONE ? 0 : r;
}

void accept_target_done(struct accept_target *target)
{
	if (!target->mounted)
		return;
	umount2(target->path, MNT_DETACH);
	rmdir(target->path);
	target->mounted = false;
}
