// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown scan: the programs below some folders become the allowlist of a draft. Works without the agent, also on a mounted image.
 *
 * What counts is what runs or is mapped: files with an execute bit that are ELF or begin with "#!", ELF files named as a dynamic loader (which runs although it
 * need not be executable), libraries, kernel modules; with --scripts also what interpreters load by name. Two rounds: the first finds and counts, the second hashes, with progress. A folder's other
 * file systems are not entered: name them, so that they get into the scope.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "accept/inventory.h"
#include "lockdown-archive.h"
#include "lockdown-packages.h"
#include "os/clock.h"

enum { PACKAGES_MAX = 1000000, PROGRESS_MS = 100, BAR = 30, IOPRIO_WHO_PROCESS = 1, IOPRIO_IDLE = 3 << 13 };

struct found {
	char *path;
	uint64_t size;
	enum sk_program_kind kind;
};

struct scan {
	const struct ctl *ctl;
	struct found *files;
	size_t count, space;
	uint64_t bytes, done, said_ms;
	uint64_t unreadable, same;
	struct lockdown_packages *packages;
	struct sk_map *named, *copied; /* folders: with a listed file, with a copy of one */
	struct sk_map *origins;  /* SHA-256 -> struct lockdown_origin; NULL without --archive */
	uint64_t proved;
	bool scripts;
	struct sk_policy policy;
	struct sk_collector collector; /* into the policy, while files are hashed */
	char provenance[64];
};

static bool is_loader(const char *name)
{
	return strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld.so", 5) == 0 || strncmp(name, "ld64.so", 7) == 0;
}

/* Compressed modules are no ELF files. */
static bool is_packed_module(const char *name)
{
	const char *ko = strstr(name, ".ko.");

	return ko && (strcmp(ko, ".ko.xz") == 0 || strcmp(ko, ".ko.gz") == 0 || strcmp(ko, ".ko.zst") == 0);
}

/* What interpreters load by its name, beside what accept_classify() calls a script. */
static bool is_loaded_by_name(const char *name)
{
	static const char *const ends[] = {".pm", ".al", ".ph", ".ix", ".awk", ".pth", ".gemspec", ".mjs", ".cjs"};
	size_t length = strlen(name);

	for (size_t i = 0; i < SK_ARRAY_SIZE(ends); i++)
		if (length > strlen(ends[i]) && strcmp(name + length - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* What the kernel would run or map, by its first bytes; with --scripts also what interpreters load by its name. SK_PROGRAM_KINDS: nothing. */
static enum sk_program_kind kind_of(const struct scan *scan, const char *path, const char *name, mode_t mode)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	char head[1024];
	ssize_t size = fd < 0 ? -1 : read(fd, head, sizeof head);
	bool elf = size >= 4 && memcmp(head, "\177ELF", 4) == 0, runs = (mode & 0111) || is_loader(name);

	if (size < 1) /* a module of one empty line is one */
		return SK_PROGRAM_KINDS;
	if (is_packed_module(name))
		return SK_MODULE;
	switch (accept_classify(head, (size_t)size, name, mode)) {
	case ACCEPT_PROGRAM:
		return elf && runs ? SK_PROGRAM : SK_PROGRAM_KINDS;
	case ACCEPT_LIBRARY:
		if (elf)
			return is_loader(name) ? SK_PROGRAM : (unsigned char)head[16] == 1 && !head[17] ? SK_PROGRAM_KINDS : SK_LIBRARY; /* 1: an object file */
		return scan->scripts ? SK_SCRIPT : SK_PROGRAM_KINDS;
	case ACCEPT_MODULE:
		return SK_MODULE;
	case ACCEPT_SCRIPT:
		return scan->scripts || (size >= 2 && memcmp(head, "#!", 2) == 0 && (mode & 0111)) ? SK_SCRIPT : SK_PROGRAM_KINDS;
	default:
		return scan->scripts && is_loaded_by_name(name) ? SK_SCRIPT : SK_PROGRAM_KINDS;
	}
}

static int add_found(struct scan *scan, const char *path, uint64_t size, enum sk_program_kind kind)
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
	int r = 0;

	if (!walk)
		return -errno;
	for (FTSENT *entry; r == 0 && (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			scan->unreadable++;
		else if (entry->fts_info == FTS_F && entry->fts_statp->st_size > 0) {
			enum sk_program_kind kind = kind_of(scan, entry->fts_path, entry->fts_name, entry->fts_statp->st_mode);

			if (kind != SK_PROGRAM_KINDS)
				r = add_found(scan, entry->fts_path, (uint64_t)entry->fts_statp->st_size, kind);
		}
	}
	fts_close(walk);
	return r;
}

/* --- the draft */

/* Who made it, proved by a signed archive or as dpkg's lists have it: then a person reviews it. */
static void attribute(struct scan *scan, struct sk_program *program, char reviewed[static 128])
{
	const struct lockdown_origin *origin = scan->origins ? sk_map_get(scan->origins, program->sha256, sizeof program->sha256) : NULL;

	if (origin) {
		scan->proved++;
		program->package = origin->package;
		program->version = origin->version;
		program->publisher = origin->publisher;
		program->provenance = origin->provenance;
		return;
	}
	program->package = (char *)lockdown_package_of(scan->packages, program->name);
	program->publisher = (char *)lockdown_package_maker(scan->packages, program->package);
	program->version = (char *)lockdown_package_version(scan->packages, program->package);
	if (scan->origins) {
		snprintf(reviewed, 128, "reviewed %s", scan->provenance);
		program->provenance = reviewed;
	}
}

/* NULL or -ENOMEM: folders beyond the maximum are left out. */
static int note_folder(struct sk_map *folders, const char *path)
{
	size_t length = (size_t)(strrchr(path, '/') - path);
	char *name = sk_strndup(path, length);
	int r = name ? sk_map_put(folders, name, length, name) : -ENOMEM;

	if (r)
		free(name);
	return SK_MIN(r, 0);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * An entry has one name, and the guard looks ahead in the folders of the names. A folder that has nothing but copies of files elsewhere is
 * named beside them.
 */
static int add_folders(struct scan *scan)
{
	struct sk_strings *folders = &scan->policy.lockdown.folders;
	const void *key;
	size_t position = 0, size;

	if (sk_map_size(scan->copied) == 0)
		return 0;
	folders->items = sk_calloc(sk_map_size(scan->copied), sizeof *folders->items);
	if (!folders->items)
		return -ENOMEM;
	for (const char *name; (name = sk_map_next(scan->copied, &position, &key, &size));) {
		if (!size || sk_map_get(scan->named, key, size) || !sk_utf8_valid(name, size, NULL))
			continue;
		folders->items[folders->count] = sk_strdup(name);
		if (!folders->items[folders->count++])
			return -ENOMEM;
	}
	qsort(folders->items, folders->count, sizeof *folders->items, by_text);
	return 0;
}

static int hash_one(struct scan *scan, const struct found *found)
{
	struct lockdown_file file;
	struct sk_program program = {.kind = (int)found->kind, .name = found->path, .provenance = scan->provenance};
	char reviewed[128];
	struct ctl quiet = {.root = scan->ctl->root};
	int r;

	progress(scan, found->path, false);
	scan->done += found->size;
	if (access(found->path, R_OK) != 0 || lockdown_hash(&quiet, found->path, &file) != CTL_OK) {
		scan->unreadable++;
		return 0;
	}
	memcpy(program.sha256, file.sha256, sizeof program.sha256);
	program.size = (int64_t)file.size;
	attribute(scan, &program, reviewed);
	if (!sk_utf8_valid(found->path, strlen(found->path), NULL))
		program.name = (char *)"?";
	r = sk_collect_program(&scan->collector, &program);
	scan->same += r == SK_NONE;
	if (r == 0 || r == SK_NONE)
		r = note_folder(r == 0 ? scan->named : scan->copied, found->path);
	return r;
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
	policy->lockdown.media_default = (struct sk_media_terms){.mount = SK_MOUNT_RW, .execute = true, .copy = true}; /* as without the line */
	lockdown_provenance("scan", scan->provenance, sizeof scan->provenance);
	if ((ctl_option(ctl, "title") && lockdown_set(&policy->title, ctl_option(ctl, "title"))) ||
	    (ctl_option(ctl, "change") && lockdown_set(&policy->change, ctl_option(ctl, "change"))) ||
	    lockdown_packages_new(&scan->packages) ||
	    sk_map_new(SK_PROGRAMS_MAX, free, &scan->named) || sk_map_new(SK_FOLDERS_MAX, free, &scan->copied) ||
	    ((ctl_option(ctl, "archive") || ctl_option(ctl, "manifest") || ctl_option(ctl, "fleet")) && lockdown_origins_new(&scan->origins)))
		return ctl_fail_errno(ctl, -ENOMEM, "scan");
	scan->scripts = ctl_option(ctl, "scripts");
	setpriority(PRIO_PROCESS, 0, 10);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE); /* what the tool reads comes first */
	if (scan->origins)
		r = lockdown_archives(ctl, scan->origins);
	if (r == CTL_OK && scan->origins)
		r = lockdown_reviewed(ctl, scan->origins);
	return r == CTL_OK && scan->origins ? lockdown_manifests(ctl, scan->origins) : r;
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
	if (!lockdown_packages_read(scan->packages, path)) /* a mounted image has its own */
		lockdown_packages_read(scan->packages, "/");
	r = sk_collect_begin(&scan->collector, &scan->policy);
	for (size_t i = first; i < scan->count && r == 0; i++)
		r = hash_one(scan, &scan->files[i]);
	sk_collect_end(&scan->collector);
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

static void scan_done(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->files[i].path);
	free(scan->files);
	lockdown_packages_free(scan->packages);
	sk_map_free(scan->origins);
	sk_map_free(scan->named);
	sk_map_free(scan->copied);
	sk_policy_done(&scan->policy);
}

int lockdown_scan_folder(const struct ctl *ctl, const char *folder, struct sk_policy *ret_policy)
{
	struct scan scan = {.ctl = ctl};
	_cleanup_free_ char *real = realpath(folder, NULL);
	int r = real ? prepare(&scan) : ctl_fail_errno(ctl, -errno, folder);

	if (r == CTL_OK)
		r = scan_one(&scan, real);
	if (r == CTL_OK && add_folders(&scan))
		r = ctl_fail_errno(ctl, -ENOMEM, "scan");
	if (r == CTL_OK) {
		*ret_policy = scan.policy;
		scan.policy = (struct sk_policy){0};
	}
	scan_done(&scan);
	return r;
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
	if (r == CTL_OK && add_folders(&scan))
		r = ctl_fail_errno(ctl, -ENOMEM, "scan");
	if (r == CTL_OK && scan.policy.lockdown.programs.count == 0)
		r = ctl_fail(ctl, CTL_FOUND, CTL_T("no program was found there", "プログラムが見つかりません"));
	if (r == CTL_OK)
		r = ctl_option(ctl, "group") ? lockdown_write_grouped(ctl, &scan.policy, ctl_option(ctl, "out"))
					     : lockdown_write_draft(ctl, &scan.policy, ctl_option(ctl, "out"));
	if (r == CTL_OK && !(ctl->json && ctl_option(ctl, "group")))
		r = tell(&scan);
	scan_done(&scan);
	return r;
}
