// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The gateway's kernel side (bpf/gateway.bpf.c) from user space: loaded or adopted, attached to ports, given a policy, asked for its counts.
 *
 * Maps and links are pinned below one folder of a BPF file system: what is in force stays in force when this process ends, and the next one adopts it without
 * taking a program off a port. Needs root; runs in main alone. What other processes need of it they inherit: the two mapped tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/gateway.h"

struct gw_kernel;

/*
 * Loads the program. Maps that are pinned in `pins` are used again; when their shapes are another version's they are made anew, and the ports go on with the old ones
 * until gw_kernel_attach(). `pins` is made. Limits as in struct gw_live, 0 = what is usual (10 ms, 4 ms). -ENOSYS: this build has no kernel side.
 */
int gw_kernel_load(const char *pins, uint64_t beat_ns, uint64_t owed_ns, struct gw_kernel **ret_kernel);
struct gw_kernel *gw_kernel_free(struct gw_kernel *kernel); /* everything that is pinned stays */

enum gw_attached { GW_ATTACHED_NATIVE, GW_ATTACHED_GENERIC };

struct gw_attach {
	int index, other;      /* interfaces: this port and its partner */
	uint32_t slot, pair;   /* below GW_SLOTS; of the partner: slot ^ 1 */
	uint32_t zone, other_zone;
	const char *name;
};

/* Attaches to a port, or puts the present program in the place of the pinned one with no frame between them. */
int gw_kernel_attach(struct gw_kernel *kernel, const struct gw_attach *port, enum gw_attached *ret_how);
/* Takes every program off its port and every pin away. The ports are a cable then. */
int gw_kernel_remove(const char *pins);

struct gw_table_prefix {
	uint8_t ip, bits;  /* 4 or 6 */
	uint16_t vlan;     /* GW_VLAN_ANY */
	uint8_t address[16];
	uint32_t zone;
};

struct gw_table_conduit {
	uint32_t from, to; /* zones; how it may be opened. Answers need no conduit */
	enum gw_course otherwise;
	enum gw_mode mode;
	bool closed;
	uint32_t first, count; /* of rules; several conduits may share them */
};

struct gw_table_type {
	uint16_t type;
	enum gw_course verdict; /* GW_SWITCH or GW_DROP */
};

/* A policy as the kernel knows it. Conduit i of this table is number i + 1 in gw_tally and gw_meta; `none` is 0. */
struct gw_table {
	const struct gw_table_prefix *prefixes;
	uint32_t prefix_count;
	const struct gw_table_conduit *conduits;
	uint32_t conduit_count;
	const struct gw_rule_entry *rules;
	uint32_t rule_count;
	const struct gw_table_type *types;
	uint32_t type_count;
	struct gw_table_conduit none; /* between zones that no conduit joins; from and to are ignored */
	uint32_t bits;                /* enum gw_live_bits */
};

/* Puts a policy in the place of the present one, between two frames. -E2BIG: it has more of something than the tables hold. */
int gw_kernel_put(struct gw_kernel *kernel, const struct gw_table *table);
/* Everything passes until then (CLOCK_MONOTONIC ns; 0 = no more). */
int gw_kernel_open(struct gw_kernel *kernel, uint64_t until_ns);

int gw_kernel_counts(struct gw_kernel *kernel, uint64_t ret_counts[GW_WHYS]);
int gw_kernel_tally(struct gw_kernel *kernel, uint32_t conduit, struct gw_tally *ret_tally);
extern const char *const gw_why_words[GW_WHYS]; /* "switched" */
extern const char *const gw_why_texts[GW_WHYS];

/* How many flows and fragmented datagrams the kernel side remembers. Walks the tables: not for often. */
int gw_kernel_flows(struct gw_kernel *kernel, uint32_t *ret_flows, uint32_t *ret_pieces);
/* An AF_XDP socket for what is to be inspected of a port's queue; -1 takes it away. */
int gw_kernel_socket(struct gw_kernel *kernel, uint32_t slot, uint32_t queue, int fd);
/* In a process that neither beats nor switches: both tables are no longer in its memory. Descriptors stay. */
void gw_kernel_leave(struct gw_kernel *kernel);
/* Mapped for as long as `kernel` lives, and inherited over fork(). */
struct gw_beat *gw_kernel_beat(struct gw_kernel *kernel);
uint64_t *gw_kernel_switched(struct gw_kernel *kernel);
/* Descriptor of the table behind gw_kernel_switched(), to map elsewhere. */
int gw_kernel_switched_fd(struct gw_kernel *kernel);
/* Descriptor of the program. */
int gw_kernel_program(const struct gw_kernel *kernel);
/* What gw_judge_new() needs. They belong to `kernel`. */
void gw_kernel_judge_fds(const struct gw_kernel *kernel, int ret_fds[3]);
/* Descriptor of the i-th table, for who inherits them; -1 behind the last. */
int gw_kernel_fd(const struct gw_kernel *kernel, uint32_t i);
uint64_t gw_kernel_beat_ns(const struct gw_kernel *kernel);
uint64_t gw_kernel_owed_ns(const struct gw_kernel *kernel);
