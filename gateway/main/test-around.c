// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets around an alert: those of the same two machines, so many before and after, headers alone unless bodies are wanted; a full ring loses and never waits. */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/event.h"
#include "main/around.h"
#include "policy/gateway.h"

static struct gw_around_ring ring;
static struct gw_around *around;
static uint64_t now;

static int setup(void **state)
{
	memset(&ring, 0, sizeof ring);
	now = 1790000000000000000;
	return gw_around_new(&ring, &around);
}

static int teardown(void **state)
{
	around = gw_around_free(around);
	return 0;
}

/* 100 bytes with a secret behind byte 54, between 10.0.0.FROM and 10.0.0.TO. */
static void packet_of(uint8_t from, uint8_t to, bool alert, const char **ret_name)
{
	uint8_t frame[100];
	struct gw_packet p = {.frame = frame, .size = sizeof frame, .time = now += 1000000, .port = from < to};
	struct gw_event event = {.kind = GW_EVENT_RULE, .time = now, .ip = 4, .client = {{10, 0, 0, from}}, .server = {{10, 0, 0, to}}};

	memset(frame, 's', sizeof frame);
	frame[0] = from;
	gw_around_frame(around, &p);
	p.ip = 4; /* as the engine finds it */
	p.src = (struct gw_addr){{10, 0, 0, from}};
	p.dst = (struct gw_addr){{10, 0, 0, to}};
	p.l3 = 14;
	p.l4 = 34;
	p.payload = 54;
	if (alert)
		*ret_name = gw_around_alert(around, &event);
	memset(frame, 'x', sizeof frame); /* it may be rewritten, and be somebody else's by now */
	gw_around_judged(around, &p);
}

static void packet(uint8_t from, uint8_t to)
{
	packet_of(from, to, false, NULL);
}

static const char *alert(uint8_t from, uint8_t to)
{
	const char *name = NULL;

	packet_of(from, to, true, &name);
	return name;
}

struct taken {
	unsigned begun, ended, packets;
	uint32_t kept;
	uint64_t first, last;
	bool bodies;
};

static struct taken take(uint8_t from, uint8_t to)
{
	static uint8_t data[GW_AROUND_WHOLE];
	struct gw_around_record record;
	struct taken t = {0};

	while (gw_around_next(&ring, &record, data, sizeof data) == 0) {
		t.begun += record.what == GW_AROUND_BEGIN;
		t.ended += record.what == GW_AROUND_END;
		if (record.what != GW_AROUND_PACKET)
			continue;
		t.packets++;
		t.kept = record.size;
		t.bodies = record.bodies;
		t.first = t.first ? t.first : record.time;
		t.last = record.time;
		assert_true(data[0] == from || data[0] == to); /* nobody else's */
		assert_int_equal(record.whole, 100);
		for (uint32_t i = 1; i < record.size; i++)
			assert_int_equal(data[i], 's'); /* as it came in */
	}
	return t;
}

static void test_before_and_after(void **state)
{
	struct taken t;
	const char *name;

	gw_around_want(around, SK_CAPTURE_HEADERS, 3, 2);
	for (int i = 0; i < 10; i++) {
		packet(1, 2);
		packet(3, 4);
	}
	name = alert(2, 1);
	assert_string_equal(name, "20260921T141320.021000000Z");
	for (int i = 0; i < 10; i++) {
		packet(3, 4);
		packet(1, 2);
	}
	t = take(1, 2);
	assert_int_equal(t.begun, 1);
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.packets, 3 + 1 + 2);
	assert_int_equal(t.kept, 54);
	assert_false(t.bodies);
	assert_true(t.first < t.last);
}

static void test_bodies_only_when_wanted(void **state)
{
	struct taken t;

	gw_around_want(around, SK_CAPTURE_BODIES, 1, 0);
	packet(1, 2);
	assert_non_null(alert(1, 2));
	t = take(1, 2);
	assert_int_equal(t.packets, 2);
	assert_int_equal(t.kept, 100);
	assert_true(t.bodies);
	gw_around_want(around, SK_CAPTURE_NONE, 1, 0);
	assert_null(alert(1, 2));
}

/* Alerts of a conversation that is being taken belong to that capture; silence ends one. */
static void test_one_capture_of_a_conversation(void **state)
{
	char first[GW_AROUND_NAME];

	gw_around_want(around, SK_CAPTURE_HEADERS, 1, 100);
	snprintf(first, sizeof first, "%s", alert(1, 2));
	for (int i = 0; i < 50; i++)
		assert_string_equal(alert(2, 1), first);
	gw_around_tick(around, now + GW_AROUND_PATIENCE - 1000000000);
	assert_int_equal(take(1, 2).ended, 0);
	gw_around_tick(around, now + GW_AROUND_PATIENCE);
	assert_int_equal(take(1, 2).ended, 1);
}

static void test_a_flood_is_bounded(void **state)
{
	unsigned named = 0;

	gw_around_want(around, SK_CAPTURE_HEADERS, 0, 0);
	for (unsigned i = 0; i < 200; i++)
		named += alert((uint8_t)(1 + i % 100), (uint8_t)(101 + i % 100)) != NULL;
	assert_int_equal(named, GW_AROUND_BEGUN);
	assert_int_equal(atomic_load(&ring.lost), 200 - GW_AROUND_BEGUN);
	now += GW_AROUND_SPAN;
	assert_non_null(alert(1, 2));
}

/* Nobody reads: what has no room is lost, and what was begun is ended as soon as there is room. */
static void test_a_full_ring_never_waits(void **state)
{
	unsigned ended;

	gw_around_want(around, SK_CAPTURE_BODIES, 0, 1000000);
	assert_non_null(alert(1, 2));
	for (unsigned i = 0; i < 60000; i++)
		packet(1, 2);
	assert_true(atomic_load(&ring.lost) > 20000);
	gw_around_tick(around, now + GW_AROUND_PATIENCE);
	ended = take(1, 2).ended;
	gw_around_tick(around, now + GW_AROUND_PATIENCE);
	assert_int_equal(ended + take(1, 2).ended, 1);
}

/* An engine that is not itself writes what it likes. */
static void test_lies_are_not_believed(void **state)
{
	const struct gw_around_record lies[] = {{.size = UINT32_MAX, .what = GW_AROUND_PACKET}, {.what = 9}, {.what = GW_AROUND_END, .open = 200}, {.size = 5000, .what = GW_AROUND_PACKET}};
	static uint8_t data[GW_AROUND_WHOLE];
	struct gw_around_record record;

	for (size_t i = 0; i < SK_ARRAY_SIZE(lies); i++) {
		uint64_t at = atomic_load(&ring.in);

		memcpy(ring.bytes + at, &lies[i], sizeof lies[i]);
		atomic_store(&ring.in, at + sizeof lies[i] + (lies[i].size == 5000 ? 5000 : 0));
		assert_int_equal(gw_around_next(&ring, &record, data, sizeof data), SK_NONE);
		assert_int_equal(atomic_load(&ring.in), atomic_load(&ring.out));
	}
	atomic_store(&ring.in, atomic_load(&ring.out) + GW_AROUND_ROOM + 1);
	assert_int_equal(gw_around_next(&ring, &record, data, sizeof data), SK_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
SK_TEST_MAIN(TEST(test_before_and_after), TEST(test_bodies_only_when_wanted), TEST(test_one_capture_of_a_conversation), TEST(test_a_flood_is_bounded),
	     TEST(test_a_full_ring_never_waits), TEST(test_lies_are_not_believed))
