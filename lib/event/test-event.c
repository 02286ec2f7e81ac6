// SPDX-License-Identifier: GPL-3.0-or-later
/* Every kind that can be made passes the full check, gives its columns, and hides what is secret; what is wrong is named with its place. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "event/make.h"
#include "event/table.h"

static const struct sk_event_stamp noon = {1790000000000, SK_CLOCK_OK};
static const uint8_t digest[32] = {0xab, 0xcd};
static const uint8_t secret_key[32] = {1, 2, 3};
static const char secret_text[] = "recipe=ETCH-7/42nm";

static const struct sk_event_ancestor ancestry[] = {
	{.pid = 77, .uid = 1000, .session = 70, .name = "sh", .program = "/bin/sh", .tty = "pts/0", .cgroup = "/user.slice", .container = NULL},
	{.pid = 1, .uid = -1, .session = -1, .name = "a \"name\""},
};

static const struct sk_event_program tamperer = {
	.pid = 77, .uid = 0, .actor_path = "/bin/kill", .road = "agent-signal", .ancestry = ancestry, .ancestry_count = 1,
};
static const struct sk_event_program program = {
	.path = "/opt/tool/\xe8\xa3\x85\xe7\xbd\xae \"x\"", .sha256 = digest, .size = 4096, .pid = 77, .actor_path = "/bin/sh", .uid = 1000,
	.mode = "enforce", .reason = "not-listed", .policy_serial = 5, .took_us = 120, .arguments = secret_text,
	.arguments_size = sizeof secret_text - 1, .secret = secret_key,
	.road = "exec-file", .rule = "allowlist", .remedy = "allow", .remedy_line = "sekisho lockdown allow '/x'", .package = "tool 1.2",
	.publisher = "maker", .ancestry = ancestry, .ancestry_count = 2, .ancestry_cut = true, .count = 3, .from_ms = 5, .to_ms = 6,
};

static const struct sk_event_medium medium = {
	.device = "sdb1", .kind = "usb", .vendor = "0781", .product = "5581", .serial = "4C53", .uuid = "4A1B-22C0", .file_system = "vfat",
	.mount = "/media/\xff", .rule = "default", .mode = "enforce", .reason = "unmounted", .policy_serial = 7,
};

/* What a gateway writes of its own is its test's: gateway/engine/test-ocsf.c. */
static int make_of_gateway(enum sk_event_kind kind, struct sk_buf *buf)
{
	static const char *const texts[] = {"kind", "verdict", "direction"};
	size_t before = buf->size;
	struct sk_jw out;

	sk_event_open(&out, &(struct sk_event_opening){.kind = kind, .at = noon}, buf);
	sk_jw_open(&out, "connection_info", '{');
	sk_jw_put_uint(&out, "protocol_num", 6);
	sk_jw_close(&out, '}');
	if (sk_event_kinds[kind].class_uid == SK_CLASS_FINDING) {
		sk_jw_open(&out, "finding_info", '{');
		sk_jw_put_str(&out, "uid", "rule");
		sk_jw_put_str(&out, "title", "a rule");
		sk_jw_close(&out, '}');
	}
	sk_jw_open(&out, "fab", '{');
	sk_jw_put_str(&out, "clock", "ok");
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++)
		sk_jw_put_str(&out, texts[i], "x");
	sk_jw_put_uint(&out, "packet", 1);
	sk_jw_put_bool(&out, "midstream", false);
	sk_jw_open(&out, "fields", '[');
	sk_jw_open(&out, NULL, '{');
	sk_jw_put_str(&out, "rcmd", "START");
	sk_jw_close(&out, '}');
	sk_jw_close(&out, ']');
	sk_jw_close(&out, '}');
	sk_jw_close(&out, '}');
	if (out.error && buf->data)
		buf->size = before;
	return out.error;
}

/* One event of each kind. */
static int make(enum sk_event_kind kind, struct sk_buf *out)
{
	switch (kind) {
	case SK_EVENT_GUARD_STARTED:
	case SK_EVENT_GUARD_STOPPED:
		return sk_event_guard(kind, &noon, "lockdown", "enforce", "C", "start", out);
	case SK_EVENT_UNGUARDED:
		return sk_event_unguarded(&noon, "lockdown", 1, 2, "killed", out);
	case SK_EVENT_QUEUE_OVERFLOW:
		return sk_event_queue_overflow(&noon, "lockdown", "events", 3, out);
	case SK_EVENT_CLOCK_WRONG:
	case SK_EVENT_CLOCK_RIGHT:
		return sk_event_clock(kind, &noon, 5, out);
	case SK_EVENT_MODE_CHANGED:
		return sk_event_mode_changed(&noon, "lockdown", "observe", "enforce", "root", out);
	case SK_EVENT_WINDOW_OPENED:
	case SK_EVENT_WINDOW_CLOSED:
	case SK_EVENT_WINDOW_DECIDED:
	case SK_EVENT_WINDOW_REFUSED:
	case SK_EVENT_WINDOW_CODE:
		return sk_event_window(kind, &noon, &(struct sk_event_window){.id = "w-1", .change = "CHG-1", .owner = "佐藤", .consent = "letter", .scope = "updaters",
										.source = "signed", .from_ms = 1, .until_ms = 2, .added = 3, .by = "root",
										.reason = "command"}, out);
	case SK_EVENT_INTERLOCK_WAITING:
	case SK_EVENT_INTERLOCK_PASSED:
		return sk_event_window(kind, &noon, &(struct sk_event_window){.what = "policy", .reason = "operator"}, out);
	case SK_EVENT_TAMPERING:
		return sk_event_tampering_by(&noon, "lockdown", "signal", "/usr/sbin/sekisho-agent", "guard", 9, &tamperer, out);
	case SK_EVENT_POLICY_ENFORCED:
	case SK_EVENT_POLICY_SHADOW:
	case SK_EVENT_POLICY_REFUSED:
	case SK_EVENT_POLICY_LIST_CHANGED:
		return sk_event_policy(kind, &noon, "lockdown", 9, digest, "older than the one in force", out);
	case SK_EVENT_REQUEST_MADE:
	case SK_EVENT_REQUEST_ANSWERED:
		return sk_event_request(kind, &noon, "r-1", "allow", "approve", "alice", out);
	case SK_EVENT_SPOOL_DROPPED:
	case SK_EVENT_SPOOL_NOT_KEPT:
	case SK_EVENT_SPOOL_DAMAGED:
		return sk_event_loss(kind, &noon, 7, 2, 10, 20, "size", out);
	case SK_EVENT_ENROLLED:
	case SK_EVENT_REVOKED:
		return sk_event_enrolment(kind, &noon, "a-1", "tool-1", "alice", out);
	case SK_EVENT_SIGN_IN:
	case SK_EVENT_SIGN_IN_FAILED:
	case SK_EVENT_SIGN_OUT:
		return sk_event_sign_in(kind, &noon, "alice", "127.0.0.1", "wrong password", out);
	case SK_EVENT_MEDIA_ATTACHED:
	case SK_EVENT_MEDIA_REMOVED:
	case SK_EVENT_MEDIA_RESTRICTED:
	case SK_EVENT_MEDIA_COPY_REFUSED:
	case SK_EVENT_MEDIA_REFUSED:
	case SK_EVENT_MEDIA_FAILED:
		return sk_event_media(kind, &noon, &medium, out);
	case SK_EVENT_GATEWAY_MESSAGE_REFUSED:
	case SK_EVENT_GATEWAY_MESSAGE_WOULD_BE_REFUSED:
	case SK_EVENT_GATEWAY_MESSAGE_PASSED:
	case SK_EVENT_GATEWAY_RULE:
	case SK_EVENT_GATEWAY_RULE_REFUSED:
	case SK_EVENT_GATEWAY_ODD_REFUSED:
	case SK_EVENT_GATEWAY_ODD_WOULD_BE_REFUSED:
	case SK_EVENT_GATEWAY_ODD:
	case SK_EVENT_GATEWAY_CONVERSATION:
	case SK_EVENT_GATEWAY_ANSWERS:
		return make_of_gateway(kind, out);
	default:
		return sk_event_program(kind, &noon, &program, true, out);
	}
}

static void assert_valid(const char *line, size_t size)
{
	struct sk_diag diag = {0};
	char text[512];

	if (sk_event_validate(line, size, &diag))
		fail_msg("%s\n%.*s", sk_diag_format(&diag, text, sizeof text), (int)size, line);
}

static void test_every_kind(void **state)
{
	for (int kind = 0; kind < SK_EVENT_KINDS; kind++) {
		_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);
		struct sk_event_columns c;
		char code[64];

		assert_int_equal(make(kind, &buf), 0);
		assert_valid(buf.data, buf.size);
		assert_int_equal(sk_event_scan(buf.data, buf.size, &c, NULL), 0);
		assert_int_equal(c.class_uid, sk_event_kinds[kind].class_uid);
		assert_int_equal(c.severity_id, sk_event_kinds[kind].severity_id);
		assert_int_equal(c.activity_id, sk_event_kinds[kind].activity_id);
		assert_true(c.time_ms == noon.time_ms);
		assert_int_equal(sk_pull_plain(&c.code, code, sizeof code, NULL), 0);
		assert_ptr_equal(sk_event_kind(code), &sk_event_kinds[kind]);
		assert_null(memchr(buf.data, '\n', buf.size));
	}
}

static void test_columns(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);
	struct sk_event_columns c;
	char path[256];

	assert_int_equal(make(SK_EVENT_PROGRAM_REFUSED, &buf), 0);
	assert_int_equal(sk_event_scan(buf.data, buf.size, &c, NULL), 0);
	assert_int_equal(c.action_id, 2);
	assert_int_equal(c.disposition_id, 2);
	assert_int_equal(c.path_count, 2);
	assert_int_equal(sk_pull_plain(&c.paths[0], path, sizeof path, NULL), 0);
	assert_string_equal(path, program.path);
	assert_true(sk_pull_text_is(&c.paths[1], "/bin/sh"));
	assert_int_equal(c.sha256.size, 64);
	assert_memory_equal(c.sha256.data, "abcd00", 6);
	assert_false(c.has_loss);
}

static void test_tombstone(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);
	struct sk_event_columns c;

	assert_int_equal(make(SK_EVENT_SPOOL_DROPPED, &buf), 0);
	assert_int_equal(sk_event_scan(buf.data, buf.size, &c, NULL), 0);
	assert_true(c.has_loss);
	assert_true(c.loss_epoch == 7 && c.loss_priority == 2 && c.loss_first == 10 && c.loss_last == 20);
}

/* Who, how, which rule, what would allow it. */
static void test_denial(void **state)
{
	static const char *const parts[] = {
		"\"count\":3", "\"start_time\":5,\"end_time\":6", "\"road\":\"exec-file\",\"rule\":\"allowlist\",\"remedy\":\"allow\"",
		"\"remedy_line\":\"sekisho lockdown allow '/x'\"", "\"package\":\"tool 1.2\",\"publisher\":\"maker\"",
		"\"ancestry\":[{\"pid\":77,\"name\":\"sh\",\"program\":\"/bin/sh\",\"uid\":1000,\"session\":70,\"tty\":\"pts/0\",\"cgroup\":\"/user.slice\"},"
		"{\"pid\":1,\"name\":\"a \\\"name\\\"\"}],\"ancestry_cut\":true"};
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);

	assert_int_equal(make(SK_EVENT_PROGRAM_REFUSED, &buf), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(parts); i++)
		if (!strstr(buf.data, parts[i]))
			fail_msg("%s is not in %s", parts[i], buf.data);
}

/* The failure setting's answer is what action_id says. */
static void test_failure_answer(void **state)
{
	for (int allowed = 0; allowed < 2; allowed++) {
		_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);
		struct sk_event_columns c;

		assert_int_equal(sk_event_program(SK_EVENT_PROGRAM_ANSWERED_BY_FAILURE, &noon, &program, allowed, &buf), 0);
		assert_int_equal(sk_event_scan(buf.data, buf.size, &c, NULL), 0);
		assert_int_equal(c.action_id, allowed ? 1 : 2);
	}
}

static void test_secret_stays_out(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);

	assert_int_equal(make(SK_EVENT_PROGRAM_REFUSED, &buf), 0);
	assert_null(strstr(buf.data, "recipe"));
	assert_null(strstr(buf.data, "ETCH"));
	assert_non_null(strstr(buf.data, "\"arguments\":{\"length\":18,\"keyed_hash\":\""));
}

/* A path of bytes that are no text is neither lost nor able to break the line. */
static void test_path_of_any_bytes(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);
	struct sk_event_program p = program;

	p.path = "/tmp/\xff\n\"},{\"class_uid\":1";
	assert_int_equal(sk_event_program(SK_EVENT_PROGRAM_REFUSED, &noon, &p, false, &buf), 0);
	assert_valid(buf.data, buf.size);
	assert_non_null(strstr(buf.data, "\"path_bytes\":\"L3RtcC//CiJ9LHsiY2xhc3NfdWlkIjox\""));
}

static void test_complete(void **state)
{
	const struct sk_event_place place = {.agent = "a-1", .hostname = "tool \"1\"", .org = "fab", .site = "kumamoto", .epoch = 7, .seq = 42,
					     .priority = 1};

	for (int kind = 0; kind < SK_EVENT_KINDS; kind++) {
		_cleanup_buf_ struct sk_buf bare = SK_BUF(SK_EVENT_MAX), full = SK_BUF(2 * SK_EVENT_MAX);

		assert_int_equal(make(kind, &bare), 0);
		assert_int_equal(sk_event_complete(bare.data, bare.size, &place, &full, NULL), 0);
		assert_valid(full.data, full.size);
		assert_non_null(strstr(full.data, "\"metadata\":{\"uid\":\"a-1/7/1/42\",\"sequence\":42,\"version\":"));
		assert_non_null(strstr(full.data, ",\"device\":{\"uid\":\"a-1\",\"hostname\":\"tool \\\"1\\\"\""));
		/* A device of its own choosing is no way in. */
		assert_int_equal(sk_event_complete(full.data, full.size, &place, &bare, NULL), SK_BAD);
	}
}

static void test_complete_without_metadata(void **state)
{
	static const char *const lines[] = {"{\"class_uid\":1,\"severity_id\":1,\"time\":1} ",
					    "{\"metadata\":{},\"class_uid\":1,\"severity_id\":1,\"time\":1}"};
	const struct sk_event_place place = {.agent = "a", .epoch = 1, .seq = 2};

	for (size_t i = 0; i < SK_ARRAY_SIZE(lines); i++) {
		_cleanup_buf_ struct sk_buf full = SK_BUF(4096);
		struct sk_event_columns c;

		assert_int_equal(sk_event_complete(lines[i], strlen(lines[i]), &place, &full, NULL), 0);
		assert_int_equal(sk_event_scan(full.data, full.size, &c, NULL), 0);
		assert_true(c.has_device);
	}
}

static void test_scan_refusals(void **state)
{
	static const struct {
		const char *line;
		uint64_t at;
	} cases[] = {
		{"[]", 0},
		{"{\"class_uid\":1,\"severity_id\":1}", 31},
		{"{\"class_uid\":1,\"time\":1}", 24},
		{"{\"severity_id\":1,\"time\":1}", 26},
		{"{\"class_uid\":\"1\",\"severity_id\":1,\"time\":1}", 13},
		{"{\"class_uid\":1,\"severity_id\":7,\"time\":1}", 29},
		{"{\"class_uid\":1,\"severity_id\":1,\"time\":-1}", 38},
		{"{\"class_uid\":1,\"severity_id\":1,\"time\":1.5}", 38},
		{"{\"class_uid\":1,\"severity_id\":1,\"time\":1,\"time\":2}", 40},
		{"{\"class_uid\":1,\"severity_id\":1,\"time\":1,\"metadata\":{},\"metadata\":{}}", 54},
		{"{\"class_uid\":1,\"severity_id\":1,\"time\":1,\"process\":{\"file\":{\"path\":7}}}", 66},
		{"{\"class_uid\":1,\"severity_id\":1,\"time\":1,\"process\":7}", 50},
		{"{\"class_uid\":99906002,\"severity_id\":1,\"time\":1}", 47},
		{"{\"class_uid\":99906002,\"severity_id\":1,\"time\":1,\"fab\":{\"loss\":{\"epoch\":1,\"priority\":3}}}", 83},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct sk_event_columns c = {.class_uid = 4711};
		struct sk_diag diag = {0};

		if (sk_event_scan(cases[i].line, strlen(cases[i].line), &c, &diag) != SK_BAD || diag.offset != cases[i].at)
			fail_msg("%s: byte %llu (%s), expected %llu", cases[i].line, (unsigned long long)diag.offset, diag.text,
				 (unsigned long long)cases[i].at);
		assert_int_equal(c.class_uid, 4711);
	}
}

static void test_every_truncation(void **state)
{
	for (int kind = 0; kind < SK_EVENT_KINDS; kind++) {
		_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);

		assert_int_equal(make(kind, &buf), 0);
		for (size_t n = 0; n < buf.size; n++) {
			char *part = sk_malloc(n ? n : 1);
			struct sk_diag diag = {0};
			struct sk_event_columns c;

			memcpy(part, buf.data, n);
			assert_int_equal(sk_event_scan(part, n, &c, &diag), SK_BAD);
			assert_true(diag.has_offset && diag.offset <= n && diag.text[0]);
			free(part);
		}
	}
}

static void test_validate_names_the_place(void **state)
{
	static const struct {
		const char *from, *to, *path;
	} cases[] = {
		{"\"reason\":\"not-listed\"", "\"reason\":5", "fab.reason"},
		{"\"reason\":", "\"raison\":", "fab.raison"},
		{"\"value\":\"abcd", "\"value\":\"ABCD", "process.file.hashes[].value"},
		{"\"algorithm_id\":3", "\"algorithm_id\":1", "process.file.hashes[].algorithm_id"},
		{"\"event_code\":\"program_refused\"", "\"version\":\"1\"", "metadata.version"},
		{",\"message\":\"A program was refused\"", "", "message"},
		{"\"mode\":\"enforce\",", "\"what\":\"no field of this class\",", "fab.what"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct sk_buf good = SK_BUF(SK_EVENT_MAX), worse = SK_BUF(SK_EVENT_MAX);
		struct sk_diag diag = {0};
		const char *at;

		assert_int_equal(make(SK_EVENT_PROGRAM_REFUSED, &good), 0);
		at = strstr(good.data, cases[i].from);
		assert_non_null(at);
		assert_int_equal(sk_buf_append(&worse, good.data, (size_t)(at - good.data)), 0);
		assert_int_equal(sk_buf_append_str(&worse, cases[i].to), 0);
		assert_int_equal(sk_buf_append_str(&worse, at + strlen(cases[i].from)), 0);
		assert_int_equal(sk_event_validate(worse.data, worse.size, &diag), SK_BAD);
		assert_string_equal(diag.path, cases[i].path);
	}
}

static void test_ids(void **state)
{
	const struct sk_event_place place = {.agent = "a-1", .epoch = 7, .seq = UINT64_MAX, .priority = 2};
	static const char *const wrong[] = {"", "/1/2/3", "a", "a/1", "a/1/2", "a/1/2/", "a/1/3/1", "a/1/2/3/", "a/1/2/3/4", "a/-1/2/3",
					    "a//2/3", "a/1/2/18446744073709551616", "far-too-long/1/2/3"};
	char id[SK_EVENT_ID_SIZE], agent[8];
	uint64_t epoch, seq;
	uint8_t priority;

	assert_string_equal(sk_event_id(&place, id), "a-1/7/2/18446744073709551615");
	assert_int_equal(sk_event_id_read(id, agent, sizeof agent, &epoch, &priority, &seq), 0);
	assert_string_equal(agent, "a-1");
	assert_true(epoch == 7 && priority == 2 && seq == UINT64_MAX);
	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++)
		assert_int_equal(sk_event_id_read(wrong[i], agent, sizeof agent, &epoch, &priority, &seq), SK_BAD);
}

static void test_lines(void **state)
{
	static const char block[] = "one\n\ntwo\nunended";
	size_t at = 0, n;

	assert_ptr_equal(sk_event_next_line(block, sizeof block - 1, &at, &n), block);
	assert_int_equal(n, 3);
	assert_non_null(sk_event_next_line(block, sizeof block - 1, &at, &n));
	assert_int_equal(n, 0);
	assert_non_null(sk_event_next_line(block, sizeof block - 1, &at, &n));
	assert_null(sk_event_next_line(block, sizeof block - 1, &at, &n));
	assert_int_equal(at, 9);
}

static void test_memory_runs_out(void **state)
{
	sk_log_max(0);
	for (int kind = 0; kind < SK_EVENT_KINDS; kind++) {
		unsigned long n = 0;
		int r;

		do {
			_cleanup_buf_ struct sk_buf buf = SK_BUF(SK_EVENT_MAX);

			sk_alloc_fail_at(++n);
			r = make(kind, &buf);
			assert_true(r == 0 || r == -12);
			assert_true(r == 0 || buf.size == 0);
		} while (r);
		sk_alloc_fail_at(0);
	}
}

static void test_too_large(void **state)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(2 * SK_EVENT_MAX);
	char *reason = sk_malloc(SK_EVENT_MAX + 1);

	memset(reason, 'x', SK_EVENT_MAX);
	reason[SK_EVENT_MAX] = '\0';
	assert_int_equal(sk_buf_append_str(&buf, "before"), 0);
	assert_int_equal(sk_event_policy(SK_EVENT_POLICY_REFUSED, &noon, "lockdown", 1, NULL, reason, &buf), SK_FULL);
	assert_string_equal(buf.data, "before");
	free(reason);
}

/* docs/events.md says what the table says. */
static void test_document(void **state)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(1 << 20);
	static char file[1 << 20];
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%.*s/../../docs/events.md", (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s cannot be read: run from the build folder", path);
	n = fread(file, 1, sizeof file, f);
	fclose(f);
	assert_int_equal(sk_event_document(&text), 0);
	if (n != text.size || memcmp(file, text.data, n) != 0)
		fail_msg("docs/events.md is out of date: build/sekisho-events-md > docs/events.md");
}

static void test_table_is_sound(void **state)
{
	for (size_t i = 0; i < sk_event_field_count; i++) {
		assert_int_equal(sk_event_fields[i].needed & ~sk_event_fields[i].classes, 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(sk_event_fields[i].path, sk_event_fields[k].path);
	}
	for (size_t i = 0; i < SK_EVENT_KINDS; i++) {
		assert_non_null(sk_event_kinds[i].code);
		assert_non_null(sk_event_class(sk_event_kinds[i].class_uid));
		assert_true(sk_event_kinds[i].priority < SK_PRIORITIES);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_every_kind), cmocka_unit_test(test_columns), cmocka_unit_test(test_tombstone),
	     cmocka_unit_test(test_denial), cmocka_unit_test(test_failure_answer), cmocka_unit_test(test_secret_stays_out), cmocka_unit_test(test_path_of_any_bytes),
	     cmocka_unit_test(test_complete), cmocka_unit_test(test_complete_without_metadata), cmocka_unit_test(test_scan_refusals),
	     cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_validate_names_the_place), cmocka_unit_test(test_ids),
	     cmocka_unit_test(test_lines), cmocka_unit_test(test_memory_runs_out), cmocka_unit_test(test_too_large),
	     cmocka_unit_test(test_document), cmocka_unit_test(test_table_is_sound))
