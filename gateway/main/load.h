// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who makes policies and rules for the engine, in a thread beside it. The engine takes what is ready between two frames, and hands back what it no longer uses.
 */
#pragma once

#include <pthread.h>

#include "main/heads.h"
#include "main/shared.h"
#include "rule/rule.h"

struct gw_loaded {
	struct gw_policy *policy;
	struct gw_rules *rules; /* NULL = none */
	struct gw_head_tables heads;
	uint32_t count;         /* of the policy in shared memory */
	uint32_t rule_count;
};

struct gw_loader {
	struct gw_common *common;
	const char *root;
	int bell;
	_Atomic(struct gw_loaded *) ready, worn;
	_Atomic bool stop;
	uint32_t count, reloads; /* made last, or tried */
	pthread_t thread;
};

int gw_loader_begin(struct gw_loader *loader, struct gw_common *common, const char *root, int bell); /* 0 or -errno */
void gw_loader_end(struct gw_loader *loader);
/* What is new; NULL = nothing is. It is the caller's until gw_loader_back(). */
struct gw_loaded *gw_loader_take(struct gw_loader *loader);
void gw_loader_back(struct gw_loader *loader, struct gw_loaded *worn);
