// SPDX-License-Identifier: GPL-3.0-or-later
/* Which devices are media, and whose, on a /sys made for the purpose. The machine's own disks are never media. */
#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "medium/medium.h"

static char sysfs[512];

static void folder(const char *path)
{
	char whole[2048];

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		snprintf(whole, sizeof whole, "%s/%.*s", sysfs, (int)(slash - path), path);
		mkdir(whole, 0755);
	}
	snprintf(whole, sizeof whole, "%s/%s", sysfs, path);
	mkdir(whole, 0755);
}

static void file(const char *path, const char *text)
{
	char whole[2048];

	snprintf(whole, sizeof whole, "%s/%s", sysfs, path);
	sk_test_write(whole, text, strlen(text));
}

static void device(const char *path, const char *number, bool whole_disk)
{
	char link[4096], target[2048], name[1100];

	folder(path);
	snprintf(name, sizeof name, "%s/dev", path);
	file(name, number);
	snprintf(target, sizeof target, "%s/%s", sysfs, path);
	snprintf(link, sizeof link, "%s/dev/block/%.*s", sysfs, (int)strcspn(number, "\n"), number);
	assert_int_equal(symlink(target, link), 0);
	if (!whole_disk)
		return;
	snprintf(link, sizeof link, "%s/block%s", sysfs, strrchr(path, '/'));
	assert_int_equal(symlink(target, link), 0);
}

static int setup(void **state)
{
	_cleanup_free_ char *real = realpath(sk_test_dir(), NULL);

	assert_non_null(real);
	snprintf(sysfs, sizeof sysfs, "%s", real);
	folder("dev/block");
	folder("block");
	device("devices/pci0/usb1/1-2/host6/block/sdb", "8:16\n", true);
	file("devices/pci0/usb1/1-2/idVendor", "0781\n");
	file("devices/pci0/usb1/1-2/idProduct", "5581\n");
	file("devices/pci0/usb1/1-2/serial", "4C53\xff\033[2J \n");
	file("devices/pci0/usb1/1-2/host6/block/sdb/removable", "1\n");
	file("devices/pci0/usb1/1-2/host6/block/sdb/diskseq", "9\n");
	device("devices/pci0/usb1/1-2/host6/block/sdb/sdb1", "8:17\n", false);
	file("devices/pci0/usb1/1-2/host6/block/sdb/sdb1/partition", "1\n");
	file("devices/pci0/usb1/1-2/host6/block/sdb/sdb1/size", "2048\n");
	device("devices/pci0/ata1/block/sda", "8:0\n", true);
	file("devices/pci0/ata1/block/sda/removable", "0\n");
	device("devices/pci0/ata2/block/sr0", "11:0\n", true);
	file("devices/pci0/ata2/block/sr0/removable", "1\n");
	folder("devices/pci0/ata2/block/sr0/device");
	file("devices/pci0/ata2/block/sr0/device/vendor", "HL-DT-ST\n");
	device("devices/virtual/block/loop0", "7:0\n", true);
	folder("devices/virtual/block/loop0/loop");
	file("devices/virtual/block/loop0/loop/backing_file", "/srv/media/a b.img\n");
	return 0;
}

static const char *const images[] = {"/srv/media/", NULL}, *const others[] = {"/srv/med", "/srv/media/a", NULL};

static void test_usb(void **state)
{
	struct sk_medium m;

	assert_int_equal(sk_medium_look(sysfs, 8, 17, NULL, &m), 0);
	assert_int_equal(m.kind, SK_MEDIUM_USB);
	assert_string_equal(m.name, "sdb1");
	assert_string_equal(m.disk, "sdb");
	assert_string_equal(m.vendor, "0781");
	assert_string_equal(m.product, "5581");
	assert_string_equal(m.serial, "4C53??[2J"); /* firmware's bytes move no terminal */
	assert_int_equal(m.sequence, 9);
	assert_int_equal(m.sectors, 2048);
	assert_false(m.has_parts);
	assert_int_equal(sk_medium_look(sysfs, 8, 16, NULL, &m), 0);
	assert_true(m.has_parts);
}

static void test_own_disks(void **state)
{
	struct sk_medium m;

	assert_int_equal(sk_medium_look(sysfs, 8, 0, images, &m), 0);
	assert_int_equal(m.kind, SK_MEDIUM_NONE);
	assert_int_equal(sk_medium_look(sysfs, 11, 0, images, &m), 0);
	assert_int_equal(m.kind, SK_MEDIUM_REMOVABLE);
	assert_string_equal(m.vendor, "HL-DT-ST");
	assert_int_equal(sk_medium_look(sysfs, 99, 0, images, &m), SK_NONE);
}

static void test_images(void **state)
{
	struct sk_medium m;

	assert_int_equal(sk_medium_look(sysfs, 7, 0, NULL, &m), 0);
	assert_int_equal(m.kind, SK_MEDIUM_NONE); /* loop devices are the machine's own unless a folder is named */
	assert_int_equal(sk_medium_look(sysfs, 7, 0, others, &m), 0);
	assert_int_equal(m.kind, SK_MEDIUM_NONE);
	assert_int_equal(sk_medium_look(sysfs, 7, 0, images, &m), 0);
	assert_int_equal(m.kind, SK_MEDIUM_IMAGE);
	assert_string_equal(m.product, "a b.img");
}

static int collect(void *arg, unsigned major, unsigned minor)
{
	unsigned *seen = arg;

	seen[0]++;
	seen[1] += major == 8 && minor == 17;
	return 0;
}

static void test_each(void **state)
{
	unsigned seen[2] = {0};

	assert_int_equal(sk_medium_each(sysfs, collect, seen), 0);
	assert_int_equal(seen[0], 5);
	assert_int_equal(seen[1], 1);
}

static void test_rules(void **state)
{
	struct sk_medium m = {.vendor = "0781", .product = "5581", .serial = "4C53", .superblock = {"vfat", "4A1B-22C0"}};

	assert_true(sk_medium_fits(&(struct sk_medium_rule){0}, &m));
	assert_true(sk_medium_fits(&(struct sk_medium_rule){"0781", "", "4C*", "4a1b-22c0"}, &m));
	assert_false(sk_medium_fits(&(struct sk_medium_rule){.vendor = "0781", .serial = "4C"}, &m));
	assert_false(sk_medium_fits(&(struct sk_medium_rule){.vendor = "0781", .uuid = "4A1B-22C1"}, &m));
	assert_false(sk_medium_fits(&(struct sk_medium_rule){.product = "55811"}, &m));
	m.superblock.uuid[0] = 0;
	assert_false(sk_medium_fits(&(struct sk_medium_rule){.uuid = "4A1B-22C0"}, &m)); /* what could not be read fits no rule that asks for it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_usb), cmocka_unit_test(test_own_disks), cmocka_unit_test(test_images),
					   cmocka_unit_test(test_each), cmocka_unit_test(test_rules)};

	sk_test_begin();
	return cmocka_run_group_tests(tests, setup, NULL);
}
