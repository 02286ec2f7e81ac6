// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho lockdown manifest: what a vendor ships, signed with the vendor's own key. `make` is the vendor's side (a folder, a key); `verify` and `import` are the
 * fab's: a manifest counts when a key signed it that the policy in force names for that vendor, or the one given with --vendor and --vendor-pub. Importing
 * writes a draft, as everything here does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown-archive.h"
#include "os/clock.h"
#include "pass.h"
#include "policy/signed.h"

/* Who is believed: struct sk_vendor records, in `one` when the call names one. */
static int find_vendors(const struct ctl *ctl, struct sk_policy_answer *force, struct sk_vendor *one, char key[static SK_PUBLIC_TEXT_SIZE],
			struct sk_records *ret_vendors)
{
	struct sk_public public;
	bool any;
	int r;

	if (ctl_option(ctl, "vendor-pub")) {
		if (!ctl_option(ctl, "vendor"))
			return ctl_fail(ctl, CTL_USAGE, CTL_T("--vendor-pub needs --vendor NAME", "--vendor-pub には --vendor NAME が必要です"));
		r = ctl_load_public(ctl, ctl_option(ctl, "vendor-pub"), &public);
		if (r != CTL_OK)
			return r;
		*one = (struct sk_vendor){(char *)ctl_option(ctl, "vendor"), sk_public_text(&public, key)};
		*ret_vendors = (struct sk_records){one, 1};
		return CTL_OK;
	}
	r = lockdown_in_force(ctl, force, &any);
	if (r == CTL_OK)
		*ret_vendors = force->policy.lockdown.vendors;
	return r;
}

static int open_manifest(const struct ctl *ctl, const char *path, const struct sk_records *vendors, struct sk_signed_answer *answer)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(0);
	struct sk_signed_question q = {.when = policy_now(), .any_place = true, .vendors = vendors};
	int r = ctl_read_file(ctl, path, SK_ENVELOPE_MAX + 1, &text);

	if (r != CTL_OK)
		return r;
	if (!ctl_option(ctl, "vendor-pub")) { /* by the policy in force: then what is revoked counts, too */
		r = sk_store_open(ctl->root, POLICY_STORE, &store);
		if (r)
			return ctl_fail_errno(ctl, r, POLICY_STORE);
		q.trust = sk_store_trust(store);
	}
	r = sk_signed_verify(SK_SIGNED_MANIFEST, &q, text.data ? text.data : "", text.size, answer);
	if (r < 0)
		return ctl_fail_errno(ctl, r, path);
	return r == 0 ? CTL_OK : policy_refused(ctl, path, answer->refusal, &answer->diag);
}

static int each_program(const struct ctl *ctl, const char *path, const struct sk_records *vendors, int (*each)(void *arg, struct sk_program *program), void *arg)
{
	_cleanup_signed_answer_ struct sk_signed_answer answer = {0};
	const struct sk_manifest *m = &answer.object.manifest;
	char provenance[200];
	int r = open_manifest(ctl, path, vendors, &answer);

	if (r != CTL_OK)
		return r;
	snprintf(provenance, sizeof provenance, "manifest %s by %s", m->head.id, answer.signer);
	for (size_t i = 0; i < m->programs.count && r == CTL_OK; i++) {
		struct sk_program p = ((const struct sk_program *)m->programs.items)[i]; /* the strings stay the manifest's */
		int e;

		p.publisher = m->vendor;
		p.package = m->product;
		p.version = m->version;
		p.provenance = provenance;
		e = each(arg, &p);
		r = e == 0 || e == SK_NONE ? CTL_OK : ctl_fail_errno(ctl, e < 0 ? e : -EFBIG, path);
	}
	return r;
}

static int to_origins(void *arg, struct sk_program *p)
{
	return lockdown_origin_put(arg, p->sha256, p->package, p->version, p->publisher, p->provenance);
}

static int to_policy(void *arg, struct sk_program *p)
{
	return sk_collect_program(arg, p);
}

int lockdown_manifests(const struct ctl *ctl, struct sk_map *origins)
{
	_cleanup_answer_ struct sk_policy_answer force = {0};
	struct sk_records vendors = {0};
	char key[SK_PUBLIC_TEXT_SIZE];
	struct sk_vendor one;
	int r = ctl_option(ctl, "manifest") ? find_vendors(ctl, &force, &one, key, &vendors) : CTL_OK;

	for (size_t i = 0; ctl_option_at(ctl, "manifest", i) && r == CTL_OK; i++)
		r = each_program(ctl, ctl_option_at(ctl, "manifest", i), &vendors, to_origins, origins);
	return r;
}

static int need(const struct ctl *ctl, const char *name)
{
	return ctl_option(ctl, name) ? CTL_OK : ctl_fail(ctl, CTL_USAGE, CTL_T("make needs --%s", "make には --%s が必要です"), name);
}

static int sign_manifest(const struct ctl *ctl, const struct sk_policy *found, const struct sk_private *key)
{
	union sk_signed_object object = {.manifest = {.head = {.id = (char *)ctl_option(ctl, "id"), .from = policy_now().now - 600},
						      .vendor = (char *)ctl_option(ctl, "vendor"), .product = (char *)ctl_option(ctl, "product"),
						      .version = (char *)ctl_option(ctl, "version"), .programs = found->lockdown.programs}};
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	struct sk_diag diag = {0};
	int r = sk_signed_sign(SK_SIGNED_MANIFEST, &object, key, NULL, &envelope, &diag);

	if (r == SK_BAD)
		return ctl_fail_diag(ctl, &diag);
	if (r == 0)
		r = sk_envelope_write(envelope, &text);
	return r != 0 ? ctl_fail_errno(ctl, r < 0 ? r : -EFBIG, "manifest")
		      : ctl_write_file(ctl, ctl_option(ctl, "out") ? ctl_option(ctl, "out") : "-", text.data, text.size, false);
}

static int make(const struct ctl *ctl)
{
	static const char *const needed[] = {"vendor", "product", "version", "id", "key"};
	_cleanup_private_ struct sk_private *key = NULL;
	_cleanup_policy_ struct sk_policy found = {0};
	int r = ctl->argument_count == 2 ? CTL_OK : ctl_fail(ctl, CTL_USAGE, CTL_T("make takes one folder", "make にはフォルダを 1 個指定してください"));

	for (size_t i = 0; i < SK_ARRAY_SIZE(needed) && r == CTL_OK; i++)
		r = need(ctl, needed[i]);
	if (r == CTL_OK)
		r = ctl_load_key(ctl, ctl_option(ctl, "key"), &key);
	if (r == CTL_OK)
		r = lockdown_scan_folder(ctl, ctl->arguments[1], &found);
	return r == CTL_OK ? sign_manifest(ctl, &found, key) : r;
}

static int verify(const struct ctl *ctl, const struct sk_records *vendors)
{
	int r = CTL_OK;

	for (size_t i = 1; i < ctl->argument_count && r == CTL_OK; i++) {
		_cleanup_signed_answer_ struct sk_signed_answer answer = {0};

		r = open_manifest(ctl, ctl->arguments[i], vendors, &answer);
		if (r == CTL_OK && !ctl->json)
			policy_print_signed(SK_SIGNED_MANIFEST, &answer.object);
	}
	return r;
}

/* The policy in force, or an empty draft, with the manifests' programs. */
static int import(const struct ctl *ctl, const struct sk_records *vendors)
{
	_cleanup_answer_ struct sk_policy_answer force = {0};
	struct sk_collector collector;
	bool any;
	int r = lockdown_in_force(ctl, &force, &any);
	size_t before;

	if (r != CTL_OK)
		return r;
	force.policy.serial += any;
	force.policy.not_before = force.policy.expires = 0;
	if (!any)
		force.policy.lockdown.deadline_ms = 200;
	before = force.policy.lockdown.programs.count;
	if (sk_collect_begin(&collector, &force.policy) != 0)
		r = ctl_fail_errno(ctl, -ENOMEM, "import");
	for (size_t i = 1; i < ctl->argument_count && r == CTL_OK; i++)
		r = each_program(ctl, ctl->arguments[i], vendors, to_policy, &collector);
	sk_collect_end(&collector);
	if (r == CTL_OK)
		r = lockdown_write_draft(ctl, &force.policy, ctl_option(ctl, "out"));
	if (r == CTL_OK && !ctl->json)
		fprintf(stderr, CTL_T("%zu programs were added.\n", "プログラムを %zu 個追加しました。\n"), force.policy.lockdown.programs.count - before);
	return r;
}

int lockdown_run_manifest(struct ctl *ctl)
{
	_cleanup_answer_ struct sk_policy_answer force = {0};
	struct sk_records vendors = {0};
	char key[SK_PUBLIC_TEXT_SIZE];
	struct sk_vendor one;
	int r;

	if (strcmp(ctl->arguments[0], "make") == 0)
		return make(ctl);
	if (strcmp(ctl->arguments[0], "verify") != 0 && strcmp(ctl->arguments[0], "import") != 0)
		return ctl_fail(ctl, CTL_USAGE, CTL_T("manifest %s: expected make, verify or import", "manifest %s: make、verify、import のいずれかを指定してください"),
				ctl->arguments[0]);
	r = find_vendors(ctl, &force, &one, key, &vendors);
	if (r != CTL_OK)
		return r;
	return strcmp(ctl->arguments[0], "verify") == 0 ? verify(ctl, &vendors) : import(ctl, &vendors);
}
