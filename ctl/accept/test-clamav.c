// SPDX-License-Identifier: GPL-3.0-or-later
/* "clean" only when the exit code, the finds and the summary all say so. What clamscan is made to print by file names is among the cases. */
#include "support/harness.h"

#include <string.h>

#include "accept/clamav.h"
#include "base/mem.h"

#define SUMMARY(files, infected)                                                                                                              \
	"\n----------- SCAN SUMMARY -----------\nKnown viruses: 7\nEngine version: 1.4.3\nScanned files: " files "\nInfected files: " infected "\nTime: 1\n"

static const struct {
	int code;
	const char *text;
	enum accept_scan scan;
	size_t hits;
} cases[] = {
	{0, SUMMARY("3", "0"), ACCEPT_CLEAN, 0},
	{1, "/m/e: x.com: Eicar-Test FOUND\n" SUMMARY("3", "1"), ACCEPT_INFECTED, 1},
	{1, SUMMARY("3", "1"), ACCEPT_SCAN_FAILED, 0},			      /* infected, but what? */
	{0, "/m/e: Eicar FOUND\n" SUMMARY("3", "1"), ACCEPT_SCAN_FAILED, 1},  /* the code does not fit */
	{0, "", ACCEPT_SCAN_FAILED, 0},
	{0, "Scanned files: 3\nInfected files: 0\n", ACCEPT_SCAN_FAILED, 0},  /* no summary */
	{2, SUMMARY("3", "0"), ACCEPT_SCAN_FAILED, 0},
	{-1, SUMMARY("3", "0"), ACCEPT_SCAN_FAILED, 0},			      /* killed */
	{127, "", ACCEPT_SCAN_FAILED, 0},
	{0, SUMMARY("3", "0") "Total errors: 4\n", ACCEPT_SCAN_FAILED, 0},
	{0, SUMMARY("x", "0"), ACCEPT_SCAN_FAILED, 0},
	/* a file whose name is a summary: the real one follows and counts */
	{1, "/m/\n----------- SCAN SUMMARY -----------\nScanned files: 9\nInfected files: 0\n: Eicar FOUND\n/m/b: Eicar FOUND\n" SUMMARY("3", "1"), ACCEPT_SCAN_FAILED, 0},
	{1, "/m/a\nb: Eicar FOUND\n" SUMMARY("3", "1"), ACCEPT_INFECTED, 1},
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct accept_clam clam = {0};

		assert_int_equal(accept_clam_read(cases[i].code, cases[i].text, strlen(cases[i].text), &clam), 0);
		if (clam.scan != cases[i].scan || clam.hit_count != cases[i].hits)
			fail_msg("case %zu: %s, %zu hits", i, accept_scan_words[clam.scan], clam.hit_count);
		if (clam.scan == ACCEPT_SCAN_FAILED)
			assert_true(clam.reason[0]);
		accept_clam_done(&clam);
	}
}

static void test_details(void **state)
{
	static const char text[] = "/m/\033[2J: Eicar FOUND\n" SUMMARY("3", "1");
	struct accept_clam clam = {0};

	assert_int_equal(accept_clam_read(1, text, strlen(text), &clam), 0);
	assert_string_equal(clam.hits[0].path, "/m/?[2J");
	assert_string_equal(clam.hits[0].name, "Eicar");
	assert_string_equal(clam.engine, "1.4.3");
	assert_int_equal(clam.signatures, 7);
	assert_int_equal(clam.scanned, 3);
	accept_clam_done(&clam);
}

static void test_missing(void **state)
{
	const struct accept_clam_job job = {.program = "/nowhere/clamscan", .target = "/", .time_ms = 1000, .file_max = 1};
	struct accept_clam clam;

	assert_int_equal(accept_clam_run(&job, &clam), 0);
	assert_int_equal(clam.scan, ACCEPT_NOT_SCANNED);
}

SK_TEST_MAIN(cmocka_unit_test(test_cases), cmocka_unit_test(test_details), cmocka_unit_test(test_missing))
