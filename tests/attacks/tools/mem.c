// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * attack-mem: ways to run instructions that come from memory, and to write them into a known program that runs.
 *
 *   attack-mem VERB FILE       the instructions are FILE.code, read as data
 *   attack-mem idle            the known program that others are written into
 *   attack-mem jitting         one that has executable, writable memory and runs it over and over
 */
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "tool.h"

enum { LENGTH = 4096, RWX = PROT_READ | PROT_WRITE | PROT_EXEC, RX = PROT_READ | PROT_EXEC, RW = PROT_READ | PROT_WRITE };

static int call(void *code)
{
	((void (*)(void))code)();
	return 1;
}

static void *fill(void *place, const char *name)
{
	size_t size;
	void *code = load(with_suffix(name, ".code"), &size);

	if (place == MAP_FAILED || size > LENGTH)
		die("mmap");
	return memcpy(place, code, size);
}

static void *anonymous(int prot, int flags)
{
	return mmap(NULL, LENGTH, prot, MAP_ANONYMOUS | flags, -1, 0);
}

static int after(void *place, int prot)
{
	uintptr_t page = (uintptr_t)place & ~(uintptr_t)(LENGTH - 1);

	if (mprotect((void *)page, 2 * LENGTH, prot) < 0)
		die("mprotect");
	return call(place);
}

static int anon_rwx(char **w) { return call(fill(anonymous(RWX, MAP_PRIVATE), w[0])); }
static int anon_shared(char **w) { return call(fill(anonymous(RWX, MAP_SHARED), w[0])); }

static int anon_personality(char **w)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		die("personality");
	return call(fill(anonymous(RW, MAP_PRIVATE), w[0]));
}

/* Never writable: the page is filled by whoever handles its fault. */
static int anon_filled(char **w)
{
	char *source = fill(anonymous(RW, MAP_PRIVATE), w[0]), *code = anonymous(RX, MAP_PRIVATE);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.range = {(uintptr_t)code, LENGTH}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_copy copy = {.dst = (uintptr_t)code, .src = (uintptr_t)source, .len = LENGTH};
	int fd = (int)syscall(SYS_userfaultfd, 0);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0 || ioctl(fd, UFFDIO_COPY, &copy) < 0)
		die("userfaultfd");
	return call(code);
}

static int zero_device(char **w)
{
	int fd = open("/dev/zero", O_RDWR);

	return call(fill(mmap(NULL, LENGTH, RWX, MAP_PRIVATE, fd, 0), w[0]));
}

static int protect_rx(char **w) { return after(fill(mmap(NULL, (size_t)2 * LENGTH, RW, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0), w[0]), RX); }
static int protect_rwx(char **w) { return after(fill(mmap(NULL, (size_t)2 * LENGTH, RW, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0), w[0]), RWX); }

static int protect_stack(char **w)
{
	char space[2 * LENGTH];

	return after(fill(space, w[0]), RWX);
}

static int protect_heap(char **w) { return after(fill(sbrk(3 * LENGTH), w[0]), RX); }

static int protect_data(char **w)
{
	static char space[4 * LENGTH] = {1};

	return after(fill(space + LENGTH, w[0]), RX);
}

static int protect_key(char **w)
{
	void *code = fill(anonymous(RW, MAP_PRIVATE), w[0]);

	if (syscall(SYS_pkey_mprotect, code, LENGTH, RX, -1) < 0)
		die("pkey_mprotect");
	return call(code);
}

/* In two steps, neither of which asks for both at once. */
static int protect_steps(char **w)
{
	void *code = fill(anonymous(RW, MAP_PRIVATE), w[0]);

	if (mprotect(code, LENGTH, PROT_NONE) < 0 || mprotect(code, LENGTH, PROT_EXEC | PROT_READ) < 0)
		die("mprotect");
	return call(code);
}

/* The text of a known program or library made writable, changed, and made executable again. */
static int patch_text(char **w)
{
	char *text = mmap(NULL, LENGTH, RX, MAP_PRIVATE, open_read("/tries/lawful/known.code"), 0);

	if (text == MAP_FAILED || mprotect(text, LENGTH, RW) < 0)
		die("mprotect");
	fill(text, w[0]);
	if (mprotect(text, LENGTH, RX) < 0)
		die("mprotect");
	return call(text);
}

static int patch_mapped(char **w)
{
	return call(fill(mmap(NULL, LENGTH, RWX, MAP_PRIVATE, open_read("/tries/lawful/known.code"), 0), w[0]));
}

static int twice(int fd, const char *name)
{
	void *out, *code;

	if (fd < 0 || ftruncate(fd, LENGTH) < 0)
		die("file");
	out = mmap(NULL, LENGTH, RW, MAP_SHARED, fd, 0);
	code = mmap(NULL, LENGTH, RX, MAP_SHARED, fd, 0);
	fill(out, name);
	return code == MAP_FAILED ? (die("mmap"), 1) : call(code);
}

static int twice_memfd(char **w) { return twice((int)syscall(SYS_memfd_create, "x", 0), w[0]); }
static int twice_file(char **w) { return twice(open("double", O_RDWR | O_CREAT | O_TRUNC, 0600), w[0]); }
static int twice_shm(char **w) { return twice(open("/dev/shm/double", O_RDWR | O_CREAT | O_TRUNC, 0600), w[0]); }

static int twice_alias(char **w)
{
	void *code = anonymous(RW, MAP_SHARED), *other;

	other = mremap(code, 0, LENGTH, MREMAP_MAYMOVE); /* a second mapping of the same pages */
	if (other == MAP_FAILED || mprotect(other, LENGTH, RX) < 0)
		die("mprotect");
	fill(code, w[0]);
	return call(other);
}

static int sysv(char **w)
{
	int id = shmget(IPC_PRIVATE, LENGTH, IPC_CREAT | 0700);
	void *code = shmat(id, NULL, SHM_EXEC);

	shmctl(id, IPC_RMID, NULL);
	return code == (void *)-1 ? (die("shmat"), 1) : call(fill(code, w[0]));
}

/* --- into a program that runs */

static int idle(char **w)
{
	alarm(10);
	while (usleep(20000) == 0 || errno == EINTR)
		;
	return 0;
}

static int jitting(char **w)
{
	unsigned char *code = anonymous(RWX, MAP_PRIVATE);

	alarm(10);
	if (code == MAP_FAILED)
		die("mmap");
	memset(code, 0xc3, LENGTH); /* ret */
	printf("%p\n", (void *)code);
	fflush(stdout);
	while (usleep(1000) == 0 || errno == EINTR)
		((void (*)(void))code)();
	return 0;
}

static pid_t start(const char *program, const char *verb, uintptr_t *ret_address)
{
	int pipes[2];
	char said[64] = "";
	pid_t pid;

	if (pipe(pipes) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], 1);
		execl(program, program, verb, (char *)NULL);
		_exit(1);
	}
	close(pipes[1]);
	if (ret_address && read(pipes[0], said, sizeof said - 1) > 0)
		*ret_address = (uintptr_t)strtoull(said, NULL, 16);
	usleep(100000); /* it is in its loop */
	return pid;
}

static int ended(pid_t pid)
{
	int status;

	for (int i = 0; i < 100; i++, usleep(10000))
		if (waitpid(pid, &status, WNOHANG) == pid)
			return 0;
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) != pid;
}

static void write_memory(pid_t pid, uintptr_t address, const char *name)
{
	char path[64];
	size_t size;
	void *code = load(with_suffix(name, ".code"), &size);
	int fd;

	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	if (fd < 0 || pwrite(fd, code, size, (off_t)address) != (ssize_t)size)
		die(path);
	close(fd);
}

static __attribute__((noinline, aligned(4096))) void victim_text(void)
{
	for (volatile int i = 0; i < 4096; i++)
		__asm__ volatile(".skip 512, 0x90");
}

/* Into text of its own, which no mprotect() ever made writable. */
static int proc_self(char **w)
{
	write_memory(getpid(), (uintptr_t)victim_text, w[0]);
	return call((void *)victim_text);
}

/* The lawful twin: the same file, but data. */
static int proc_self_data(char **w)
{
	static char data[LENGTH];
	size_t size;
	void *code = load(with_suffix(w[0], ".code"), &size);

	write_memory(getpid(), (uintptr_t)data, w[0]);
	return memcmp(data, code, size) ? 1 : run_child("./known");
}

/* Another one: the same file, but read. */
static int proc_self_read(char **w)
{
	static const char data[] = "what stands here";
	char found[sizeof data];
	int fd = open("/proc/self/mem", O_RDONLY);

	(void)w;
	if (fd < 0 || pread(fd, found, sizeof found, (off_t)(uintptr_t)data) != (ssize_t)sizeof found)
		die("/proc/self/mem");
	return memcmp(found, data, sizeof data) ? 1 : run_child("./known");
}

static uintptr_t where(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		die("registers");
	return regs.rip;
}

static void poke(pid_t pid, uintptr_t address, const char *name)
{
	size_t size;
	const char *code = load(with_suffix(name, ".code"), &size);
	long word;

	for (size_t i = 0; i < size; i += sizeof word) {
		memcpy(&word, code + i, size - i < sizeof word ? size - i : sizeof word);
		if (ptrace(PTRACE_POKETEXT, pid, address + i, word) < 0)
			die("poke");
	}
}

static pid_t attached(long request)
{
	int status;
	pid_t pid = start("/proc/self/exe", "idle", NULL);

	if (ptrace((enum __ptrace_request)request, pid, 0, 0) < 0)
		die("ptrace");
	if (request == PTRACE_SEIZE)
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, &status, 0);
	return pid;
}

static int trace_attach(char **w)
{
	pid_t pid = attached(PTRACE_ATTACH);

	poke(pid, where(pid), w[0]);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	kill(pid, SIGCONT);
	return ended(pid);
}

static int trace_seize(char **w)
{
	pid_t pid = attached(PTRACE_SEIZE);

	poke(pid, where(pid), w[0]);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return ended(pid);
}

static int trace_memory(char **w)
{
	pid_t pid = attached(PTRACE_ATTACH);

	write_memory(pid, where(pid), w[0]);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return ended(pid);
}

static int trace_child(char **w)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl("./known", "known", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	if (!WIFSTOPPED(status))
		return 1;
	poke(pid, where(pid), w[0]);
	ptrace(PTRACE_CONT, pid, 0, 0);
	return ended(pid);
}

/* As a debugger does: attach, look, let go; and a child that is traced to its end. */
static int trace_look(char **w)
{
	int status;
	pid_t pid = attached(PTRACE_ATTACH);

	if (ptrace(PTRACE_PEEKTEXT, pid, where(pid), 0) == -1 && errno)
		return 1;
	ptrace(PTRACE_DETACH, pid, 0, 0);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execl("./known", "known", (char *)NULL);
		_exit(1);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int into_child(char **w)
{
	int status;
	uintptr_t rip;
	pid_t pid = start("/proc/self/exe", "idle", NULL);
	char path[64], text[512] = "", *at = text;

	snprintf(path, sizeof path, "/proc/%d/syscall", pid);
	status = open_read(path);
	if (read(status, text, sizeof text - 1) <= 0 || !(at = strrchr(text, ' ')))
		die(path);
	rip = (uintptr_t)strtoull(at, NULL, 16);
	write_memory(pid, rip, w[0]);
	return ended(pid);
}

/* Into the memory that a lawful just-in-time compiler has. */
static int vm_write(char **w)
{
	uintptr_t address = 0;
	size_t size;
	void *code = load(with_suffix(w[0], ".code"), &size);
	pid_t pid = start("/opt/attacks/jit", "jitting", &address);
	struct iovec from = {code, size}, to = {(void *)address, size};

	if (!address || process_vm_writev(pid, &from, 1, &to, 1, 0) != (ssize_t)size)
		die("process_vm_writev");
	return ended(pid);
}

/* The lawful twin: one process reads another's memory, as monitors do, and the compiler goes on. */
static int vm_read(char **w)
{
	uintptr_t address = 0;
	unsigned char byte = 0;
	pid_t pid = start("/opt/attacks/jit", "jitting", &address);
	struct iovec from = {&byte, 1}, to = {(void *)address, 1};
	ssize_t n = process_vm_readv(pid, &from, 1, &to, 1, 0);

	kill(pid, SIGKILL);
	return n == 1 && byte == 0xc3 && ended(pid) == 0 ? run_child("./known") : 1;
}

static const struct verb verbs[] = {
	{"anonymous", anon_rwx}, {"anonymous-shared", anon_shared}, {"personality", anon_personality}, {"filled", anon_filled}, {"zero", zero_device},
	{"protect", protect_rx}, {"protect-rwx", protect_rwx}, {"stack", protect_stack}, {"heap", protect_heap}, {"data", protect_data},
	{"key", protect_key}, {"steps", protect_steps}, {"patch-text", patch_text}, {"patch-mapped", patch_mapped}, {"twice-memfd", twice_memfd},
	{"twice-file", twice_file}, {"twice-shm", twice_shm}, {"twice-alias", twice_alias}, {"sysv", sysv}, {"idle", idle}, {"jitting", jitting},
	{"proc-self", proc_self}, {"proc-self-data", proc_self_data}, {"proc-self-read", proc_self_read}, {"proc-child", into_child}, {"trace-attach", trace_attach},
	{"trace-seize", trace_seize}, {"trace-memory", trace_memory}, {"trace-child", trace_child}, {"trace-look", trace_look},
	{"vm-write", vm_write}, {"vm-read", vm_read}, {0}};

int main(int argc, char **argv)
{
	return dispatch(verbs, argc, argv);
}
