// SPDX-License-Identifier: GPL-3.0-or-later
/* Reads sysfs. Its texts come from the medium's firmware: they are cut and made printable as they are read. */
#include "medium/medium.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

const char *const sk_medium_kinds[] = {"none", "usb", "removable", "image", NULL};

/* The first line of a small file, trimmed, as it is. False when there is none. */
static bool read_raw(const char *folder, const char *name, char *out, size_t size)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (n < 0)
		return false;
	out[n] = 0;
	out[strcspn(out, "\n")] = 0;
	for (n = (ssize_t)strlen(out); n > 0 && out[n - 1] == ' '; n--)
		out[n - 1] = 0;
	return true;
}

static bool read_text(const char *folder, const char *name, char out[static SK_MEDIUM_TEXT])
{
	if (!read_raw(folder, name, out, SK_MEDIUM_TEXT))
		return false;
	for (unsigned char *c = (unsigned char *)out; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return true;
}

static uint64_t read_number(const char *folder, const char *name)
{
	char text[32];
	uint64_t value;

	return read_raw(folder, name, text, sizeof text) && sk_parse_u64(text, UINT64_MAX, &value) == 0 ? value : 0;
}

static bool exists(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && access(path, F_OK) == 0;
}

/* Cuts the last part off a path. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = 0;
	return true;
}

/* The USB device above a disk; the nearest. */
static bool read_usb(const char *disk, const char *stop, struct sk_medium *out)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s", disk);
	while (go_up(path) && strlen(path) > strlen(stop)) {
		if (!exists(path, "idVendor") || !exists(path, "idProduct"))
			continue;
		read_text(path, "idVendor", out->vendor);
		read_text(path, "idProduct", out->product);
		read_text(path, "serial", out->serial);
		return true;
	}
	return false;
}

static bool is_below(const char *path, const char *folder)
{
	size_t size = strlen(folder);

	while (size > 1 && folder[size - 1] == '/')
		size--;
	return size && strncmp(path, folder, size) == 0 && (path[size] == '/' || size == 1);
}

static bool read_image(const char *disk, const char *const *images, struct sk_medium *out)
{
	char loop[PATH_MAX], image[PATH_MAX], name[SK_MEDIUM_TEXT];
	const char *slash;

	if (snprintf(loop, sizeof loop, "%s/loop", disk) >= (int)sizeof loop || !read_raw(loop, "backing_file", image, sizeof image))
		return false;
	for (; images && *images; images++) {
		if (!is_below(image, *images))
			continue;
		slash = strrchr(image, '/');
		snprintf(name, sizeof name, "%.*s", SK_MEDIUM_TEXT - 1, slash ? slash + 1 : image);
		for (unsigned char *c = (unsigned char *)name; *c; c++)
			if (*c < 0x20 || *c > 0x7e)
				*c = '?';
		snprintf(out->vendor, sizeof out->vendor, "image");
		memcpy(out->product, name, sizeof name);
		return true;
	}
	return false;
}

static enum sk_medium_kind kind_of(const char *sysfs, const char *disk, const char *const *images, struct sk_medium *out)
{
	if (exists(disk, "loop"))
		return read_image(disk, images, out) ? SK_MEDIUM_IMAGE : SK_MEDIUM_NONE;
	if (read_usb(disk, sysfs, out))
		return SK_MEDIUM_USB;
	if (read_number(disk, "removable") != 1)
		return SK_MEDIUM_NONE;
	read_text(disk, "device/vendor", out->vendor);
	read_text(disk, "device/model", out->product);
	read_text(disk, "device/serial", out->serial);
	return SK_MEDIUM_REMOVABLE;
}

/* A folder inside a disk's is a partition when it says so. */
static bool has_partitions(const char *disk)
{
	char path[PATH_MAX];
	bool found = false;
	DIR *folder = opendir(disk);

	for (struct dirent *entry; folder && !found && (entry = readdir(folder));)
		found = entry->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", disk, entry->d_name) < (int)sizeof path &&
			exists(path, "partition");
	if (folder)
		closedir(folder);
	return found;
}

static void copy_name(const char *path, char out[static 32])
{
	const char *slash = strrchr(path, '/');

	snprintf(out, 32, "%.31s", slash ? slash + 1 : path);
}

int sk_medium_look(const char *sysfs, unsigned major, unsigned minor, const char *const *images, struct sk_medium *ret_medium)
{
	struct sk_medium out = {.major = major, .minor = minor};
	char link[PATH_MAX], disk[PATH_MAX];

	snprintf(link, sizeof link, "%s/dev/block/%u:%u", sysfs, major, minor);
	if (!realpath(link, disk))
		return errno == ENOENT || errno == ENOTDIR ? SK_NONE : -errno;
	copy_name(disk, out.name);
	out.sectors = read_number(disk, "size");
	out.read_only = read_number(disk, "ro") == 1;
	if (exists(disk, "partition"))
		go_up(disk);
	else
		out.has_parts = has_partitions(disk);
	copy_name(disk, out.disk);
	out.sequence = read_number(disk, "diskseq");
	out.kind = kind_of(sysfs, disk, images, &out);
	*ret_medium = out;
	return 0;
}

static int each_of(const char *folder, int (*each)(void *arg, unsigned major, unsigned minor), void *arg)
{
	char text[32];
	unsigned major, minor;

	if (!read_raw(folder, "dev", text, sizeof text) || sscanf(text, "%u:%u", &major, &minor) != 2)
		return 0;
	return each(arg, major, minor);
}

static int each_part(const char *disk, int (*each)(void *arg, unsigned major, unsigned minor), void *arg)
{
	char path[PATH_MAX];
	DIR *folder = opendir(disk);
	int r = 0;

	for (struct dirent *entry; folder && r == 0 && (entry = readdir(folder));)
		if (entry->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", disk, entry->d_name) < (int)sizeof path && exists(path, "partition"))
			r = each_of(path, each, arg);
	if (folder)
		closedir(folder);
	return r;
}

int sk_medium_each(const char *sysfs, int (*each)(void *arg, unsigned major, unsigned minor), void *arg)
{
	char block[PATH_MAX], path[PATH_MAX];
	DIR *folder;
	int r = 0;

	snprintf(block, sizeof block, "%s/block", sysfs);
	folder = opendir(block);
	if (!folder)
		return -errno;
	for (struct dirent *entry; r == 0 && (entry = readdir(folder));) {
		if (entry->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", block, entry->d_name) >= (int)sizeof path)
			continue;
		r = each_of(path, each, arg);
		if (r == 0)
			r = each_part(path, each, arg);
	}
	closedir(folder);
	return r;
}

static bool text_fits(const char *asked, const char *is)
{
	size_t size = asked ? strlen(asked) : 0;

	if (!size)
		return true;
	if (asked[size - 1] == '*')
		return strncasecmp(asked, is, size - 1) == 0;
	return strcasecmp(asked, is) == 0;
}

bool sk_medium_fits(const struct sk_medium_rule *rule, const struct sk_medium *medium)
{
	return text_fits(rule->vendor, medium->vendor) && text_fits(rule->product, medium->product) && text_fits(rule->serial, medium->serial) &&
	       text_fits(rule->uuid, medium->superblock.uuid);
}

void sk_medium_identity(const struct sk_medium *medium, char out[static SK_MEDIUM_IDENTITY])
{
	out[0] = 0;
	if (medium->kind != SK_MEDIUM_IMAGE && medium->kind != SK_MEDIUM_NONE && medium->serial[0])
		snprintf(out, SK_MEDIUM_IDENTITY, "%.40s:%.40s:%.70s", medium->vendor, medium->product, medium->serial);
	else if (medium->superblock.uuid[0])
		snprintf(out, SK_MEDIUM_IDENTITY, "uuid:%s", medium->superblock.uuid);
}
