// SPDX-License-Identifier: GPL-3.0-or-later
/* os-release of a target that may be anybody's. */
#include "support/harness.h"

#include <string.h>

#include "accept/osrelease.h"
#include "base/error.h"

static int read_text(const char *text, struct accept_os *os)
{
	return accept_os_read(text, strlen(text), os);
}

static void test_usual(void **state)
{
	struct accept_os os;
	int64_t days;

	assert_int_equal(read_text("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n# x\nSUPPORT_END=2028-06-30\n", &os), 0);
	assert_string_equal(os.id, "debian");
	assert_string_equal(os.version, "12");
	assert_string_equal(os.name, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(os.support_end, "2028-06-30");
	assert_int_equal(accept_os_days(&os, 1845849600 /* 2028-06-29 */, &days), 0);
	assert_int_equal(days, 1);
	assert_int_equal(accept_os_days(&os, 1845936000 + 86399, &days), 0); /* its last second */
	assert_int_equal(days, 0);
	assert_int_equal(accept_os_days(&os, 1845936000 + 86400, &days), 0);
	assert_int_equal(days, -1);
}

static void test_not_said(void **state)
{
	struct accept_os os;
	int64_t days;

	assert_int_equal(read_text("ID=x\nSUPPORT_END=soon\n", &os), 0);
	assert_string_equal(os.support_end, "");
	assert_int_equal(accept_os_days(&os, 0, &days), SK_NONE);
	assert_int_equal(read_text("", &os), SK_NONE);
	assert_int_equal(read_text("VERSION_ID=3\n", &os), SK_NONE);
}

static void test_hostile(void **state)
{
	struct accept_os os;

	assert_int_equal(read_text("ID=a\033[2J$(reboot)\nPRETTY_NAME=\"never closed\nID_LIKE=b", &os), 0);
	assert_string_equal(os.id, "a?[2J$(reboot)");
	assert_string_equal(os.name, "");
	assert_int_equal(read_text("ID=\"a\\\"b\"\nID", &os), 0);
	assert_string_equal(os.id, "a\"b");
	assert_int_equal(accept_os_read("ID=\"a\\", 6, &os), SK_NONE);
}

SK_TEST_MAIN(cmocka_unit_test(test_usual), cmocka_unit_test(test_not_said), cmocka_unit_test(test_hostile))
