// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Between the engine and wire/judge.h: the kernel side decides what its headers decide, and the engine sees it afterwards. What the engine would have done otherwise is
 * counted as diverged, and the flow taken back: it is to stay 0.
 */
#pragma once

#include "engine/engine.h"
#include "main/heads.h"
#include "wire/judge.h"

struct gw_headers {
	struct gw_judge *judge; /* NULL = the engine judges everything */
	struct gw_engine *engine;
	const struct gw_head_tables *tables; /* of the policy in force; NULL = none */
	uint64_t epoch;         /* what is added to CLOCK_MONOTONIC to have the engine's time */
	struct gw_handing handing;
	bool handed, showing;
	uint64_t judged, diverged, last; /* copies shown; of those, what the engine would have changed; engine's time of the last */
	struct gw_mirrored copy;
	uint8_t frame[GW_MIRROR_FRAME];
};

/* Other tables: a policy was replaced in the engine. */
void gw_headers_tables(struct gw_headers *headers, const struct gw_head_tables *tables);
/* Shows the engine what was decided without it. */
void gw_headers_read(struct gw_headers *headers);
/* Before a frame of this flow is judged. */
void gw_headers_before(struct gw_headers *headers, uint64_t flow);
/* gw_setup.hand. */
void gw_headers_hand(struct gw_headers *headers, const struct gw_handing *handing);
/* After it was judged and given back: hands the flow over when the engine said so. `opener` is enum gw_opener, `since` CLOCK_MONOTONIC ns. */
void gw_headers_after(struct gw_headers *headers, unsigned opener, unsigned pair, uint64_t since);
/* While what the engine says belongs to a copy, it cannot hinder it any more. */
bool gw_headers_late(struct gw_headers *headers);
