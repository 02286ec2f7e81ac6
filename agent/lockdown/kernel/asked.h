// SPDX-License-Identifier: GPL-3.0-or-later
/* A thread that answers what the kernel side asks, and what it works with. Between asked.c and asked-call.c. */
#pragma once

#include "bpf/lockdown.h"
#include "crypto/hash.h"
#include "lockdown/shared.h"

struct lk_asker {
	struct lk_shared *shared;
	struct sk_hasher *hasher;
	void *space; /* LK_PIECE bytes */
};

/* asked-call.c: may the interpreter that this process is about to become run what its words say? Answers in every case that it can decide. */
void lk_answer_call(struct lk_asker *asker, const struct sk_record *record);

/*
 * lookup.c: opens (O_PATH) what this path means to another process: its root, its working folder, its mounts, links as it would follow them. Opens nothing of its own
 * kind for good: a FIFO is found and not waited for. -errno when there is none; -EXDEV for what only the process itself can see (/proc/self).
 */
int lk_open_as(uint32_t process, const char *path);
