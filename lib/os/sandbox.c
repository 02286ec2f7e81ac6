// SPDX-License-Identifier: GPL-3.0-or-later
/* Makes the calling process smaller, step by step. Keeps no state. */
#include "os/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { DEFAULT_FILES = 1024 };

int sk_user_find(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *entry;
	uint64_t number;

	if (sk_parse_u64(user, UINT32_MAX - 1, &number) == 0) {
		entry = getpwuid((uid_t)number);
		*ret_uid = (uid_t)number;
		*ret_gid = entry ? entry->pw_gid : (gid_t)number;
		return 0;
	}
	entry = getpwnam(user);
	if (!entry)
		return SK_NONE;
	*ret_uid = entry->pw_uid;
	*ret_gid = entry->pw_gid;
	return 0;
}

void sk_names_begin(void)
{
#ifdef SK_STATIC
	static const char *const databases[][2] = {{"passwd", "files"}, {"group", "files"}, {"initgroups", "files"}, {"hosts", "files dns"},
						   {"services", "files"}, {"protocols", "files"}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(databases); i++)
		__nss_configure_lookup(databases[i][0], databases[i][1]);
#endif
}

static int set_limit(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return sk_origin_errno();
	if (limit.rlim_max < value)
		value = limit.rlim_max; /* not root: what there is */
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit(resource, &limit) < 0 ? sk_origin_errno() : 0;
}

static int change_user(const struct sk_sandbox *sandbox)
{
	bool gid_changes = sandbox->gid != (gid_t)-1, uid_changes = sandbox->uid != (uid_t)-1;

	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0)
		return sk_origin_errno();
	if (gid_changes && setresgid(sandbox->gid, sandbox->gid, sandbox->gid) < 0)
		return sk_origin_errno();
	/* The permitted set outlives the change of user; cut_capabilities() takes from it. */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return sk_origin_errno();
	if (uid_changes && setresuid(sandbox->uid, sandbox->uid, sandbox->uid) < 0)
		return sk_origin_errno();
	return 0;
}

/* While we still hold CAP_SETPCAP. Not root: nothing to drop from. */
static void clear_bounding_set(void)
{
	for (int cap = 0; cap <= CAP_LAST_CAP || prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno == EPERM)
			return;
}

static int cut_capabilities(uint64_t caps)
{
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned cap = 0; cap < 64; cap++)
		if (caps & SK_CAP(cap) && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap) < 0)
			return sk_origin(-EINVAL);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0) {
		sk_log(SK_LOG_ERROR, "sandbox: capabilities that are to be kept are not held");
		return sk_origin(-EPERM);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return 0;
}

static int drop_privileges(const struct sk_sandbox *sandbox)
{
	bool root = geteuid() == 0;
	int r;

	if (root)
		clear_bounding_set();
	r = change_user(sandbox);
	if (r == 0)
		r = cut_capabilities(root ? sandbox->caps : 0);
	if (r)
		return r;
	/*
	 * Not to be looked into, nor dumped: keys lie in the memory of some. A core goes to a program in core_pattern whatever RLIMIT_CORE says, and a change of user
	 * forbids it only while fs.suid_dumpable is 0. A process of a developer's own stays as it is.
	 */
	if (root && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return sk_origin_errno();
	/* Linux 3.5; before it there are no filters either, and none of our duties executes programs. */
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 && errno != EINVAL ? sk_origin_errno() : 0;
}

/* Landlock and seccomp: what the kernel does not have is told, not hidden. */
static int enter_filters(const struct sk_sandbox *sandbox, int ruleset, unsigned *reduced)
{
	int r;

	if (ruleset < 0 && !sandbox->any_file) {
		*reduced |= SK_REDUCED_LANDLOCK;
		sk_log(SK_LOG_WARNING, "%s: this kernel has no Landlock: files are guarded by user and mode alone", sandbox->name);
	} else if (ruleset >= 0) {
		r = sk_landlock_enter(ruleset);
		if (r)
			return r;
	}
	r = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 ? SK_NONE : sk_seccomp_enter(sandbox);
	if (r == SK_NONE) {
		*reduced |= SK_REDUCED_SECCOMP;
		sk_log(SK_LOG_WARNING, "%s: this kernel has no seccomp: system calls are not limited", sandbox->name);
		return 0;
	}
	return r;
}

int sk_sandbox_enter(const struct sk_sandbox *sandbox, unsigned *ret_reduced)
{
	_cleanup_close_ int ruleset = -1;
	unsigned reduced = 0;
	int r;

	if (geteuid() != 0 && sandbox->uid != (uid_t)-1 && sandbox->uid != geteuid())
		reduced |= SK_REDUCED_USER;
	r = set_limit(RLIMIT_NOFILE, sandbox->max_files ? sandbox->max_files : DEFAULT_FILES);
	if (r == 0)
		r = set_limit(RLIMIT_CORE, 0);
	if (r)
		return r;
	r = sandbox->any_file ? 0 : sk_landlock_open(sandbox, &ruleset);
	if (r < 0)
		return r;
	r = drop_privileges(sandbox);
	if (r)
		return r;
	r = enter_filters(sandbox, ruleset, &reduced);
	if (r == 0 && ret_reduced)
		*ret_reduced = reduced;
	return r;
}
