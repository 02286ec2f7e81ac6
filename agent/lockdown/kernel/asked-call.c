// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an interpreter is given, looked at before its first instruction, because the kernel side sees only what is read from page caches: a FIFO or a socket as a script, a
 * script on a memory file system, and a dynamic loader whose program is an interpreter. Its words and variables are read from the process, judged by the same machine and table,
 * and the file is found as the process would find it.
 *
 * What does not exist is let be: the interpreter says so itself. Where a name is exchanged between this look and the interpreter's, what is then read from a disk is
 * judged once more (bpf/lockdown-interp); what is read from memory, or from a pipe, is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "interp/interp.h"
#include "lockdown/kernel/asked.h"
#include "lockdown/guard/guard.h"
#include "lockdown/kernel/interp.h"

enum { WORDS = 4096, SIZE_MAX_HASHED = 64 << 20, LOADERS = 4, FUSE = 0x65735546, NFS = 0x6969, CIFS = (int)0xff534d42 };

/* One list of strings of a process; used by one thread. */
struct strings {
	char text[256 * 1024];
	const char *items[WORDS + 1];
};

static struct strings words, variables;

/* False when it cannot be read to its end. */
static bool read_strings(struct strings *to, uint32_t process, const char *name)
{
	char path[64];
	_cleanup_close_ int fd = -1;
	size_t size = 0, count = 0;
	ssize_t n = 0;

	snprintf(path, sizeof path, "/proc/%u/%s", process, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && size < sizeof to->text - 1 && (n = read(fd, to->text + size, sizeof to->text - 1 - size)) > 0)
		size += (size_t)n;
	if (fd < 0 || n < 0)
		return false;
	to->text[size] = 0;
	for (size_t at = 0; at < size && count < WORDS; at += strlen(to->text + at) + 1)
		to->items[count++] = to->text + at;
	to->items[count] = NULL;
	return true;
}

static const char *variable(const char *name)
{
	size_t size = strlen(name);

	for (const char **at = variables.items; *at; at++)
		if (strncmp(*at, name, size) == 0 && (*at)[size] == '=')
			return *at + size + 1;
	return NULL;
}

/* --- files */

/* From what was found to what can be read. */
static int open_again(int found)
{
	char path[48];

	snprintf(path, sizeof path, "/proc/self/fd/%d", found);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static uint32_t generation(int fd)
{
	int value = 0;

	return ioctl(fd, FS_IOC_GETVERSION, &value) < 0 ? 0 : (uint32_t)value;
}

/* What this file is on the list: 0 = nothing. */
static uint32_t kinds_of(struct lk_asker *asker, int found, uint8_t hash[LK_HASH], struct lk_key *key)
{
	_cleanup_close_ int fd = open_again(found);
	struct lk_orders orders;
	struct lk_key after;
	uint32_t kinds = 0;

	if (fd < 0 || !lk_look(fd, key) || key->size > SIZE_MAX_HASHED)
		return 0;
	if (lk_may_remember(asker->shared, key->device)) {
		key->generation = generation(fd);
		if (lk_cache_get(&asker->shared->cache, key, hash))
			return lk_listed_as(asker->shared, hash, &orders, &kinds) ? kinds : 0;
	}
	if (sk_hasher_fd(asker->hasher, fd, asker->space, LK_PIECE, NULL, NULL, hash, NULL) != 0 ||
	    !lk_look(fd, &after) || after.changed_s != key->changed_s || after.changed_ns != key->changed_ns || after.size != key->size)
		return 0;
	return lk_listed_as(asker->shared, hash, &orders, &kinds) ? kinds : 0;
}

/* By which road code would come; SK_ROAD_NONE: it may be read. */
static uint32_t judge_found(struct lk_asker *asker, const struct sk_record *record, int found)
{
	struct lk_key key = {0};
	uint8_t hash[LK_HASH];
	struct statfs system;
	struct stat what;
	uint32_t kinds;

	if (fstat(found, &what) < 0 || fstatfs(found, &system) < 0)
		return SK_ROAD_SCRIPT_OPERAND;
	if (S_ISDIR(what.st_mode) || (S_ISCHR(what.st_mode) && what.st_rdev == makedev(1, 3)))
		return SK_ROAD_NONE; /* what is read in a folder is judged then */
	if (!S_ISREG(what.st_mode))
		return SK_ROAD_SCRIPT_STDIN;
	if (system.f_type == NFS || system.f_type == CIFS)
		return SK_ROAD_NONE; /* we do not wait for a server; what is read of it is judged then */
	if (system.f_type == FUSE)
		return SK_ROAD_SCRIPT_OPERAND; /* it may tell everybody something else */
	kinds = kinds_of(asker, found, hash, &key);
	if (!kinds)
		return SK_ROAD_SCRIPT_OPERAND;
	lk_kernel_permit(asker->shared, record->process, &key, hash, kinds, true);
	return SK_ROAD_NONE;
}

/* A name without a folder may be looked for in PATH. */
static int open_in_path(uint32_t process, const char *name)
{
	const char *at = variable("PATH");
	char path[4096];
	int fd = -ENOENT;

	while (at && *at && fd < 0) {
		size_t size = strcspn(at, ":");

		if ((size_t)snprintf(path, sizeof path, "%.*s/%s", (int)size, at, name) < sizeof path)
			fd = lk_open_as(process, path);
		at += size + (at[size] == ':');
	}
	return fd;
}

static uint32_t judge_script(struct lk_asker *asker, const struct sk_record *record, const char *script)
{
	_cleanup_close_ int found = lk_open_as(record->process, script);

	if (found == -ENOENT && !strchr(script, '/'))
		found = open_in_path(record->process, script);
	if (found >= 0)
		return judge_found(asker, record, found);
	return found == -EXDEV ? SK_ROAD_SCRIPT_STDIN : SK_ROAD_NONE;
}

/* --- words */

static uint32_t road_of(enum sk_argv_verdict verdict)
{
	switch (verdict) {
	case SK_ARGV_STDIN:
		return SK_ROAD_SCRIPT_STDIN;
	case SK_ARGV_MODULE:
		return SK_ROAD_SCRIPT_MODULE;
	case SK_ARGV_ENVIRONMENT:
		return SK_ROAD_SCRIPT_ENVIRONMENT;
	default:
		return SK_ROAD_SCRIPT_INLINE;
	}
}

/* Code on standard input is no code of somebody's own when it comes from a file that is known. */
static uint32_t judge_input(struct lk_asker *asker, const struct sk_record *record)
{
	_cleanup_close_ int found = -1;
	char path[48];

	snprintf(path, sizeof path, "/proc/%u/fd/0", record->process);
	found = open(path, O_PATH | O_CLOEXEC);
	return found < 0 ? SK_ROAD_SCRIPT_STDIN : judge_found(asker, record, found);
}

static uint32_t judge_interpreter(struct lk_asker *asker, const struct sk_record *record, const struct sk_interp_answer *a)
{
	if (a->verdict == SK_ARGV_STDIN)
		return judge_input(asker, record);
	if (sk_argv_refused(a->verdict))
		return road_of(a->verdict);
	return a->script ? judge_script(asker, record, a->script) : SK_ROAD_NONE;
}

/* The program that a loader was given becomes what is judged; *row is its, -1 = no interpreter, and nobody need know what it does. */
static uint32_t enter_program(struct lk_asker *asker, const struct sk_record *record, const char *program, int *row, uint8_t hash[LK_HASH],
			      struct lk_call_answer *answer)
{
	_cleanup_close_ int found = strchr(program, '/') ? lk_open_as(record->process, program) : -ENOENT;
	struct lk_key key = {0};

	*row = -1;
	if (found < 0 || !(kinds_of(asker, found, hash, &key) & SK_AS_INTERPRETER))
		return SK_ROAD_NONE; /* what is mapped is judged then, and no interpreter that was not judged here is */
	*row = lk_interp_row(hash);
	answer->program_device = lk_kernel_device(key.device);
	answer->program_inode = key.inode;
	return SK_ROAD_NONE;
}

static uint32_t judge_loader(struct lk_asker *asker, const struct sk_record *record, const char **argv, struct sk_interp_answer *a,
			     struct lk_call_answer *answer)
{
	const char *lists = variable("LD_TRACE_LOADED_OBJECTS");
	uint8_t hash[LK_HASH];
	int row;

	if (lists && *lists)
		return SK_ROAD_NONE;
	for (int i = 0; i < LOADERS && a->loader; i++) {
		const char *called = sk_interp_called(argv, a->at);

		enter_program(asker, record, a->script, &row, hash, answer);
		if (row < 0)
			return SK_ROAD_NONE;
		argv += a->at;
		argv[0] = called;
		sk_interp_judge_row(lk_interp_table(), row, argv, variables.items, a);
	}
	if (a->loader)
		return SK_ROAD_SCRIPT_INLINE;
	if (lk_interp_is_exempt(row, hash, record->uid, a->script))
		return SK_ROAD_NONE;
	answer->restricted = a->row >= 0 && a->verdict != SK_ARGV_NOTHING && a->verdict != SK_ARGV_DATA;
	return judge_interpreter(asker, record, a);
}

void lk_answer_call(struct lk_asker *asker, const struct sk_record *record)
{
	struct lk_call_answer answer = {0};
	struct sk_interp_answer a;

	if (!read_strings(&words, record->process, "cmdline") || !read_strings(&variables, record->process, "environ"))
		return;
	lk_add(&asker->shared->count.asked);
	sk_interp_judge_row(lk_interp_table(), (int)record->kinds, words.items, variables.items, &a);
	answer.refused_road = a.loader ? judge_loader(asker, record, words.items, &a, &answer)
				       : a.script ? judge_script(asker, record, a.script) : SK_ROAD_NONE;
	lk_kernel_answer_call(asker->shared, record->process, &answer);
}
