// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown scan: the programs below some folders become the allowlist of a draft. Works without the agent, also on a mounted image.
 *
 * What counts is what the kernel would run or map: ELF programs and scripts ("#!") with an execute bit, shared objects with or without one (libraries, the dynamic
 * loader), and kernel modules. Two rounds: the first finds and counts, the second hashes, with progress. A folder's other
 * file systems are not entered: name them, so that they get into the scope.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown.h"
#include "os/clock.h"

enum { PACKAGES_MAX = 1000000, PROGRESS_MS = 100, BAR = 30 };

struct found {
	char *path;
	uint64_t size;
	int kind; /* enum sk_program_kind */
};

struct scan {
	const struct ctl *ctl;
	struct found *files;
	size_t count, space;
	uint64_t bytes, done, said_ms;
	uint64_t unreadable, same;
	struct sk_map *packages; /* path -> package, as dpkg says */
	struct sk_policy policy;
	char provenance[64];
};

static int type_of_elf(const unsigned char head[18])
{
	if (memcmp(head, "\177ELF", 4) != 0)
		return ET_NONE;
	return head[EI_DATA] == ELFDATA2MSB ? head[16] << 8 | head[17] : head[17] << 8 | head[16];
}

/* Whether it is code that the kernel runs or maps, by its first bytes; most libraries, and the loader, may not be executed. */
static bool is_code(const char *path, const char *name, mode_t mode, int *ret_kind)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	unsigned char head[18] = {0};
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof head);
	size_t length = strlen(name);
	int type = got == (ssize_t)sizeof head ? type_of_elf(head) : ET_NONE;

	*ret_kind = SK_PROGRAM;
	if (got > 2 && memcmp(head, "#!", 2) == 0 && (mode & 0111))
		return true;
	if (type == ET_REL && length > 3 && strcmp(name + length - 3, ".ko") == 0)
		*ret_kind = SK_MODULE;
	else if (type == ET_DYN && !(mode & 0111))
		*ret_kind = SK_LIBRARY;
	return *ret_kind == SK_MODULE || type == ET_DYN || (type == ET_EXEC && (mode & 0111));
}

static int add_found(struct scan *scan, const char *path, uint64_t size, int kind)
{
	if (scan->count == scan->space) {
		size_t space = scan->space ? scan->space * 2 : 1024;
		struct found *files = sk_realloc_array(scan->files, space, sizeof *files);

		if (!files)
			return -ENOMEM;
		scan->files = files;
		scan->space = space;
	}
	scan->files[scan->count].path = sk_strdup(path);
	if (!scan->files[scan->count].path)
		return -ENOMEM;
	scan->files[scan->count].kind = kind;
	scan->files[scan->count++].size = size;
	scan->bytes += size;
	return 0;
}

/* A bar on a terminal, nothing elsewhere. */
static void progress(struct scan *scan, const char *path, bool end)
{
	uint64_t now = sk_clock_mono_ms();
	int filled = scan->bytes ? (int)(scan->done * BAR / scan->bytes) : 0;

	if (!isatty(STDERR_FILENO) || (!end && now - scan->said_ms < PROGRESS_MS))
		return;
	scan->said_ms = now;
	fprintf(stderr, "\r\033[K[%.*s%*s] %3d %% %s", filled, "##############################", BAR - filled, "",
		scan->bytes ? (int)(scan->done * 100 / scan->bytes) : 0, end ? "" : path + SK_MAX((int)strlen(path) - 40, 0));
	if (end)
		fprintf(stderr, "\r\033[K");
}

static int find_below(struct scan *scan, const char *path)
{
	char *paths[] = {(char *)path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	int r = 0, kind;

	if (!walk)
		return -errno;
	for (FTSENT *entry; r == 0 && (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			scan->unreadable++;
		else if (entry->fts_info == FTS_F && entry->fts_statp->st_size > 0 &&
			 is_code(entry->fts_path, entry->fts_name, entry->fts_statp->st_mode, &kind))
			r = add_found(scan, entry->fts_path, (uint64_t)entry->fts_statp->st_size, kind);
	}
	fts_close(walk);
	return r;
}

/* --- who made it: the package that dpkg's lists name */

static void read_list(struct scan *scan, const char *below, const char *list, const char *name)
{
	char line[4096], path[8300];
	char package[256];
	FILE *file = fopen(list, "re");

	snprintf(package, sizeof package, "%.*s", (int)SK_MIN(strcspn(name, ":"), strlen(name) - strlen(".list")), name);
	while (file && fgets(line, sizeof line, file)) {
		char *value;

		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof path, "%s%s", below, line);
		value = sk_strdup(package);
		if (value && sk_map_put(scan->packages, path, strlen(path), value) != 0)
			free(value);
	}
	if (file)
		fclose(file);
}

static void read_packages(struct scan *scan, const char *root)
{
	const char *below = strcmp(root, "/") ? root : "";
	char folder[4200];
	char *paths[] = {folder, NULL};
	FTS *walk;

	snprintf(folder, sizeof folder, "%s/var/lib/dpkg/info", below);
	if (access(folder, R_OK) != 0)
		return;
	walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *entry; walk && (entry = fts_read(walk));) {
		const char *dot = strrchr(entry->fts_name, '.');

		if (entry->fts_info == FTS_F && dot && strcmp(dot, ".list") == 0)
			read_list(scan, below, entry->fts_path, entry->fts_name);
	}
	if (walk)
		fts_close(walk);
}

/* Where / and /usr are one, lists still say /bin. */
static const char *package_of(const struct scan *scan, const char *root, const char *path)
{
	size_t below = strcmp(root, "/") ? strlen(root) : 0;
	const char *inside = path + below, *package = sk_map_get(scan->packages, path, strlen(path));
	char other[8300];

	if (package || strncmp(inside, "/usr/", 5) != 0)
		return package;
	snprintf(other, sizeof other, "%.*s%s", (int)below, path, inside + 4);
	return sk_map_get(scan->packages, other, strlen(other));
}

/* --- the draft */

static int hash_one(struct scan *scan, const char *root, const struct found *found)
{
	struct lockdown_file file;
	struct sk_program program = {.name = found->path, .kind = found->kind, .provenance = scan->provenance};
	struct ctl quiet = {.root = scan->ctl->root};
	int r;

	progress(scan, found->path, false);
	scan->done += found->size;
	if (access(found->path, R_OK) != 0 || lockdown_hash(&quiet, found->path, &file) != CTL_OK) {
		scan->unreadable++;
		return 0;
	}
	if (!sk_utf8_valid(found->path, strlen(found->path), NULL))
		program.name = (char *)"?";
	memcpy(program.sha256, file.sha256, sizeof program.sha256);
	program.size = (int64_t)file.size;
	program.publisher = (char *)package_of(scan, root, found->path);
	r = sk_policy_add_program(&scan->policy, &program);
	scan->same += r == SK_NONE;
	return r == SK_NONE ? 0 : r;
}

/* The mount point of the file system a path lies on. */
static int mount_point_of(const char *path, char *out, size_t size)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct stat here, above;

	if (!real || stat(real, &here) < 0)
		return -errno;
	for (;;) {
		char *slash = strrchr(real, '/');
		char up[4200];

		snprintf(up, sizeof up, "%.*s", slash == real ? 1 : (int)(slash - real), real);
		if (strcmp(real, "/") == 0 || stat(up, &above) < 0 || above.st_dev != here.st_dev)
			break;
		snprintf(real, strlen(real) + 1, "%s", up);
	}
	snprintf(out, size, "%s", real);
	return 0;
}

static int add_scope(struct sk_policy *policy, const char *path)
{
	struct sk_strings *scope = &policy->lockdown.scope;
	char **items;

	for (size_t i = 0; i < scope->count; i++)
		if (strcmp(scope->items[i], path) == 0)
			return 0;
	items = sk_realloc_array(scope->items, scope->count + 1, sizeof *items);
	if (!items)
		return -ENOMEM;
	scope->items = items;
	items[scope->count] = sk_strdup(path);
	return items[scope->count] && ++scope->count ? 0 : -ENOMEM;
}

static int word_option(const struct ctl *ctl, const char *name, const char *const *words, int fallback, int *ret_index)
{
	const char *value = ctl_option(ctl, name);

	*ret_index = fallback;
	for (int i = 0; value && words[i]; i++)
		if (strcmp(words[i], value) == 0) {
			*ret_index = i;
			return CTL_OK;
		}
	return value ? ctl_fail(ctl, CTL_USAGE, CTL_T("--%s %s is not known", "--%s %s は指定できません"), name, value) : CTL_OK;
}

static int prepare(struct scan *scan)
{
	const struct ctl *ctl = scan->ctl;
	struct sk_policy *policy = &scan->policy;
	int r = word_option(ctl, "mode", sk_mode_names, SK_MODE_OBSERVE, &policy->lockdown.mode);

	if (r == CTL_OK)
		r = word_option(ctl, "failure", sk_failure_names, SK_FAILURE_ALLOW, &policy->lockdown.failure);
	if (r != CTL_OK)
		return r;
	policy->part = SK_PART_LOCKDOWN;
	policy->lockdown.deadline_ms = 200;
	lockdown_provenance("scan", scan->provenance, sizeof scan->provenance);
	if ((ctl_option(ctl, "title") && lockdown_set(&policy->title, ctl_option(ctl, "title"))) ||
	    (ctl_option(ctl, "change") && lockdown_set(&policy->change, ctl_option(ctl, "change"))) ||
	    sk_map_new(PACKAGES_MAX, free, &scan->packages))
		return ctl_fail_errno(ctl, -ENOMEM, "scan");
	setpriority(PRIO_PROCESS, 0, 10);
	return CTL_OK;
}

static int scan_one(struct scan *scan, const char *path)
{
	char mount[4200];
	size_t first = scan->count;
	int r = mount_point_of(path, mount, sizeof mount);

	if (r == 0)
		r = add_scope(&scan->policy, mount);
	if (r == 0)
		r = find_below(scan, path);
	if (r)
		return ctl_fail_errno(scan->ctl, r, path);
	read_packages(scan, path);
	for (size_t i = first; i < scan->count && r == 0; i++)
		r = hash_one(scan, path, &scan->files[i]);
	progress(scan, "", true);
	return r == SK_FULL ? ctl_fail(scan->ctl, CTL_ENVIRONMENT, CTL_T("more than %d programs: scan fewer folders", "プログラムが %d 個を超えました。対象を減らしてください"),
				       SK_PROGRAMS_MAX)
	       : r	    ? ctl_fail_errno(scan->ctl, r, path)
			    : CTL_OK;
}

static int tell(const struct scan *scan)
{
	const char *out = ctl_option(scan->ctl, "out");
	struct json_object *json;

	if (!scan->ctl->json) {
		fprintf(stderr, CTL_T("%zu programs, %" PRIu64 " MiB; %" PRIu64 " are copies of others, %" PRIu64 " could not be read.\n",
				      "プログラム %zu 個、%" PRIu64 " MiB。うち %" PRIu64 " 個は同一内容、%" PRIu64 " 個は読めませんでした。\n"),
			scan->policy.lockdown.programs.count, scan->bytes >> 20, scan->same, scan->unreadable);
		return CTL_OK;
	}
	if (!out || strcmp(out, "-") == 0)
		return CTL_OK; /* standard output has the draft */
	json = json_object_new_object();
	if (!json || sk_json_put_string(json, "written", out) || sk_json_put_u64(json, "programs", scan->policy.lockdown.programs.count) ||
	    sk_json_put_u64(json, "bytes", scan->bytes) || sk_json_put_u64(json, "copies", scan->same) ||
	    sk_json_put_u64(json, "unreadable", scan->unreadable))
		json = sk_json_free(json);
	return ctl_print_json(scan->ctl, json);
}

int lockdown_run_scan(struct ctl *ctl)
{
	struct scan scan = {.ctl = ctl};
	int r = prepare(&scan);

	if (r == CTL_OK && ctl->argument_count == 0)
		r = scan_one(&scan, "/");
	for (size_t i = 0; i < ctl->argument_count && r == CTL_OK; i++) {
		_cleanup_free_ char *real = realpath(ctl->arguments[i], NULL);

		r = real ? scan_one(&scan, real) : ctl_fail_errno(ctl, -errno, ctl->arguments[i]);
	}
	if (r == CTL_OK && scan.policy.lockdown.programs.count == 0)
		r = ctl_fail(ctl, CTL_FOUND, CTL_T("no program was found there", "プログラムが見つかりません"));
	if (r == CTL_OK)
		r = lockdown_write_draft(ctl, &scan.policy, ctl_option(ctl, "out"));
	if (r == CTL_OK)
		r = tell(&scan);
	for (size_t i = 0; i < scan.count; i++)
		free(scan.files[i].path);
	free(scan.files);
	sk_map_free(scan.packages);
	sk_policy_done(&scan.policy);
	return r;
}
