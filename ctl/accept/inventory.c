// SPDX-License-Identifier: GPL-3.0-or-later
/* The parent's side: makes the child's box, reads its lines strictly, keeps them sorted. A child that died or lied leaves a gap, not a good word. */
#include "accept/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept/child.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/sandbox.h"

enum { LIST_MAX = 256 << 20, PIECE = 1 << 18, GRACE_MS = 2000, GAPS_MAX = 10000 };

const struct accept_bounds accept_usual_bounds = {.files = 500000, .file_bytes = UINT64_C(16) << 30, .total_bytes = UINT64_C(1) << 40,
						  .member_bytes = UINT64_C(1) << 30, .unpacked_bytes = UINT64_C(16) << 30, .depth = 64,
						  .nesting = 3, .time_ms = UINT64_C(4) * 3600 * 1000};

int accept_put_path(struct sk_buf *out, const char *path, size_t size)
{
	int r = 0;

	for (size_t i = 0; i < size && r == 0;) {
		unsigned char c = (unsigned char)path[i];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		if (c >= 0x20 && c != 0x7f && c != '\\' && n <= size - i && sk_utf8_valid(path + i, n, NULL) && !(c == 0xc2 && (unsigned char)path[i + 1] < 0xa0)) {
			r = sk_buf_append(out, path + i, n);
			i += n;
		} else {
			r = sk_buf_printf(out, "\\x%02X", c);
			i++;
		}
	}
	return r;
}

/* --- lines */

static int add_gap(struct accept_inventory *out, const char *reason, size_t reason_size, const char *path, size_t size)
{
	struct accept_gap *gap;

	if (out->gap_count >= GAPS_MAX)
		return 0; /* there are enough of them to say no */
	if (out->gap_count == out->gap_space) {
		size_t space = out->gap_space ? out->gap_space * 2 : 16;
		struct accept_gap *grown = sk_realloc_array(out->gaps, space, sizeof *grown);

		if (!grown)
			return sk_origin(-ENOMEM);
		out->gaps = grown;
		out->gap_space = space;
	}
	gap = &out->gaps[out->gap_count];
	snprintf(gap->reason, sizeof gap->reason, "%.*s", (int)SK_MIN(reason_size, sizeof gap->reason - 1), reason);
	gap->path = sk_strndup(path, size);
	if (!gap->path)
		return sk_origin(-ENOMEM);
	out->gap_count++;
	return 0;
}

static int add_entry(struct accept_inventory *out, const struct accept_entry *entry, const char *path, size_t size)
{
	if (out->count == out->space) {
		size_t space = out->space ? out->space * 2 : 1024;
		struct accept_entry *grown = sk_realloc_array(out->entries, space, sizeof *grown);

		if (!grown)
			return sk_origin(-ENOMEM);
		out->entries = grown;
		out->space = space;
	}
	out->entries[out->count] = *entry;
	out->entries[out->count].path = sk_strndup(path, size);
	if (!out->entries[out->count].path)
		return sk_origin(-ENOMEM);
	out->bytes += entry->member ? 0 : entry->size;
	out->members += entry->member;
	out->count++;
	return 0;
}

/* The next word; its end is a space. */
static const char *word(const char **at, const char *end, size_t *ret_size)
{
	const char *start = *at, *space = start < end ? memchr(start, ' ', (size_t)(end - start)) : NULL;

	if (!space || space == start)
		return NULL;
	*ret_size = (size_t)(space - start);
	*at = space + 1;
	return start;
}

static bool is_path(const char *path, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	return sk_utf8_valid(path, size, NULL);
}

static bool read_entry(const char *at, const char *end, struct accept_entry *entry, const char **ret_path)
{
	size_t hash_size, number_size, kind_size;
	const char *hash = word(&at, end, &hash_size), *number = hash ? word(&at, end, &number_size) : NULL,
		   *kind = number ? word(&at, end, &kind_size) : NULL;
	char text[65];

	if (!kind || hash_size != 64 || number_size > 20 || !is_path(at, (size_t)(end - at)) || at == end)
		return false;
	memcpy(text, hash, 64);
	text[64] = 0;
	if (sk_unhex(text, entry->sha256, sizeof entry->sha256) != 0)
		return false;
	memcpy(text, number, number_size);
	text[number_size] = 0;
	if (sk_parse_u64(text, INT64_MAX, &entry->size) != 0)
		return false;
	entry->member = memmem(at, (size_t)(end - at), "!/", 2) != NULL;
	*ret_path = at;
	for (int i = 0; i < ACCEPT_KINDS; i++)
		if (strlen(accept_kind_words[i]) == kind_size && memcmp(accept_kind_words[i], kind, kind_size) == 0) {
			entry->kind = (enum accept_kind)i;
			return true;
		}
	return false;
}

static int take_line(struct accept_inventory *out, const char *at, const char *end, bool *ret_whole)
{
	struct accept_entry entry = {0};
	const char *path, *reason;
	size_t size;

	if (end - at == 9 && memcmp(at, "+ archive", 9) == 0) {
		out->archives++;
		return 0;
	}
	if (end - at == 5 && memcmp(at, "= end", 5) == 0) {
		*ret_whole = true;
		return 0;
	}
	if (end - at > 2 && memcmp(at, "! ", 2) == 0) {
		at += 2;
		reason = word(&at, end, &size);
		return reason && is_path(at, (size_t)(end - at)) ? add_gap(out, reason, size, at, (size_t)(end - at)) : SK_BAD;
	}
	if (!read_entry(at, end, &entry, &path))
		return SK_BAD;
	return add_entry(out, &entry, path, (size_t)(end - path));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct accept_entry *)a)->path, ((const struct accept_entry *)b)->path);
}

static int read_lines(const char *text, size_t size, struct accept_inventory *out, bool *ret_whole, struct sk_diag *diag)
{
	uint32_t line = 0;
	int r = 0;

	if (!size)
		return 0;
	for (const char *at = text, *stop = text + size; at < stop && r == 0;) {
		const char *end = memchr(at, '\n', (size_t)(stop - at));

		line++;
		r = end ? take_line(out, at, end, ret_whole) : SK_BAD;
		if (r == SK_BAD)
			return sk_diag_line(diag, line, 1, "is no line of a list: expected SHA256 SIZE KIND PATH");
		at = end ? end + 1 : stop;
	}
	if (out->count)
		qsort(out->entries, out->count, sizeof *out->entries, by_path);
	return r;
}

int accept_list_read(const char *text, size_t size, struct accept_inventory *ret_inventory, struct sk_diag *diag)
{
	struct accept_inventory out = {0};
	bool whole = false;
	int r = read_lines(text, size, &out, &whole, diag);

	if (r)
		accept_inventory_done(&out);
	else
		*ret_inventory = out;
	return r;
}

int accept_list_write(const struct accept_inventory *inventory, bool code_only, struct sk_buf *out, uint8_t ret_digest[static SK_SHA256_SIZE])
{
	char hex[2 * SK_SHA256_SIZE + 1];
	int r = 0;

	for (size_t i = 0; i < inventory->count && r == 0; i++) {
		const struct accept_entry *e = &inventory->entries[i];

		if (!e->member && (!code_only || ACCEPT_IS_CODE(e->kind)))
			r = sk_buf_printf(out, "%s %" PRIu64 " %s %s\n", sk_hex(e->sha256, SK_SHA256_SIZE, hex), e->size, accept_kind_words[e->kind], e->path);
	}
	return r ? r : sk_sha256(out->data ? out->data : "", out->size, ret_digest);
}

const struct accept_entry *accept_find(const struct accept_inventory *inventory, const char *path)
{
	struct accept_entry key = {.path = (char *)path};

	return inventory->count ? bsearch(&key, inventory->entries, inventory->count, sizeof key, by_path) : NULL;
}

void accept_inventory_done(struct accept_inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++)
		free(inventory->entries[i].path);
	for (size_t i = 0; i < inventory->gap_count; i++)
		free(inventory->gaps[i].path);
	free(inventory->entries);
	free(inventory->gaps);
	*inventory = (struct accept_inventory){0};
}

/* --- the child */

#ifdef SK_ASAN
enum { LIMIT_MEMORY = 0 };
#else
enum { LIMIT_MEMORY = 1 };
#endif

static void child(const char *target, const struct accept_bounds *bounds, int out, pid_t parent)
{
	const struct sk_land_rule land[] = {{target, SK_LAND_READ | SK_LAND_HOST}, {0}};
	const struct sk_sandbox box = {.name = "accept", .uid = (uid_t)-1, .gid = (gid_t)-1, .caps = SK_CAP(CAP_DAC_READ_SEARCH), .land = land,
				       .max_files = 256, .last_words = -1};
	const struct rlimit memory = {UINT64_C(4) << 30, UINT64_C(4) << 30}, cpu = {bounds->time_ms / 1000 + 2, bounds->time_ms / 1000 + 2};
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	if ((LIMIT_MEMORY && setrlimit(RLIMIT_AS, &memory) < 0) || setrlimit(RLIMIT_CPU, &cpu) < 0 || sk_sandbox_enter(&box, NULL) != 0)
		_exit(126);
	r = accept_walk(target, bounds, out);
	_exit(r == 0 ? 0 : 1);
}

int accept_look(const char *target, const struct accept_bounds *bounds, struct accept_inventory *ret_inventory)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LIST_MAX);
	_cleanup_close_ int in = -1, out = -1;
	struct accept_inventory found = {0};
	int ends[2], status = 0, r;
	bool whole = false;
	pid_t pid, self = getpid();

	if (pipe2(ends, O_CLOEXEC) < 0)
		return sk_origin_errno();
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0)
		return sk_origin_errno();
	if (pid == 0)
		child(target, bounds, out, self);
	close(SK_TAKE_FD(out));
	if (!accept_collect(in, sk_clock_mono_ms() + bounds->time_ms + GRACE_MS, &text))
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	while (text.size && text.data[text.size - 1] != '\n')
		text.size--; /* half a line of a child that was ended */
	r = read_lines(text.data, text.size, &found, &whole, NULL);
	if (r == 0 && (!whole || !WIFEXITED(status) || WEXITSTATUS(status)))
		r = add_gap(&found, "not-finished", 12, "", 0);
	if (r == SK_BAD)
		r = sk_origin(-EPROTO);
	if (r)
		accept_inventory_done(&found);
	else
		*ret_inventory = found;
	return r;
}
