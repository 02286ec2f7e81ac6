// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of wire/kernel share among themselves, and with nobody else.
 */
#pragma once

#include "wire/kernel.h"

struct bpf_object;

enum gw_map {
	GW_MAP_LIVE, GW_MAP_CONDUITS, GW_MAP_RULES, GW_MAP_PAIRS, GW_MAP_BEAT, GW_MAP_SWITCHED, GW_MAP_PORTS, GW_MAP_ZONES4, GW_MAP_ZONES6, GW_MAP_TYPES,
	GW_MAP_FLOWS, GW_MAP_PIECES, GW_MAP_COUNTS, GW_MAP_TALLIES, GW_MAP_IDS, GW_MAP_XSKS, GW_MAP_DEVS,
	GW_MAP_JUDGED, GW_MAP_HEADS, GW_MAP_MIRROR, GW_MAPS
};

struct gw_kernel {
	char pins[128];
	struct bpf_object *object;
	int maps[GW_MAPS]; /* the object's */
	int program;
	struct gw_live live;
	struct gw_beat *beat;
	uint64_t *switched;
};
