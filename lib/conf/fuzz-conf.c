// SPDX-License-Identifier: GPL-3.0-or-later
/* YAML texts judged by a table that has every kind. What was read is written and read again: it must come out the same. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "conf/node.h"
#include "conf/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_both(const struct sample *sample, struct sk_buf *json, struct sk_buf *yaml)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;

	if (sk_arena_new(&arena) != 0 || sk_node_from_object(arena, &sample_table, sample, true, &root) != 0 ||
	    sk_node_json(root, json) != 0 || sk_node_from_object(arena, &sample_table, sample, false, &root) != 0 ||
	    sk_node_yaml(root, yaml) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct sk_buf json = SK_BUF(64 << 20), yaml = SK_BUF(64 << 20), again = SK_BUF(64 << 20), rest = SK_BUF(64 << 20);
	struct sk_diag diag = {0};
	struct sample sample;
	char text[640];

	if (sk_conf_parse(&sample_table, (const char *)data, size, &sample, &diag) != 0) {
		if (!*sk_diag_format(&diag, text, sizeof text) || !diag.text[0])
			__builtin_trap();
		return 0;
	}
	write_both(&sample, &json, &yaml);
	sk_conf_done(&sample_table, &sample);
	if (sk_conf_parse(&sample_table, yaml.data, yaml.size, &sample, &diag) != 0)
		__builtin_trap();
	write_both(&sample, &again, &rest);
	if (again.size != json.size || memcmp(again.data, json.data, json.size) != 0)
		__builtin_trap();
	sk_conf_done(&sample_table, &sample);
	return 0;
}
