// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which file system begins here, and its identifier, from the first bytes of a device: no library, no allocation, no system call. It decides by magic
 * numbers alone and believes nothing else; a medium that lies about its identifier gets the rule of that identifier, so a rule by UUID is
 * as strong as a name tag (docs/media.md says so).
 *
 * Identifiers are spelt as blkid(8) spells them: "0f3c...-..." (ext, XFS, btrfs, F2FS, LUKS), "4A1B-22C0" (FAT, exFAT), 16 capital hex digits (NTFS),
 * "2026-11-23-01-02-03-00" (ISO 9660). squashfs has none.
 */
#pragma once

#include <stddef.h>

#define SK_SUPERBLOCK_WINDOW (68u << 10) /* bytes from the start of the device that are looked at */

struct sk_superblock {
	char type[12]; /* as mount(8) wants it: "ext4", "vfat", "exfat", "ntfs", "iso9660", "xfs", "btrfs", "f2fs", "squashfs", "luks" */
	char uuid[40]; /* "" = it has none */
};

/* 0; SK_NONE: nothing we know begins here (also when the data ends before the identifier does). */
int sk_superblock_read(const void *data, size_t size, struct sk_superblock *ret_superblock);
