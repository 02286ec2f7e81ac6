// SPDX-License-Identifier: GPL-3.0-or-later
/* Who signs in the tests of this folder, made for each case and gone after it; support/harness.h is included before. */
#pragma once

#include "policy/fixture.h"

static struct sk_private *site, *other_site, *desk, *maker, *thief;
static struct sk_trust trust;

static int setup(void **state)
{
	(void)state;
	site = fx_key(1);
	other_site = fx_key(2);
	desk = fx_key(3);
	thief = fx_key(4);
	maker = fx_key(5);
	sk_trust_init(&trust, sk_private_public(site));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	site = sk_private_free(site);
	other_site = sk_private_free(other_site);
	desk = sk_private_free(desk);
	maker = sk_private_free(maker);
	thief = sk_private_free(thief);
	sk_trust_done(&trust);
	return 0;
}
