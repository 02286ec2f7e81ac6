// SPDX-License-Identifier: GPL-3.0-or-later
/* What a policy lets pass by headers alone, as the kernel side's tables; conduits that let pass the same share one. */
#pragma once

#include "bpf/gateway.h"
#include "segment/policy.h"

struct gw_head_tables {
	struct gw_heads *tables;
	uint32_t count;
	int16_t *of; /* place of conduit and framing in `tables`; -1 = the engine judges there */
	size_t ways;
};

/* 0 or -ENOMEM. */
int gw_head_tables_make(const struct gw_policy *policy, const struct gw_proto *const *protos, struct gw_head_tables *ret_tables);
void gw_head_tables_done(struct gw_head_tables *tables);
/* -1: there is none. */
int gw_head_tables_find(const struct gw_head_tables *tables, size_t ways, enum gw_framing framing);
