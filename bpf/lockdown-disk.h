/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disks below guarded file systems, whose raw blocks nobody writes: for tier B (lockdown-power.bpf.c) and tier A (lsm-files.h). */
#pragma once

#include "lockdown-file.h"

/* Device numbers of what lies below guarded file systems: the partition, its disk, all layers. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} lsm_disks SEC(".maps");

static __always_inline bool sk_is_below_us(__u32 device)
{
	return bpf_map_lookup_elem(&lsm_disks, &device);
}
