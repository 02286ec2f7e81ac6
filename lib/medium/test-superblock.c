// SPDX-License-Identifier: GPL-3.0-or-later
/* File systems are told apart by their magic, identifiers are spelt as blkid does, and what is cut short is nothing. */
#include "support/harness.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "medium/superblock.h"

static uint8_t window[SK_SUPERBLOCK_WINDOW];

static const uint8_t id[16] = {0x0f, 0x3c, 0xa1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xff};
#define ID_TEXT "0f3ca100-0102-0304-0506-0708090a0bff"

static const struct {
	const char *type, *uuid;
	struct {
		size_t at, size;
		const void *bytes;
	} parts[3];
	size_t needs; /* bytes without which it is nothing */
} systems[] = {
	{"ext4", ID_TEXT, {{1080, 2, "\x53\xef"}, {1128, 16, id}}, 1144},
	{"xfs", ID_TEXT, {{0, 4, "XFSB"}, {32, 16, id}}, 48},
	{"btrfs", ID_TEXT, {{65600, 8, "_BHRfS_M"}, {65568, 16, id}}, 65608},
	{"f2fs", ID_TEXT, {{1024, 4, "\x10\x20\xf5\xf2"}, {1132, 16, id}}, 1148},
	{"vfat", "4A1B-22C0", {{510, 2, "\x55\xaa"}, {82, 8, "FAT32   "}, {67, 4, "\xc0\x22\x1b\x4a"}}, 512},
	{"vfat", "4A1B-22C0", {{510, 2, "\x55\xaa"}, {54, 8, "FAT16   "}, {39, 4, "\xc0\x22\x1b\x4a"}}, 512},
	{"exfat", "4A1B-22C0", {{3, 8, "EXFAT   "}, {100, 4, "\xc0\x22\x1b\x4a"}}, 104},
	{"ntfs", "0102030405060708", {{3, 8, "NTFS    "}, {72, 8, "\x08\x07\x06\x05\x04\x03\x02\x01"}}, 80},
	{"iso9660", "2026-11-23-01-02-03-00", {{32769, 5, "CD001"}, {33581, 16, "2026112301020300"}}, 33598},
	{"luks", ID_TEXT, {{0, 6, "LUKS\xba\xbe"}, {168, 36, ID_TEXT}}, 204},
	{"squashfs", "", {{0, 4, "hsqs"}}, 96},
};

static void make(size_t i)
{
	memset(window, 0, sizeof window);
	for (size_t p = 0; p < 3 && systems[i].parts[p].bytes; p++)
		memcpy(window + systems[i].parts[p].at, systems[i].parts[p].bytes, systems[i].parts[p].size);
}

static void test_each(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(systems); i++) {
		struct sk_superblock found = {0};

		make(i);
		assert_int_equal(sk_superblock_read(window, sizeof window, &found), 0);
		assert_string_equal(found.type, systems[i].type);
		assert_string_equal(found.uuid, systems[i].uuid);
	}
}

static void test_cut_short(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(systems); i++) {
		struct sk_superblock found = {.type = "untouched"};

		make(i);
		assert_int_equal(sk_superblock_read(window, systems[i].needs, &found), 0);
		found = (struct sk_superblock){.type = "untouched"};
		assert_int_equal(sk_superblock_read(window, systems[i].needs - 1, &found), SK_NONE);
		assert_string_equal(found.type, "untouched");
	}
}

static void test_garbage(void **state)
{
	struct sk_superblock found;

	memset(window, 0xff, sizeof window);
	assert_int_equal(sk_superblock_read(window, sizeof window, &found), SK_NONE);
	memset(window, 0, sizeof window);
	assert_int_equal(sk_superblock_read(window, sizeof window, &found), SK_NONE);
	assert_int_equal(sk_superblock_read(window, 0, &found), SK_NONE);
	memcpy(window + 510, "\x55\xaa", 2); /* a boot sector of no file system: a partition table */
	assert_int_equal(sk_superblock_read(window, sizeof window, &found), SK_NONE);
}

/* A text identifier cannot bring bytes that move a terminal. */
static void test_printable(void **state)
{
	struct sk_superblock found;

	make(9);
	memcpy(window + 168, "\033[2J", 4);
	assert_int_equal(sk_superblock_read(window, sizeof window, &found), 0);
	assert_memory_equal(found.uuid, "??2?", 4);
}

SK_TEST_MAIN(cmocka_unit_test(test_each), cmocka_unit_test(test_cut_short), cmocka_unit_test(test_garbage), cmocka_unit_test(test_printable))
