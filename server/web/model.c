// SPDX-License-Identifier: GPL-3.0-or-later
/* Filling the models that pages show and the API gives (handlers.h). */
#include <string.h>

#include "base/error.h"
#include "web/handlers.h"

void sk_put_o(json_object *o, const char *key, json_object *value)
{
	if (o && value && json_object_object_add(o, key, value) == 0)
		return;
	json_object_put(value);
}

void sk_put_s(json_object *o, const char *key, const char *text)
{
	sk_put_o(o, key, json_object_new_string(text));
}

void sk_put_i(json_object *o, const char *key, int64_t value)
{
	sk_put_o(o, key, json_object_new_int64(value));
}

void sk_put_b(json_object *o, const char *key, bool value)
{
	sk_put_o(o, key, json_object_new_boolean(value));
}

json_object *sk_put_array(json_object *o, const char *key)
{
	json_object *array = json_object_new_array();

	sk_put_o(o, key, array);
	return sk_field_at(o, key);
}

json_object *sk_put_object(json_object *o, const char *key)
{
	sk_put_o(o, key, json_object_new_object());
	return sk_field_at(o, key);
}

json_object *sk_add_object(json_object *array)
{
	json_object *o = json_object_new_object();

	if (array && o && json_object_array_add(array, o) == 0)
		return o;
	json_object_put(o);
	return NULL;
}

json_object *sk_scoped(const struct sk_req *q, json_object *answer, const char *key)
{
	json_object *from = sk_field_at(answer, key), *to = json_object_new_array();

	for (size_t i = 0; to && i < sk_field_count(answer, key); i++) {
		json_object *o = json_object_array_get_idx(from, i);

		if (sk_req_in_scope(q, sk_field_text(o, "org"), sk_field_text(o, "site")))
			json_object_array_add(to, json_object_get(o));
	}
	return to;
}

int sk_fault(struct sk_req *q, enum sk_text text)
{
	q->fault = (int)text;
	return SK_BAD;
}
