// SPDX-License-Identifier: GPL-3.0-or-later
/* Looking up a protocol by its name, and the words for what a message does. */
#include "proto/proto.h"

#include <string.h>

const char *const gw_act_names[] = {"session", "read", "report", "write", "control", "engineer", NULL};

const struct gw_proto *gw_proto_find(const char *name)
{
	for (const struct gw_proto *const *p = gw_protos; *p; p++)
		if (strcmp((*p)->name, name) == 0)
			return *p;
	return NULL;
}
