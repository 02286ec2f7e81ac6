// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a policy is: drafts, payloads, and whether it is complete enough to be signed. A part that gets policies adds its section to
 * `policy_rows` of tables.c and its rules to sk_policy_ready().
 */
#include "policy/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/node.h"
#include "policy/payload.h"
#include "policy/programs.h"

void sk_policy_done(struct sk_policy *policy)
{
	sk_conf_done(sk_policy_table_of(policy->part), policy);
}

const struct sk_table *sk_policy_table_of(int part)
{
	return part == SK_PART_GATEWAY ? &sk_gateway_policy_table : &sk_policy_table;
}

/* A policy says itself which part it is for; one that does not is judged by the first table, which then misses the key. */
static const struct sk_table *table_of(const struct sk_node *root)
{
	for (const struct sk_node *node = root && root->kind == SK_NODE_MAP ? root->first : NULL; node; node = node->next)
		if (strcmp(node->key, "part") == 0 && node->text && strcmp(node->text, sk_part_names[SK_PART_GATEWAY]) == 0)
			return sk_policy_table_of(SK_PART_GATEWAY);
	return sk_policy_table_of(SK_PART_LOCKDOWN);
}

static int by_note(const void *a, const void *b)
{
	return memcmp(((const struct sk_hash_note *)a)->sha256, ((const struct sk_hash_note *)b)->sha256, SK_SHA256_SIZE);
}

static void normalise_notes(struct sk_records *notes)
{
	struct sk_hash_note *list = notes->items;
	size_t kept = 0;

	if (notes->count < 2)
		return;
	qsort(list, notes->count, sizeof *list, by_note);
	for (size_t i = 1; i < notes->count; i++)
		if (by_note(&list[kept], &list[i]) == 0)
			sk_conf_done(&sk_hash_note_table, &list[i]);
		else
			list[++kept] = list[i];
	notes->count = kept + 1;
}

int sk_policy_parse_draft(const char *text, size_t size, struct sk_policy *ret_policy, struct sk_diag *diag)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_policy policy;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (diag && !diag->source[0])
		sk_diag_source(diag, sk_policy_table.name);
	if (r == 0)
		r = sk_node_from_yaml(arena, text, size, &root, diag);
	if (r == 0)
		r = sk_node_apply(table_of(root), root, false, &policy, diag);
	if (r != 0)
		return r;
	if (policy.part == SK_PART_GATEWAY && sk_gateway_check(&policy.gateway, diag) != 0) {
		sk_policy_done(&policy);
		return SK_BAD;
	}
	sk_programs_normalise(&policy.lockdown.programs);
	normalise_notes(&policy.lockdown.jit);
	normalise_notes(&policy.lockdown.updaters);
	*ret_policy = policy;
	return 0;
}

int sk_policy_write_draft(const struct sk_policy *policy, struct sk_buf *out)
{
	_cleanup_arena_ struct sk_arena *arena = NULL;
	struct sk_node *root;
	int r = sk_arena_new(&arena);

	if (r == 0)
		r = sk_node_from_object(arena, sk_policy_table_of(policy->part), policy, false, &root);
	return r != 0 ? r : sk_node_yaml(root, out);
}

int sk_policy_write_payload(const struct sk_policy *policy, struct sk_buf *out)
{
	return sk_payload_write(sk_policy_table_of(policy->part), policy, out);
}

static int check_notes(const struct sk_records *notes, const char *name, struct sk_diag *diag)
{
	const struct sk_hash_note *list = notes->items;
	char path[64];

	for (size_t i = 1; i < notes->count; i++)
		if (by_note(&list[i - 1], &list[i]) >= 0) {
			snprintf(path, sizeof path, "lockdown.%s[%zu].sha256", name, i);
			return sk_diag_path(diag, path, "the list is not sorted by hash, or has one twice");
		}
	return 0;
}

static int check_sorted(const struct sk_policy *policy, struct sk_diag *diag)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	char path[64];

	for (size_t i = 1; i < policy->lockdown.programs.count; i++)
		if (sk_program_by_hash(&list[i - 1], &list[i]) >= 0) {
			snprintf(path, sizeof path, "lockdown.programs[%zu].sha256", i);
			return sk_diag_path(diag, path, "the list is not sorted by hash, or has one twice");
		}
	return check_notes(&policy->lockdown.jit, "jit", diag) != 0 ? SK_BAD : check_notes(&policy->lockdown.updaters, "updaters", diag);
}

int sk_policy_read_payload(const char *text, size_t size, struct sk_policy *ret_policy, enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	struct sk_policy policy;
	int r = sk_payload_read_by(table_of, text, size, &policy, sizeof policy, ret_refusal, diag);

	if (r != 0)
		return r;
	if (check_sorted(&policy, diag) != 0) {
		sk_policy_done(&policy);
		*ret_refusal = SK_REFUSED_NOT_CANONICAL;
		return SK_DENIED;
	}
	*ret_policy = policy;
	return 0;
}

const struct sk_hash_note *sk_policy_find_note(const struct sk_records *list, const uint8_t sha256[static SK_SHA256_SIZE])
{
	struct sk_hash_note wanted;

	memcpy(wanted.sha256, sha256, SK_SHA256_SIZE);
	return list->count ? bsearch(&wanted, list->items, list->count, sizeof wanted, by_note) : NULL;
}

enum sk_failure sk_policy_overload(const struct sk_lockdown *lockdown)
{
	return lockdown->overload == SK_OVERLOAD_FAILURE ? (enum sk_failure)lockdown->failure
	       : lockdown->overload == SK_OVERLOAD_DENY	? SK_FAILURE_DENY
							: SK_FAILURE_ALLOW;
}

static int not_ready(enum sk_refusal refusal, enum sk_refusal *ret_refusal)
{
	*ret_refusal = refusal;
	return SK_BAD;
}

/* What a table cannot say: two keys that need each other. */
static int check_lockdown(const struct sk_lockdown *lockdown, struct sk_diag *diag)
{
	const struct sk_vendor *vendors = lockdown->vendors.items;
	struct sk_public key;
	char path[64];

	if (lockdown->interlock.source == SK_INTERLOCK_PROBE && !lockdown->interlock.probe)
		return sk_diag_path(diag, "lockdown.interlock.probe", "is missing: the source is a probe");
	for (size_t i = 0; i < lockdown->vendors.count; i++) {
		snprintf(path, sizeof path, "lockdown.vendors[%zu].key", i);
		if (sk_public_parse(vendors[i].key, strlen(vendors[i].key), NULL, &key) != 0)
			return sk_diag_path(diag, path, "is not a public key");
		for (size_t j = 0; j < i; j++)
			if (strcmp(vendors[i].name, vendors[j].name) == 0 && strcmp(vendors[i].key, vendors[j].key) == 0)
				return sk_diag_path(diag, path, "is there twice");
	}
	return 0;
}

int sk_policy_ready(const struct sk_policy *policy, enum sk_refusal *ret_refusal, struct sk_diag *diag)
{
	const struct sk_lockdown *lockdown = &policy->lockdown;

	if (policy->serial < 1) {
		sk_diag_path(diag, "serial", "is missing: it starts at 1 and goes up with each policy");
		return not_ready(SK_REFUSED_MALFORMED, ret_refusal);
	}
	if (policy->not_before <= 0 || policy->expires <= policy->not_before) {
		sk_diag_path(diag, policy->not_before <= 0 ? "not_before" : "expires", "is missing, or not after not_before");
		return not_ready(SK_REFUSED_MALFORMED, ret_refusal);
	}
	if (lockdown->mode == SK_MODE_ENFORCE && (lockdown->programs.count == 0 || lockdown->scope.count == 0)) {
		sk_diag_path(diag, lockdown->scope.count ? "lockdown.programs" : "lockdown.scope", "is empty: there is nothing to enforce");
		return not_ready(SK_REFUSED_EMPTY, ret_refusal);
	}
	if (policy->part == SK_PART_GATEWAY)
		return sk_gateway_check(&policy->gateway, diag) != 0 ? not_ready(SK_REFUSED_MALFORMED, ret_refusal) : 0;
	if (check_lockdown(lockdown, diag) != 0)
		return not_ready(SK_REFUSED_MALFORMED, ret_refusal);
	return 0;
}

int sk_policy_sign(const struct sk_policy *policy, const struct sk_private *key, const struct sk_envelope *delegation,
		   struct sk_envelope **ret_envelope, struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf payload = SK_BUF(SK_PAYLOAD_MAX);
	enum sk_refusal refusal;
	int r = sk_policy_ready(policy, &refusal, diag);

	if (r == 0)
		r = check_sorted(policy, diag);
	if (r == 0)
		r = sk_policy_write_payload(policy, &payload);
	if (r == SK_FULL)
		return sk_diag_path(diag, policy->part == SK_PART_GATEWAY ? "gateway" : "lockdown.programs", "the policy is larger than %u bytes", SK_PAYLOAD_MAX);
	return r != 0 ? r : sk_envelope_make(SK_TYPE_POLICY, &payload, key, delegation, ret_envelope, diag);
}

static int compare_hash(const void *a, const void *b)
{
	return memcmp(a, b, SK_SHA256_SIZE);
}

int sk_allowlist_make(const struct sk_policy *policy, struct sk_allowlist *ret_list)
{
	const struct sk_program *list = policy->lockdown.programs.items;
	size_t count = policy->lockdown.programs.count;
	uint8_t(*hashes)[SK_SHA256_SIZE] = sk_calloc(count, sizeof *hashes);

	if (!hashes)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < count; i++)
		memcpy(hashes[i], list[i].sha256, SK_SHA256_SIZE);
	*ret_list = (struct sk_allowlist){hashes, count};
	return 0;
}

bool sk_allowlist_has(const struct sk_allowlist *list, const uint8_t sha256[static SK_SHA256_SIZE])
{
	return list->count && bsearch(sha256, list->hashes, list->count, SK_SHA256_SIZE, compare_hash);
}

void sk_allowlist_done(struct sk_allowlist *list)
{
	free(list->hashes);
	*list = (struct sk_allowlist){0};
}
