// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What hardening would put where: kernel settings, drop-ins for the units that are named, mounts without execution, immutable known files.
 * Reads below the root, writes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown-harden.h"
#include "os/file.h"

static const char head[] = "# Written by sekisho lockdown harden; sekisho lockdown harden --undo takes it away.\n";

static const struct {
	const char *key, *value;
} settings[] = {
	{"vm.memfd_noexec", "2"},              /* no program in a memfd; Linux 6.3 */
	{"user.max_user_namespaces", "0"},     /* no mounts of a user's own */
	{"kernel.yama.ptrace_scope", "2"},     /* only root traces */
	{"kernel.kexec_load_disabled", "1"},
	{"kernel.unprivileged_bpf_disabled", "1"},
	{"kernel.io_uring_disabled", "2"},     /* Linux 6.6 */
	{"vm.unprivileged_userfaultfd", "0"},
};

/* A 32-bit program is no foreign architecture on a tool. */
static const struct {
	const char *key, *value;
} directives[] = {
	{"MemoryDenyWriteExecute", "yes"},
	{"LockPersonality", "yes"},
	{"RestrictNamespaces", "yes"},
	{"ProtectKernelModules", "yes"},
	{"SystemCallArchitectures", "native x86"},
	{"SystemCallFilter", "~@module @mount @debug kexec_load kexec_file_load bpf userfaultfd io_uring_setup process_vm_writev"},
	{"SystemCallErrorNumber", "EPERM"},
	{"NoExecPaths", "/"},
	{"ExecPaths", NULL},
};

static const char *const exec_paths[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"};
static const char *const writable[] = {"/tmp", "/var/tmp", "/dev/shm"};

static bool is_without(const struct ctl *ctl, const char *name)
{
	const char *one;

	for (size_t i = 0; (one = ctl_option_at(ctl, "without", i)); i++)
		if (strcmp(one, name) == 0)
			return true;
	return false;
}

static bool exists_below(const struct ctl *ctl, const char *path, bool folder)
{
	char full[4200];
	struct stat st;

	snprintf(full, sizeof full, "%s/%s", strcmp(ctl->root, "/") ? ctl->root : "", path);
	return (folder ? stat(full, &st) : lstat(full, &st)) == 0 && (!folder || S_ISDIR(st.st_mode));
}

static struct harden_file *add_file(struct harden_plan *plan, enum harden_kind kind, const char *before, const char *name, const char *behind)
{
	struct harden_file *file = plan->count < HARDEN_FILES ? &plan->files[plan->count++] : NULL;

	if (!file)
		return NULL;
	file->kind = kind;
	file->content.max = HARDEN_FILE_MAX;
	if (snprintf(file->path, sizeof file->path, "%s%s%s", before, name, behind) >= (int)sizeof file->path)
		return NULL;
	return file;
}

static int plan_settings(const struct ctl *ctl, struct harden_plan *plan)
{
	struct harden_file *file = add_file(plan, HARDEN_NEW, "etc/sysctl.d/", "90-sekisho-lockdown.conf", "");
	int r = file ? sk_buf_printf(&file->content, "%s", head) : -EFBIG;

	for (size_t i = 0; i < SK_ARRAY_SIZE(settings) && r == 0; i++)
		if (!is_without(ctl, settings[i].key)) /* "-": a kernel that lacks it is no error */
			r = sk_buf_printf(&file->content, "-%s = %s\n", settings[i].key, settings[i].value);
	return r;
}

/* Not by sysctl.d, which is read before all devices have their drivers. */
static int plan_modules(const struct ctl *ctl, struct harden_plan *plan)
{
	struct harden_file *file, *link;
	int r;

	if (!ctl_option(ctl, "modules"))
		return 0;
	file = add_file(plan, HARDEN_NEW, "etc/systemd/system/", "sekisho-no-modules.service", "");
	link = add_file(plan, HARDEN_LINK, "etc/systemd/system/multi-user.target.wants/", "sekisho-no-modules.service", "");
	if (!file || !link)
		return -EFBIG;
	r = sk_buf_printf(&file->content,
			  "%s[Unit]\nDescription=No kernel module is loaded from now on\nAfter=multi-user.target graphical.target\n\n"
			  "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sbin/sysctl -w kernel.modules_disabled=1\n\n"
			  "[Install]\nWantedBy=multi-user.target\n",
			  head);
	return r ? r : sk_buf_printf(&link->content, "../sekisho-no-modules.service");
}

static int put_directive(const struct ctl *ctl, struct sk_buf *out, const char *key, const char *value)
{
	int r;

	if (value)
		return sk_buf_printf(out, "%s=%s\n", key, value);
	r = sk_buf_printf(out, "%s=", key);
	for (size_t i = 0; i < SK_ARRAY_SIZE(exec_paths) && r == 0; i++)
		if (exists_below(ctl, exec_paths[i], true))
			r = sk_buf_printf(out, "%s ", exec_paths[i]);
	for (size_t i = 0; ctl_option_at(ctl, "place", i) && r == 0; i++)
		r = sk_buf_printf(out, "%s ", ctl_option_at(ctl, "place", i));
	return r ? r : sk_buf_printf(out, "\n");
}

static bool is_unit(const struct ctl *ctl, const char *name)
{
	static const char *const folders[] = {"etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"};
	char path[600];

	for (size_t i = 0; i < SK_ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof path, "%s/%s", folders[i], name);
		if (exists_below(ctl, path, false))
			return true;
	}
	return false;
}

static int plan_unit(const struct ctl *ctl, struct harden_plan *plan, const char *given, bool jit)
{
	struct harden_file *file;
	char name[256];
	int r;

	snprintf(name, sizeof name, "%s%s", given, strchr(given, '.') ? "" : ".service");
	if (strchr(name, '/') || !is_unit(ctl, name))
		return ctl_fail(ctl, CTL_FOUND, CTL_T("there is no unit %s below %s", "ユニット %s が %s にありません"), name, ctl->root);
	file = add_file(plan, HARDEN_NEW, "etc/systemd/system/", name, ".d/50-sekisho-lockdown.conf");
	r = file ? sk_buf_printf(&file->content, "%s[Service]\n", head) : -EFBIG;
	for (size_t i = 0; i < SK_ARRAY_SIZE(directives) && r == 0; i++)
		if (!is_without(ctl, directives[i].key) && (!jit || strcmp(directives[i].key, "MemoryDenyWriteExecute")))
			r = put_directive(ctl, &file->content, directives[i].key, directives[i].value);
	return r ? ctl_fail_errno(ctl, -ENOMEM, name) : CTL_OK;
}

static int plan_units(const struct ctl *ctl, struct harden_plan *plan)
{
	int r = CTL_OK;

	for (size_t i = 0; ctl_option_at(ctl, "unit", i) && r == CTL_OK; i++)
		r = plan_unit(ctl, plan, ctl_option_at(ctl, "unit", i), false);
	for (size_t i = 0; ctl_option_at(ctl, "jit-unit", i) && r == CTL_OK; i++)
		r = plan_unit(ctl, plan, ctl_option_at(ctl, "jit-unit", i), true);
	return r;
}

/* --- fstab */

struct mount_wish {
	const char *path;
	bool found;
};

static bool has_word(const char *list, size_t size, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list, *end = list + size; at < end;) {
		size_t n = strcspn(at, ",");

		n = SK_MIN(n, (size_t)(end - at));
		if (n == length && memcmp(at, word, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

static int put_options(struct sk_buf *out, const char *list, size_t size)
{
	static const char *const added[] = {"noexec", "nosuid", "nodev"}, *const removed[] = {"exec", "suid", "dev"};
	int r = 0, count = 0;

	for (const char *at = list, *end = list + size; at < end && r == 0;) {
		size_t n = SK_MIN(strcspn(at, ","), (size_t)(end - at));
		bool drop = false;

		for (size_t i = 0; i < SK_ARRAY_SIZE(removed); i++)
			drop |= n == strlen(removed[i]) && memcmp(at, removed[i], n) == 0;
		if (!drop)
			r = sk_buf_printf(out, "%s%.*s", count++ ? "," : "", (int)n, at);
		at += n + 1;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(added) && r == 0; i++)
		if (!has_word(list, size, added[i]))
			r = sk_buf_printf(out, "%s%s", count++ ? "," : "", added[i]);
	return r;
}

/* One line of fstab; the mount's options are extended when it is one of those wished for, everything else stays byte for byte. */
static int put_line(struct sk_buf *out, const char *line, size_t size, struct mount_wish *wishes, size_t count)
{
	size_t begin[4], end[4], at = 0, n = 0;

	while (n < 4) {
		while (at < size && (line[at] == ' ' || line[at] == '\t'))
			at++;
		begin[n] = at;
		while (at < size && line[at] != ' ' && line[at] != '\t' && line[at] != '\n')
			at++;
		end[n] = at;
		if (begin[n] == end[n])
			break;
		n++;
	}
	for (size_t i = 0; n == 4 && line[begin[0]] != '#' && i < count; i++) {
		int r;

		if (end[1] - begin[1] != strlen(wishes[i].path) || memcmp(line + begin[1], wishes[i].path, end[1] - begin[1]))
			continue;
		wishes[i].found = true;
		r = sk_buf_append(out, line, begin[3]);
		r = r ? r : put_options(out, line + begin[3], end[3] - begin[3]);
		return r ? r : sk_buf_append(out, line + end[3], size - end[3]);
	}
	return sk_buf_append(out, line, size);
}

static int put_mounts(struct sk_buf *out, const struct mount_wish *wishes, size_t count)
{
	int r = out->size && out->data[out->size - 1] != '\n' ? sk_buf_printf(out, "\n") : 0;
	bool told = false;

	for (size_t i = 0; i < count && r == 0; i++) {
		const char *path = wishes[i].path;

		if (wishes[i].found)
			continue;
		if (!told)
			r = sk_buf_printf(out, "%s", head);
		told = true;
		if (r == 0 && strcmp(path, "/dev/shm") == 0)
			r = sk_buf_printf(out, "tmpfs %s tmpfs defaults,noexec,nosuid,nodev 0 0\n", path);
		else if (r == 0)
			r = sk_buf_printf(out, "%s %s none bind,noexec,nosuid,nodev 0 0\n", path, path);
	}
	return r;
}

static size_t choose_mounts(const struct ctl *ctl, struct mount_wish wishes[static HARDEN_NAMES])
{
	const char *path;
	size_t count = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(writable); i++)
		if (!is_without(ctl, writable[i]) && (exists_below(ctl, writable[i] + 1, true) || strcmp(writable[i], "/dev/shm") == 0))
			wishes[count++].path = writable[i];
	for (size_t i = 0; (path = ctl_option_at(ctl, "noexec", i)) && count < HARDEN_NAMES; i++)
		wishes[count++].path = path;
	return count;
}

static int plan_mounts(const struct ctl *ctl, struct harden_plan *plan)
{
	_cleanup_buf_ struct sk_buf before = SK_BUF(HARDEN_FILE_MAX);
	struct mount_wish wishes[HARDEN_NAMES] = {{0}};
	size_t count = choose_mounts(ctl, wishes);
	_cleanup_close_ int dir = -1;
	struct harden_file *file;
	int r;

	for (size_t i = 0; i < count; i++)
		if (wishes[i].path[0] != '/' || strpbrk(wishes[i].path, " \t\n"))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--noexec %s: expected an absolute path without spaces", "--noexec %s: 空白を含まない絶対パスを指定してください"),
					wishes[i].path);
	if (count == 0)
		return CTL_OK;
	r = sk_dir_open(ctl->root, "", &dir);
	r = r ? r : sk_file_read(dir, "etc/fstab", HARDEN_FILE_MAX, &before);
	if (r && r != SK_NONE)
		return ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "etc/fstab");
	file = add_file(plan, r == SK_NONE ? HARDEN_NEW : HARDEN_EDIT, "etc/", "fstab", "");
	r = file ? 0 : -EFBIG;
	for (size_t at = 0; r == 0 && at < before.size;) {
		const char *end = memchr(before.data + at, '\n', before.size - at);
		size_t size = end ? (size_t)(end - (const char *)before.data) + 1 - at : before.size - at;

		r = put_line(&file->content, (const char *)before.data + at, size, wishes, count);
		at += size;
	}
	r = r ? r : put_mounts(&file->content, wishes, count);
	return r ? ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "etc/fstab") : CTL_OK;
}

/* --- known files */

static int add_immutable(struct harden_plan *plan, const char *name)
{
	char **more = sk_realloc_array(plan->immutable, plan->immutable_count + 1, sizeof *more);

	if (!more)
		return -ENOMEM;
	plan->immutable = more;
	more[plan->immutable_count] = sk_strdup(name);
	return more[plan->immutable_count] && ++plan->immutable_count ? 0 : -ENOMEM;
}

/* What the policy in force names, and still is what it says. */
static int plan_immutable(const struct ctl *ctl, struct harden_plan *plan)
{
	_cleanup_answer_ struct sk_policy_answer policy = {0};
	struct ctl quiet = {.root = ctl->root};
	bool any;
	int r;

	if (!ctl_option(ctl, "immutable"))
		return CTL_OK;
	r = lockdown_in_force(ctl, &policy, &any);
	if (r == CTL_OK && !any)
		r = ctl_fail(ctl, CTL_FOUND, CTL_T("--immutable: no policy is in force here, so no file is known", "--immutable: 有効なポリシーがなく、登録済みのファイルがありません"));
	for (size_t i = 0; r == CTL_OK && i < policy.policy.lockdown.programs.count; i++) {
		const struct sk_program *program = &sk_policy_programs(&policy.policy)[i];
		struct lockdown_file file;
		struct stat st;
		char full[4200];

		if (!program->name || program->name[0] != '/')
			continue;
		snprintf(full, sizeof full, "%s%s", strcmp(ctl->root, "/") ? ctl->root : "", program->name);
		if (lstat(full, &st) < 0 || !S_ISREG(st.st_mode) || lockdown_hash(&quiet, full, &file) != CTL_OK ||
		    memcmp(file.sha256, program->sha256, sizeof file.sha256))
			continue;
		if (add_immutable(plan, program->name))
			r = ctl_fail_errno(ctl, -ENOMEM, "harden");
	}
	return r;
}

int harden_make_plan(const struct ctl *ctl, struct harden_plan *plan)
{
	int r = plan_settings(ctl, plan);

	r = r ? r : plan_modules(ctl, plan);
	if (r)
		return ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "harden");
	r = plan_units(ctl, plan);
	if (r == CTL_OK)
		r = plan_mounts(ctl, plan);
	return r == CTL_OK ? plan_immutable(ctl, plan) : r;
}

void harden_plan_done(struct harden_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		sk_buf_done(&plan->files[i].content);
	for (size_t i = 0; i < plan->immutable_count; i++)
		free(plan->immutable[i]);
	free(plan->immutable);
}
