// SPDX-License-Identifier: GPL-3.0-or-later
/* What goes out of a subcommand and what comes in by files: complaints, JSON, reading and writing. */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/file.h"
#include "wire/json.h"

/* One line whatever it quotes: no byte of foreign text may move a terminal's cursor. */
static void make_line(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

int ctl_pad(const char *text, int width)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if ((*c & 0xc0) != 0x80)
			width -= *c < 0xe0 ? 1 : 2;
	return SK_MAX(width, 0);
}

static void print_error_json(enum ctl_exit code, const char *text)
{
	_cleanup_json_ struct json_object *value = json_object_new_object();
	struct json_object *error;
	const char *line;

	if (!value || sk_json_put_object(value, "error", &error) != 0 || sk_json_put_u64(error, "exit", code) != 0 ||
	    sk_json_put_string(error, "text", text) != 0)
		return;
	line = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (line)
		printf("%s\n", line);
	fflush(stdout);
}

int ctl_fail(const struct ctl *ctl, enum ctl_exit code, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	make_line(text);
	fprintf(stderr, "sekisho: %s\n", text);
	if (ctl->json)
		print_error_json(code, text);
	return code;
}

int ctl_fail_diag(const struct ctl *ctl, const struct sk_diag *diag)
{
	char text[640];

	return ctl_fail(ctl, CTL_FOUND, "%s", sk_diag_format(diag, text, sizeof text));
}

int ctl_fail_errno(const struct ctl *ctl, int error, const char *what)
{
	char text[128];

	return ctl_fail(ctl, CTL_ENVIRONMENT, "%s: %s", what, strerror_r(error < 0 ? -error : EIO, text, sizeof text));
}

int ctl_print_json(const struct ctl *ctl, struct json_object *value)
{
	const char *text = value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;
	int r = CTL_OK;

	if (!text)
		r = ctl_fail_errno(ctl, -ENOMEM, "JSON");
	else if (printf("%s\n", text) < 0 || fflush(stdout) != 0)
		r = CTL_ENVIRONMENT;
	sk_json_free(value);
	return r;
}

static int read_all(int fd, size_t max, struct sk_buf *out)
{
	for (;;) {
		char *space;
		ssize_t n;
		int r = sk_buf_reserve(out, SK_MIN((size_t)65536, max + 1 - out->size), &space);

		if (r != 0)
			return r;
		n = read(fd, space, SK_MIN((size_t)65536, max + 1 - out->size));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		sk_buf_grown(out, (size_t)n);
		if (n == 0)
			return 0;
		if (out->size > max)
			return SK_FULL;
	}
}

int ctl_read_file(const struct ctl *ctl, const char *path, size_t max, struct sk_buf *out)
{
	_cleanup_close_ int fd = -1;
	int r;

	sk_buf_clear(out);
	out->max = SK_MAX(out->max, max + 65536);
	if (strcmp(path, "-") != 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return ctl_fail_errno(ctl, -errno, path);
	}
	r = read_all(fd < 0 ? STDIN_FILENO : fd, max, out);
	if (r == SK_FULL)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("%s: larger than %zu bytes", "%s: %zu バイトを超えています"), path, max);
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, path);
}

static int write_beside(const char *path, const char *temporary, const void *data, size_t size, bool overwrite)
{
	_cleanup_close_ int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return -errno;
	r = sk_fd_write("ctl.write", fd, data, size);
	if (r == 0)
		r = sk_fd_sync("ctl.sync", fd);
	if (r == 0 && overwrite)
		r = rename(temporary, path) < 0 ? -errno : 0;
	else if (r == 0)
		r = link(temporary, path) < 0 ? -errno : 0; /* fails when it exists */
	if (r != 0 || !overwrite)
		unlink(temporary);
	return r;
}

int ctl_write_file(const struct ctl *ctl, const char *path, const void *data, size_t size, bool overwrite)
{
	_cleanup_free_ char *temporary = NULL;
	int r;

	if (strcmp(path, "-") == 0) {
		bool good = fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0;

		return good ? CTL_OK : ctl_fail_errno(ctl, -EPIPE, "stdout");
	}
	temporary = sk_malloc(strlen(path) + 32);
	if (!temporary)
		return ctl_fail_errno(ctl, -ENOMEM, path);
	snprintf(temporary, strlen(path) + 32, "%s.%ld.new", path, (long)getpid());
	r = write_beside(path, temporary, data, size, overwrite);
	if (r == -EEXIST)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("%s exists already: choose another name", "%s は既にあります。別の名前にしてください"), path);
	return r == 0 ? CTL_OK : ctl_fail_errno(ctl, r, path);
}
