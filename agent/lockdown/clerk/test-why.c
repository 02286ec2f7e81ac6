// SPDX-License-Identifier: GPL-3.0-or-later
/* What a record says to people, and what is told once and then counted. */
#include "lockdown/clerk/why.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/mem.h"
#include "event/attack.h"
#include "lockdown/shared.h"
#include "support/harness.h"

static struct lk_why why;

static struct lk_record unknown(const char *path, uint8_t content)
{
	struct lk_record record = {.kind = LK_RECORD_EXEC, .mode = LK_ENFORCE, .answer = FAN_DENY, .road = SK_ATTACK_EXEC_FILE, .has_hash = true, .time_ms = 1000};

	record.hash[0] = content;
	snprintf(record.path, sizeof record.path, "%s", path);
	record.ancestors = 2;
	record.ancestor[0] = (struct lk_ancestor){.pid = 10, .uid = UINT32_MAX, .start = 7};
	record.ancestor[1] = (struct lk_ancestor){.pid = 9, .uid = 0, .start = 5, .comm = "sh", .program = 1, .tty = 136 << 8 | 3};
	snprintf(record.texts, sizeof record.texts, "/bin/sh");
	return record;
}

static void test_remedies(void **state)
{
	struct lk_record record = unknown("/opt/it's here", 1);

	(void)state;
	lk_why_of(&record, &why);
	assert_string_equal(why.road, "exec-file");
	assert_string_equal(why.rule, "allowlist");
	assert_string_equal(why.remedy, "allow");
	assert_string_equal(why.line, "sekisho lockdown allow '/opt/it'\\''s here' --note WHY");
	for (unsigned rule = 0; rule < LK_RULES; rule++) {
		record.rule = (uint8_t)rule;
		lk_why_of(&record, &why);
		assert_true(why.rule && why.rule[0] && why.remedy && why.remedy[0]);
	}
	record.rule = LK_RULE_MEMORY;
	lk_why_of(&record, &why);
	assert_string_equal(why.remedy, "jit");
	assert_non_null(strstr(why.line, "jit: [{sha256: 0100"));
	record.rule = LK_RULE_INTERPRETERS;
	snprintf(record.actor, sizeof record.actor, "/usr/bin/python3");
	lk_why_of(&record, &why);
	assert_non_null(strstr(why.line, "program: '/usr/bin/python3', script: '/opt/it"));
}

/* What the kernel side recorded has neither actor nor hash: the program comes from its ancestry, and every road says what would allow it. */
static void test_kernel_roads(void **state)
{
	struct lk_record record = {.kind = LK_RECORD_KERNEL, .mode = LK_ENFORCE, .answer = FAN_DENY, .comm = "python3", .path = "/srv/job.py", .ancestors = 1};

	(void)state;
	record.ancestor[0] = (struct lk_ancestor){.pid = 10, .uid = 1001, .program = 1};
	snprintf(record.texts, sizeof record.texts, "/usr/bin/python3.11");
	record.rule = LK_RULE_INTERPRETERS;
	record.road = SK_ATTACK_SCRIPT_INLINE;
	lk_why_of(&record, &why);
	assert_string_equal(why.remedy, "exempt");
	assert_string_equal(why.line, "lockdown.interpreters.exempt: [{program: '/usr/bin/python3.11', user: \"1001\"}]");
	record.road = SK_ATTACK_SCRIPT_OPERAND;
	lk_why_of(&record, &why);
	assert_string_equal(why.line, "lockdown.interpreters.exempt: [{program: '/usr/bin/python3.11', user: \"1001\", script: '/srv/job.py'}]");
	record.ancestors = 0;
	snprintf(record.path, sizeof record.path, "job.py");
	lk_why_of(&record, &why);
	assert_string_equal(why.line, "lockdown.interpreters.exempt: [{program: 'python3'}]");
	record.ancestors = 1;
	record.rule = LK_RULE_MEMORY;
	record.road = SK_ATTACK_MEM_ANONYMOUS;
	lk_why_of(&record, &why);
	assert_string_equal(why.remedy, "jit");
	assert_string_equal(why.line, "sha256sum '/usr/bin/python3.11'");
	for (int road = 1; road < SK_ATTACKS; road++) {
		record.road = (uint8_t)road;
		record.rule = LK_RULE_ALLOWLIST;
		lk_why_of(&record, &why);
		assert_true(why.road && why.rule && why.remedy && (why.line[0] || !strcmp(why.remedy, "file")));
	}
}

/* A name that a person could not check in a terminal makes no command; the longest one fits. */
static void test_names(void **state)
{
	struct lk_record record = unknown("/tmp/a\nb", 1);

	(void)state;
	lk_why_of(&record, &why);
	assert_string_equal(why.line, "");
	record = unknown("/tmp/\x1b[2J", 1);
	lk_why_of(&record, &why);
	assert_string_equal(why.line, "");
	record = unknown("/tmp/\xff", 1);
	lk_why_of(&record, &why);
	assert_string_equal(why.line, "");
	memset(record.path, '\'', sizeof record.path - 1);
	lk_why_of(&record, &why);
	assert_int_equal(strlen(why.line), strlen("sekisho lockdown allow ") + 2 + 4 * (sizeof record.path - 1) + strlen(" --note WHY"));
}

static void test_who(void **state)
{
	struct lk_record record = unknown("/x", 1);

	(void)state;
	lk_why_of(&record, &why);
	assert_int_equal(why.ancestry[0].uid, -1);
	assert_null(why.ancestry[0].program);
	assert_int_equal(why.ancestry[1].uid, 0);
	assert_string_equal(why.ancestry[1].program, "/bin/sh");
	assert_string_equal(why.ancestry[1].tty, "pts/3");
	assert_null(why.ancestry[1].container);
}

static void test_containers(void **state)
{
	static const char *const cases[][2] = {
		{"/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope", "docker 0123456789ab"},
		{"/docker/0123456789abcdef", "docker 0123456789ab"},
		{"/machine.slice/libpod-fedcba9876543210.scope/container", "podman fedcba987654"},
		{"/kubepods.slice/kubepods-pod1.slice/cri-containerd-00112233445566.scope", "containerd 001122334455"},
		{"/lxc/tool-7/init.scope", "lxc tool-7"},
		{"/lxc.payload.tool-8/system.slice", "lxc tool-8"},
		{"/machine.slice/machine-tool.scope/payload", "machine machine-tool.scope"},
		{"/docker/short", ""},
		{"/user.slice/user-0.slice", ""},
		{"", ""},
	};
	char out[80], tty[24];

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		lk_container_of(cases[i][0], out, sizeof out);
		assert_string_equal(out, cases[i][1]);
	}
	lk_tty_name(0, tty, sizeof tty);
	assert_string_equal(tty, "");
	lk_tty_name(4 << 8 | 1, tty, sizeof tty);
	assert_string_equal(tty, "tty1");
	lk_tty_name(4 << 8 | 65, tty, sizeof tty);
	assert_string_equal(tty, "ttyS1");
	lk_tty_name(204 << 8 | 64, tty, sizeof tty);
	assert_string_equal(tty, "204:64");
}

struct told {
	unsigned events;
	uint64_t count, from, to;
};

static void tell(void *arg, const struct lk_record *record, uint64_t count, uint64_t from_ms, uint64_t to_ms)
{
	struct told *told = arg;

	(void)record;
	told->events++;
	told->count += count;
	told->from = from_ms;
	told->to = to_ms;
}

static void test_repeats(void **state)
{
	static struct lk_repeats repeats;
	struct lk_record record = unknown("/x", 1), other = unknown("/y", 2), parent = record, road = record;
	struct told told = {0};
	uint64_t next;

	(void)state;
	parent.ancestor[1].start = 6;
	road.road = SK_ATTACK_MAP_LIBRARY;
	assert_false(lk_repeat_take(&repeats, &record, 1000, tell, &told));
	for (uint64_t i = 1; i <= 100; i++) {
		record.time_ms = 1000 + i;
		assert_true(lk_repeat_take(&repeats, &record, 1000 + i, tell, &told));
	}
	assert_false(lk_repeat_take(&repeats, &other, 1200, tell, &told));
	assert_false(lk_repeat_take(&repeats, &parent, 1200, tell, &told));
	assert_false(lk_repeat_take(&repeats, &road, 1200, tell, &told));
	next = lk_repeat_due(&repeats, 1200, false, tell, &told);
	assert_int_equal(next, 1000 + LK_REPEAT_MS);
	assert_int_equal(told.events, 0);
	lk_repeat_due(&repeats, next, false, tell, &told);
	assert_true(told.events == 1 && told.count == 100 && told.from == 1001 && told.to == 1100);
	/* it goes on: counted for twice as long; then it has ended, and the next is told at once */
	assert_true(lk_repeat_take(&repeats, &record, next + 1, tell, &told));
	lk_repeat_due(&repeats, next + LK_REPEAT_MS + 1, false, tell, &told);
	assert_int_equal(told.events, 1);
	lk_repeat_due(&repeats, next + 2 * LK_REPEAT_MS, false, tell, &told);
	assert_true(told.events == 2 && told.count == 101);
	assert_int_equal(lk_repeat_due(&repeats, next + 100 * LK_REPEAT_MS, false, tell, &told), 0);
	assert_int_equal(told.events, 2);
	assert_false(lk_repeat_take(&repeats, &record, next + 100 * LK_REPEAT_MS, tell, &told));
}

/* Nothing is lost: whoever makes many different refusals gets his counts told early, and what is left is told at the end. */
static void test_repeats_full(void **state)
{
	static struct lk_repeats repeats;
	struct told told = {0};
	uint64_t first = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < LK_REPEATS * 2; i++) {
			char path[32];
			struct lk_record record;

			snprintf(path, sizeof path, "/x%u", i);
			record = unknown(path, (uint8_t)i);
			for (unsigned again = 0; again < 3; again++, refused++)
				first += !lk_repeat_take(&repeats, &record, 1000 + i, tell, &told);
		}
	lk_repeat_due(&repeats, 2000, true, tell, &told);
	assert_int_equal(first + told.count, refused);
	assert_true(told.count > 0 && first >= LK_REPEATS * 2);
}

SK_TEST_MAIN(cmocka_unit_test(test_remedies), cmocka_unit_test(test_kernel_roads), cmocka_unit_test(test_names), cmocka_unit_test(test_who), cmocka_unit_test(test_containers),
	     cmocka_unit_test(test_repeats), cmocka_unit_test(test_repeats_full))
