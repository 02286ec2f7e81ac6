// SPDX-License-Identifier: GPL-3.0-or-later
/* What is found in a folder that an attacker filled: names, links, archives, bounds. And lists: written, read, damaged. */
#include "support/harness.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accept/inventory.h"
#include "base/error.h"
#include "base/mem.h"

static char folder[4096];

static const char *at(const char *name)
{
	static char path[8192];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void new_folder(void)
{
	_cleanup_free_ char *real = realpath(sk_test_dir(), NULL);

	assert_non_null(real);
	snprintf(folder, sizeof folder, "%s", real);
}

static void put(const char *name, const void *data, size_t size)
{
	sk_test_write(at(name), data, size);
}

/* An archive of one member (a name NULL ends the list of pairs). */
static void put_archive(const char *file, int format, const char *const *members)
{
	struct archive *a = archive_write_new();

	archive_write_set_format(a, format);
	assert_int_equal(archive_write_open_filename(a, at(file)), ARCHIVE_OK);
	for (; members[0]; members += 2) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, members[0]);
		archive_entry_set_size(entry, (la_int64_t)strlen(members[1]));
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0755);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, members[1], strlen(members[1])), (la_ssize_t)strlen(members[1]));
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
}

static struct accept_inventory look(const struct accept_bounds *bounds)
{
	struct accept_inventory found = {0};

	assert_int_equal(accept_look(folder, bounds, &found), 0);
	return found;
}

static enum accept_kind kind_of(const struct accept_inventory *inventory, const char *path)
{
	const struct accept_entry *entry = accept_find(inventory, path);

	if (!entry)
		fail_msg("%s is missing", path);
	return entry->kind;
}

static bool has_gap(const struct accept_inventory *inventory, const char *reason)
{
	for (size_t i = 0; i < inventory->gap_count; i++)
		if (strcmp(inventory->gaps[i].reason, reason) == 0)
			return true;
	return false;
}

static void test_kinds(void **state)
{
	struct accept_inventory found;

	new_folder();
	put("script", "#!/bin/sh\n", 10);
	put("install.PS1", "x", 1);
	put("a.exe", "MZ..", 4);
	put("a.dll", "MZ..", 4);
	put("notes.txt", "x", 1);
	put("empty", "", 0);
	put("odd\n\033[2J\\ name\xff", "x", 1);
	assert_int_equal(symlink("/etc/passwd", at("link")), 0);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(mkdir(at("d"), 0755), 0);
	put("d/lib.so", "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0", 18);
	put("d/m.ko", "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0", 18);
	found = look(&accept_usual_bounds);
	assert_int_equal(found.gap_count, 0);
	assert_int_equal(kind_of(&found, "script"), ACCEPT_SCRIPT);
	assert_int_equal(kind_of(&found, "install.PS1"), ACCEPT_SCRIPT);
	assert_int_equal(kind_of(&found, "a.exe"), ACCEPT_PROGRAM);
	assert_int_equal(kind_of(&found, "a.dll"), ACCEPT_LIBRARY);
	assert_int_equal(kind_of(&found, "notes.txt"), ACCEPT_DATA);
	assert_int_equal(kind_of(&found, "empty"), ACCEPT_DATA);
	assert_int_equal(kind_of(&found, "odd\\x0A\\x1B[2J\\x5C name\\xFF"), ACCEPT_DATA);
	assert_int_equal(kind_of(&found, "link"), ACCEPT_LINK); /* not what it points to */
	assert_int_equal(kind_of(&found, "fifo"), ACCEPT_SPECIAL); /* and nobody waited for its writer */
	assert_int_equal(kind_of(&found, "d/m.ko"), ACCEPT_MODULE);
	assert_true(ACCEPT_IS_CODE(kind_of(&found, "d/lib.so")));
	accept_inventory_done(&found);
}

static void test_archives(void **state)
{
	static const char *const inner[] = {"../../x.sh", "#!/bin/sh\nx\n", "readme", "text", NULL}, *const plain[] = {"bin/a", "#!/bin/sh\na\n", NULL};
	struct accept_inventory found;
	char text[65536];
	int fd, n;

	new_folder();
	put_archive("a.tar", ARCHIVE_FORMAT_TAR_USTAR, plain);
	put_archive("b.zip", ARCHIVE_FORMAT_ZIP, inner);
	fd = open(at("b.zip"), O_RDONLY);
	n = (int)read(fd, text, sizeof text);
	close(fd);
	put("broken.zip", text, (size_t)n / 3);
	/* a zip in a tar */
	{
		struct archive *a = archive_write_new();
		struct archive_entry *entry = archive_entry_new();

		archive_write_set_format(a, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
		assert_int_equal(archive_write_open_filename(a, at("nested.tar")), ARCHIVE_OK);
		archive_entry_set_pathname(entry, "in.zip");
		archive_entry_set_size(entry, n);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_write_header(a, entry);
		archive_write_data(a, text, (size_t)n);
		archive_entry_free(entry);
		archive_write_close(a);
		archive_write_free(a);
	}
	found = look(&accept_usual_bounds);
	assert_int_equal(kind_of(&found, "a.tar!/bin/a"), ACCEPT_SCRIPT);
	assert_int_equal(kind_of(&found, "b.zip!/../../x.sh"), ACCEPT_SCRIPT);
	assert_null(accept_find(&found, "b.zip!/readme"));
	assert_int_equal(kind_of(&found, "nested.tar!/in.zip!/../../x.sh"), ACCEPT_SCRIPT);
	assert_true(has_gap(&found, "archive-damaged"));
	assert_int_equal(access(at("../x.sh"), F_OK), -1); /* nothing was unpacked to anywhere */
	accept_inventory_done(&found);
}

static void test_bounds(void **state)
{
	static const char *const big[] = {"zeros", "0000000000000000000000000000000000000000000000000000000000000000", NULL};
	struct accept_bounds bounds = accept_usual_bounds;
	struct accept_inventory found;

	new_folder();
	put("one", "12345678", 8);
	put("two", "1", 1);
	put_archive("a.tar", ARCHIVE_FORMAT_TAR_USTAR, big);
	assert_int_equal(mkdir(at("1"), 0755), 0);
	assert_int_equal(mkdir(at("1/2"), 0755), 0);
	put("1/2/deep", "x", 1);
	bounds.depth = 2;
	bounds.member_bytes = 10;
	found = look(&bounds);
	assert_true(has_gap(&found, "too-deep") && has_gap(&found, "archive-too-large"));
	assert_null(accept_find(&found, "1/2/deep"));
	accept_inventory_done(&found);
	bounds = accept_usual_bounds;
	bounds.files = 2;
	found = look(&bounds);
	assert_true(has_gap(&found, "too-many"));
	accept_inventory_done(&found);
	bounds = accept_usual_bounds;
	bounds.file_bytes = 7;
	found = look(&bounds);
	assert_true(has_gap(&found, "too-large"));
	accept_inventory_done(&found);
	bounds = accept_usual_bounds;
	bounds.time_ms = 0;
	found = look(&bounds);
	assert_true(found.gap_count > 0);
	accept_inventory_done(&found);
}

static void test_digest(void **state)
{
	_cleanup_buf_ struct sk_buf list = SK_BUF(1 << 20), again = SK_BUF(1 << 20);
	struct accept_inventory found, back = {0};
	uint8_t before[32], after[32];
	struct sk_diag diag = {0};

	new_folder();
	put("b", "#!x", 3);
	put("a", "data", 4);
	found = look(&accept_usual_bounds);
	assert_int_equal(accept_list_write(&found, false, &list, before), 0);
	assert_int_equal(accept_list_read(list.data, list.size, &back, &diag), 0);
	assert_int_equal(accept_list_write(&back, false, &again, after), 0);
	assert_memory_equal(before, after, 32);
	accept_inventory_done(&back);
	accept_inventory_done(&found);
	put("a", "dato", 4); /* data alone changes the whole digest, not that of the programs */
	sk_buf_clear(&again);
	found = look(&accept_usual_bounds);
	assert_int_equal(accept_list_write(&found, false, &again, after), 0);
	assert_memory_not_equal(before, after, 32);
	sk_buf_clear(&again);
	assert_int_equal(accept_list_write(&found, true, &again, after), 0);
	assert_int_equal(again.size, 64 + 1 + 1 + 1 + 6 + 1 + 1 + 1);
	accept_inventory_done(&found);
}

/* Who names a folder like the mark between an archive and its member would take its files out of what a pass is for. */
static void test_marked_names(void **state)
{
	_cleanup_buf_ struct sk_buf list = SK_BUF(1 << 20);
	struct accept_inventory found;
	uint8_t digest[SK_SHA256_SIZE];

	(void)state;
	new_folder();
	assert_int_equal(mkdir(at("a!"), 0700), 0);
	assert_int_equal(mkdir(at("a!/b!"), 0700), 0);
	put("a!/b!/late.sh", "#!/bin/sh\n", 10);
	put("a!/\\x21", "x", 1);
	put_archive("inner.tar", ARCHIVE_FORMAT_TAR_USTAR, (const char *const[]){"in!/x.sh", "#!/bin/sh\n", NULL});
	found = look(&accept_usual_bounds);
	assert_int_equal(found.count, 4);
	assert_int_equal(found.members, 1);
	assert_non_null(accept_find(&found, "a\\x21/b\\x21/late.sh"));
	assert_non_null(accept_find(&found, "inner.tar!/in!/x.sh"));
	assert_int_equal(accept_list_write(&found, false, &list, digest), 0);
	assert_non_null(memmem(list.data, list.size, "late.sh", 7));
	assert_null(memmem(list.data, list.size, "x.sh", 4));
	accept_inventory_done(&found);
}

static void test_damaged_lists(void **state)
{
	static const char *const wrong[] = {"x\n", "00 1 data a\n", "! \n", "\n",
					    "0000000000000000000000000000000000000000000000000000000000000000 1 data a",
					    "0000000000000000000000000000000000000000000000000000000000000000 1 data a\033\n",
					    "0000000000000000000000000000000000000000000000000000000000000000 1 date a\n",
					    "0000000000000000000000000000000000000000000000000000000000000000 -1 data a\n",
					    "0000000000000000000000000000000000000000000000000000000000000000 1 data \n"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++) {
		struct accept_inventory found = {0};
		struct sk_diag diag = {0};

		if (accept_list_read(wrong[i], strlen(wrong[i]), &found, &diag) != SK_BAD)
			fail_msg("taken: %s", wrong[i]);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_kinds), cmocka_unit_test(test_archives), cmocka_unit_test(test_bounds), cmocka_unit_test(test_digest),
	     cmocka_unit_test(test_damaged_lists), cmocka_unit_test(test_marked_names))
