// SPDX-License-Identifier: GPL-3.0-or-later
/* Bundles: round trip, order, every cut, every changed byte, and that importing twice changes nothing. */
#include "support/harness.h"

#include "policy/fixture.h"

#include "policy/bundle.h"

static struct sk_private *site, *desk;
static struct sk_buf texts[3], bundle = {.max = SK_BUNDLE_MAX};

static int setup(void **state)
{
	_cleanup_envelope_ struct sk_envelope *delegation = NULL, *list = NULL;

	(void)state;
	site = fx_key(1);
	desk = fx_key(3);
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++)
		texts[i] = SK_BUF(SK_ENVELOPE_MAX);
	delegation = fx_delegate(site, desk, SK_USE_POLICY, 1, FX_NOW - FX_DAY, FX_NOW + FX_DAY);
	list = fx_revoke(site, 1, "0123456789abcdef");
	assert_int_equal(sk_envelope_write(list, &texts[0]), 0);
	assert_int_equal(sk_envelope_write(delegation, &texts[1]), 0);
	fx_signed(desk, delegation, 3, FX_NOW, FX_NOW + FX_DAY, "", &texts[2]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	site = sk_private_free(site);
	desk = sk_private_free(desk);
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++)
		sk_buf_done(&texts[i]);
	sk_buf_done(&bundle);
	return 0;
}

/* Given in any order, written in the one that works: what the policy needs comes before it. */
static void make(void)
{
	const struct sk_bundle_item items[] = {{SK_BUNDLE_POLICY, texts[2].data, texts[2].size},
					       {SK_BUNDLE_REVOCATIONS, texts[0].data, texts[0].size},
					       {SK_BUNDLE_DELEGATION, texts[1].data, texts[1].size}};
	struct sk_diag diag;

	assert_int_equal(sk_bundle_write(items, 3, &bundle, &diag), 0);
}

static void test_round_trip(void **state)
{
	struct sk_bundle back;
	struct sk_diag diag;

	(void)state;
	make();
	assert_int_equal(sk_bundle_parse(bundle.data, bundle.size, &back, &diag), 0);
	assert_int_equal(back.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(back.items[i].kind, i + 1);
		assert_int_equal(back.items[i].size, texts[i].size);
		assert_memory_equal(back.items[i].text, texts[i].data, texts[i].size);
	}
}

static void test_wrong_items(void **state)
{
	const struct sk_bundle_item other = {SK_BUNDLE_POLICY, texts[0].data, texts[0].size}, none = {SK_BUNDLE_POLICY, "x", 1};
	struct sk_bundle_item many[SK_BUNDLE_ITEMS + 1];
	struct sk_diag diag;

	(void)state;
	assert_int_equal(sk_bundle_write(&other, 1, &bundle, &diag), SK_BAD);
	assert_int_equal(sk_bundle_write(&none, 1, &bundle, &diag), SK_BAD);
	assert_int_equal(sk_bundle_write(many, SK_BUNDLE_ITEMS + 1, &bundle, &diag), SK_FULL);
}

static void test_cut_and_changed(void **state)
{
	struct sk_bundle back;
	struct sk_diag diag;

	(void)state;
	make();
	for (size_t i = 0; i < bundle.size; i++) {
		diag = (struct sk_diag){0};
		assert_int_equal(sk_bundle_parse(bundle.data, i, &back, &diag), SK_BAD);
		assert_true(diag.has_offset && diag.offset <= i && diag.text[0]);
	}
	for (size_t i = 0; i < bundle.size; i++) {
		bundle.data[i] ^= 4;
		assert_int_equal(sk_bundle_parse(bundle.data, bundle.size, &back, &diag), SK_BAD);
		bundle.data[i] ^= 4;
	}
	assert_int_equal(sk_buf_append_char(&bundle, '\n'), 0);
	assert_int_equal(sk_bundle_parse(bundle.data, bundle.size, &back, &diag), SK_BAD);
}

static void test_importing_twice(void **state)
{
	_cleanup_store_ struct sk_policy_store *store = NULL;
	struct sk_bundle back;
	struct sk_offer offer;
	struct sk_diag diag;

	(void)state;
	make();
	assert_int_equal(sk_bundle_parse(bundle.data, bundle.size, &back, &diag), 0);
	assert_int_equal(sk_store_open(sk_test_dir(), "store", &store), 0);
	assert_int_equal(sk_store_offer(store, texts[2].data, texts[2].size, &fx_place, &fx_now, &offer), SK_DENIED);
	assert_int_equal(offer.refusal, SK_REFUSED_NO_SITE_KEY);
	assert_int_equal(sk_store_pin(store, sk_private_public(site)), 0);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < back.count; i++) {
			assert_int_equal(sk_store_offer(store, back.items[i].text, back.items[i].size, &fx_place, &fx_now, &offer), 0);
			assert_int_equal(offer.changed, round == 0);
		}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_round_trip), CASE(test_wrong_items), CASE(test_cut_and_changed), CASE(test_importing_twice))
