// SPDX-License-Identifier: GPL-3.0-or-later
/* What the gateway's processes share: events over the ring's end, what finds no room, a policy put and taken, counts of messages. */
#include "support/harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "main/config.h"
#include "main/shared.h"

static struct gw_common *common;
static struct gw_bells bells;

static int setup(void **state)
{
	(void)state;
	return gw_common_new(&common, &bells);
}

static int teardown(void **state)
{
	(void)state;
	close(bells.clerk);
	close(bells.engine);
	close(bells.ports);
	return 0;
}

static void put_number(unsigned number, size_t size)
{
	static char text[GW_EVENT_LONGEST];

	memset(text, 'a' + (int)(number % 26), size);
	memcpy(text, &number, sizeof number);
	gw_common_event(common, (uint8_t)(number % 3), text, size);
}

static void take_number(unsigned number, size_t size)
{
	static char text[GW_EVENT_LONGEST];
	uint8_t priority;
	unsigned found;
	size_t got;

	assert_int_equal(gw_common_next(common, &priority, text, sizeof text, &got), 0);
	assert_int_equal(got, size);
	memcpy(&found, text, sizeof found);
	assert_int_equal(found, number);
	assert_int_equal(priority, number % 3);
	for (size_t i = sizeof found; i < size; i++)
		assert_int_equal(text[i], 'a' + (int)(number % 26));
}

/* Several times around the ring, with sizes that never meet its end at the same place. */
static void test_events(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i += 3) {
		put_number(i, 4000 + i);
		put_number(i + 1, 5);
		put_number(i + 2, 9999);
		take_number(i, 4000 + i);
		take_number(i + 1, 5);
		take_number(i + 2, 9999);
	}
	assert_int_equal(common->events_lost, 0);
}

static void test_no_room(void **state)
{
	unsigned kept = GW_EVENT_ROOM / (10000 + 8), priority_max = kept + 50;
	char text[16];
	uint8_t priority;
	size_t size;

	(void)state;
	for (unsigned i = 0; i < priority_max; i++)
		put_number(i, 10000);
	assert_int_equal(common->events_lost, 50);
	for (unsigned i = 0; i < kept; i++)
		take_number(i, 10000);
	assert_int_equal(gw_common_next(common, &priority, text, sizeof text, &size), SK_NONE);
	gw_common_event(common, 0, text, GW_EVENT_LONGEST + 1);
	assert_int_equal(common->events_lost, 51);
}

/* An engine that is not itself writes a length that was never there: what is in the ring is lost, and nothing is read beyond. */
static void test_lying_engine(void **state)
{
	const uint32_t lie[2] = {GW_EVENT_ROOM - 4, 0};
	char text[64];
	uint8_t priority;
	size_t size;

	(void)state;
	put_number(1, 20);
	memcpy(common->events, lie, sizeof lie);
	assert_int_equal(gw_common_next(common, &priority, text, sizeof text, &size), SK_NONE);
	assert_int_equal(common->events_lost, 1);
	put_number(2, 20);
	take_number(2, 20);
	common->events_in += GW_EVENT_ROOM * 2ull;
	assert_int_equal(gw_common_next(common, &priority, text, sizeof text, &size), SK_NONE);
	put_number(5, 20);
	take_number(5, 20);
}

static void put_policy(unsigned serial)
{
	_cleanup_buf_ struct sk_buf payload = SK_BUF(1 << 20);
	_cleanup_policy_ struct sk_policy policy;
	struct sk_diag diag = {0};
	char text[512];

	snprintf(text, sizeof text,
		 "part: gateway\nserial: %u\nnot_before: 2026-11-01\nexpires: 2027-11-01\ngateway:\n  zones:\n    - {name: z%u, addresses: [10.0.0.1]}\n"
		 "  otherwise: {action: drop, mode: enforce}\n", serial, serial);
	assert_int_equal(sk_policy_parse_draft(text, strlen(text), &policy, &diag), 0);
	assert_int_equal(sk_policy_write_payload(&policy, &payload), 0);
	assert_int_equal(gw_common_put(common, payload.data, payload.size), 0);
}

static void test_policy(void **state)
{
	static const struct gw_proto *const none[] = {NULL};
	struct gw_policy *policy = NULL;
	struct sk_diag diag = {0};
	uint32_t count = 0;
	char name[8];

	(void)state;
	assert_int_equal(gw_common_policy(common, none, &policy, &count, &diag), SK_NONE);
	for (unsigned i = 1; i < 5; i++) {
		put_policy(i);
		assert_int_equal(gw_common_policy(common, none, &policy, &count, &diag), 0);
		assert_int_equal(count, i);
		snprintf(name, sizeof name, "z%u", i);
		assert_string_equal(((struct sk_zone *)gw_policy_source(policy)->zones.items)[0].name, name);
		policy = gw_policy_free(policy);
	}
	common->slots[0].size = UINT32_MAX; /* nobody believes it */
	assert_int_equal(gw_common_policy(common, none, &policy, &count, &diag), SK_BAD);
	assert_int_equal(gw_common_put(common, "", (size_t)GW_POLICY_ROOM + 1), SK_FULL);
}

/* What a duty other than the clerk may do to a byte: 0, or the signal that ends it. */
static int write_in_duty(_Atomic uint32_t *at)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		void *page = (void *)((uintptr_t)at / GW_PAGE * GW_PAGE);

		sigaction(SIGSEGV, &usual, NULL);
		if (gw_common_narrow(common) != 0 || (mprotect(page, GW_PAGE, PROT_READ | PROT_WRITE) == 0 && page == (void *)common))
			_exit(9);
		atomic_store(at, 77);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_halves(void **state)
{
	(void)state;
	assert_int_equal(write_in_duty(&common->count), SIGSEGV);
	assert_int_equal(write_in_duty(&common->slots[1].size), SIGSEGV);
	assert_int_equal(common->count, 0);
	assert_int_equal(write_in_duty(&common->engine.has), 0);
	assert_int_equal(common->engine.has, 77);
	atomic_store(&common->count, 5); /* here, and seen there */
	assert_int_equal(atomic_load(&common->count), 5);
}

static void test_tops(void **state)
{
	char name[80];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		gw_common_top(common, "mes", "hsms", "S2F41", i);
	gw_common_top(common, "mes", "hsms", "S2F41", 2);
	assert_int_equal(common->top_count, 1);
	assert_int_equal(common->tops[0].count[2], 2);
	for (unsigned twice = 0; twice < 2; twice++)
		for (unsigned i = 0; i < GW_TOPS + 10; i++) {
			snprintf(name, sizeof name, "%u-is-a-name-that-is-much-longer-than-any-message-of-an-honest-peer", i);
			gw_common_top(common, "mes", "hsms", name, 0);
		}
	assert_int_equal(common->top_count, GW_TOPS);
	assert_int_equal(common->tops[1].count[0], 2); /* cut, and still the same */
}

static void test_settings(void **state)
{
	struct gateway_config config;
	struct sk_diag diag = {0};
	static const char text[] = "pairs:\n  - {name: bay, a: eth1, b: eth2}\nengine: {memory: 64M}\n";

	(void)state;
	if (sk_table_check(&gateway_table, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
	assert_int_equal(sk_conf_parse(&gateway_table, text, sizeof text - 1, &config, &diag), 0);
	assert_int_equal(config.memory, 64 << 20);
	assert_string_equal(((struct gateway_pair *)config.pairs.items)[0].b, "eth2");
	sk_conf_done(&gateway_table, &config);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_events), CASE(test_no_room), CASE(test_lying_engine), CASE(test_policy), CASE(test_halves), CASE(test_tops), CASE(test_settings))
