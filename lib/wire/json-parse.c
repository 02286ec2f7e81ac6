// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Strict JSON as a tree of json-c's objects. base/json-lex.h reads; json-c's own parser accepts more than RFC 8259 and lets the last of two
 * equal keys win.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json-lex.h"
#include "base/mem.h"
#include "wire/json.h"

static int build(struct sk_lex *lex, struct json_object **ret_value);

/* A null is stored as NULL, so sk_json_append() does not serve here. */
static int append_item(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return sk_origin(-ENOMEM);
}

static int build_array(struct sk_lex *lex, struct json_object **ret_value)
{
	/* the usual 32 places would let "[],[],[]" cost a hundred times its size */
	_cleanup_json_ struct json_object *array = json_object_new_array_ext(4);
	struct json_object *item = NULL;
	int r;

	if (!array)
		return sk_origin(-ENOMEM);
	while ((r = sk_lex_item(lex)) == 0) {
		r = build(lex, &item);
		if (r == 0)
			r = append_item(array, item);
		if (r)
			return r;
	}
	if (r != SK_END)
		return r;
	*ret_value = SK_TAKE(array);
	return 0;
}

/* The value of the member whose key was read. */
static int build_member(struct sk_lex *lex, struct json_object *object, size_t from)
{
	struct json_object *value = NULL;
	int r;

	if (json_object_object_get_ex(object, sk_lex_key(lex), NULL))
		return sk_lex_refuse(lex, from, "the key is there twice");
	r = build(lex, &value);
	if (r)
		return r;
	if (json_object_object_add(object, sk_lex_key(lex), value) == 0)
		return 0;
	json_object_put(value);
	return sk_origin(-ENOMEM);
}

static int build_object(struct sk_lex *lex, struct json_object **ret_value)
{
	_cleanup_json_ struct json_object *object = json_object_new_object();
	int r;

	if (!object)
		return sk_origin(-ENOMEM);
	while ((r = sk_lex_member(lex)) == 0) {
		r = build_member(lex, object, sk_lex_key_at(lex));
		if (r)
			return r;
	}
	if (r != SK_END)
		return r;
	*ret_value = SK_TAKE(object);
	return 0;
}

static int build(struct sk_lex *lex, struct json_object **ret_value)
{
	struct sk_lex_value value;
	int r = sk_lex_value(lex, &value);

	if (r)
		return r;
	switch (value.kind) {
	case SK_LEX_OBJECT:
		return build_object(lex, ret_value);
	case SK_LEX_ARRAY:
		return build_array(lex, ret_value);
	case SK_LEX_TEXT:
		*ret_value = json_object_new_string_len(value.text, (int)value.size);
		break;
	case SK_LEX_NUMBER:
		*ret_value = json_object_new_int64(value.number);
		break;
	case SK_LEX_NULL:
		*ret_value = NULL;
		return 0;
	default:
		*ret_value = json_object_new_boolean(value.kind == SK_LEX_TRUE);
	}
	return *ret_value ? 0 : sk_origin(-ENOMEM);
}

int sk_json_parse(const void *text, size_t size, size_t max, struct json_object **ret_value, struct sk_diag *diag)
{
	_cleanup_lex_ struct sk_lex lex;
	_cleanup_json_ struct json_object *value = NULL;
	int r = sk_lex_begin(&lex, text, size, max, diag);

	if (r == 0)
		r = build(&lex, &value);
	if (r == 0)
		r = sk_lex_end(&lex);
	if (r == 0)
		*ret_value = SK_TAKE(value);
	return r;
}

int sk_json_parse_object(const void *text, size_t size, size_t max, struct json_object **ret_value, struct sk_diag *diag)
{
	_cleanup_json_ struct json_object *value = NULL;
	int r = sk_json_parse(text, size, max, &value, diag);

	if (r)
		return r;
	if (!json_object_is_type(value, json_type_object))
		return sk_diag_offset(diag, 0, "a JSON object is needed");
	*ret_value = SK_TAKE(value);
	return 0;
}
