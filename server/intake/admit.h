// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Who may come in: a copy, in memory, of the fleet's word on every certificate it issued and has not taken back. The fleet sends all of it when intake
 * subscribes, and every change at once, so that the TLS handshake asks nobody. A new copy grows beside the old one and takes its place when it is whole.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "crypto/hash.h"
#include "store/append.h"
#include "wire/json.h"

struct sk_admitted {
	uint8_t fingerprint[SK_SHA256_SIZE];
	char agent[SK_AGENT_ID_MAX + 1];
	char host[SK_APPEND_NAME_MAX + 1], org[SK_APPEND_NAME_MAX + 1], site[SK_APPEND_NAME_MAX + 1];
};

struct sk_admissions;

int sk_admissions_new(struct sk_admissions **ret_admissions);
struct sk_admissions *sk_admissions_free(struct sk_admissions *admissions);
/* A new list begins; what is added goes there until it is whole. 0 or -ENOMEM. */
int sk_admissions_begin(struct sk_admissions *admissions);
void sk_admissions_whole(struct sk_admissions *admissions);
/* False until the first list was whole. */
bool sk_admissions_ready(const struct sk_admissions *admissions);
/* {"fingerprint","host","org","site"} of an agent. 0, SK_BAD, SK_FULL, -ENOMEM. */
int sk_admissions_add(struct sk_admissions *admissions, const char *agent, const struct sk_json *body);
void sk_admissions_remove(struct sk_admissions *admissions, const char *agent);
/* NULL: not admitted. Valid until the next change. */
const struct sk_admitted *sk_admissions_find(const struct sk_admissions *admissions, const uint8_t fingerprint[SK_SHA256_SIZE]);
