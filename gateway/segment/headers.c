// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines as a table: the policy is asked about each head a protocol has, as if the body were still to come; what passes whatever the body will be is in the table. */
#include <string.h>

#include "segment/segment.h"

const struct gw_ways *gw_policy_ways(const struct gw_policy *policy, size_t i)
{
	return i <= policy->count ? &policy->conduits[i].ways : NULL;
}

static bool spoken_there(const struct gw_ways_of *way, const struct gw_proto *proto)
{
	for (size_t i = 0; i < way->proto_count; i++)
		if (way->protos[i] == proto)
			return true;
	return way->proto_count == 0;
}

bool gw_policy_headers(const struct gw_policy *policy, const struct gw_ways *ways, const struct gw_proto *proto, enum gw_role from, uint8_t *pass, size_t size)
{
	static const struct gw_tuple nobody;
	struct gw_message message;
	struct gw_opinion opinion;
	char name[GW_HEAD_NAME];
	bool any = false;

	memset(pass, 0, size);
	if (!proto->by_header || ways->action != SK_FLOW_INSPECT || (policy && !spoken_there(&policy->conduits[ways->index], proto)))
		return false;
	for (unsigned code = 0; code < proto->by_header->codes && code < size * 8; code++) {
		if (!proto->by_header->message(code, from, name, &message))
			continue;
		gw_policy_message(policy, ways, &nobody, proto, &message, UINT64_MAX, &opinion);
		if (opinion.refused || opinion.pending)
			continue;
		pass[code / 8] |= (uint8_t)(1 << code % 8);
		any = true;
	}
	return any;
}
