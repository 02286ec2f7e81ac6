// SPDX-License-Identifier: GPL-3.0-or-later
/* Where files come from, proved by signatures (lockdown-archive.c), and lists that a person can review (lockdown-group.c). */
#pragma once

#include <inttypes.h>

#include "base/map.h"
#include "lockdown.h"

struct lockdown_origin {
	char *package, *version, *publisher, *provenance;
};

/* SHA-256 -> struct lockdown_origin. 0 or -ENOMEM. */
int lockdown_origins_new(struct sk_map **ret_map);
/* Fills it from the folders of --archive, by the keys of --keyring. CTL_OK, CTL_FOUND for a signature that does not hold. */
int lockdown_archives(const struct ctl *ctl, struct sk_map *origins);

int lockdown_origin_put(struct sk_map *origins, const uint8_t hash[SK_SHA256_SIZE], const char *package, const char *version, const char *publisher,
			const char *provenance);
/* The same from the manifests of --manifest: signed by the key of --vendor-pub under the name --vendor, or by a vendor that the policy in force names. */
int lockdown_manifests(const struct ctl *ctl, struct sk_map *origins);

/* And from what the fleet has accepted: --fleet FILE. */
int lockdown_reviewed(const struct ctl *ctl, struct sk_map *origins);

/* What is below a folder, as a scan finds it; by the options of the call that it knows. */
int lockdown_scan_folder(const struct ctl *ctl, const char *folder, struct sk_policy *ret_policy);

/* A draft whose programs stand in groups (package, folder), each with a comment; or, with --json, the groups. Says what comes next, as lockdown_write_draft(). */
int lockdown_write_grouped(const struct ctl *ctl, const struct sk_policy *policy, const char *out);
