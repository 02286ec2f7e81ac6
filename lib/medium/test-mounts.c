// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines of mountinfo, with the names that an attacker would choose. */
#include "support/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "medium/mounts.h"

static int read_line(const char *line, struct sk_mount_entry *out)
{
	return sk_mount_read(line, strlen(line), out);
}

static void test_fields(void **state)
{
	struct sk_mount_entry m;

	assert_int_equal(read_line("36 35 7:3 / /media/a\\040b rw,nosuid,relatime shared:1 master:2 - ext4 /dev/loop3 ro,errors=remount-ro", &m), 0);
	assert_int_equal(m.major, 7);
	assert_int_equal(m.minor, 3);
	assert_string_equal(m.point, "/media/a b");
	assert_string_equal(m.type, "ext4");
	assert_string_equal(m.source, "/dev/loop3");
	assert_int_equal(m.flags, MS_NOSUID | MS_RELATIME);
	assert_true(m.super_read_only);
	assert_int_equal(read_line("36 35 7:3 / /m ro,noexec - vfat /dev/x rw,fmask=0022,iocharset=ro", &m), 0);
	assert_int_equal(m.flags, MS_RDONLY | MS_NOEXEC);
	assert_false(m.super_read_only);
}

static void test_hostile(void **state)
{
	struct sk_mount_entry m;

	assert_int_equal(read_line("36 35 7:3 / /media/\\012-\\040-\\134 rw - ext4 /dev/loop3 rw", &m), 0);
	assert_string_equal(m.point, "/media/\n- -\\");
	assert_int_equal(read_line("36 35 7:3 / /media/\\000x rw - ext4 /dev/loop3 rw", &m), SK_BAD);
	assert_int_equal(read_line("36 35 7:99999999999 / /m rw - ext4 /dev/loop3 rw", &m), SK_BAD);
	assert_int_equal(read_line("36 35 7:3 / /m rw ext4 /dev/loop3 rw", &m), SK_BAD);
	assert_int_equal(read_line("", &m), SK_BAD);
	assert_int_equal(read_line("36 35 0:3 / /m rw - tmpfs  rw", &m), 0); /* an empty source */
	assert_string_equal(m.source, "");
}

static void test_too_long(void **state)
{
	static char line[SK_MOUNT_PATH + 200];
	struct sk_mount_entry m;
	int n = snprintf(line, sizeof line, "1 1 7:3 / /");

	memset(line + n, 'a', SK_MOUNT_PATH);
	snprintf(line + n + SK_MOUNT_PATH, 64, " rw - ext4 x rw");
	assert_int_equal(read_line(line, &m), SK_BAD);
}

static int count(void *arg, const struct sk_mount_entry *mount)
{
	int *seen = arg;

	seen[0]++;
	seen[1] += strcmp(mount->point, "/") == 0;
	return 0;
}

static void test_real(void **state)
{
	_cleanup_close_ int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	int seen[2] = {0};

	assert_true(fd >= 0);
	assert_int_equal(sk_mounts_each(fd, count, seen), 0);
	assert_true(seen[0] > 0 && seen[1] > 0);
	seen[0] = 0;
	assert_int_equal(sk_mounts_each(fd, count, seen), 0); /* again, from the start */
	assert_true(seen[0] > 0);
}

SK_TEST_MAIN(cmocka_unit_test(test_fields), cmocka_unit_test(test_hostile), cmocka_unit_test(test_too_long), cmocka_unit_test(test_real))
