// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of attack classes is whole: unique ids, both languages, and no claim without a test that is there. */
#include "support/harness.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "event/attack.h"

static void test_ids(void **state)
{
	(void)state;
	for (unsigned i = 1; i < SK_ATTACKS; i++) {
		const char *id = sk_attacks[i].id;

		assert_non_null(id);
		assert_true(id[0] && strlen(id) < 32 && strspn(id, "abcdefghijklmnopqrstuvwxyz-") == strlen(id));
		for (unsigned other = i + 1; other < SK_ATTACKS; other++)
			assert_string_not_equal(id, sk_attacks[other].id);
		assert_int_equal(sk_attack_of(id), i);
	}
	assert_int_equal(sk_attack_of(""), SK_ATTACK_NONE);
	assert_int_equal(sk_attack_of("exec"), SK_ATTACK_NONE);
}

static bool has_foreign(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return true;
	return false;
}

static void test_languages(void **state)
{
	(void)state;
	for (unsigned i = 1; i < SK_ATTACKS; i++) {
		assert_true(strlen(sk_attacks[i].en) > 8 && !has_foreign(sk_attacks[i].en));
		assert_true(strlen(sk_attacks[i].ja) > 8 && has_foreign(sk_attacks[i].ja));
	}
}

static void test_hooks(void **state)
{
	uint32_t all = 0;

	(void)state;
	for (unsigned i = 0; i < sk_hook_count; i++) {
		assert_int_equal(all & sk_hook_names[i].hook, 0);
		assert_int_equal(__builtin_popcount(sk_hook_names[i].hook), 1);
		all |= sk_hook_names[i].hook;
		for (unsigned other = i + 1; other < sk_hook_count; other++)
			assert_string_not_equal(sk_hook_names[i].name, sk_hook_names[other].name);
	}
	for (unsigned i = 0; i < sk_attack_proof_count; i++)
		assert_true(sk_attack_proofs[i].hooks && !(sk_attack_proofs[i].hooks & ~all));
}

/* "integration/x" is a file of tests/integration. */
static bool is_there(const char *test)
{
	char pattern[600];
	glob_t found = {0};
	bool there;

	snprintf(pattern, sizeof pattern, "%.*s/../../tests/%s.*", (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__, test);
	there = glob(pattern, 0, NULL, &found) == 0;
	globfree(&found);
	return there;
}

static void test_proofs(void **state)
{
	(void)state;
	assert_false(is_there("integration/nothing"));
	for (unsigned i = 0; i < sk_attack_proof_count; i++) {
		const struct sk_attack_proof *proof = &sk_attack_proofs[i];

		assert_true(proof->attack > SK_ATTACK_NONE && proof->attack < SK_ATTACKS);
		assert_true(proof->tiers && proof->tiers < 1u << SK_TIERS);
		assert_int_not_equal(proof->claim, SK_CLAIM_OPEN);
		if (!is_there(proof->test))
			fail_msg("%s: its proof %s is not there", sk_attacks[proof->attack].id, proof->test);
	}
}

/* Nothing is claimed without hooks; a claim never gets worse by one hook more; it needs all of its hooks. */
static void test_claims(void **state)
{
	const char *test;

	(void)state;
	for (unsigned i = 1; i < SK_ATTACKS; i++)
		for (unsigned tier = 0; tier < SK_TIERS; tier++) {
			assert_int_equal(sk_attack_claim(i, tier, 0, &test), SK_CLAIM_OPEN);
			assert_null(test);
			for (unsigned hook = 0; hook < sk_hook_count; hook++)
				assert_true(sk_attack_claim(i, tier, UINT32_MAX & ~sk_hook_names[hook].hook, NULL) <=
					    sk_attack_claim(i, tier, UINT32_MAX, NULL));
		}
	assert_int_equal(sk_attack_claim(SK_ATTACK_EXEC_FILE, SK_TIER_C, SK_HOOK_FANOTIFY, &test), SK_CLAIM_STOPPED);
	assert_string_equal(test, "integration/lockdown-cache");
	/* by its nature, whatever is built */
	assert_int_equal(sk_attack_claim(SK_ATTACK_EXEC_MEMFD, SK_TIER_C, SK_HOOK_FANOTIFY, &test), SK_CLAIM_OPEN);
}

static int document(void *arg)
{
	_cleanup_buf_ struct sk_buf out = SK_BUF(1 << 20);
	int r = sk_attack_document(&out);

	(void)arg;
	if (r == 0)
		assert_non_null(strstr(out.data, "| `exec-memfd` | "));
	return r;
}

static void test_document(void **state)
{
	(void)state;
	assert_true(sk_test_torture(document, NULL) >= 1);
}

SK_TEST_MAIN(cmocka_unit_test(test_ids), cmocka_unit_test(test_languages), cmocka_unit_test(test_hooks), cmocka_unit_test(test_proofs),
	     cmocka_unit_test(test_claims), cmocka_unit_test(test_document))
