// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Landlock by system call, for whatever ABI the kernel has: everything the ABI knows is forbidden, then the
 * rules allow. The constants are ours where the build machine's headers are older than the kernel that runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/file.h"
#include "os/sandbox.h"

#define FS_ABI1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP UINT64_C(1)         /* ABI 4 */
#define NET_CONNECT_TCP UINT64_C(2)
#define SCOPE_ABSTRACT UINT64_C(1)       /* ABI 6 */
#define SCOPE_SIGNAL UINT64_C(2)

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                                                        \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |       \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |          \
	 FS_REFER | FS_TRUNCATE)
/* What may stand in a rule about a single file. */
#define OF_A_FILE                                                                                                                     \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct attributes {
	uint64_t fs, net, scoped;
};

int sk_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static uint64_t fs_rights(int abi)
{
	return FS_ABI1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static int open_path(const struct sk_sandbox *sandbox, const struct sk_land_rule *rule, int *ret_fd)
{
	_cleanup_close_ int dir = -1;
	int r;

	if (rule->access & SK_LAND_HOST) {
		*ret_fd = open(rule->path, O_PATH | O_CLOEXEC);
		return *ret_fd >= 0 ? 0 : errno == ENOENT ? SK_NONE : sk_origin_errno();
	}
	r = sk_dir_open(sandbox->root ? sandbox->root : "/", "", &dir);
	return r ? r : sk_open_in(dir, rule->path, O_PATH, 0, ret_fd);
}

static int add_rule(const struct sk_sandbox *sandbox, const struct sk_land_rule *rule, int ruleset, uint64_t handled)
{
	struct landlock_path_beneath_attr beneath = {0};
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = open_path(sandbox, rule, &fd);
	if (r == SK_NONE) {
		sk_log(SK_LOG_DEBUG, "sandbox: %s does not exist: no rule for it", rule->path);
		return 0;
	}
	if (r == SK_DENIED) {
		sk_log(SK_LOG_ERROR, "sandbox: %s leads through a symbolic link", rule->path);
		return sk_origin(-ELOOP);
	}
	if (r)
		return r;
	if (fstat(fd, &st) < 0)
		return sk_origin_errno();
	beneath.parent_fd = fd;
	beneath.allowed_access = (rule->access & SK_LAND_READ ? READS : 0) | (rule->access & SK_LAND_WRITE ? WRITES : 0) |
				 (rule->access & SK_LAND_EXEC ? LANDLOCK_ACCESS_FS_EXECUTE : 0);
	beneath.allowed_access &= S_ISDIR(st.st_mode) ? handled : handled & OF_A_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		return sk_origin_errno();
	return 0;
}

int sk_landlock_open(const struct sk_sandbox *sandbox, int *ret_ruleset)
{
	int abi = sk_landlock_abi(), r = 0;
	struct attributes attributes = {.fs = fs_rights(abi)};
	_cleanup_close_ int ruleset = -1;

	if (abi == 0)
		return SK_NONE;
	if (abi >= 4)
		attributes.net = NET_BIND_TCP | (sandbox->net ? 0 : NET_CONNECT_TCP);
	if (abi >= 6)
		attributes.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, abi >= 6 ? 24 : abi >= 4 ? 16 : 8, 0);
	if (ruleset < 0)
		return sk_origin_errno();
	for (const struct sk_land_rule *rule = sandbox->land; rule && rule->path && r == 0; rule++)
		r = add_rule(sandbox, rule, ruleset, attributes.fs);
	if (r)
		return r;
	*ret_ruleset = SK_TAKE_FD(ruleset);
	return 0;
}

int sk_landlock_enter(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? sk_origin_errno() : 0;
}
