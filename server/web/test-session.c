// SPDX-License-Identifier: GPL-3.0-or-later
/* People, sessions, tokens, locks and the audit trail against a real console.db, with a clock that the test moves. */
#include "web/session.h"

#include <stdio.h>
#include <string.h>

#include "support/harness.h"

#include "base/error.h"
#include "web/audit.h"

enum { MINUTE = 60000, START = 2000000000 };

static struct sk_db db;
static int64_t user;

static int set_up(void **state)
{
	struct sk_grant grant = {SK_ROLE_SECURITY, "acme", "kumamoto"};
	char path[160];

	snprintf(path, sizeof path, "%s/console.db", sk_test_dir());
	assert_int_equal(sk_db_open(path, &db), 0);
	assert_int_equal(sk_user_add(&db, "sato", "佐藤", "record", "ja", false, &user), 0);
	assert_int_equal(sk_user_grant(&db, user, &grant), 0);
	return 0;
}

static int tear_down(void **state)
{
	sk_db_close(&db);
	return 0;
}

static void test_session_ends(void **state)
{
	char secret[SK_SECRET_TEXT], other[SK_SECRET_TEXT];
	struct sk_who who;

	assert_int_equal(sk_web_session_start(&db, user, "127.0.0.1", START, secret), 0);
	assert_int_equal(sk_web_session_start(&db, user, "127.0.0.1", START, other), 0);
	assert_string_not_equal(secret, other);
	assert_int_equal(sk_web_session_find(&db, secret, START + 29 * MINUTE, &who), 0);
	assert_string_equal(who.user.display, "佐藤");
	assert_int_equal(who.user.grant_count, 1);
	assert_int_equal(strlen(who.csrf), 64);
	assert_int_equal(sk_web_session_find(&db, other, START + 30 * MINUTE, &who), SK_NONE); /* idle */
	for (int64_t now = START + 29 * MINUTE; now < START + SK_SESSION_LIFE_MS; now += 20 * MINUTE)
		assert_int_equal(sk_web_session_find(&db, secret, now, &who), 0);
	assert_int_equal(sk_web_session_find(&db, secret, START + SK_SESSION_LIFE_MS, &who), SK_NONE); /* absolute */
	assert_int_equal(sk_web_session_find(&db, "not hex", START, &who), SK_NONE);
	assert_int_equal(sk_web_session_start(&db, user, "", START, secret), 0);
	assert_int_equal(sk_web_session_find(&db, secret, START - 2 * MINUTE, &who), SK_NONE); /* the clock was set back */
}

static void test_session_is_not_in_the_file(void **state)
{
	char secret[SK_SECRET_TEXT];
	int64_t found = 1;

	assert_int_equal(sk_web_session_start(&db, user, "", START, secret), 0);
	assert_int_equal(sk_db_number(&db, 0, &found, "SELECT count(*) FROM session WHERE lower(hex(key))=? OR csrf=?", "ss", secret, secret), 0);
	assert_int_equal(found, 0);
}

static void test_disabled(void **state)
{
	struct sk_grant grant = {SK_ROLE_SECURITY, "acme", "kumamoto"};
	char secret[SK_SECRET_TEXT], token[SK_SECRET_TEXT + 3], record[128];
	struct sk_who who;
	int64_t id;

	assert_int_equal(sk_web_session_start(&db, user, "", START, secret), 0);
	assert_int_equal(sk_token_make(&db, user, "t", &grant, START, START + 86400000, &id, token), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), 0);
	assert_string_equal(who.actor, "sato (token t)");
	assert_int_equal(sk_token_find(&db, token, START + 86400000, &who), SK_NONE);
	assert_int_equal(sk_user_set_disabled(&db, user, true), 0);
	assert_int_equal(sk_web_session_find(&db, secret, START, &who), SK_NONE);
	assert_int_equal(sk_token_find(&db, token, START, &who), SK_NONE);
	assert_int_equal(sk_user_password(&db, "sato", &id, record), SK_NONE);
	assert_int_equal(sk_user_set_disabled(&db, user, false), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), SK_NONE); /* revoked for good */
}

static void test_token_never_wider(void **state)
{
	struct sk_grant narrow = {SK_ROLE_SECURITY, "acme", "kumamoto"}, wide = {SK_ROLE_SECURITY, "acme", ""}, other = {SK_ROLE_ADMINISTRATOR, "acme", "kumamoto"};
	char token[SK_SECRET_TEXT + 3];
	struct sk_who who;
	int64_t id;

	assert_int_equal(sk_token_make(&db, user, "w", &wide, START, INT64_MAX, &id, token), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), SK_NONE);
	assert_int_equal(sk_token_make(&db, user, "o", &other, START, INT64_MAX, &id, token), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), SK_NONE);
	assert_int_equal(sk_token_make(&db, user, "n", &narrow, START, INT64_MAX, &id, token), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), 0);
	assert_int_equal(sk_token_revoke(&db, id, user + 1, START), SK_NONE);
	assert_int_equal(sk_user_revoke(&db, user, &narrow), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), SK_NONE);
	assert_int_equal(sk_user_grant(&db, user, &narrow), 0);
	assert_int_equal(sk_token_revoke(&db, id, user, START), 0);
	assert_int_equal(sk_token_find(&db, token, START, &who), SK_NONE);
}

static void test_locks(void **state)
{
	bool locked = true;
	int64_t left;

	for (int i = 1; i < SK_LOCK_AFTER; i++) {
		assert_int_equal(sk_lock_count(&db, "Nobody", START, &locked), 0);
		assert_false(locked);
	}
	assert_int_equal(sk_lock_count(&db, "nobody", START, &locked), 0);
	assert_true(locked);
	assert_int_equal(sk_lock_left(&db, "NOBODY", START, &left), 0);
	assert_int_equal(left, MINUTE);
	assert_int_equal(sk_lock_count(&db, "nobody", START, &locked), 0);
	assert_int_equal(sk_lock_left(&db, "nobody", START, &left), 0);
	assert_int_equal(left, 2 * MINUTE);
	for (int i = 0; i < 20; i++)
		assert_int_equal(sk_lock_count(&db, "nobody", START, &locked), 0);
	assert_int_equal(sk_lock_left(&db, "nobody", START, &left), 0);
	assert_int_equal(left, SK_LOCK_LONGEST_MS);
	assert_int_equal(sk_lock_count(&db, "other", START + 90000000, &locked), 0); /* a day later all is forgotten */
	assert_int_equal(sk_lock_left(&db, "nobody", START, &left), 0);
	assert_int_equal(left, 0);
}

static void test_names_and_passwords(void **state)
{
	int64_t id;

	assert_int_equal(sk_user_add(&db, "SATO", "", "r", "en", false, &id), SK_BAD);
	assert_int_equal(sk_user_add(&db, "sato", "", "r", "en", false, &id), SK_BAD);
	assert_int_equal(sk_user_add(&db, "../x", "", "r", "en", false, &id), SK_BAD);
	assert_int_equal(sk_user_add(&db, "", "", "r", "en", false, &id), SK_BAD);
	assert_string_equal(sk_password_fault("short", "sato"), "short");
	assert_string_equal(sk_password_fault("administrator1", "administrator"), "name");
	assert_null(sk_password_fault("correct horse battery", "sato"));
}

static void write_lines(int count)
{
	for (int i = 0; i < count; i++) {
		struct sk_audit entry = {.actor = "sato", .from = "local", .action = "test", .object = "", .org = i % 2 ? "acme" : "", .site = i % 2 ? "kumamoto" : ""};

		assert_int_equal(sk_audit_write(&db, &entry), 0);
	}
}

static void test_audit_chain(void **state)
{
	struct sk_place place = {"acme", "kumamoto"}, elsewhere = {"acme", "chitose"};
	struct sk_audit_state before, after;
	json_object *lines;

	write_lines(6);
	assert_int_equal(sk_audit_verify(&db, &before), 0);
	assert_int_equal(before.entries, 6);
	assert_int_equal(before.broken, 0);
	assert_int_equal(sk_audit_list(&db, &place, 1, false, 0, 100, &lines), 0);
	assert_int_equal(json_object_array_length(lines), 3);
	json_object_put(lines);
	assert_int_equal(sk_audit_list(&db, &elsewhere, 1, false, 0, 100, &lines), 0);
	assert_int_equal(json_object_array_length(lines), 0);
	json_object_put(lines);
	assert_true(sk_db_run(&db, "DELETE FROM audit WHERE seq=6", "") < 0);
	assert_true(sk_db_run(&db, "UPDATE audit SET line='{}' WHERE seq=6", "") < 0);
	assert_int_equal(sk_db_run(&db, "DROP TRIGGER audit_stays", ""), 0);
	assert_int_equal(sk_db_run(&db, "DELETE FROM audit WHERE seq=6", ""), 0);
	assert_int_equal(sk_audit_verify(&db, &after), 0); /* cutting the end off shows in the head alone */
	assert_int_equal(after.broken, 0);
	assert_memory_not_equal(after.head, before.head, sizeof after.head);
	assert_int_equal(sk_db_run(&db, "DELETE FROM audit WHERE seq=3", ""), 0);
	assert_int_equal(sk_audit_verify(&db, &after), 0);
	assert_int_equal(after.broken, 3);
}

/* Somebody who changes a line and its hash, rightly computed, must change every later one: the next line says so. */
static void test_audit_rewritten(void **state)
{
	_cleanup_buf_ struct sk_buf both = SK_BUF(4096);
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	uint8_t hash[SK_SHA256_SIZE];
	struct sk_audit_state after;

	write_lines(4);
	assert_int_equal(sk_db_query(&db, &rows, "SELECT a.hash, replace(b.line, 'sato', 'moto') FROM audit a, audit b WHERE a.seq=1 AND b.seq=2", ""), 0);
	assert_int_equal(sk_db_row(rows), 0);
	assert_int_equal(sk_buf_append(&both, sqlite3_column_blob(rows, 0), SK_SHA256_SIZE), 0);
	assert_int_equal(sk_buf_append_str(&both, sk_db_text(rows, 1)), 0);
	assert_int_equal(sk_sha256(both.data, both.size, hash), 0);
	assert_int_equal(sk_db_run(&db, "DROP TRIGGER audit_fixed", ""), 0);
	assert_int_equal(sk_db_run(&db, "UPDATE audit SET line=?, hash=? WHERE seq=2", "sb", sk_db_text(rows, 1), (const void *)hash, sizeof hash), 0);
	assert_int_equal(sk_audit_verify(&db, &after), 0);
	assert_int_equal(after.broken, 3);
}

/* What an action did and its line stand together or not at all. */
static void test_audit_with_its_action(void **state)
{
	struct sk_audit_state before, after;

	assert_int_equal(sk_audit_verify(&db, &before), 0);
	assert_int_equal(sk_db_begin(&db), 0);
	write_lines(1);
	assert_int_equal(sk_db_end(&db, SK_DENIED), SK_DENIED);
	assert_int_equal(sk_audit_verify(&db, &after), 0);
	assert_int_equal(after.entries, before.entries);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

SK_TEST_MAIN(TEST(test_session_ends), TEST(test_session_is_not_in_the_file), TEST(test_disabled), TEST(test_token_never_wider), TEST(test_locks),
	     TEST(test_names_and_passwords), TEST(test_audit_chain), TEST(test_audit_rewritten), TEST(test_audit_with_its_action))
