// SPDX-License-Identifier: GPL-3.0-or-later
/* Questions to the store: read, or refused with the place; and each that is read can be put to an event. */
#include <stdlib.h>

#include "base/error.h"
#include "event/event.h"
#include "store/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char event[] = "{\"class_uid\":1007,\"severity_id\":3,\"time\":1790000000000,\"message\":\"A program was \\\"refused\\\"\","
			    "\"process\":{\"file\":{\"path\":\"/opt/tool/a\\\\b\"}}}";

static void ask(const struct sk_query *query)
{
	struct sk_event_columns columns;

	if (sk_event_scan(event, sizeof event - 1, &columns, NULL))
		abort();
	if (sk_query_matches(query, event, sizeof event - 1, &columns) && sk_query_rules_out(query, event, sizeof event - 1))
		abort();
	sk_query_sees(query, "org", "site");
	sk_query_wants(query, "agent", "host");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ struct json_object *tree = NULL;
	struct sk_diag diag = {0};
	struct sk_query query;
	struct sk_json at;
	char text[SK_KEY_TEXT];
	struct sk_key key;
	int r;

	if (size < 2 || sk_json_parse_object(data + 1, size - 1, 64 << 10, &tree, &diag))
		return 0;
	at = SK_JSON(tree, "", &diag);
	r = sk_query_read(&at, data[0] & 1, &query);
	if (r != 0 && (r != SK_BAD || !diag.text[0]))
		abort();
	if (r == 0) {
		ask(&query);
		if (query.has_after && (sk_key_read(sk_key_text(&query.after, text), &key) || sk_key_compare(&key, &query.after) != 0))
			abort();
	}
	sk_query_done(&query);
	return 0;
}
