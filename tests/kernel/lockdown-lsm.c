// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * lockdown-road: takes one road by which code can come to run, or by which somebody reaches for the agent, and says how far it came. The roads of
 * tests/kernel/lockdown-lsm.sh, which runs it in a machine of its own: most of them would harm a real one. Never installed.
 *
 *   lockdown-road ROAD [ARGUMENT...]     exit 0: done, 1: refused (by EPERM or EACCES), 2: something else failed, 3: no such road
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { DONE, REFUSED, FAILED, UNKNOWN };

/* b8 2a 00 00 00 c3: returns 42 */
static const unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3};

static int result(long r)
{
	if (r >= 0)
		return DONE;
	if (errno == EPERM || errno == EACCES)
		return REFUSED;
	fprintf(stderr, "%s\n", strerror(errno));
	return FAILED;
}

static int call(void *at)
{
	return ((int (*)(void))(uintptr_t)at)() == 42 ? DONE : FAILED;
}

/* Runs what a child becomes; a child that the kernel killed was refused, too. */
static int child_of(int (*run)(char **), char **a)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run(a));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return FAILED;
	return WIFSIGNALED(status) ? (WTERMSIG(status) == SIGKILL ? REFUSED : FAILED) : WEXITSTATUS(status);
}

static int exec_now(char **a)
{
	execv(a[0], (char *const[]){a[0], NULL});
	return result(-1);
}

static int road_exec(char **a)
{
	return child_of(exec_now, a);
}

static int exec_fd(int fd)
{
	static char name[] = "program";

	syscall(SYS_execveat, fd, "", (char *const[]){name, NULL}, environ, AT_EMPTY_PATH);
	return result(-1);
}

static int fd_now(char **a)
{
	return exec_fd(open(a[0], O_RDONLY | O_CLOEXEC));
}

static int road_fd(char **a)
{
	return child_of(fd_now, a);
}

static int memfd_of(const char *file)
{
	static char space[65536];
	int from = open(file, O_RDONLY | O_CLOEXEC), to = (int)syscall(SYS_memfd_create, "road", 1u);
	ssize_t got;

	while ((got = read(from, space, sizeof space)) > 0)
		if (write(to, space, (size_t)got) != got)
			return -1;
	close(from);
	return to;
}

static int memfd_now(char **a)
{
	return exec_fd(memfd_of(a[0]));
}

static int road_memfd(char **a)
{
	return child_of(memfd_now, a);
}

static int deleted_now(char **a)
{
	int fd = open(a[0], O_RDONLY | O_CLOEXEC);

	unlink(a[0]);
	return exec_fd(fd);
}

static int road_deleted(char **a)
{
	return child_of(deleted_now, a);
}

static int road_map(char **a)
{
	int fd = open(a[0], O_RDONLY);

	return result(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0);
}

static int road_map_later(char **a)
{
	int fd = open(a[0], O_RDONLY);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? FAILED : result(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int road_anonymous(char **a)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return result(-1);
	memcpy(at, code, sizeof code);
	return call(at);
}

static int road_mprotect(char **a)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(at, code, sizeof code);
	return mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0 ? result(-1) : call(at);
}

/* A page of a known file, written to and made executable again. */
static int road_mprotect_file(char **a)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	memcpy(at, code, sizeof code);
	return mprotect(at, 4096, PROT_READ | PROT_EXEC) < 0 ? result(-1) : call(at);
}

static int road_shared(char **a)
{
	int fd = (int)syscall(SYS_memfd_create, "twice", 0u);
	void *write_at, *at;

	if (ftruncate(fd, 4096) < 0)
		return FAILED;
	write_at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (write_at == MAP_FAILED)
		return FAILED;
	if (at == MAP_FAILED)
		return result(-1);
	memcpy(write_at, code, sizeof code);
	return call(at);
}

static int road_shm(char **a)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *write_at = shmat(id, NULL, 0), *at = shmat(id, NULL, SHM_EXEC);
	int r = at == (void *)-1 ? result(-1) : DONE;

	if (r == DONE) {
		memcpy(write_at, code, sizeof code);
		r = call(at);
	}
	shmctl(id, IPC_RMID, NULL);
	return r;
}

static int __attribute__((noinline, aligned(4096))) victim(void)
{
	__asm__ volatile("nop; nop; nop; nop; nop; nop");
	return 7;
}

static int road_own_memory(char **a)
{
	int fd = open("/proc/self/mem", O_RDWR);

	if (fd < 0)
		return result(-1);
	if (pwrite(fd, code, sizeof code, (off_t)(uintptr_t)&victim) != sizeof code)
		return result(-1);
	return call((void *)(uintptr_t)&victim);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	return pid;
}

static int ended(pid_t pid, int r)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

static int road_other_memory(char **a)
{
	pid_t pid = a[0] ? (pid_t)strtol(a[0], NULL, 10) : sleeper();
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDWR);
	if (a[0])
		return result(fd);
	return ended(pid, fd < 0 ? result(-1) : result(pwrite(fd, code, sizeof code, (off_t)(uintptr_t)&victim)));
}

static int road_ptrace(char **a)
{
	pid_t pid = a[0] ? (pid_t)strtol(a[0], NULL, 10) : sleeper();
	int r = result(ptrace(PTRACE_SEIZE, pid, NULL, NULL));

	if (a[0])
		return r;
	return ended(pid, r);
}

/* What debuggers do: stops it, looks at its memory, lets it go. */
static int road_look(char **a)
{
	pid_t pid = sleeper();
	int r, status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return ended(pid, result(-1));
	waitpid(pid, &status, __WALL);
	errno = 0;
	r = ptrace(PTRACE_PEEKTEXT, pid, (void *)(uintptr_t)code, NULL) == -1 && errno ? result(-1) : DONE;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return ended(pid, r);
}

/* Writes into a child that lets itself be traced. It is a child that does so: who writes may be killed for it. */
static int poke_now(char **a)
{
	static const long word = 0x1234;
	int status;
	pid_t pid = fork();
	long r;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return FAILED;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL);
	r = ptrace(PTRACE_POKEDATA, pid, (void *)(uintptr_t)&word, 0x4321);
	return ended(pid, result(r));
}

static int road_poke(char **a)
{
	return child_of(poke_now, a);
}

static int traceme_now(char **a)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int road_traceme(char **a)
{
	return child_of(traceme_now, a);
}

static int road_process_vm(char **a)
{
	static char there[16];
	pid_t pid = sleeper();
	struct iovec from = {.iov_base = (void *)(uintptr_t)code, .iov_len = sizeof code}, to = {.iov_base = there, .iov_len = sizeof code};

	return ended(pid, result(process_vm_writev(pid, &from, 1, &to, 1, 0)));
}

static int road_module(char **a)
{
	int fd = open(a[0], O_RDONLY);

	return result(syscall(SYS_finit_module, fd, "", 0));
}

static int road_module_memory(char **a)
{
	static char space[4 << 20];
	int fd = open(a[0], O_RDONLY);
	ssize_t size = read(fd, space, sizeof space);

	return size <= 0 ? FAILED : result(syscall(SYS_init_module, space, (unsigned long)size, ""));
}

/* Any answer but EPERM means that the hook was passed: the kernel then finds fault with what it got. */
static int passed(long r)
{
	return r < 0 && (errno == EPERM || errno == EACCES) ? REFUSED : DONE;
}

static int road_kexec(char **a)
{
	int fd = open(a[0], O_RDONLY);

	return passed(syscall(SYS_kexec_file_load, fd, -1, 1UL, "", 0UL));
}

static int road_kexec_memory(char **a)
{
	return passed(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL));
}

static int load_program(uint32_t type)
{
	static const struct bpf_insn nothing[] = {{.code = 0xb7}, {.code = 0x95}};
	union bpf_attr attr = {.prog_type = type, .insn_cnt = 2, .insns = (uint64_t)(uintptr_t)nothing, .license = (uint64_t)(uintptr_t) "GPL"};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}

static int road_bpf(char **a)
{
	return result(load_program(BPF_PROG_TYPE_RAW_TRACEPOINT));
}

static int road_bpf_device(char **a)
{
	return result(load_program(BPF_PROG_TYPE_CGROUP_DEVICE));
}

/* All ids of a kind: can anybody get hold of one that is not his? */
static int get_ids(int next, int get)
{
	union bpf_attr attr = {0};
	bool refused = false;

	for (uint32_t id = 0;;) {
		memset(&attr, 0, sizeof attr);
		attr.start_id = id;
		if (syscall(SYS_bpf, next, &attr, sizeof attr) < 0)
			break;
		id = attr.next_id;
		memset(&attr, 0, sizeof attr);
		attr.map_id = id;
		if (syscall(SYS_bpf, get, &attr, sizeof attr) >= 0)
			return DONE;
		refused = refused || errno == EPERM;
	}
	return refused ? REFUSED : FAILED;
}

static int road_bpf_links(char **a)
{
	return get_ids(BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
}

static int road_bpf_maps(char **a)
{
	return get_ids(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
}

static int road_bpf_programs(char **a)
{
	return get_ids(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
}

static int road_bpf_pin(char **a)
{
	union bpf_attr attr = {.pathname = (uint64_t)(uintptr_t)a[0]};

	return result(syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof attr));
}

static int road_mount(char **a)
{
	return result(mount("none", a[0], "tmpfs", 0, NULL));
}

static int road_bind(char **a)
{
	return result(mount(a[0], a[1], NULL, MS_BIND, NULL));
}

static int road_mount_new(char **a)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0) < 0) /* FSCONFIG_CMD_CREATE */
		return result(-1);
	fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	return fd < 0 ? result(-1) : result(syscall(SYS_move_mount, fd, "", AT_FDCWD, a[0], 4)); /* MOVE_MOUNT_F_EMPTY_PATH */
}

static int road_umount(char **a)
{
	return result(umount2(a[0], MNT_DETACH));
}

static int road_cgroup1(char **a)
{
	mkdir("/tmp/freezer", 0700);
	return passed(mount("none", "/tmp/freezer", "cgroup", 0, "freezer"));
}

static int road_open_write(char **a)
{
	int fd = open(a[0], O_WRONLY | O_APPEND);

	return result(fd);
}

static int road_overwrite(char **a)
{
	int fd = open(a[0], O_WRONLY | O_TRUNC);

	return result(fd < 0 ? -1 : write(fd, "x", 1));
}

/* As a control file takes it. */
static int road_put(char **a)
{
	int fd = open(a[0], O_WRONLY);

	return result(fd < 0 ? -1 : write(fd, a[1], strlen(a[1])));
}

static int road_truncate(char **a)
{
	return result(truncate(a[0], 1));
}

static int road_rename(char **a)
{
	return result(rename(a[0], a[1]));
}

static int road_unlink(char **a)
{
	return result(unlink(a[0]));
}

static int road_create(char **a)
{
	return result(open(a[0], O_WRONLY | O_CREAT | O_EXCL, 0600));
}

static int road_symlink(char **a)
{
	return result(symlink("/dev/null", a[0]));
}

static int road_mkdir(char **a)
{
	return result(mkdir(a[0], 0700));
}

static int road_chmod(char **a)
{
	return result(chmod(a[0], 0777));
}

static int road_flags(char **a)
{
	int fd = open(a[0], O_RDONLY), flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return FAILED;
	flags ^= FS_NOATIME_FL;
	return result(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static int road_xattr(char **a)
{
	return result(setxattr(a[0], "trusted.road", "1", 1, 0));
}

static int road_link(char **a)
{
	return result(link(a[0], a[1]));
}

static int road_uring(char **a)
{
	struct io_uring_params p = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);
	char *sq, *cq;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	int fd;

	if (ring < 0)
		return FAILED;
	sq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		return FAILED;
	memset(sqe, 0, sizeof *sqe);
	sqe->opcode = IORING_OP_OPENAT;
	sqe->fd = AT_FDCWD;
	sqe->addr = (uint64_t)(uintptr_t)a[0];
	sqe->open_flags = O_WRONLY | O_APPEND;
	sqe->flags = IOSQE_ASYNC;
	*(uint32_t *)(sq + p.sq_off.array) = 0;
	*(uint32_t *)(sq + p.sq_off.tail) = 1;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return result(-1);
	cqe = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	fd = cqe->res;
	errno = fd < 0 ? -fd : 0;
	return result(fd < 0 ? -1 : 0);
}

static int road_kill(char **a)
{
	return result(kill((pid_t)strtol(a[0], NULL, 10), (int)strtol(a[1], NULL, 10)));
}

static int road_pidfd(char **a)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(a[0], NULL, 10), 0);

	return result(fd < 0 ? -1 : syscall(SYS_pidfd_send_signal, fd, SIGSTOP, NULL, 0));
}

/* A child that begins its life in another control group. */
static int road_clone_into(char **a)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	} arguments = {.flags = 0x200000000ULL, .exit_signal = SIGCHLD, .cgroup = (uint64_t)open(a[0], O_RDONLY | O_DIRECTORY)};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);

	if (pid == 0)
		_exit(0);
	return pid < 0 ? result(-1) : ended(pid, DONE);
}

static int road_limit(char **a)
{
	struct rlimit limit = {1, 1};

	return result(prlimit((pid_t)strtol(a[0], NULL, 10), RLIMIT_NOFILE, &limit, NULL));
}

static int road_nice(char **a)
{
	return result(setpriority(PRIO_PROCESS, (id_t)strtol(a[0], NULL, 10), 19));
}

static int road_scheduler(char **a)
{
	struct sched_param param = {0};

	return result(sched_setscheduler((pid_t)strtol(a[0], NULL, 10), SCHED_IDLE, &param));
}

static int road_affinity(char **a)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return result(sched_setaffinity((pid_t)strtol(a[0], NULL, 10), sizeof set, &set));
}

/* Becomes another program file by name alone. */
static int road_exe_file(char **a)
{
	int fd = open(a[0], O_RDONLY);

	return passed(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, (unsigned long)fd, 0, 0));
}

static int road_read(char **a)
{
	char byte;
	int fd = open(a[0], O_RDONLY);

	return result(fd < 0 ? -1 : read(fd, &byte, 1));
}

static const struct {
	const char *name;
	int (*take)(char **a);
	int arguments;
} roads[] = {
	{"exec", road_exec, 1}, {"fd", road_fd, 1}, {"memfd", road_memfd, 1}, {"deleted", road_deleted, 1}, {"map", road_map, 1},
	{"map-later", road_map_later, 1}, {"anonymous", road_anonymous, 0}, {"mprotect", road_mprotect, 0},
	{"mprotect-file", road_mprotect_file, 0}, {"shared", road_shared, 0}, {"shm", road_shm, 0}, {"own-memory", road_own_memory, 0},
	{"other-memory", road_other_memory, 0}, {"ptrace", road_ptrace, 0}, {"traceme", road_traceme, 0}, {"look", road_look, 0}, {"poke", road_poke, 0}, {"process-vm", road_process_vm, 0},
	{"module", road_module, 1}, {"module-memory", road_module_memory, 1}, {"kexec", road_kexec, 1}, {"kexec-memory", road_kexec_memory, 0},
	{"bpf", road_bpf, 0}, {"bpf-device", road_bpf_device, 0}, {"bpf-links", road_bpf_links, 0}, {"bpf-maps", road_bpf_maps, 0},
	{"bpf-programs", road_bpf_programs, 0}, {"bpf-pin", road_bpf_pin, 1}, {"mount", road_mount, 1}, {"bind", road_bind, 2},
	{"mount-new", road_mount_new, 1}, {"umount", road_umount, 1}, {"cgroup1", road_cgroup1, 0}, {"open-write", road_open_write, 1},
	{"overwrite", road_overwrite, 1}, {"put", road_put, 2}, {"truncate", road_truncate, 1}, {"rename", road_rename, 2},
	{"unlink", road_unlink, 1}, {"create", road_create, 1}, {"symlink", road_symlink, 1}, {"mkdir", road_mkdir, 1},
	{"chmod", road_chmod, 1}, {"flags", road_flags, 1}, {"xattr", road_xattr, 1}, {"link", road_link, 2}, {"uring", road_uring, 1},
	{"kill", road_kill, 2}, {"pidfd", road_pidfd, 1}, {"clone-into", road_clone_into, 1}, {"limit", road_limit, 1}, {"nice", road_nice, 1}, {"scheduler", road_scheduler, 1},
	{"affinity", road_affinity, 1}, {"exe-file", road_exe_file, 1}, {"read", road_read, 1},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof roads / sizeof *roads; i++)
		if (!strcmp(argv[1], roads[i].name) && argc - 2 >= roads[i].arguments)
			return roads[i].take(argv + 2);
	return UNKNOWN;
}
