// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * In place of kernel.c and table.c where this build has no kernel side (no clang, bpftool or libbpf): it says so, and nothing of the wire begins.
 */
#include <errno.h>

#include "base/error.h"
#include "wire/kernel.h"

const char *const gw_why_words[GW_WHYS];
const char *const gw_why_texts[GW_WHYS];

int gw_kernel_load(const char *pins, uint64_t beat_ns, uint64_t owed_ns, struct gw_kernel **ret_kernel)
{
	return sk_origin(-ENOSYS);
}

struct gw_kernel *gw_kernel_free(struct gw_kernel *kernel)
{
	return NULL;
}

void gw_kernel_leave(struct gw_kernel *kernel)
{
}

int gw_kernel_attach(struct gw_kernel *kernel, const struct gw_attach *port, enum gw_attached *ret_how)
{
	return -ENOSYS;
}

int gw_kernel_remove(const char *pins)
{
	return 0;
}

int gw_kernel_put(struct gw_kernel *kernel, const struct gw_table *table)
{
	return -ENOSYS;
}

int gw_kernel_open(struct gw_kernel *kernel, uint64_t until_ns)
{
	return -ENOSYS;
}

int gw_kernel_counts(struct gw_kernel *kernel, uint64_t ret_counts[GW_WHYS])
{
	return -ENOSYS;
}

int gw_kernel_tally(struct gw_kernel *kernel, uint32_t conduit, struct gw_tally *ret_tally)
{
	return -ENOSYS;
}

int gw_kernel_flows(struct gw_kernel *kernel, uint32_t *ret_flows, uint32_t *ret_pieces)
{
	return -ENOSYS;
}

int gw_kernel_socket(struct gw_kernel *kernel, uint32_t slot, uint32_t queue, int fd)
{
	return -ENOSYS;
}

struct gw_beat *gw_kernel_beat(struct gw_kernel *kernel)
{
	return NULL;
}

uint64_t *gw_kernel_switched(struct gw_kernel *kernel)
{
	return NULL;
}

int gw_kernel_switched_fd(struct gw_kernel *kernel)
{
	return -1;
}

int gw_kernel_program(const struct gw_kernel *kernel)
{
	return -1;
}

void gw_kernel_judge_fds(const struct gw_kernel *kernel, int ret_fds[3])
{
	ret_fds[0] = ret_fds[1] = ret_fds[2] = -1;
}

int gw_kernel_fd(const struct gw_kernel *kernel, uint32_t i)
{
	return -1;
}

uint64_t gw_kernel_beat_ns(const struct gw_kernel *kernel)
{
	return 0;
}

uint64_t gw_kernel_owed_ns(const struct gw_kernel *kernel)
{
	return 0;
}
