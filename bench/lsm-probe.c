// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * bench-lsm-probe: what the kernel's BPF programs cost, by the kernel's own statistics. The same program measures in the virtual machine and on this one.
 *
 *   bench-lsm-probe start COUNT PROGRAM     PROGRAM is started COUNT times (vfork, execve, wait); then "hook NAME RUNS NANOSECONDS" for each program of
 *                                           the kernel that ran meanwhile, and "started COUNT"
 *   bench-lsm-probe reference COUNT         a program of known work (32 looks into a hash map, 32 reads of kernel memory, as the hooks make them) is
 *                                           run COUNT times: "hook reference RUNS NANOSECONDS"
 *
 * It switches the statistics on for itself (BPF_ENABLE_STATS). Exit code 3: the kernel does not let it.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAMS = 512, PIECES = 32, ENVIRONMENT = 3, WARM = 20 };

struct seen {
	uint32_t id;
	uint64_t runs, nanoseconds;
	char name[BPF_OBJ_NAME_LEN];
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench-lsm-probe: %s: %s\n", what, strerror(errno));
	exit(ENVIRONMENT);
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

static void enable_statistics(void)
{
	union bpf_attr a = {.enable_stats.type = BPF_STATS_RUN_TIME};

	if (bpf(BPF_ENABLE_STATS, &a) < 0)
		fail("statistics");
}

static void look(int fd, struct seen *ret)
{
	struct bpf_prog_info info = {0};
	union bpf_attr a = {.info = {.bpf_fd = (uint32_t)fd, .info_len = sizeof info, .info = (uintptr_t)&info}};

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &a) < 0)
		fail("a program");
	*ret = (struct seen){.id = info.id, .runs = info.run_cnt, .nanoseconds = info.run_time_ns};
	memcpy(ret->name, info.name, sizeof ret->name);
}

static unsigned look_at_all(struct seen *all)
{
	union bpf_attr next = {0};
	unsigned count = 0;

	while (count < PROGRAMS && bpf(BPF_PROG_GET_NEXT_ID, &next) == 0) {
		union bpf_attr a = {.prog_id = next.next_id};
		int fd = (int)bpf(BPF_PROG_GET_FD_BY_ID, &a);

		next = (union bpf_attr){.start_id = next.next_id};
		if (fd < 0)
			continue;
		look(fd, &all[count++]);
		close(fd);
	}
	return count;
}

static void start_once(char *program)
{
	char *const arguments[] = {program, NULL}, *const environment[] = {NULL};
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execve(program, arguments, environment);
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail(program);
}

static void tell(const struct seen *before, const struct seen *after)
{
	if (after->runs > before->runs)
		printf("hook %s %lu %lu\n", after->name, (unsigned long)(after->runs - before->runs), (unsigned long)(after->nanoseconds - before->nanoseconds));
}

static void start(unsigned count, char *program)
{
	static struct seen before[PROGRAMS], after[PROGRAMS];
	unsigned befores, afters;

	for (int i = 0; i < WARM; i++)
		start_once(program);
	befores = look_at_all(before);
	for (unsigned i = 0; i < count; i++)
		start_once(program);
	afters = look_at_all(after);
	for (unsigned i = 0; i < afters; i++)
		for (unsigned j = 0; j < befores; j++)
			if (after[i].id == before[j].id)
				tell(&before[j], &after[i]);
	printf("started %u\n", count);
}

/* --- a program of known work, in the machine's own words: no compiler of BPF is needed where this runs */

static unsigned put(struct bpf_insn *code, unsigned at, uint8_t op, uint8_t to, uint8_t from, int16_t off, int32_t value)
{
	code[at] = (struct bpf_insn){.code = op, .dst_reg = to & 15, .src_reg = from & 15, .off = off, .imm = value};
	return at + 1;
}

/* The task's address stays in r6; the key (four bytes) and what is read (eight) lie below the frame. */
static unsigned write_program(struct bpf_insn *code, int map)
{
	unsigned n = put(code, 0, 0x85, 0, 0, 0, BPF_FUNC_get_current_task);

	n = put(code, n, 0xbf, 6, 0, 0, 0);
	for (int i = 0; i < PIECES; i++) {
		n = put(code, n, 0x62, 10, 0, -4, i); /* the key */
		n = put(code, n, 0x18, 1, BPF_PSEUDO_MAP_FD, 0, map);
		n = put(code, n, 0, 0, 0, 0, 0);
		n = put(code, n, 0xbf, 2, 10, 0, 0);
		n = put(code, n, 0x07, 2, 0, 0, -4);
		n = put(code, n, 0x85, 0, 0, 0, BPF_FUNC_map_lookup_elem);
		n = put(code, n, 0xbf, 1, 10, 0, 0);
		n = put(code, n, 0x07, 1, 0, 0, -16);
		n = put(code, n, 0xb7, 2, 0, 0, 8);
		n = put(code, n, 0xbf, 3, 6, 0, 0);
		n = put(code, n, 0x85, 0, 0, 0, BPF_FUNC_probe_read_kernel);
	}
	n = put(code, n, 0xb7, 0, 0, 0, 0);
	return put(code, n, 0x95, 0, 0, 0, 0);
}

static void fill(int map)
{
	for (uint32_t key = 0; key < PIECES; key++) {
		uint64_t value = key;
		union bpf_attr a = {.map_fd = (uint32_t)map, .key = (uintptr_t)&key, .value = (uintptr_t)&value};

		if (bpf(BPF_MAP_UPDATE_ELEM, &a) < 0)
			fail("a map");
	}
}

static void reference(unsigned count)
{
	static struct bpf_insn code[16 + 12 * PIECES];
	union bpf_attr make = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 2 * PIECES}, load = {0}, run = {0};
	struct seen before, after;
	int map = (int)bpf(BPF_MAP_CREATE, &make), program;

	if (map < 0)
		fail("a map");
	fill(map);
	load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	load.insns = (uintptr_t)code;
	load.insn_cnt = write_program(code, map);
	load.license = (uintptr_t)"GPL";
	memcpy(load.prog_name, "reference", sizeof "reference");
	program = (int)bpf(BPF_PROG_LOAD, &load);
	if (program < 0)
		fail("the reference program");
	run.test.prog_fd = (uint32_t)program;
	for (unsigned i = 0; i < count + WARM; i++) {
		if (i == WARM)
			look(program, &before);
		if (bpf(BPF_PROG_TEST_RUN, &run) < 0)
			fail("running it");
	}
	look(program, &after);
	tell(&before, &after);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	if (!count || (argc == 4) != !strcmp(argv[1], "start") || (argc == 3 && strcmp(argv[1], "reference"))) {
		fprintf(stderr, "usage: bench-lsm-probe start COUNT PROGRAM | reference COUNT\n");
		return 2;
	}
	enable_statistics();
	if (argc == 4)
		start(count, argv[3]);
	else
		reference(count);
	return 0;
}
