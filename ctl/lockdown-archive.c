// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where a file comes from, proved: Debian packages whose chain of signatures holds. A folder has an InRelease (or apt's *_InRelease), the Packages lists that it
 * names, and .deb files. gpgv judges the signature, SHA-256 carries it from there to each package, dpkg-deb unpacks those that hold, and every file in them is
 * hashed: what a scan finds with the same content came from that package. dpkg's own database keeps MD5 only, and proves nothing.
 */
#include "lockdown-archive.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "os/file.h"

enum { FILES_MAX = 2000000, TEXT_MAX = 256 << 20 };

struct archive {
	const struct ctl *ctl;
	struct sk_map *lists;    /* SHA-256 of a file that a good InRelease names -> its struct release */
	struct sk_map *packages; /* SHA-256 of a .deb that such a list names -> struct lockdown_origin */
	struct sk_map *out;
	char folder[64];         /* of what is unpacked */
	uint64_t debs, unproved;
};

static void free_origin(void *origin)
{
	struct lockdown_origin *o = origin;

	free(o->package);
	free(o->version);
	free(o->publisher);
	free(o->provenance);
	free(o);
}

int lockdown_origins_new(struct sk_map **ret_map)
{
	return sk_map_new(FILES_MAX, free_origin, ret_map);
}

/* Runs a program, quietly; its exit code, 127 when it cannot be started. */
static int run(const char *const *words)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static bool ends(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a >= b && strcmp(name + a - b, end) == 0;
}

static struct lockdown_origin *origin(const char *package, const char *version, const char *publisher, const char *provenance)
{
	struct lockdown_origin *o = sk_calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->package = sk_strndup(package, SK_MIN(strlen(package), (size_t)256));
	o->version = sk_strndup(version, SK_MIN(strlen(version), (size_t)128));
	o->publisher = sk_strndup(publisher, SK_MIN(strlen(publisher), (size_t)256));
	o->provenance = sk_strndup(provenance, SK_MIN(strlen(provenance), (size_t)256));
	if (o->package && o->version && o->publisher && o->provenance)
		return o;
	free_origin(o);
	return NULL;
}

/* Takes `value` over. */
static int put(struct sk_map *map, const uint8_t hash[SK_SHA256_SIZE], struct lockdown_origin *value)
{
	int r = value ? sk_map_put(map, hash, SK_SHA256_SIZE, value) : -ENOMEM;

	if (r != 0 && value)
		free_origin(value);
	return r < 0 ? r : 0;
}

int lockdown_origin_put(struct sk_map *origins, const uint8_t hash[SK_SHA256_SIZE], const char *package, const char *version, const char *publisher,
			const char *provenance)
{
	return put(origins, hash, origin(package, version, publisher, provenance));
}

/* "Field: value" of a line; NULL when it is another field. */
static char *field(char *line, const char *name)
{
	size_t size = strlen(name);

	if (strncasecmp(line, name, size) != 0 || line[size] != ':')
		return NULL;
	line += size + 1;
	return line + strspn(line, " ");
}

/* The signed text of an InRelease: who, which, when, and the files it names. */
static int read_release(struct archive *a, const char *path)
{
	char line[2048], who[128] = "", suite[128] = "", date[96] = "", what[300], *value;
	FILE *file = fopen(path, "re");
	bool sums = false;
	int r = 0;

	while (file && r == 0 && fgets(line, sizeof line, file)) {
		uint8_t hash[SK_SHA256_SIZE];

		line[strcspn(line, "\r\n")] = 0;
		if ((value = field(line, "Origin")))
			snprintf(who, sizeof who, "%s", value);
		else if ((value = field(line, "Codename")) || (!suite[0] && (value = field(line, "Suite"))))
			snprintf(suite, sizeof suite, "%s", value);
		else if ((value = field(line, "Date")))
			snprintf(date, sizeof date, "%s", value);
		if (line[0] != ' ')
			sums = field(line, "SHA256") != NULL;
		if (!sums || line[0] != ' ' || strlen(line) < 66)
			continue;
		line[65] = 0;
		if (sk_unhex(line + 1, hash, sizeof hash) != 0)
			continue;
		snprintf(what, sizeof what, "archive %s %s, %s", who, suite, date);
		r = put(a->lists, hash, origin("-", "-", who[0] ? who : "-", what));
	}
	if (file)
		fclose(file);
	return r;
}

static int open_release(struct archive *a, const char *path)
{
	char text[128];
	const char *keyring = ctl_option(a->ctl, "keyring") ? ctl_option(a->ctl, "keyring") : "/usr/share/keyrings/debian-archive-keyring.gpg";
	int r;

	snprintf(text, sizeof text, "%s/release", a->folder);
	unlink(text);
	r = run((const char *const[]){"gpgv", "--quiet", "--keyring", keyring, "--output", text, path, NULL});
	if (r == 127)
		return ctl_fail(a->ctl, CTL_ENVIRONMENT, CTL_T("gpgv is needed: install the package gpgv", "gpgv が必要です。パッケージ gpgv を導入してください"));
	if (r != 0)
		return ctl_fail(a->ctl, CTL_FOUND, CTL_T("%s: no good signature by a key of %s", "%s: %s の鍵による正しい署名がありません"), path, keyring);
	r = read_release(a, text);
	return r == 0 ? CTL_OK : ctl_fail_errno(a->ctl, r, path);
}

/* A copy that nobody else can write: what was hashed is what is unpacked, whoever may write in the archive meanwhile. Its hash. CTL_*. */
static int take_in(struct archive *a, const char *path, const char *copy, struct lockdown_file *ret_file)
{
	const struct ctl quiet = {.root = a->ctl->root};
	_cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), to = -1;
	char space[65536];
	ssize_t n = -1;
	int r = 0;

	unlink(copy);
	if (from >= 0)
		to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (to >= 0 && r == 0 && (n = read(from, space, sizeof space)) > 0)
		r = sk_fd_write("archive.copy", to, space, (size_t)n);
	if (r || n < 0)
		return ctl_fail_errno(a->ctl, r ? r : -errno, path);
	return lockdown_hash(&quiet, copy, ret_file);
}

/* One entry of a Packages list. */
static int put_package(struct archive *a, const struct lockdown_origin *release, const char *name, const char *version, const char *sum)
{
	uint8_t hash[SK_SHA256_SIZE];

	if (!name[0] || !version[0] || strlen(sum) != 64 || sk_unhex(sum, hash, sizeof hash) != 0)
		return 0;
	return put(a->packages, hash, origin(name, version, release->publisher, release->provenance));
}

static int open_list(struct archive *a, const char *path)
{
	const struct ctl quiet = {.root = a->ctl->root};
	char line[8192], copy[128], name[256] = "", version[256] = "", sum[80] = "", *value;
	const struct lockdown_origin *release;
	struct lockdown_file list;
	bool begins = true;
	FILE *file;
	int r = 0;

	if (lockdown_hash(&quiet, path, &list) != CTL_OK)
		return CTL_ENVIRONMENT;
	if (!sk_map_get(a->lists, list.sha256, sizeof list.sha256))
		return CTL_OK; /* nothing vouches for it */
	snprintf(copy, sizeof copy, "%s/list", a->folder);
	r = take_in(a, path, copy, &list);
	release = sk_map_get(a->lists, list.sha256, sizeof list.sha256);
	file = r == 0 && release ? fopen(copy, "re") : NULL;
	if (!file)
		return r;
	while (r == 0 && fgets(line, sizeof line, file)) {
		bool whole = strchr(line, '\n') != NULL, rest = !begins;

		begins = whole;
		if (rest)
			continue; /* of a line that is longer than we read */
		line[strcspn(line, "\r\n")] = 0;
		if ((value = field(line, "Package")))
			snprintf(name, sizeof name, "%s", value);
		else if ((value = field(line, "Version")))
			snprintf(version, sizeof version, "%s", value);
		else if ((value = field(line, "SHA256")))
			snprintf(sum, sizeof sum, "%s", value);
		if (line[0])
			continue;
		r = put_package(a, release, name, version, sum);
		name[0] = version[0] = sum[0] = 0;
	}
	if (r == 0)
		r = put_package(a, release, name, version, sum);
	fclose(file);
	return r == 0 ? CTL_OK : ctl_fail_errno(a->ctl, r, path);
}

/* Every file below the folder, by its content. */
static int hash_files(struct archive *a, const char *folder, const struct lockdown_origin *from)
{
	const struct ctl quiet = {.root = a->ctl->root};
	char *paths[] = {(char *)folder, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int r = walk ? 0 : -errno;

	for (FTSENT *entry; r == 0 && (entry = fts_read(walk));) {
		struct lockdown_file file;

		if (entry->fts_info == FTS_F && entry->fts_statp->st_size > 0 && lockdown_hash(&quiet, entry->fts_path, &file) == CTL_OK)
			r = put(a->out, file.sha256, origin(from->package, from->version, from->publisher, from->provenance));
	}
	if (walk)
		fts_close(walk);
	return r;
}

static int open_deb(struct archive *a, const char *path)
{
	const struct ctl quiet = {.root = a->ctl->root};
	const struct lockdown_origin *from;
	struct lockdown_file deb, mine;
	char to[128], copy[128];
	int r;

	if (lockdown_hash(&quiet, path, &deb) != CTL_OK)
		return CTL_ENVIRONMENT;
	from = sk_map_get(a->packages, deb.sha256, sizeof deb.sha256);
	a->debs++;
	a->unproved += !from;
	if (!from)
		return CTL_OK;
	snprintf(to, sizeof to, "%s/tree", a->folder);
	snprintf(copy, sizeof copy, "%s/package.deb", a->folder);
	r = take_in(a, path, copy, &mine);
	if (r != CTL_OK)
		return r;
	if (memcmp(mine.sha256, deb.sha256, sizeof mine.sha256) != 0)
		return ctl_fail(a->ctl, CTL_FOUND, CTL_T("%s: changes while it is read", "%s: 読み取り中に変化しています"), path);
	if (run((const char *const[]){"dpkg-deb", "-x", copy, to, NULL}) != 0)
		return ctl_fail(a->ctl, CTL_ENVIRONMENT, CTL_T("%s: dpkg-deb cannot unpack it", "%s: dpkg-deb で展開できません"), path);
	r = hash_files(a, to, from);
	run((const char *const[]){"rm", "-rf", "--", to, NULL});
	return r == 0 ? CTL_OK : ctl_fail_errno(a->ctl, r, path);
}

/* Three rounds over a folder: what is signed, what that names, the packages. */
static int round_of(struct archive *a, const char *folder, int number)
{
	char *paths[] = {(char *)folder, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int r = walk ? CTL_OK : ctl_fail_errno(a->ctl, -errno, folder);

	for (FTSENT *entry; r == CTL_OK && walk && (entry = fts_read(walk));) {
		if (entry->fts_info != FTS_F)
			continue;
		if (number == 0 && ends(entry->fts_name, "InRelease"))
			r = open_release(a, entry->fts_path);
		if (number == 1 && ends(entry->fts_name, "Packages"))
			r = open_list(a, entry->fts_path);
		if (number == 2 && ends(entry->fts_name, ".deb"))
			r = open_deb(a, entry->fts_path);
	}
	if (walk)
		fts_close(walk);
	return r;
}

int lockdown_archives(const struct ctl *ctl, struct sk_map *origins)
{
	struct archive a = {.ctl = ctl, .out = origins};
	int r = CTL_OK;

	if (!ctl_option(ctl, "archive"))
		return CTL_OK;
	snprintf(a.folder, sizeof a.folder, "/tmp/sekisho-archive-XXXXXX");
	if (lockdown_origins_new(&a.lists) != 0 || lockdown_origins_new(&a.packages) != 0 || !mkdtemp(a.folder))
		r = ctl_fail_errno(ctl, errno ? -errno : -ENOMEM, "archive");
	for (int number = 0; number < 3; number++)
		for (size_t i = 0; ctl_option_at(ctl, "archive", i) && r == CTL_OK; i++)
			r = round_of(&a, ctl_option_at(ctl, "archive", i), number);
	if (r == CTL_OK && !ctl->json)
		fprintf(stderr, CTL_T("archives: %" PRIu64 " packages, %" PRIu64 " of them without a chain of signatures; %zu different files proved\n",
				      "アーカイブ: パッケージ %" PRIu64 " 個、うち署名で確認できないもの %" PRIu64 " 個。確認済みファイル %zu 個\n"),
			a.debs, a.unproved, sk_map_size(origins));
	run((const char *const[]){"rm", "-rf", "--", a.folder, NULL});
	sk_map_free(a.lists);
	sk_map_free(a.packages);
	return r;
}
