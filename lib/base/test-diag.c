// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Diagnoses: every shape of place, foreign text made harmless, lengths. Errors and the log: one line at the
 * origin, none forged.
 */
#include "support/harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

static void format_is(const struct sk_diag *diag, const char *wanted)
{
	char out[700];

	assert_ptr_equal(sk_diag_format(diag, out, sizeof out), out);
	assert_string_equal(out, wanted);
	for (size_t size = 1; size < strlen(wanted); size++) {
		_cleanup_free_ char *exact = sk_malloc(size);

		sk_diag_format(diag, exact, size);
		assert_int_equal(strlen(exact), size - 1);
	}
}

static void test_places(void **state)
{
	struct sk_diag diag = {0};

	(void)state;
	sk_diag_source(&diag, "agent.yaml");
	assert_int_equal(sk_diag_line(&diag, 3, 7, "no key %s", "x"), SK_BAD);
	format_is(&diag, "agent.yaml:3:7: no key x");
	diag = (struct sk_diag){0};
	sk_diag_source(&diag, "batch");
	assert_int_equal(sk_diag_offset(&diag, 25, "too short"), SK_BAD);
	format_is(&diag, "batch: byte 25: too short");
	diag = (struct sk_diag){0};
	sk_diag_source(&diag, "policy");
	assert_int_equal(sk_diag_path(&diag, "programs[3].sha256", "wrong"), SK_BAD);
	format_is(&diag, "policy: programs[3].sha256: wrong");
	/* Nobody wants to know: still SK_BAD. */
	assert_int_equal(sk_diag_line(NULL, 1, 1, "x"), SK_BAD);
	assert_int_equal(sk_diag_offset(NULL, 1, "x"), SK_BAD);
	assert_int_equal(sk_diag_path(NULL, "x", "x"), SK_BAD);
	sk_diag_source(NULL, "x");
}

static void test_foreign_text(void **state)
{
	struct sk_diag diag = {0};
	char out[700], big[1000];

	(void)state;
	sk_diag_source(&diag, "f");
	sk_diag_path(&diag, "a\nb", "value \"\x1b[31m\r\n\" is bad");
	sk_diag_format(&diag, out, sizeof out);
	for (const char *at = out; *at; at++)
		assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
	memset(big, 'x', sizeof big);
	big[999] = '\0';
	sk_diag_source(&diag, big);
	sk_diag_path(&diag, big, "%s", big);
	assert_true(strlen(sk_diag_format(&diag, out, sizeof out)) < sizeof out);
}

/* What `fn` writes to standard error. */
static const char *caught(void (*fn)(void))
{
	static char text[4096];
	int line[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(line), 0);
	dup2(line[1], STDERR_FILENO);
	close(line[1]);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(line[0], text, sizeof text - 1);
	close(line[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void log_forgery(void)
{
	sk_log_max(SK_LOG_INFO);
	sk_log(SK_LOG_INFO, "from %s", "a\nsekisho: error: forged\x1b[2J");
	sk_log(SK_LOG_DEBUG, "not shown");
	sk_log_max(SK_LOG_ERROR);
}

static void log_long(void)
{
	char big[3000];

	memset(big, 'x', sizeof big);
	big[2999] = '\0';
	sk_log(SK_LOG_ERROR, "%s", big);
}

static void test_log(void **state)
{
	const char *text;

	(void)state;
	text = caught(log_forgery);
	assert_int_equal(strchr(text, '\n') - text, strlen(text) - 1); /* one line */
	assert_null(strchr(text, 0x1b));
	assert_null(strstr(text, "not shown"));
	text = caught(log_long);
	assert_in_range(strlen(text), 900, 1024);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static int returned;

static void make_error(void)
{
	errno = ENOSPC;
	returned = sk_origin_errno();
	assert_int_equal(errno, ENOSPC); /* looking at it does not change it */
}

static void test_origin(void **state)
{
	const char *text = caught(make_error);

	(void)state;
	assert_int_equal(returned, -ENOSPC);
	assert_non_null(strstr(text, "test-diag.c"));
	assert_non_null(strstr(text, "make_error"));
	assert_non_null(strstr(text, "No space left"));
}

SK_TEST_MAIN(cmocka_unit_test(test_places), cmocka_unit_test(test_foreign_text), cmocka_unit_test(test_log),
	     cmocka_unit_test(test_origin))
