// SPDX-License-Identifier: GPL-3.0-or-later
/* Fields of mountinfo: id parent major:minor root point options [optional...] - type source super-options */
#include "medium/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

enum { LINE_MAX_BYTES = 32768, PIECE = 65536, TOTAL_MAX = 16 << 20 };

struct word {
	const char *at;
	size_t size;
};

static bool next_word(const char **at, const char *end, struct word *out)
{
	const char *space;

	if (*at >= end)
		return false;
	space = memchr(*at, ' ', (size_t)(end - *at));
	out->at = *at;
	out->size = (size_t)((space ? space : end) - *at);
	*at = space ? space + 1 : end;
	return out->size > 0;
}

static bool is_octal(const char *c)
{
	return c[0] >= '0' && c[0] <= '3' && c[1] >= '0' && c[1] <= '7' && c[2] >= '0' && c[2] <= '7';
}

/* False when it does not fit or holds a zero. */
static bool unescape(const struct word *word, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < word->size; i++) {
		char c = word->at[i];

		if (c == '\\' && i + 3 < word->size && is_octal(word->at + i + 1)) {
			c = (char)((word->at[i + 1] - '0') << 6 | (word->at[i + 2] - '0') << 3 | (word->at[i + 3] - '0'));
			i += 3;
		}
		if (!c || used + 1 >= size)
			return false;
		out[used++] = c;
	}
	out[used] = 0;
	return true;
}

static bool read_device(const struct word *word, struct sk_mount_entry *out)
{
	char text[32], *colon;
	uint64_t major, minor;

	if (!unescape(word, text, sizeof text) || !(colon = strchr(text, ':')))
		return false;
	*colon = 0;
	if (sk_parse_u64(text, UINT32_MAX, &major) || sk_parse_u64(colon + 1, UINT32_MAX, &minor))
		return false;
	out->major = (unsigned)major;
	out->minor = (unsigned)minor;
	return true;
}

static const struct {
	const char *name;
	unsigned long flag;
} flags[] = {{"ro", MS_RDONLY}, {"nosuid", MS_NOSUID}, {"nodev", MS_NODEV}, {"noexec", MS_NOEXEC}, {"noatime", MS_NOATIME},
	     {"nodiratime", MS_NODIRATIME}, {"relatime", MS_RELATIME}};

static unsigned long read_flags(const struct word *word)
{
	unsigned long found = 0;

	for (size_t at = 0; at < word->size;) {
		const char *comma = memchr(word->at + at, ',', word->size - at);
		size_t size = comma ? (size_t)(comma - word->at) - at : word->size - at;

		for (size_t i = 0; i < SK_ARRAY_SIZE(flags); i++)
			if (strlen(flags[i].name) == size && memcmp(flags[i].name, word->at + at, size) == 0)
				found |= flags[i].flag;
		at += size + 1;
	}
	return found;
}

int sk_mount_read(const char *line, size_t size, struct sk_mount_entry *ret_mount)
{
	const char *at = line, *end = line + size;
	struct word words[6], word;

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++)
		if (!next_word(&at, end, &words[i]))
			return SK_BAD;
	do {
		if (!next_word(&at, end, &word))
			return SK_BAD;
	} while (word.size != 1 || *word.at != '-');
	if (!read_device(&words[2], ret_mount) || !unescape(&words[4], ret_mount->point, sizeof ret_mount->point))
		return SK_BAD;
	ret_mount->flags = read_flags(&words[5]);
	if (!next_word(&at, end, &word) || !unescape(&word, ret_mount->type, sizeof ret_mount->type))
		return SK_BAD;
	/* The source of some is empty: two spaces. */
	ret_mount->source[0] = 0;
	if (next_word(&at, end, &word) && !unescape(&word, ret_mount->source, sizeof ret_mount->source))
		ret_mount->source[0] = 0;
	ret_mount->super_read_only = next_word(&at, end, &word) && (read_flags(&word) & MS_RDONLY);
	return 0;
}

/* Takes whole lines off the front of the buffer. */
static int take_lines(struct sk_buf *text, int (*each)(void *arg, const struct sk_mount_entry *mount), void *arg, struct sk_mount_entry *mount)
{
	size_t done = 0;
	int r = 0;

	while (r == 0) {
		const char *start = text->data + done, *end = memchr(start, '\n', text->size - done);

		if (!end)
			break;
		if (sk_mount_read(start, (size_t)(end - start), mount) == 0)
			r = each(arg, mount);
		done = (size_t)(end - text->data) + 1;
	}
	sk_buf_drop(text, done);
	return r;
}

int sk_mounts_each(int fd, int (*each)(void *arg, const struct sk_mount_entry *mount), void *arg)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LINE_MAX_BYTES + PIECE);
	_cleanup_free_ struct sk_mount_entry *mount = sk_malloc(sizeof *mount);
	size_t total = 0;
	int r = 0;

	if (!mount)
		return sk_origin(-ENOMEM);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while (r == 0 && total < TOTAL_MAX) {
		char *space;
		ssize_t n;

		if (text.size > LINE_MAX_BYTES)
			sk_buf_clear(&text); /* a line that no mount can have */
		r = sk_buf_reserve(&text, PIECE, &space);
		if (r)
			return r < 0 ? r : sk_origin(-ENOMEM);
		n = read(fd, space, PIECE);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		sk_buf_grown(&text, (size_t)n);
		total += (size_t)n;
		r = take_lines(&text, each, arg, mount);
	}
	return r;
}
