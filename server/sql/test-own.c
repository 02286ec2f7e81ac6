// SPDX-License-Identifier: GPL-3.0-or-later
/* What is handed over and what is not: the folder belongs to somebody who may have put things there for root to trip over. */
#include "support/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sql/own.h"

enum { DUTY = 61198 };

static char path[4][512];

static uid_t owner(int i, mode_t *ret_mode)
{
	struct stat st;

	assert_int_equal(lstat(path[i], &st), 0);
	*ret_mode = st.st_mode & 07777;
	return st.st_uid;
}

static void test_hands_over(void **state)
{
	static const char *const names[] = {"foreign", "folder/data", "folder/link", "folder/symlink"};
	const char *root = sk_test_dir();
	char folder[512];
	mode_t mode;
	int dir;

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(folder, sizeof folder, "%s/folder", root);
	assert_int_equal(mkdir(folder, 0700), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		snprintf(path[i], sizeof path[i], "%s/%s", root, names[i]);
	sk_test_write(path[0], "root's own", 10);
	sk_test_write(path[1], "data", 4);
	assert_int_equal(chmod(path[0], 0640), 0);
	assert_int_equal(link(path[0], path[2]), 0);
	assert_int_equal(symlink(path[0], path[3]), 0);
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(sk_folder_own(dir, "folder", DUTY, DUTY, 0600), 0);
	close(dir);
	assert_int_equal(owner(1, &mode), DUTY);
	assert_int_equal(mode, 0600);
	assert_int_equal(owner(0, &mode), 0); /* reached by neither link */
	assert_int_equal(mode, 0640);
}

SK_TEST_MAIN(cmocka_unit_test(test_hands_over))
