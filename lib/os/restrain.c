// SPDX-License-Identifier: GPL-3.0-or-later
/* Puts restraints on: the table of names, PR_SET_MDWE and Landlock; restrain-calls.c has the filter. Keeps no state. */
#include "os/restrain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/sandbox.h"

enum {
	SET_MDWE = 65, /* PR_SET_MDWE, PR_GET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN of newer headers */
	GET_MDWE = 66,
	REFUSE_EXEC_GAIN = 1,
	LANDLOCK_WITH_REFER = 2, /* an older one refuses every move between folders, which programs do not expect */
};
#define FS_REFER (UINT64_C(1) << 13)

const struct sk_restraint_row sk_restraints[] = {
	{SK_RESTRAIN_MDWE, "mdwe", "memory that becomes executable (PR_SET_MDWE)", "後から実行可能になるメモリー（PR_SET_MDWE）"},
	{SK_RESTRAIN_MEMORY, "memory", "memory that is writable and executable, mprotect to executable",
	 "書き込みも実行もできるメモリー、実行可能への変更"},
	{SK_RESTRAIN_PERSONALITY, "personality", "READ_IMPLIES_EXEC", "READ_IMPLIES_EXEC"},
	{SK_RESTRAIN_TRACE, "trace", "ptrace, process_vm_writev, pidfd_getfd", "ptrace、process_vm_writev、pidfd_getfd"},
	{SK_RESTRAIN_PROC_MEM, "proc-mem", "writing to /proc/PID/mem and beside it", "/proc/PID/mem などへの書き込み"},
	{SK_RESTRAIN_MEMFD, "memfd", "executable memfd", "実行可能な memfd"},
	{SK_RESTRAIN_MODULES, "modules", "loading and unloading kernel modules", "カーネルモジュールの読み込みと取り外し"},
	{SK_RESTRAIN_KEXEC, "kexec", "loading another kernel", "別カーネルの読み込み"},
	{SK_RESTRAIN_BPF, "bpf", "bpf", "bpf"},
	{SK_RESTRAIN_USERFAULTFD, "userfaultfd", "userfaultfd", "userfaultfd"},
	{SK_RESTRAIN_IO_URING, "io-uring", "io_uring", "io_uring"},
	{SK_RESTRAIN_NAMESPACES, "namespaces", "new user namespaces", "新しいユーザー名前空間"},
	{SK_RESTRAIN_MOUNTS, "mounts", "mounting and unmounting", "マウントとその解除"},
	{SK_RESTRAIN_EXECUTION, "execution", "execution outside of the stated places", "指定した場所以外のファイルの実行"},
	{0, NULL, NULL, NULL}};

int sk_restraint_find(const char *name, enum sk_restraint *ret_bit)
{
	for (const struct sk_restraint_row *row = sk_restraints; row->name; row++)
		if (strcmp(row->name, name) == 0) {
			*ret_bit = row->bit;
			return 0;
		}
	return SK_NONE;
}

unsigned sk_restraints_here(void)
{
	unsigned here = SK_RESTRAIN_ALL;

	if (prctl(GET_MDWE, 0, 0, 0, 0) < 0)
		here &= ~(unsigned)SK_RESTRAIN_MDWE;
	if (sk_landlock_abi() < LANDLOCK_WITH_REFER)
		here &= ~(unsigned)SK_RESTRAIN_BY_LANDLOCK;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		here &= SK_RESTRAIN_MDWE | SK_RESTRAIN_BY_LANDLOCK;
	return here;
}

/* What does not exist, or is no longer there, needs no rule. */
static int allow_below(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = {0};
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : sk_origin_errno();
	if (fstat(fd, &st) < 0)
		return sk_origin_errno();
	if (!S_ISDIR(st.st_mode))
		access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	beneath.parent_fd = fd;
	beneath.allowed_access = access;
	if (access && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		return sk_origin_errno();
	return 0;
}

/* Rights are inherited from above, so /proc is left out by allowing everything beside it. */
static int allow_writing_beside_proc(int ruleset)
{
	DIR *top = opendir("/");
	int r = top ? allow_below(ruleset, "/proc/sys", LANDLOCK_ACCESS_FS_WRITE_FILE) : sk_origin_errno();

	for (struct dirent *entry; top && r == 0 && (entry = readdir(top));) {
		char path[sizeof entry->d_name + 2];
		struct stat st;

		snprintf(path, sizeof path, "/%s", entry->d_name);
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, "proc") == 0)
			continue;
		if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode))
			r = allow_below(ruleset, path, LANDLOCK_ACCESS_FS_WRITE_FILE | FS_REFER);
	}
	if (top)
		closedir(top);
	return r;
}

static int open_ruleset(const struct sk_restrain *restrain, unsigned what, int *ret_ruleset)
{
	struct {
		uint64_t fs;
	} handled = {FS_REFER | (what & SK_RESTRAIN_EXECUTION ? LANDLOCK_ACCESS_FS_EXECUTE : 0) |
		     (what & SK_RESTRAIN_PROC_MEM ? LANDLOCK_ACCESS_FS_WRITE_FILE : 0)};
	_cleanup_close_ int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
	int r;

	if (ruleset < 0)
		return sk_origin_errno();
	r = allow_below(ruleset, "/", FS_REFER); /* moving files stays possible where nothing is gained by it */
	if (r == 0 && what & SK_RESTRAIN_PROC_MEM)
		r = allow_writing_beside_proc(ruleset);
	for (const char *const *place = restrain->places; what & SK_RESTRAIN_EXECUTION && place && *place && r == 0; place++)
		r = allow_below(ruleset, *place, LANDLOCK_ACCESS_FS_EXECUTE | FS_REFER);
	if (r == 0)
		*ret_ruleset = SK_TAKE_FD(ruleset);
	return r;
}

static int enter_landlock(const struct sk_restrain *restrain, unsigned what)
{
	_cleanup_close_ int ruleset = -1;
	int r = open_ruleset(restrain, what, &ruleset);

	return r ? r : sk_landlock_enter(ruleset);
}

int sk_restrain(const struct sk_restrain *restrain, unsigned *ret_missing)
{
	unsigned here = sk_restraints_here(), what = restrain->what & here;
	int r = 0;

	if (geteuid() != 0 && !restrain->no_new_privs && what & ~(unsigned)SK_RESTRAIN_MDWE)
		return SK_DENIED;
	if (restrain->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sk_origin_errno();
	if (what & SK_RESTRAIN_MDWE && prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
		return sk_origin_errno();
	if (what & SK_RESTRAIN_BY_LANDLOCK)
		r = enter_landlock(restrain, what);
	if (r == 0)
		r = sk_restrain_calls(what);
	if (r)
		return r == SK_NONE ? sk_origin(-ENOSYS) : r;
	if (ret_missing)
		*ret_missing = restrain->what & ~here;
	return 0;
}
