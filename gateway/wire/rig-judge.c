// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The rig with the real engine in it, so that bench/gateway can say what that costs. Lives until its process ends.
 */
#include "base/mem.h"
#include "engine/engine.h"
#include "wire/rig-judge.h"
#include "wire/share.h"

static void ignore_event(void *context, const struct gw_event *event)
{
}

static void ignore_frame(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
}

void *rig_judge_new(void)
{
	const struct gw_setup setup = {.midstream = true, .inline_ = true, .memory_max = 64 << 20, .event = ignore_event, .inject = ignore_frame};
	struct gw_engine *engine;

	return gw_engine_new(&setup, &engine) < 0 ? NULL : engine;
}

bool rig_judge(void *engine, const struct gw_lent *lent, uint8_t *frame)
{
	struct gw_packet packet = {.frame = frame, .size = lent->size, .time = lent->time, .port = lent->port & 1 ? GW_PORT_B : GW_PORT_A};

	return gw_engine_packet(engine, &packet) == GW_FATE_PASS;
}
