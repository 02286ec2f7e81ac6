// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine's end of judging by headers (bpf/gateway-judge.h): it hands flows over, takes them back, and reads the copies of what was decided without it.
 *
 * For each frame that the engine is lent: gw_judge_take_back() its flow, then read every copy there is with gw_judge_next(), then judge the frame. So it sees each
 * direction of a flow in the order in which it went through, whoever decided. Owns its mappings, no descriptors.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/gateway.h"

struct gw_judge;

/* Descriptors of gw_judged, gw_heads and gw_mirror, inherited from gw_kernel_judge_fds(). What an earlier engine has handed over is void. -errno. */
int gw_judge_new(int judged_fd, int heads_fd, int mirror_fd, struct gw_judge **ret_judge);
/* Everything is the engine's again. */
struct gw_judge *gw_judge_free(struct gw_judge *judge);
/* Other tables from now on; everything is the engine's again. No more than GW_HEADS are taken. */
void gw_judge_heads(struct gw_judge *judge, const struct gw_heads *heads, uint32_t count);

struct gw_judge_side {
	uint32_t next, acked, left; /* as gw_handed_side of engine/engine.h */
	uint8_t port, role;         /* slot; row of gw_heads.pass */
};

struct gw_judge_flow {
	uint64_t flow;   /* as it was lent */
	uint64_t since;  /* CLOCK_MONOTONIC ns */
	uint16_t heads;
	uint8_t framing; /* enum gw_framed */
	struct gw_judge_side side[2]; /* who opened it, and the other */
};

/* The flow is the kernel side's, from `since` on. False: another one has its place. */
bool gw_judge_hand(struct gw_judge *judge, const struct gw_judge_flow *flow);
/* It is the engine's: whatever was decided without it can be read by now. */
void gw_judge_take_back(struct gw_judge *judge, uint64_t flow);
/* The next copy; false: there is none. Waits for one that is being written. */
bool gw_judge_next(struct gw_judge *judge, struct gw_mirrored *ret_copy);
/* Descriptor that is readable when many copies wait. */
int gw_judge_fd(const struct gw_judge *judge);
