// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tier A of lockdown: BPF programs on the kernel's security hooks. They answer EPERM where tier B (lockdown-trace.bpf.c) has to kill, and hash what they do not know
 * by themselves, so that the policy in force holds also when no process of ours is alive.
 *
 *   lsm-base.h     maps, whom they act upon, who is ours, telling, the judgement of a file
 *   lsm-run.h      executions, executable mappings, memory that becomes executable
 *   lsm-kernel.h   other processes' memory, modules, kexec, BPF
 *   lsm-files.h    writing known files, ours, disks; mounts
 *   lsm-scripts.h  what restricted interpreters read
 *   lsm-self.h     signals, limits and priorities against our own processes
 *
 * A hook that answers other than 0 refuses; earlier refusals of other security modules stand. Each refusal leaves a record.
 */
#include "lsm-run.h"

#include "lsm-files.h"
#include "lsm-kernel.h"
#include "lsm-scripts.h"
#include "lsm-self.h"

char LICENSE[] SEC("license") = "GPL";
