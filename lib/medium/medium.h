// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The identity of a block device as the kernel tells it in sysfs: is it a removable medium, and whose. Nothing of the medium itself is read here.
 *
 * What counts as removable is said by the caller (kinds, and folders of images for loop devices); a disk that is none of these is never a medium, so
 * that whoever acts on media cannot touch the machine's own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "medium/superblock.h"

enum sk_medium_kind {
	SK_MEDIUM_NONE,      /* not a medium: one of the machine's own disks */
	SK_MEDIUM_USB,       /* behind USB */
	SK_MEDIUM_REMOVABLE, /* the kernel says removable: cards, optical discs, cartridges */
	SK_MEDIUM_IMAGE,     /* a loop device over an image below one of the caller's folders */
};
extern const char *const sk_medium_kinds[]; /* "none", "usb", "removable", "image" */

#define SK_MEDIUM_TEXT 96

struct sk_medium {
	unsigned major, minor;
	char name[32];      /* "sdb1": below /dev */
	char disk[32];      /* "sdb"; the same as `name` for a whole disk */
	bool has_parts;     /* a whole disk with partitions: what is mounted are those */
	enum sk_medium_kind kind;
	char vendor[SK_MEDIUM_TEXT], product[SK_MEDIUM_TEXT], serial[SK_MEDIUM_TEXT]; /* USB: ids as 4 hex digits and its serial number; else SCSI's
	                       words; an image: "image", its file's name, "". Printable ASCII; other bytes are '?' */
	uint64_t sequence;  /* diskseq: another number = another medium in the same device; 0 = the kernel is too old (before 5.15) */
	bool read_only;     /* by a switch, or because somebody set it so (blockdev --setro) */
	uint64_t sectors;   /* 512 bytes each; 0 = there is no medium in it */
	struct sk_superblock superblock; /* filled by whoever reads the device; empty here */
};

/* `sysfs` is "/sys", or a test's. `images`: folders, NULL-ended, may be NULL. 0; SK_NONE: there is no such device; -errno. */
int sk_medium_look(const char *sysfs, unsigned major, unsigned minor, const char *const *images, struct sk_medium *ret_medium);
/* "major:minor" of each block device that may carry a medium, whole disks before their partitions. An answer other than 0 ends it, and is returned. */
int sk_medium_each(const char *sysfs, int (*each)(void *arg, unsigned major, unsigned minor), void *arg);

/*
 * What a pass calls it: "vendor:product:serial" of what has a serial number, else "uuid:..." of its file system; "" when it has neither. An image has the serial
 * of no device.
 */
#define SK_MEDIUM_IDENTITY 160
void sk_medium_identity(const struct sk_medium *medium, char out[static SK_MEDIUM_IDENTITY]);

/* What a rule asks for: NULL or "" = anything; a text may end in '*'. */
struct sk_medium_rule {
	const char *vendor, *product, *serial, *uuid;
};
bool sk_medium_fits(const struct sk_medium_rule *rule, const struct sk_medium *medium);
