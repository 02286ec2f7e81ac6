// SPDX-License-Identifier: GPL-3.0-or-later
/* One reader for each file system, in a table; each sees the whole window through a cursor of its own. */
#include "medium/superblock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

/* `size` bytes at `offset`; NULL when the window is shorter. */
static const uint8_t *bytes_at(struct sk_cursor window, size_t offset, size_t size)
{
	return sk_get_bytes(&window, offset) ? sk_get_bytes(&window, size) : NULL;
}

static bool has(struct sk_cursor window, size_t offset, const char *magic, size_t size)
{
	const uint8_t *bytes = bytes_at(window, offset, size);

	return bytes && memcmp(bytes, magic, size) == 0;
}
#define HAS(window, offset, magic) has(window, offset, magic, sizeof(magic) - 1)

/* 8-4-4-4-12 from 16 bytes. */
static bool put_uuid(struct sk_cursor window, size_t offset, char out[static 40])
{
	const uint8_t *bytes = bytes_at(window, offset, 16);
	char hex[33];

	if (!bytes)
		return false;
	sk_hex(bytes, 16, hex);
	snprintf(out, 40, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	return true;
}

/* "XXXX-XXXX" from a little-endian number. */
static bool put_serial(struct sk_cursor window, size_t offset, char out[static 40])
{
	const uint8_t *b = bytes_at(window, offset, 4);

	if (!b)
		return false;
	snprintf(out, 40, "%02X%02X-%02X%02X", b[3], b[2], b[1], b[0]);
	return true;
}

static bool read_ext(struct sk_cursor window, struct sk_superblock *out)
{
	return HAS(window, 1024 + 56, "\x53\xef") && put_uuid(window, 1024 + 104, out->uuid);
}

static bool read_exfat(struct sk_cursor window, struct sk_superblock *out)
{
	return HAS(window, 3, "EXFAT   ") && put_serial(window, 100, out->uuid);
}

static bool read_ntfs(struct sk_cursor window, struct sk_superblock *out)
{
	const uint8_t *b = bytes_at(window, 72, 8);

	if (!HAS(window, 3, "NTFS    ") || !b)
		return false;
	snprintf(out->uuid, sizeof out->uuid, "%02X%02X%02X%02X%02X%02X%02X%02X", b[7], b[6], b[5], b[4], b[3], b[2], b[1], b[0]);
	return true;
}

static bool read_fat(struct sk_cursor window, struct sk_superblock *out)
{
	if (!HAS(window, 510, "\x55\xaa"))
		return false;
	if (HAS(window, 82, "FAT32   "))
		return put_serial(window, 67, out->uuid);
	return (HAS(window, 54, "FAT12   ") || HAS(window, 54, "FAT16   ") || HAS(window, 54, "FAT     ")) && put_serial(window, 39, out->uuid);
}

/* The volume's date of making: 16 digits and a zone byte. */
static bool read_iso(struct sk_cursor window, struct sk_superblock *out)
{
	const uint8_t *date = bytes_at(window, 32768 + 813, 17);
	char d[17];

	if (!HAS(window, 32768 + 1, "CD001") || !date)
		return false;
	for (size_t i = 0; i < 16; i++)
		d[i] = date[i] >= '0' && date[i] <= '9' ? (char)date[i] : '0';
	d[16] = 0;
	snprintf(out->uuid, sizeof out->uuid, "%.4s-%.2s-%.2s-%.2s-%.2s-%.2s-%.2s", d, d + 4, d + 6, d + 8, d + 10, d + 12, d + 14);
	return true;
}

static bool read_xfs(struct sk_cursor window, struct sk_superblock *out)
{
	return HAS(window, 0, "XFSB") && put_uuid(window, 32, out->uuid);
}

static bool read_btrfs(struct sk_cursor window, struct sk_superblock *out)
{
	return HAS(window, 65536 + 64, "_BHRfS_M") && put_uuid(window, 65536 + 32, out->uuid);
}

static bool read_f2fs(struct sk_cursor window, struct sk_superblock *out)
{
	return HAS(window, 1024, "\x10\x20\xf5\xf2") && put_uuid(window, 1024 + 108, out->uuid);
}

static bool read_squashfs(struct sk_cursor window, struct sk_superblock *out)
{
	(void)out;
	return HAS(window, 0, "hsqs") && bytes_at(window, 0, 96);
}

/* Its identifier is text. */
static bool read_luks(struct sk_cursor window, struct sk_superblock *out)
{
	const uint8_t *text = bytes_at(window, 168, 36);

	if (!HAS(window, 0, "LUKS\xba\xbe") || !text)
		return false;
	for (size_t i = 0; i < 36; i++)
		out->uuid[i] = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') || text[i] == '-' ? (char)text[i] : '?';
	out->uuid[36] = 0;
	return true;
}

/* What a device may carry from an earlier life stands behind what is more likely in force. */
static const struct {
	const char *type;
	bool (*read)(struct sk_cursor window, struct sk_superblock *out);
} readers[] = {{"luks", read_luks}, {"xfs", read_xfs}, {"squashfs", read_squashfs}, {"ext4", read_ext}, {"btrfs", read_btrfs}, {"f2fs", read_f2fs},
	       {"iso9660", read_iso}, {"exfat", read_exfat}, {"ntfs", read_ntfs}, {"vfat", read_fat}};

int sk_superblock_read(const void *data, size_t size, struct sk_superblock *ret_superblock)
{
	struct sk_cursor window;

	sk_cursor_init(&window, data, SK_MIN(size, (size_t)SK_SUPERBLOCK_WINDOW));
	for (size_t i = 0; i < SK_ARRAY_SIZE(readers); i++) {
		struct sk_superblock found = {0};

		if (!readers[i].read(window, &found))
			continue;
		snprintf(found.type, sizeof found.type, "%s", readers[i].type);
		*ret_superblock = found;
		return 0;
	}
	return SK_NONE;
}
