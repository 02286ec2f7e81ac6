// SPDX-License-Identifier: GPL-3.0-or-later
/* Typed reading of a JSON tree, with the path of what is wrong; and putting one together. */
#include "wire/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

struct json_object *sk_json_free(struct json_object *value)
{
	if (value)
		json_object_put(value);
	return NULL;
}

void sk_json_free_p(struct json_object **value)
{
	*value = sk_json_free(*value);
}

static size_t path_of(const struct sk_json *at, char *out, size_t size)
{
	size_t used = at->parent ? path_of(at->parent, out, size) : 0;
	int n;

	if (used >= size)
		return used;
	if (at->parent && !at->key)
		n = snprintf(out + used, size - used, "[%zu]", at->index);
	else
		n = snprintf(out + used, size - used, "%s%s", used && at->key && at->key[0] ? "." : "", at->key ? at->key : "");
	return used + (size_t)n;
}

const char *sk_json_path(const struct sk_json *at, char *out, size_t size)
{
	if (size)
		out[0] = '\0';
	path_of(at, out, size);
	return out;
}

int sk_json_refuse(const struct sk_json *at, const char *key, const char *format, ...)
{
	const struct sk_json member = {.parent = at, .key = key};
	char path[96], text[256];
	va_list args;

	if (!at->diag)
		return SK_BAD;
	sk_json_path(key ? &member : at, path, sizeof path);
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return sk_diag_path(at->diag, path, "%s", text);
}

static bool type_is(const struct json_object *value, enum json_type type)
{
	return json_object_is_type(value, type);
}

/* The member, of this type. */
static int member(const struct sk_json *at, const char *key, enum json_type type, const char *type_name, struct json_object **ret_value)
{
	struct json_object *value;

	if (!type_is(at->value, json_type_object)) {
		sk_json_refuse(at, NULL, "must be an object");
	} else if (!json_object_object_get_ex(at->value, key, &value)) {
		sk_json_refuse(at, key, "is missing");
	} else if (!type_is(value, type)) {
		sk_json_refuse(at, key, "must be %s", type_name);
	} else {
		*ret_value = value;
		return 0;
	}
	return SK_BAD; /* said here, so that the compiler knows when *ret_value is written */
}

static int check_length(const struct sk_json *at, const char *key, size_t length, size_t min, size_t max)
{
	if (length < min)
		return sk_json_refuse(at, key, length == 0 ? "is empty" : "is shorter than %zu bytes", min);
	if (length > max)
		return sk_json_refuse(at, key, "is longer than %zu bytes", max);
	return 0;
}

int sk_json_string(const struct sk_json *at, const char *key, size_t min, size_t max, const char **ret_text)
{
	struct json_object *value;
	int r = member(at, key, json_type_string, "a string", &value);

	if (r == 0)
		r = check_length(at, key, (size_t)json_object_get_string_len(value), min, max);
	if (r)
		return r;
	*ret_text = json_object_get_string(value);
	return 0;
}

int sk_json_i64(const struct sk_json *at, const char *key, int64_t min, int64_t max, int64_t *ret_value)
{
	struct json_object *value;
	int64_t v;
	int r = member(at, key, json_type_int, "an integer", &value);

	if (r)
		return r;
	v = json_object_get_int64(value);
	if (v < min || v > max)
		return sk_json_refuse(at, key, "is %" PRId64 ", %" PRId64 " to %" PRId64 " are allowed", v, min, max);
	*ret_value = v;
	return 0;
}

int sk_json_u64(const struct sk_json *at, const char *key, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	int64_t v = 0;
	int r = sk_json_i64(at, key, (int64_t)SK_MIN(min, (uint64_t)INT64_MAX), (int64_t)SK_MIN(max, (uint64_t)SK_JSON_MAX_INT), &v);

	if (r == 0)
		*ret_value = (uint64_t)v;
	return r;
}

int sk_json_bool(const struct sk_json *at, const char *key, bool *ret_value)
{
	struct json_object *value;
	int r = member(at, key, json_type_boolean, "true or false", &value);

	if (r == 0)
		*ret_value = json_object_get_boolean(value);
	return r;
}

static int child(const struct sk_json *at, const char *key, enum json_type type, const char *type_name, struct sk_json *ret_view)
{
	struct json_object *value;
	int r = member(at, key, type, type_name, &value);

	if (r == 0)
		*ret_view = (struct sk_json){.value = value, .parent = at, .key = key, .diag = at->diag};
	return r;
}

int sk_json_object(const struct sk_json *at, const char *key, struct sk_json *ret_view)
{
	return child(at, key, json_type_object, "an object", ret_view);
}

int sk_json_array(const struct sk_json *at, const char *key, size_t max_items, struct sk_json *ret_view)
{
	struct sk_json view;
	int r = child(at, key, json_type_array, "an array", &view);

	if (r)
		return r;
	if (sk_json_length(&view) > max_items)
		return sk_json_refuse(&view, NULL, "has %zu items, at most %zu are allowed", sk_json_length(&view), max_items);
	*ret_view = view;
	return 0;
}

int sk_json_hex(const struct sk_json *at, const char *key, void *out, size_t size)
{
	const char *text;
	int r = sk_json_string(at, key, 0, SIZE_MAX, &text);

	if (r)
		return r;
	if (strlen(text) != 2 * size || strspn(text, "0123456789abcdef") != 2 * size)
		return sk_json_refuse(at, key, "must be %zu hexadecimal digits in lower case", 2 * size);
	return sk_unhex(text, out, size) ? sk_json_refuse(at, key, "must be hexadecimal") : 0;
}

int sk_json_base64(const struct sk_json *at, const char *key, void *out, size_t space, size_t *ret_size)
{
	const char *text;
	int r = sk_json_string(at, key, 0, SIZE_MAX, &text);

	if (r)
		return r;
	if (sk_unbase64(text, strlen(text), out, space, ret_size))
		return sk_json_refuse(at, key, "must be base64 of at most %zu bytes", space);
	return 0;
}

int sk_json_word(const struct sk_json *at, const char *key, const char *const *words, size_t *ret_index)
{
	char all[160] = "";
	const char *text;
	size_t used = 0;
	int r = sk_json_string(at, key, 0, SIZE_MAX, &text);

	if (r)
		return r;
	for (size_t i = 0; words[i]; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_index = i;
			return 0;
		}
		if (used < sizeof all)
			used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", words[i]);
	}
	return sk_json_refuse(at, key, "must be one of %s", all);
}

bool sk_json_has(const struct sk_json *at, const char *key)
{
	struct json_object *value;

	return type_is(at->value, json_type_object) && json_object_object_get_ex(at->value, key, &value) && value;
}

int sk_json_only(const struct sk_json *at, const char *const *keys)
{
	if (!type_is(at->value, json_type_object))
		return sk_json_refuse(at, NULL, "must be an object");
	json_object_object_foreach(at->value, key, value) {
		size_t i = 0;

		(void)value;
		while (keys[i] && strcmp(keys[i], key) != 0)
			i++;
		if (!keys[i])
			return sk_json_refuse(at, key, "is not a known key");
	}
	return 0;
}

size_t sk_json_length(const struct sk_json *at)
{
	return type_is(at->value, json_type_array) ? json_object_array_length(at->value) : 0;
}

struct sk_json sk_json_item(const struct sk_json *at, size_t i)
{
	return (struct sk_json){.value = json_object_array_get_idx(at->value, i), .parent = at, .index = i, .diag = at->diag};
}

int sk_json_item_string(const struct sk_json *at, size_t i, size_t min, size_t max, const char **ret_text)
{
	struct sk_json item = sk_json_item(at, i);
	int r;

	if (!type_is(item.value, json_type_string))
		return sk_json_refuse(&item, NULL, "must be a string");
	r = check_length(&item, NULL, (size_t)json_object_get_string_len(item.value), min, max);
	if (r == 0)
		*ret_text = json_object_get_string(item.value);
	return r;
}

int sk_json_item_object(const struct sk_json *at, size_t i, struct sk_json *ret_view)
{
	struct sk_json item = sk_json_item(at, i);

	if (!type_is(item.value, json_type_object))
		return sk_json_refuse(&item, NULL, "must be an object");
	*ret_view = item;
	return 0;
}

int sk_json_put(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return sk_origin(-ENOMEM);
}

int sk_json_put_string(struct json_object *object, const char *key, const char *text)
{
	return sk_json_put(object, key, json_object_new_string(text));
}

static bool plain(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] < 0x20 || data[i] == 0x7f || data[i] == '\\')
			return false;
	return sk_utf8_valid(data, size, NULL);
}

int sk_json_put_bytes(struct json_object *object, const char *key, const void *data, size_t size)
{
	_cleanup_buf_ struct sk_buf buf = SK_BUF(4 * size + 1);
	const unsigned char *p = data;
	int r = 0;

	if (plain(p, size))
		return sk_json_put(object, key, json_object_new_string_len(data, (int)size));
	while (size && r == 0) {
		size_t good = size;

		/* As much as is well-formed, up to the next byte that needs care. */
		sk_utf8_valid(p, size, &good);
		for (size_t i = 0; i < good; i++)
			if (p[i] < 0x20 || p[i] == 0x7f || p[i] == '\\')
				good = i;
		r = sk_buf_append(&buf, p, good);
		p += good;
		size -= good;
		if (size && r == 0) {
			r = *p == '\\' ? sk_buf_append_str(&buf, "\\\\") : sk_buf_printf(&buf, "\\x%02x", *p);
			p++;
			size--;
		}
	}
	if (r)
		return r < 0 ? r : sk_origin(-EOVERFLOW);
	return sk_json_put(object, key, json_object_new_string_len(buf.data, (int)buf.size));
}

int sk_json_put_u64(struct json_object *object, const char *key, uint64_t value)
{
	if (value > SK_JSON_MAX_INT)
		return sk_origin(-ERANGE);
	return sk_json_put(object, key, json_object_new_int64((int64_t)value));
}

int sk_json_put_i64(struct json_object *object, const char *key, int64_t value)
{
	if (value > SK_JSON_MAX_INT || value < -SK_JSON_MAX_INT)
		return sk_origin(-ERANGE);
	return sk_json_put(object, key, json_object_new_int64(value));
}

int sk_json_put_bool(struct json_object *object, const char *key, bool value)
{
	return sk_json_put(object, key, json_object_new_boolean(value));
}

int sk_json_put_null(struct json_object *object, const char *key)
{
	return json_object_object_add(object, key, NULL) == 0 ? 0 : sk_origin(-ENOMEM);
}

int sk_json_put_base64(struct json_object *object, const char *key, const void *data, size_t size)
{
	_cleanup_free_ char *text = sk_malloc(sk_base64_size(size) + 1);

	if (!text)
		return sk_origin(-ENOMEM);
	return sk_json_put_string(object, key, sk_base64(data, size, text));
}

int sk_json_put_hex(struct json_object *object, const char *key, const void *data, size_t size)
{
	_cleanup_free_ char *text = sk_malloc(2 * size + 1);

	if (!text)
		return sk_origin(-ENOMEM);
	return sk_json_put_string(object, key, sk_hex(data, size, text));
}

int sk_json_put_object(struct json_object *object, const char *key, struct json_object **ret_child)
{
	struct json_object *made = json_object_new_object();
	int r = sk_json_put(object, key, made);

	if (r == 0)
		*ret_child = made;
	return r;
}

int sk_json_put_array(struct json_object *object, const char *key, struct json_object **ret_child)
{
	struct json_object *made = json_object_new_array();
	int r = sk_json_put(object, key, made);

	if (r == 0)
		*ret_child = made;
	return r;
}

int sk_json_append(struct json_object *array, struct json_object *value)
{
	if (value && json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return sk_origin(-ENOMEM);
}
