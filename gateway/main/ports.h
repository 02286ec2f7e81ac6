// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The wire's two duties, and what main makes for them as root before either begins: bridges, the kernel side on each port, AF_XDP sockets.
 *
 *   ports   writes zone policy into the kernel's tables when the clerk has put a policy, opens and closes it there, carries link loss over.
 *           Root with NET_ADMIN and BPF; no file
 *   io      moves frames (wire/io.h); no file, no capability but SYS_NICE
 */
#pragma once

#include "main/shared.h"
#include "os/proc.h"

struct gw_kernel;

enum { GW_DUTY_FDS = 32 };

/* Descriptors that the duties keep; ended by -1, filled by gw_ports_prepare_duty(). */
extern int gw_ports_fds[GW_DUTY_FDS + 1], gw_io_fds[GW_DUTY_FDS + 1], gw_engine_fds[GW_DUTY_FDS + 1];
/* Of the engine: what gw_lend_new() takes; memory -1 when nothing can be inspected here. */
extern int gw_engine_lend[4], gw_engine_judge[3];

int gw_ports_prepare_duty(const struct sk_duty_ctx *ctx, uid_t uid, gid_t gid);
/* In a duty that is neither: nothing of the wire stays in its memory. The engine's end (share.h) it maps for itself. */
void gw_ports_leave(void);
int gw_ports_run(const struct sk_duty_ctx *ctx);
int gw_io_duty_run(const struct sk_duty_ctx *ctx);
extern const char *const gw_ports_calls[], *const gw_io_calls[];
