// SPDX-License-Identifier: GPL-3.0-or-later
/* scan and learn --fleet FILE: what the fleet has accepted (sekisho fleet programs list --decision accepted --json) is marked so in the draft. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown-archive.h"
#include "os/clock.h"

static int take(struct sk_map *origins, const struct sk_json *at)
{
	const char *package, *version, *publisher, *decision, *by;
	uint8_t hash[SK_SHA256_SIZE];
	uint64_t reviewed;
	char provenance[200], when[25];
	int r = sk_json_hex(at, "sha256", hash, sizeof hash);

	if (!r)
		r = sk_json_string(at, "decision", 1, 16, &decision);
	if (r || strcmp(decision, "accepted"))
		return r;
	r = sk_json_string(at, "package", 0, 256, &package);
	if (!r)
		r = sk_json_string(at, "version", 0, 256, &version);
	if (!r)
		r = sk_json_string(at, "publisher", 0, 256, &publisher);
	if (!r)
		r = sk_json_string(at, "by", 0, 128, &by);
	if (!r)
		r = sk_json_u64(at, "reviewed", 0, SK_JSON_MAX_INT, &reviewed);
	if (r)
		return r;
	snprintf(provenance, sizeof provenance, "fleet review %.10s, %s", sk_clock_text(reviewed, when), by);
	return lockdown_origin_put(origins, hash, package[0] ? package : NULL, version[0] ? version : NULL, publisher[0] ? publisher : NULL, provenance);
}

int lockdown_reviewed(const struct ctl *ctl, struct sk_map *origins)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(LOCKDOWN_DRAFT_MAX * 4);
	_cleanup_json_ struct json_object *tree = NULL;
	const char *path = ctl_option(ctl, "fleet");
	struct sk_diag diag = {0};
	struct sk_json list, one;
	int r = path ? ctl_read_file(ctl, path, LOCKDOWN_DRAFT_MAX * 4, &text) : CTL_OK;

	if (r != CTL_OK || !path)
		return r;
	sk_diag_source(&diag, path);
	r = sk_json_parse(text.data ? text.data : "", text.size, LOCKDOWN_DRAFT_MAX * 4, &tree, &diag);
	list = SK_JSON(tree, "programs", &diag);
	if (!r && !json_object_is_type(tree, json_type_array))
		r = sk_diag_path(&diag, "", "is no list: expected what `sekisho fleet programs list --json` writes");
	for (size_t i = 0; !r && i < sk_json_length(&list); i++) {
		r = sk_json_item_object(&list, i, &one);
		if (!r)
			r = take(origins, &one);
	}
	return r == SK_BAD ? ctl_fail_diag(ctl, &diag) : r ? ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, path) : CTL_OK;
}
