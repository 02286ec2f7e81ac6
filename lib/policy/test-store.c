// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store: whatever is refused, the last good policy stays in force; killed at each named point, a start finds the old state or the new one;
 * a full disk leaves the old one.
 */
#include "support/harness.h"

#include "policy/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/point.h"
#include "policy/store.h"

#define PATH "var/lib/sekisho/policy"

static struct sk_private *site, *other_site, *desk, *second;
static const char *root;
static struct sk_policy_store *store;

static int setup(void **state)
{
	(void)state;
	site = fx_key(1);
	other_site = fx_key(2);
	desk = fx_key(3);
	second = fx_key(4);
	root = sk_test_dir();
	assert_int_equal(sk_store_open(root, PATH, &store), 0);
	assert_int_equal(sk_store_pin(store, sk_private_public(site)), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store = sk_store_close(store);
	site = sk_private_free(site);
	other_site = sk_private_free(other_site);
	desk = sk_private_free(desk);
	second = sk_private_free(second);
	return 0;
}

static enum sk_refusal offer_text(const char *text, size_t size, const struct sk_moment *when, bool changed)
{
	struct sk_offer offer;
	int r = sk_store_offer(store, text, size, &fx_place, when, &offer);

	assert_int_equal(r, offer.refusal == SK_ACCEPTED ? 0 : SK_DENIED);
	assert_int_equal(offer.changed, changed);
	return offer.refusal;
}

static enum sk_refusal offer_envelope(const struct sk_envelope *envelope, bool changed)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);

	assert_int_equal(sk_envelope_write(envelope, &text), 0);
	return offer_text(text.data, text.size, &fx_now, changed);
}

/* A policy by `key`, delegated for a month around now. */
static enum sk_refusal offer(const struct sk_private *key, unsigned serial, int64_t from, int64_t to, const char *more, bool changed)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(site, key, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + 30 * FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);

	fx_signed(key, delegation, serial, from, to, more, &text);
	return offer_text(text.data, text.size, &fx_now, changed);
}

static int64_t next_change;

/* The serial in force at a time, 0 = none. */
static int64_t in_force(int64_t at, enum sk_force wanted)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	const struct sk_moment when = {at, false};
	enum sk_force force;
	int r = sk_store_in_force(store, SK_PART_LOCKDOWN, &fx_place, &when, &answer, &force, &next_change);

	if (r == SK_NONE)
		return 0;
	assert_int_equal(r, 0);
	assert_int_equal(force, wanted);
	return answer.policy.serial;
}

static int64_t now_in_force(void)
{
	return in_force(FX_NOW, SK_FORCE_GOOD);
}

/* The list of the issue: older, unsigned, other label, expired, wrongly delegated, revoked key. Each refused; the last good one stays. */
static void test_last_good_stays(void **state)
{
	_cleanup_envelope_ struct sk_envelope *list = fx_revoke(site, 1, sk_private_public(second)->id);
	_cleanup_envelope_ struct sk_envelope *foreign = fx_delegate(other_site, desk, SK_USE_POLICY, 1, 1, FX_NOW + FX_DAY);
	_cleanup_private_ struct sk_private *ninth = fx_key(9);
	_cleanup_envelope_ struct sk_envelope *narrow = fx_delegate(site, ninth, SK_USE_RELEASE, 1, 1, FX_NOW + FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;

	(void)state;
	assert_int_equal(now_in_force(), 0);
	assert_int_equal(offer(desk, 5, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 5);
	assert_int_equal(offer(desk, 4, FX_NOW, FX_NOW + FX_DAY, "", false), SK_REFUSED_OLDER);
	assert_int_equal(offer(desk, 5, FX_NOW, FX_NOW + 2 * FX_DAY, "", false), SK_REFUSED_SAME_SERIAL);
	assert_int_equal(offer(desk, 6, FX_NOW, FX_NOW + FX_DAY, "labels: {host: [other]}\n", false), SK_REFUSED_LABEL);
	assert_int_equal(offer(desk, 6, FX_NOW - FX_DAY, FX_NOW - 1, "", false), SK_REFUSED_EXPIRED);
	fx_signed(desk, foreign, 6, FX_NOW, FX_NOW + FX_DAY, "", &text);
	assert_int_equal(offer_text(text.data, text.size, &fx_now, false), SK_REFUSED_DELEGATION);
	fx_signed(ninth, narrow, 6, FX_NOW, FX_NOW + FX_DAY, "", &text);
	assert_int_equal(offer_text(text.data, text.size, &fx_now, false), SK_REFUSED_USE);
	fx_signed(site, NULL, 6, FX_NOW, FX_NOW + FX_DAY, "", &text);
	assert_int_equal(sk_envelope_parse(text.data, text.size, &envelope, NULL), 0);
	envelope->signature_count = 0;
	assert_int_equal(offer_envelope(envelope, false), SK_REFUSED_UNSIGNED);
	assert_int_equal(offer_envelope(list, true), SK_ACCEPTED);
	assert_int_equal(offer(second, 6, FX_NOW, FX_NOW + FX_DAY, "", false), SK_REFUSED_REVOKED);
	assert_int_equal(now_in_force(), 5);
	/* And a good one is still taken. */
	assert_int_equal(offer(desk, 6, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer(desk, 6, FX_NOW, FX_NOW + FX_DAY, "", false), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 6);
}

/* A policy for a day comes and goes; the one below it comes back. All expired: the newest stays, never none. */
static void test_expiry_degrades(void **state)
{
	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + 20 * FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer(desk, 2, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 2);
	assert_int_equal(next_change, FX_NOW + FX_DAY);
	assert_int_equal(in_force(FX_NOW + FX_DAY - 1, SK_FORCE_GOOD), 2);
	assert_int_equal(in_force(FX_NOW + FX_DAY, SK_FORCE_GOOD), 1);
	assert_int_equal(next_change, FX_NOW + 20 * FX_DAY);
	assert_int_equal(in_force(FX_NOW + 21 * FX_DAY, SK_FORCE_EXPIRED), 2);
	assert_int_equal(in_force(FX_NOW + 99 * FX_DAY, SK_FORCE_EXPIRED), 2);
}

static void test_waits_for_its_time(void **state)
{
	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + 20 * FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer(desk, 2, FX_NOW + FX_DAY, FX_NOW + 9 * FX_DAY, "", true), SK_REFUSED_NOT_YET);
	assert_int_equal(offer(desk, 2, FX_NOW + FX_DAY, FX_NOW + 9 * FX_DAY, "", false), SK_REFUSED_NOT_YET);
	assert_int_equal(now_in_force(), 1);
	assert_int_equal(next_change, FX_NOW + FX_DAY);
	assert_int_equal(in_force(FX_NOW + FX_DAY, SK_FORCE_GOOD), 2);
	/* A waiting one alone puts nothing in force. */
	assert_int_equal(in_force(FX_NOW - 1, SK_FORCE_GOOD), 0);
}

/* The key of the policy in force is revoked: an older one of a good key comes back; when there is none, it stays and says so. */
static void test_revocation_degrades(void **state)
{
	_cleanup_envelope_ struct sk_envelope *list = fx_revoke(site, 1, sk_private_public(second)->id);
	_cleanup_envelope_ struct sk_envelope *both = fx_revoke(site, 2, sk_private_public(desk)->id);

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer(second, 900, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 900);
	assert_int_equal(offer_envelope(list, true), SK_ACCEPTED);
	assert_int_equal(offer_envelope(list, false), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 1);
	/* What the revoked key did to the serial does not bind: else a stolen key could lock all later policies out. */
	assert_int_equal(offer(desk, 2, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 2);
	assert_int_equal(offer_envelope(both, true), SK_ACCEPTED);
	assert_int_equal(in_force(FX_NOW, SK_FORCE_GOOD), 900); /* the second list no longer names `second` */
}

static void test_only_policy_of_a_revoked_key_stays(void **state)
{
	_cleanup_envelope_ struct sk_envelope *list = fx_revoke(site, 1, sk_private_public(desk)->id);

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer_envelope(list, true), SK_ACCEPTED);
	assert_int_equal(in_force(FX_NOW, SK_FORCE_REVOKED), 1);
}

/* The desk may sign releases alone from now on. What it signed as a policy stays in force, as with a revoked key: never open. */
static void test_use_taken_back(void **state)
{
	_cleanup_envelope_ struct sk_envelope *narrowed = fx_delegate(site, desk, SK_USE_RELEASE, 2, FX_NOW - FX_DAY, FX_NOW + 30 * FX_DAY);

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer_envelope(narrowed, true), SK_ACCEPTED);
	assert_int_equal(in_force(FX_NOW, SK_FORCE_REVOKED), 1);
	assert_int_equal(offer(desk, 2, FX_NOW, FX_NOW + FX_DAY, "", false), SK_REFUSED_REVOKED);
	assert_int_equal(in_force(FX_NOW, SK_FORCE_REVOKED), 1);
	assert_int_equal(offer(second, 3, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(now_in_force(), 3);
}

static void test_wrong_clock_never_rejects_the_only_one(void **state)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	const struct sk_moment wrong = {1000, true};
	enum sk_force force;
	int64_t next;

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(in_force(1000, SK_FORCE_GOOD), 0);
	assert_int_equal(sk_store_in_force(store, SK_PART_LOCKDOWN, &fx_place, &wrong, &answer, &force, &next), 0);
	assert_int_equal(force, SK_FORCE_HELD);
	assert_int_equal(answer.policy.serial, 1);
}

/* The desk gets a new delegation; the policy signed under the old one stays good, and an older delegation cannot be brought back. */
static void test_delegation_renewed(void **state)
{
	_cleanup_envelope_ struct sk_envelope *renewed = fx_delegate(site, desk, SK_USE_POLICY, 2, FX_NOW, FX_NOW + 300 * FX_DAY);
	_cleanup_envelope_ struct sk_envelope *older = fx_delegate(site, desk, SK_USE_POLICY | SK_USE_RELEASE, 1, FX_NOW, FX_NOW + 900 * FX_DAY);

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + 200 * FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(in_force(FX_NOW + 100 * FX_DAY, SK_FORCE_EXPIRED), 1); /* the first delegation ended */
	assert_int_equal(offer_envelope(renewed, true), SK_ACCEPTED);
	assert_int_equal(in_force(FX_NOW + 100 * FX_DAY, SK_FORCE_GOOD), 1);
	assert_int_equal(offer_envelope(older, false), SK_ACCEPTED);
	store = sk_store_close(store);
	assert_int_equal(sk_store_open(root, PATH, &store), 0);
	assert_int_equal(in_force(FX_NOW + 100 * FX_DAY, SK_FORCE_GOOD), 1);
}

static void test_pin(void **state)
{
	(void)state;
	assert_int_equal(sk_store_pin(store, sk_private_public(site)), 0);
	assert_int_equal(sk_store_pin(store, sk_private_public(other_site)), SK_DENIED);
	assert_string_equal(sk_store_trust(store)->site.id, sk_private_public(site)->id);
}

static unsigned count_files(void)
{
	unsigned count = 0;
	char path[512];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(path, sizeof path, "%s/%s/lockdown/%020u.skp", root, PATH, i);
		count += access(path, F_OK) == 0;
	}
	return count;
}

static void test_pruned(void **state)
{
	(void)state;
	for (unsigned i = 1; i < 20; i++)
		assert_int_equal(offer(desk, i, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(count_files(), SK_STORE_KEEP);
	assert_int_equal(now_in_force(), 19);
	/* Many that wait do not push out the one in force. */
	for (unsigned i = 20; i < 30; i++)
		assert_int_equal(offer(desk, i, FX_NOW + FX_DAY, FX_NOW + 2 * FX_DAY, "", true), SK_REFUSED_NOT_YET);
	assert_int_equal(now_in_force(), 19);
	assert_int_equal(count_files(), SK_STORE_KEEP + 1);
}

static void damage(const char *name, size_t keep)
{
	char path[512], bytes[64] = {0};

	snprintf(path, sizeof path, "%s/%s/%s", root, PATH, name);
	if (keep)
		assert_int_equal(truncate(path, (off_t)keep), 0);
	else
		sk_test_write(path, bytes, sizeof bytes);
}

static void test_damaged_files(void **state)
{
	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(offer(desk, 2, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	damage("lockdown/00000000000000000002.skp", 300);
	assert_int_equal(now_in_force(), 1);
	damage("lockdown/00000000000000000002.skp", 0);
	damage("revocations.skr", 0);
	assert_int_equal(now_in_force(), 1);
	damage("site.pub", 20);
	assert_int_equal(now_in_force(), 0); /* nothing is trusted without the pinned key */
}

/* A policy renamed to a higher serial does not get it. */
static void test_renamed(void **state)
{
	char from[512], to[512];

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	snprintf(from, sizeof from, "%s/%s/lockdown/00000000000000000001.skp", root, PATH);
	snprintf(to, sizeof to, "%s/%s/lockdown/00000000000000000009.skp", root, PATH);
	assert_int_equal(link(from, to), 0);
	assert_int_equal(now_in_force(), 1);
	assert_int_equal(offer(desk, 2, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
}

static int child_offers(unsigned serial)
{
	_cleanup_envelope_ struct sk_envelope *delegation = fx_delegate(site, second, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + 30 * FX_DAY);
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	struct sk_offer result;

	fx_signed(second, delegation, serial, FX_NOW, FX_NOW + FX_DAY, "", &text);
	return sk_store_offer(store, text.data, text.size, &fx_place, &fx_now, &result);
}

#ifdef SK_POINTS
/* Re-runs this program with one point armed, on our store: `--offer ROOT`. */
static int run_child(const char *variable, const char *value, const char *serial)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		setenv(variable, value, 1);
		execl("/proc/self/exe", "test-store", "--offer", root, serial, (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Each kill with the policy that stands after it. The first offer of a key writes its delegation and then the policy, later ones the policy alone. */
static void test_killed_at_each_point(void **state)
{
	static const struct {
		const char *point, *serial;
		int64_t wanted;
	} kills[] = {{"policy.write:1", "7", 1},   {"policy.written:1", "7", 1}, {"policy.write:1", "7", 1},
		     {"policy.written:1", "7", 7}, {"policy.write:1", "8", 7},	 {"policy.written:1", "9", 9}};

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	for (size_t i = 0; i < SK_ARRAY_SIZE(kills); i++) {
		int status = run_child("SEKISHO_POINT", kills[i].point, kills[i].serial);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			fail_msg("kill %zu: %s was not reached: status %#x", i, kills[i].point, (unsigned)status);
		assert_int_equal(now_in_force(), kills[i].wanted);
	}
	for (unsigned i = 10; i < 14; i++)
		assert_int_equal(offer(second, i, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_true(WIFSIGNALED(run_child("SEKISHO_POINT", "policy.prune:1", "20")));
	assert_int_equal(now_in_force(), 20);
	assert_int_equal(WEXITSTATUS(run_child("SEKISHO_POINT_LOG", "/dev/null", "21")), 0);
	assert_int_equal(now_in_force(), 21);
}

static void test_full_disk(void **state)
{
	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	assert_int_equal(WEXITSTATUS(run_child("SEKISHO_FAIL", "policy.store:1+:ENOSPC", "7")), 3);
	assert_int_equal(now_in_force(), 1);
	assert_int_equal(WEXITSTATUS(run_child("SEKISHO_POINT_LOG", "/dev/null", "7")), 0);
	assert_int_equal(now_in_force(), 7);
}
#endif

static int open_and_offer(void)
{
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	struct sk_policy_store *again = NULL;
	enum sk_force force;
	int64_t next;
	int r = sk_store_open(root, PATH, &again);

	if (r == 0)
		r = sk_store_in_force(again, SK_PART_LOCKDOWN, &fx_place, &fx_now, &answer, &force, &next);
	sk_store_close(again);
	return r;
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	assert_int_equal(offer(desk, 1, FX_NOW, FX_NOW + FX_DAY, "", true), SK_ACCEPTED);
	do {
		sk_alloc_fail_at(n);
		r = open_and_offer();
		assert_true(r == 0 || r == -ENOMEM);
	} while (sk_alloc_count() >= n++ && n < 2000);
	sk_alloc_fail_at(0);
	assert_int_equal(r, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_last_good_stays), CASE(test_expiry_degrades), CASE(test_waits_for_its_time), CASE(test_revocation_degrades),
		CASE(test_only_policy_of_a_revoked_key_stays), CASE(test_use_taken_back), CASE(test_wrong_clock_never_rejects_the_only_one), CASE(test_delegation_renewed),
		CASE(test_pin), CASE(test_pruned), CASE(test_damaged_files), CASE(test_renamed),
#ifdef SK_POINTS
		CASE(test_killed_at_each_point), CASE(test_full_disk),
#endif
		CASE(test_allocation_failure)};
	int r;

	if (argc == 4 && strcmp(argv[1], "--offer") == 0) {
		site = fx_key(1);
		second = fx_key(4);
		if (sk_store_open(argv[2], PATH, &store) != 0)
			return 4;
		r = child_offers((unsigned)strtoul(argv[3], NULL, 10));
		return r < 0 ? 3 : r;
	}
	sk_test_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
