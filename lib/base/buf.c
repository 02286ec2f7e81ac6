// SPDX-License-Identifier: GPL-3.0-or-later
/* Growth by doubling, capped by the maximum the owner stated. */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

void sk_buf_done(struct sk_buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	*buf = SK_BUF(buf->max);
}

void sk_buf_clear(struct sk_buf *buf)
{
	buf->size = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

int sk_buf_reserve(struct sk_buf *buf, size_t size, char **ret_space)
{
	size_t space = buf->space ? buf->space : 64;
	char *data;

	if (size > buf->max || buf->size > buf->max - size)
		return SK_FULL;
	if (!buf->data || buf->space - buf->size < size) {
		while (space - buf->size < size || space < buf->size)
			space *= 2;
		space = SK_MIN(space, buf->max);
		data = sk_realloc_array(buf->data, space + 1, 1);
		if (!data)
			return sk_origin(-ENOMEM);
		buf->data = data;
		buf->space = space;
		buf->data[buf->size] = '\0';
	}
	*ret_space = buf->data + buf->size;
	return 0;
}

void sk_buf_grown(struct sk_buf *buf, size_t size)
{
	buf->size += size;
	buf->data[buf->size] = '\0';
}

int sk_buf_append(struct sk_buf *buf, const void *data, size_t size)
{
	char *space;
	int r;

	if (size == 0)
		return 0;
	r = sk_buf_reserve(buf, size, &space);
	if (r)
		return r;
	memcpy(space, data, size);
	sk_buf_grown(buf, size);
	return 0;
}

int sk_buf_append_str(struct sk_buf *buf, const char *text)
{
	return sk_buf_append(buf, text, strlen(text));
}

int sk_buf_append_char(struct sk_buf *buf, char c)
{
	return sk_buf_append(buf, &c, 1);
}

int sk_buf_vprintf(struct sk_buf *buf, const char *format, va_list args)
{
	va_list again;
	char *space;
	int n, r;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		return sk_origin(-EINVAL);
	if ((size_t)n == 0)
		return 0;
	r = sk_buf_reserve(buf, (size_t)n, &space);
	if (r)
		return r;
	vsnprintf(space, (size_t)n + 1, format, args);
	sk_buf_grown(buf, (size_t)n);
	return 0;
}

int sk_buf_printf(struct sk_buf *buf, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = sk_buf_vprintf(buf, format, args);
	va_end(args);
	return r;
}

void sk_buf_drop(struct sk_buf *buf, size_t size)
{
	if (size >= buf->size) {
		sk_buf_clear(buf);
		return;
	}
	memmove(buf->data, buf->data + size, buf->size - size + 1);
	buf->size -= size;
}

void sk_buf_drop_end(struct sk_buf *buf, size_t size)
{
	if (size >= buf->size) {
		sk_buf_clear(buf);
		return;
	}
	buf->size -= size;
	buf->data[buf->size] = '\0';
}

char *sk_buf_take(struct sk_buf *buf)
{
	char *data = buf->data ? buf->data : sk_strdup("");

	*buf = SK_BUF(buf->max);
	return data;
}
