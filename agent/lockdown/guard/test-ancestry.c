// SPDX-License-Identifier: GPL-3.0-or-later
/* The way up from a process: our own, a made /proc with names that lie, numbers that were given to others, a chain that is too long. */
#include "lockdown/guard/ancestry.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockdown/shared.h"
#include "support/harness.h"

static struct lk_record record;

/* A process of a made /proc. */
static void put_process(const char *proc, uint32_t pid, uint32_t parent, uint64_t start, const char *comm, const char *cgroup)
{
	char path[256], text[512];

	snprintf(path, sizeof path, "%s/%u", proc, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/%u/stat", proc, pid);
	snprintf(text, sizeof text, "%u (%s) S %u 7 %u 34817 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 %lu 99 100\n", pid, comm, parent, pid + 1, start);
	sk_test_write(path, text, strlen(text));
	snprintf(path, sizeof path, "%s/%u/status", proc, pid);
	snprintf(text, sizeof text, "Name:\t%s\nPPid:\t%u\nUid:\t%u\t0\t0\t0\n", comm, parent, 1000 + pid);
	sk_test_write(path, text, strlen(text));
	snprintf(path, sizeof path, "%s/%u/cgroup", proc, pid);
	snprintf(text, sizeof text, "1:name=systemd:/old\n0::%s\n", cgroup);
	sk_test_write(path, text, strlen(text));
	snprintf(path, sizeof path, "%s/%u/exe", proc, pid);
	snprintf(text, sizeof text, "/usr/bin/program-%u", pid);
	assert_int_equal(symlink(text, path), 0);
}

static void look(const char *proc, uint32_t pid, enum lk_depth depth)
{
	memset(&record, 0, sizeof record);
	record.pid = pid;
	lk_ancestry(&record, proc, NULL, 0, depth);
}

static void test_own(void **state)
{
	char exe[256] = "";

	(void)state;
	look("/proc", (uint32_t)getpid(), LK_DEPTH_ALL);
	assert_true(record.ancestors >= 2 && record.has_process);
	assert_int_equal(record.ancestor[0].pid, getpid());
	assert_int_equal(record.ancestor[1].pid, getppid());
	assert_int_equal(record.parent, getppid());
	assert_int_equal(record.uid, getuid());
	assert_int_equal(record.ancestor[0].session, getsid(0));
	assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
	assert_string_equal(lk_record_text(&record, record.ancestor[0].program), exe);
	assert_string_equal(record.actor, exe);
	assert_true(record.ancestor[record.ancestors - 1].pid == 1 || record.cut);
}

static void test_chain(void **state)
{
	const char *proc = sk_test_dir();

	(void)state;
	put_process(proc, 1, 0, 1, "init", "/init.scope");
	put_process(proc, 20, 1, 50, "sh) S 99 (x", "/user.slice");
	put_process(proc, 30, 20, 60, "make", "/user.slice");
	look(proc, 30, LK_DEPTH_ALL);
	assert_int_equal(record.ancestors, 3);
	assert_false(record.cut);
	assert_string_equal(record.comm, "make");
	assert_string_equal(record.parent_comm, "sh) S 99 (x");
	assert_int_equal(record.ancestor[1].session, 21);
	assert_int_equal(record.ancestor[1].tty, 34817);
	assert_int_equal(record.ancestor[1].uid, 1020);
	assert_int_equal(record.ancestor[2].pid, 1);
	assert_string_equal(lk_record_text(&record, record.ancestor[2].program), "/usr/bin/program-1");
	assert_string_equal(lk_record_text(&record, record.ancestor[0].cgroup), "/user.slice");
	assert_int_equal(record.ancestor[0].cgroup, record.ancestor[1].cgroup); /* the same text stands once */
	look(proc, 30, LK_DEPTH_PROGRAMS);
	assert_int_equal(record.ancestor[0].cgroup, 0);
	look(proc, 30, LK_DEPTH_PARENT);
	assert_int_equal(record.ancestors, 2);
	look(proc, 31, LK_DEPTH_ALL);
	assert_true(record.ancestors == 0 && record.cut && !record.has_process);
}

/* A parent cannot be younger than its child; a process that started after the question did not ask it. */
static void test_reuse(void **state)
{
	const char *proc = sk_test_dir();

	(void)state;
	put_process(proc, 20, 1, 70, "stranger", "/");
	put_process(proc, 30, 20, 60, "orphan", "/");
	look(proc, 30, LK_DEPTH_ALL);
	assert_int_equal(record.ancestors, 1);
	assert_true(record.cut);
	assert_string_equal(record.parent_comm, "");
	put_process(proc, 40, 20, UINT64_C(1) << 60, "later", "/");
	record = (struct lk_record){.pid = 40};
	lk_ancestry(&record, proc, NULL, lk_now_us(), LK_DEPTH_ALL);
	assert_true(record.ancestors == 0 && record.cut && !record.has_process);
}

/* The numbers were given to others between the two rounds: what the second round reads is still the first ones'. */
static void test_reuse_between(void **state)
{
	const char *proc = sk_test_dir();
	struct lk_chain chain = {.look = true};
	char path[256], away[256];

	(void)state;
	put_process(proc, 1, 0, 1, "init", "/");
	put_process(proc, 20, 1, 50, "parent", "/parents");
	put_process(proc, 30, 20, 60, "asker", "/askers");
	record = (struct lk_record){.pid = 30};
	lk_ancestry_walk(&record, &chain, proc, NULL, 0, LK_ANCESTORS);
	assert_int_equal(record.ancestors, 3);
	snprintf(path, sizeof path, "%s/20", proc);
	snprintf(away, sizeof away, "%s/ended", proc);
	assert_int_equal(rename(path, away), 0);
	put_process(proc, 20, 1, 70, "stranger", "/strangers");
	snprintf(path, sizeof path, "%s/20/status", proc);
	sk_test_write(path, "Uid:\t4711\n", 10);
	lk_ancestry_detail(&record, &chain, true);
	assert_false(record.cut);
	assert_string_equal(record.comm, "asker");
	assert_string_equal(record.parent_comm, "parent");
	assert_int_equal(record.ancestor[1].uid, 1020);
	assert_string_equal(lk_record_text(&record, record.ancestor[1].cgroup), "/parents");
	/* and when it has ended altogether, its details are missing, not another's */
	lk_ancestry_walk(&record, &chain, proc, NULL, 0, LK_ANCESTORS);
	assert_int_equal(record.ancestors, 1); /* the stranger is younger */
	assert_true(record.cut);
	lk_ancestry_detail(&record, &chain, true);
}

/* The asker has ended, and its number is another's: the witness knows it, and the way up from it. */
static void test_witness(void **state)
{
	const char *proc = sk_test_dir();
	struct lk_witness witness;
	char path[256], away[256];
	int fd = open(proc, O_PATH | O_DIRECTORY);

	(void)state;
	put_process(proc, 1, 0, 1, "init", "/");
	put_process(proc, 20, 1, 50, "parent", "/parents");
	put_process(proc, 30, 20, 60, "asker", "/askers");
	lk_witness_take(&witness, fd, 31);
	assert_int_equal(witness.pid, 0);
	lk_witness_take(&witness, fd, 30);
	assert_int_equal(witness.pid, 30);
	assert_int_equal(witness.count, 2);
	snprintf(path, sizeof path, "%s/30", proc);
	snprintf(away, sizeof away, "%s/ended", proc);
	assert_int_equal(rename(path, away), 0);
	snprintf(path, sizeof path, "%s/20", proc);
	snprintf(away, sizeof away, "%s/ended too", proc);
	assert_int_equal(rename(path, away), 0);
	for (int reused = 0; reused < 2; reused++) {
		record = (struct lk_record){.pid = 30};
		lk_ancestry(&record, proc, &witness, lk_now_us(), LK_DEPTH_ALL);
		assert_int_equal(record.ancestors, 3);
		assert_true(record.has_process && !record.cut);
		assert_string_equal(record.comm, "asker");
		assert_string_equal(record.actor, "/usr/bin/program-30");
		assert_string_equal(record.parent_comm, "parent");
		assert_int_equal(record.ancestor[0].cgroup, 0);
		assert_string_equal(lk_record_text(&record, record.ancestor[1].program), "/usr/bin/program-20");
		assert_int_equal(record.ancestor[2].pid, 1);
		if (!reused)
			put_process(proc, 30, 1, 90, "stranger", "/strangers");
	}
	close(fd);
}

/* The kernel side tells no start: who has the number and was there when it happened is the one, who came later is not. */
static void test_at_most(void **state)
{
	const char *proc = sk_test_dir();
	struct lk_witness witness = {.pid = 30, .count = 1, .seen = {{.pid = 30, .parent = 20, .uid = 7, .start = 65, .at_most = true, .comm = "told"}}};

	(void)state;
	put_process(proc, 1, 0, 1, "init", "/");
	put_process(proc, 20, 1, 50, "parent", "/");
	put_process(proc, 30, 20, 60, "asker", "/");
	record = (struct lk_record){.pid = 30};
	lk_ancestry(&record, proc, &witness, 0, LK_DEPTH_ALL);
	assert_int_equal(record.ancestors, 3);
	assert_string_equal(record.actor, "/usr/bin/program-30");
	assert_int_equal(record.ancestor[0].session, 31);
	witness.seen[0].start = 55;
	record = (struct lk_record){.pid = 30};
	lk_ancestry(&record, proc, &witness, 0, LK_DEPTH_ALL);
	assert_int_equal(record.ancestors, 3);
	assert_string_equal(record.comm, "told");
	assert_string_equal(record.actor, "");
	assert_int_equal(record.uid, 7);
	witness.seen[0].start = 45;
	record = (struct lk_record){.pid = 30};
	lk_ancestry(&record, proc, &witness, 0, LK_DEPTH_ALL);
	assert_true(record.ancestors == 1 && record.cut);
}

static void test_bounds(void **state)
{
	const char *proc = sk_test_dir();
	char cgroup[240], path[256];

	(void)state;
	for (uint32_t pid = 1; pid <= 40; pid++) {
		memset(cgroup, 'a' + (int)pid % 26, sizeof cgroup - 1);
		cgroup[0] = '/';
		cgroup[sizeof cgroup - 1] = 0;
		put_process(proc, pid, pid - 1, pid, "deep", cgroup);
	}
	look(proc, 40, LK_DEPTH_ALL);
	assert_int_equal(record.ancestors, LK_ANCESTORS);
	assert_true(record.cut);
	assert_true(record.texts_used <= LK_RECORD_TEXTS);
	assert_int_equal(record.ancestor[LK_ANCESTORS - 1].cgroup, 0); /* there was no more room */
	snprintf(path, sizeof path, "%s/50", proc);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/50/stat", proc);
	sk_test_write(path, "50 (x", 5);
	look(proc, 50, LK_DEPTH_ALL);
	assert_true(record.ancestors == 0 && record.cut);
	sk_test_write(path, "50 (x) S 1 2", 12);
	look(proc, 50, LK_DEPTH_ALL);
	assert_true(record.ancestors == 0 && record.cut);
}

SK_TEST_MAIN(cmocka_unit_test(test_own), cmocka_unit_test(test_chain), cmocka_unit_test(test_reuse), cmocka_unit_test(test_reuse_between),
	     cmocka_unit_test(test_witness), cmocka_unit_test(test_at_most), cmocka_unit_test(test_bounds))
