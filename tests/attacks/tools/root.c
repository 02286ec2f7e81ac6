// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-root: what somebody with all rights does to the kernel, to the disk and to processes that guard.
 *
 *   attack-root VERB WORDS...
 *
 * Says "effect" when it has seen that what it tried is so; a refusal is printed with its errno. ATTACK_LINKS and ATTACK_MAPS are the kernel's numbers of the
 * guard's BPF links and maps; without them it makes some of its own and treats these in the same way.
 */
#include <linux/bpf.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "tool.h"

static int effect(bool seen)
{
	if (seen)
		puts("effect");
	return !seen;
}

static bool file_has(const char *path, const char *text)
{
	char space[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n, keep = 0;
	bool found = false;

	while (!found && (n = read(fd, space + keep, sizeof space - 1 - (size_t)keep)) > 0) {
		space[keep + n] = 0;
		found = strstr(space, text) != NULL;
		keep = 0;
	}
	close(fd);
	return found;
}

static int unloaded(const char *name, int r)
{
	syscall(SYS_delete_module, name, O_NONBLOCK);
	return r;
}

/* FILE NAME: the module of that file, by descriptor or from memory. */
static int module_file(char **w)
{
	unloaded(w[1], 0); /* of an attempt before this one */
	if (syscall(SYS_finit_module, open_read(w[0]), "", 3) < 0) /* ignore versions: the file was changed on purpose */
		die("finit_module");
	return unloaded(w[1], effect(file_has("/proc/modules", w[1])));
}

static int module_memory(char **w)
{
	size_t size;
	void *data = load(w[0], &size);

	unloaded(w[1], 0);
	if (syscall(SYS_init_module, data, size, "") < 0)
		die("init_module");
	return unloaded(w[1], effect(file_has("/proc/modules", w[1])));
}

static int kexec(char **w)
{
	if (syscall(SYS_kexec_file_load, open_read(w[0]), -1, 1UL, "", 4UL) < 0) /* no initramfs */
		die("kexec_file_load");
	effect(file_has("/sys/kernel/kexec_loaded", "1"));
	return syscall(SYS_kexec_file_load, -1, -1, 0UL, "", 1UL) < 0; /* unload */
}

static int kexec_old(char **w)
{
	(void)w;
	if (syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0x3e0000UL) < 0) /* nothing to load, for x86-64: permitted or not */
		die("kexec_load");
	return effect(true);
}

/* --- BPF */

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int program(uint32_t type, int32_t answer, uint32_t attach)
{
	struct bpf_insn code[] = {{.code = 0xb7, .imm = answer}, {.code = 0x95}}; /* r0 = answer; exit */
	union bpf_attr a = {.prog_type = type, .insns = (uintptr_t)code, .insn_cnt = 2, .license = (uintptr_t)"GPL", .expected_attach_type = attach};
	int fd = (int)bpf(BPF_PROG_LOAD, &a);

	if (fd < 0)
		die("BPF_PROG_LOAD");
	return fd;
}

/* The kernel runs it and says what it answered. */
static int bpf_filter(char **w)
{
	char packet[64] = {0};
	union bpf_attr a = {.test.prog_fd = (uint32_t)program(BPF_PROG_TYPE_SOCKET_FILTER, 6651, 0), .test.data_in = (uintptr_t)packet,
			    .test.data_size_in = sizeof packet};

	(void)w;
	if (bpf(BPF_PROG_TEST_RUN, &a) < 0)
		die("BPF_PROG_TEST_RUN");
	return effect(a.test.retval == 6651);
}

static int bpf_trace(char **w)
{
	union bpf_attr a = {.raw_tracepoint.name = (uintptr_t)"sched_process_exec",
			    .raw_tracepoint.prog_fd = (uint32_t)program(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0)};

	(void)w;
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &a) < 0)
		die("BPF_RAW_TRACEPOINT_OPEN");
	return effect(true);
}

static int own_map(void)
{
	union bpf_attr a = {.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 4};
	uint32_t key = 1, value = 2;
	union bpf_attr put = {.key = (uintptr_t)&key, .value = (uintptr_t)&value};
	struct bpf_map_info info = {0};
	union bpf_attr ask = {.info.info_len = sizeof info, .info.info = (uintptr_t)&info};
	int fd = (int)bpf(BPF_MAP_CREATE, &a);

	if (fd < 0)
		die("BPF_MAP_CREATE");
	put.map_fd = ask.info.bpf_fd = (uint32_t)fd;
	if (bpf(BPF_MAP_UPDATE_ELEM, &put) < 0 || bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) < 0)
		die("map");
	return (int)info.id;
}

/* Takes the map of a number out of the kernel and removes what is in it. */
static bool empty_map(uint32_t id)
{
	unsigned char key[512], next[512];
	union bpf_attr a = {.map_id = id}, walk = {0}, drop = {0};
	int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &a), removed = 0;

	if (fd < 0)
		return false;
	walk.map_fd = drop.map_fd = (uint32_t)fd;
	walk.next_key = (uintptr_t)next;
	while (removed < 100000 && bpf(BPF_MAP_GET_NEXT_KEY, &walk) == 0) {
		memcpy(key, next, sizeof key);
		drop.key = (uintptr_t)key;
		if (bpf(BPF_MAP_DELETE_ELEM, &drop) < 0)
			break;
		removed++;
	}
	close(fd);
	return removed > 0;
}

static int bpf_maps(char **w)
{
	char *ids = getenv("ATTACK_MAPS"), *id;
	char own[16];
	bool any = false;

	(void)w;
	if (!ids || !*ids)
		snprintf(own, sizeof own, "%d", own_map()), ids = own;
	while ((id = strsep(&ids, ",")))
		any |= empty_map((uint32_t)strtoul(id, NULL, 10));
	return effect(any);
}

static bool detach(uint32_t id)
{
	union bpf_attr a = {.link_id = id}, b = {0};
	int fd = (int)bpf(BPF_LINK_GET_FD_BY_ID, &a);

	b.link_detach.link_fd = (uint32_t)fd;
	return fd >= 0 && bpf(BPF_LINK_DETACH, &b) == 0;
}

static int bpf_links(char **w)
{
	char *ids = getenv("ATTACK_LINKS"), *id;
	bool any = false;
	union bpf_attr a = {.link_create.prog_fd = 0};
	struct bpf_link_info info = {0};
	char own[16];

	if (!ids || !*ids) { /* one of our own, on a cgroup: that kind can be detached */
		union bpf_attr ask = {.info.info_len = sizeof info, .info.info = (uintptr_t)&info};

		a.link_create.prog_fd = (uint32_t)program(BPF_PROG_TYPE_CGROUP_SKB, 1, BPF_CGROUP_INET_EGRESS);
		a.link_create.target_fd = (uint32_t)open(w[0], O_RDONLY | O_DIRECTORY);
		a.link_create.attach_type = BPF_CGROUP_INET_EGRESS;
		ask.info.bpf_fd = (uint32_t)bpf(BPF_LINK_CREATE, &a);
		if (bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) < 0)
			die("link");
		snprintf(own, sizeof own, "%u", info.id), ids = own;
	}
	while ((id = strsep(&ids, ",")))
		any |= detach((uint32_t)strtoul(id, NULL, 10));
	return effect(any);
}

/* --- processes: WORDS are process ids */

static int process_signal(char **w)
{
	int number = (int)strtol(w[0], NULL, 10);
	bool any = false;

	for (int i = 1; w[i]; i++) {
		int fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(w[i], NULL, 10), 0);

		any |= fd >= 0 && syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) == 0;
	}
	return effect(any);
}

/* Stopped and continued without starting anything meanwhile: where a guard is stopped, starts wait. */
static int process_stop(char **w)
{
	bool all = true;
	char path[64];

	for (int i = 0; w[i]; i++)
		kill((pid_t)strtol(w[i], NULL, 10), SIGSTOP);
	usleep(200000);
	for (int i = 0; w[i]; i++) {
		snprintf(path, sizeof path, "/proc/%s/status", w[i]);
		all &= file_has(path, "T (stopped)");
	}
	for (int i = 0; w[i]; i++)
		kill((pid_t)strtol(w[i], NULL, 10), SIGCONT);
	return effect(all);
}

static void put_line(const char *folder, const char *file, const char *text)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* TOP, then process ids: into a frozen cgroup below TOP, and back. Nothing is started meanwhile. */
static int process_freeze(char **w)
{
	char folder[4000], events[4096];
	bool frozen;

	snprintf(folder, sizeof folder, "%s/frozen-%d", w[0], getpid());
	if (mkdir(folder, 0755) < 0)
		die(folder);
	for (int i = 1; w[i]; i++)
		put_line(folder, "cgroup.procs", w[i]);
	put_line(folder, "cgroup.freeze", "1");
	usleep(200000);
	snprintf(events, sizeof events, "%s/cgroup.events", folder);
	frozen = file_has(events, "frozen 1");
	put_line(folder, "cgroup.freeze", "0");
	for (int i = 1; w[i]; i++)
		put_line(w[0], "cgroup.procs", w[i]);
	rmdir(folder);
	return effect(frozen);
}

static int process_trace(char **w)
{
	bool any = false;

	for (int i = 0; w[i]; i++) {
		pid_t pid = (pid_t)strtol(w[i], NULL, 10);
		int status;

		if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0)
			continue;
		any |= waitpid(pid, &status, __WALL) == pid;
		ptrace(PTRACE_DETACH, pid, 0, 0);
	}
	return effect(any);
}

/* A byte of its memory is written, with the value that it has. */
static int process_memory(char **w)
{
	bool any = false;

	for (int i = 0; w[i]; i++) {
		char path[64], line[256] = "", byte;
		unsigned long start = 0;
		FILE *maps;
		int fd;

		snprintf(path, sizeof path, "/proc/%s/maps", w[i]);
		maps = fopen(path, "re");
		if (maps && fgets(line, sizeof line, maps))
			start = strtoul(line, NULL, 16);
		if (maps)
			fclose(maps);
		snprintf(path, sizeof path, "/proc/%s/mem", w[i]);
		fd = open(path, O_RDWR | O_CLOEXEC);
		any |= fd >= 0 && pread(fd, &byte, 1, (off_t)start) == 1 && pwrite(fd, &byte, 1, (off_t)start) == 1;
	}
	return effect(any);
}

/* A copy of a descriptor that it has. */
static int process_descriptor(char **w)
{
	bool any = false;

	for (int i = 0; w[i]; i++) {
		int fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(w[i], NULL, 10), 0);

		for (int k = 0; k < 64 && fd >= 0; k++)
			any |= syscall(SYS_pidfd_getfd, fd, k, 0) >= 0;
	}
	return effect(any);
}

static int process_limits(char **w)
{
	const struct rlimit none = {4, 4};
	struct rlimit now;
	bool any = false;

	for (int i = 0; w[i]; i++) {
		pid_t pid = (pid_t)strtol(w[i], NULL, 10);

		any |= prlimit(pid, RLIMIT_NOFILE, &none, NULL) == 0 && prlimit(pid, RLIMIT_NOFILE, NULL, &now) == 0 && now.rlim_cur == 4;
	}
	return effect(any);
}

static int process_priority(char **w)
{
	const struct sched_param zero = {0};
	bool any = false;

	for (int i = 0; w[i]; i++)
		any |= sched_setscheduler((pid_t)strtol(w[i], NULL, 10), SCHED_IDLE, &zero) == 0;
	return effect(any);
}

/* --- the disk below the file system: FILE, then the device as MAJOR:MINOR, then the file whose content takes its place */

static uint64_t place_of(const char *path)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} ask = {.map = {.fm_length = FIEMAP_MAX_OFFSET, .fm_flags = FIEMAP_FLAG_SYNC, .fm_extent_count = 1}};

	if (ioctl(open_read(path), FS_IOC_FIEMAP, &ask) < 0 || ask.map.fm_mapped_extents != 1 || (ask.extent.fe_flags & FIEMAP_EXTENT_DATA_INLINE))
		die("fiemap");
	return ask.extent.fe_physical;
}

static int device_write(char **w)
{
	unsigned int major = 0, minor = 0;
	uint64_t place;
	size_t size;
	void *data = load(w[2], &size);
	int fd;

	sync();
	place = place_of(w[0]);
	if (sscanf(w[1], "%u:%u", &major, &minor) != 2 || mknod("disk", S_IFBLK | 0600, makedev(major, minor)) < 0)
		die("mknod");
	fd = open("disk", O_RDWR);
	if (fd < 0 || pwrite(fd, data, size, (off_t)place) != (ssize_t)size || fsync(fd) < 0)
		die("disk");
	posix_fadvise(open_read(w[0]), 0, 0, POSIX_FADV_DONTNEED);
	return run_child(w[0]);
}

/* A byte of FILE is changed through a shared mapping. */
static int store(char **w)
{
	int fd = open(w[0], O_RDWR);
	char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		die(w[0]);
	map[100] ^= 1;
	return msync(map, 4096, MS_SYNC) < 0;
}

/* A filter of the old kind on a socket, as programs that capture packets have. */
static int socket_filter(char **w)
{
	struct sock_filter all = {.code = 0x06, .k = 65535};
	struct sock_fprog filter = {.len = 1, .filter = &all};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)w;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
		die("SO_ATTACH_FILTER");
	return effect(true);
}

static const struct verb verbs[] = {
	{"module-file", module_file}, {"module-memory", module_memory}, {"kexec", kexec}, {"kexec-old", kexec_old}, {"bpf-filter", bpf_filter},
	{"bpf-trace", bpf_trace}, {"bpf-maps", bpf_maps}, {"bpf-links", bpf_links}, {"signal", process_signal}, {"stop", process_stop}, {"freeze", process_freeze}, {"trace", process_trace},
	{"memory", process_memory}, {"descriptor", process_descriptor}, {"limits", process_limits}, {"priority", process_priority},
	{"device", device_write}, {"store", store}, {"socket-filter", socket_filter}, {0}};

int main(int argc, char **argv)
{
	return dispatch(verbs, argc, argv);
}
