// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Two small stacks of TCP talk over a wire that loses, doubles and swaps their segments, with the stream between them. What one side says is a row of letters:
 * X is taken out, and behind each X the other side's stream gets "no;". Whatever happens on the wire, each side gets exactly what is left, and nobody waits
 * for ever: every stack takes numbers literally, so one that is not shifted ends it. Every other pair of stacks has time stamps and throws away what is older than
 * what it has seen (RFC 7323); its timer doubles each time.
 */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "flow/options.h"
#include "stream/tcp.h"
#include "stream/test-made.h"

enum { SAID_MAX = 4096, WIRE_MAX = 8192, MTU = 40, WINDOW = 200, STEP_MS = 10, STILL = 800, TIMER_MS = 120, TIMER_MAX_MS = 960 };
#define MS 1000000ull

struct stack {
	uint8_t say[SAID_MAX], got[SAID_MAX];
	uint32_t say_size, got_size;
	uint32_t isn, peer_isn;
	uint32_t acked;   /* of `say` */
	uint32_t sent;    /* of `say`, before a timer sends from `acked` again */
	uint32_t next;    /* number expected next */
	uint32_t early;   /* bytes behind a hole that are here */
	uint8_t have[SAID_MAX];
	uint32_t wrong;   /* acknowledgements of what was never sent */
	uint64_t again, timer;
	uint32_t recent;  /* the peer's newest time stamp */
	uint32_t outdated; /* segments with new data that were thrown away for their time stamp */
	uint32_t told;    /* that bytes behind a hole have arrived; since the last progress */
	bool owes, blocks, stamps;
};

struct frame {
	uint64_t at;
	int from;
	bool before; /* the stream */
	uint32_t size;
	uint8_t bytes[FRAME];
};

static struct {
	struct gw_tcp tcp;
	struct gw_tcp_calls calls;
	struct gw_memory memory;
	struct stack stack[2];
	struct frame wire[WIRE_MAX]; /* behind the stream, on the way to a stack, and before it */
	uint32_t wire_size;
	uint64_t now;
	uint64_t random;
	unsigned loss, swap;         /* of 100 */
	uint32_t lose;               /* the nth frame to the stream is lost; 0 = none */
	uint32_t mtu;
	struct gw_packet *packet;
	uint32_t cuts, answers, refused;
	bool off;
} w;

static unsigned dice(unsigned of)
{
	w.random = w.random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w.random >> 33) % of;
}

/* ---- the wire ---- */

static void send(int from, bool before, const uint8_t *frame, size_t size)
{
	if (before && w.lose && !--w.lose)
		return;
	for (unsigned copy = 0; copy < 1 + (dice(100) < w.swap); copy++) {
		if (dice(100) < w.loss)
			continue;
		assert_true(w.wire_size < WIRE_MAX && size <= sizeof w.wire[0].bytes);
		w.wire[w.wire_size] = (struct frame){.at = w.now + MS * (1 + (dice(100) < w.swap ? dice(60) : 0)), .from = from, .before = before, .size = (uint32_t)size};
		memcpy(w.wire[w.wire_size++].bytes, frame, size);
	}
}

static void send_on(int from, const uint8_t *frame, size_t size)
{
	send(from, false, frame, size);
}

static void on_release(void *context, int side, const uint8_t *frame, size_t size)
{
	send_on(side, frame, size);
}

static void on_own(void *context, int side, const struct gw_tcp_own *own)
{
	const struct options options = {false, own->stamped, own->stamp, own->stamp_echo, own->block_count ? &own->blocks[0] : NULL};
	uint8_t frame[FRAME];

	w.answers += own->size > 0;
	send_on(side, frame, make(side, own->flags, own->seq, own->ack, own->window, &options, own->data, own->size, frame));
}

static bool on_shifts(void *context)
{
	return !w.off;
}

static bool no_room(void *context)
{
	return false;
}

static void on_begin(void *context, int client, bool midstream)
{
}

static void on_data(void *context, int s, uint8_t *data, size_t size, struct gw_tcp_ruling *ruling)
{
	uint32_t base = w.tcp.side[s].next;

	for (size_t i = 0; i < size; i++) {
		if (data[i] != 'X')
			continue;
		if (!gw_tcp_cut(&w.tcp, &w.calls, w.packet, s, base + (uint32_t)i, base + (uint32_t)i + 1) ||
		    (s == 0 && !gw_tcp_insert(&w.tcp, &w.calls, 1, w.tcp.side[1].next, (const uint8_t *)"no;", 3)) ||
		    (s == 1 && !gw_tcp_insert(&w.tcp, &w.calls, 1, base + (uint32_t)i + 1, (const uint8_t *)"no;", 3))) {
			w.refused++;
			ruling->stop = true;
			return;
		}
		w.cuts++;
	}
}

static void on_gap(void *context, int side, uint64_t missing)
{
	fail_msg("a gap of %llu", (unsigned long long)missing);
}

static void on_fin(void *context, int side)
{
}

static void on_odd(void *context, int side, enum gw_tcp_odd what)
{
	fail_msg("odd: %s", gw_tcp_odd_names[what]);
}

/* ---- a stack ---- */

static void through(int from, uint8_t *frame, size_t size)
{
	struct gw_packet p = {.frame = frame, .size = (uint32_t)size, .time = w.now, .port = from ? GW_PORT_A : GW_PORT_B};

	assert_int_equal(gw_decode(&p, true), 0);
	w.packet = &p;
	if (gw_tcp_segment(&w.tcp, &w.calls, &p, from) == GW_TCP_PASS)
		send_on(from, p.frame, p.size);
}

static uint32_t window_of(const struct stack *me)
{
	return WINDOW - me->early;
}

static void speak(int s, uint32_t from, uint32_t size)
{
	struct stack *me = &w.stack[s];
	uint8_t frame[FRAME];
	struct gw_block block = {0};
	struct options options = {false, me->stamps, (uint32_t)(w.now / MS), me->recent, NULL};

	for (uint32_t i = me->got_size; me->blocks && i < SAID_MAX && !block.to; i++) {
		if (me->have[i] && !block.from)
			block.from = me->peer_isn + 1 + i;
		if (block.from && !me->have[i])
			block.to = me->peer_isn + 1 + i;
	}
	if (block.to)
		options.block = &block;
	send(s, true, frame, make(s, GW_ACK, me->isn + 1 + from, me->next, window_of(me), &options, me->say + from, size, frame));
	me->owes = false;
}

static void run_stack(int s)
{
	struct stack *me = &w.stack[s];

	if (me->acked < me->sent && w.now >= me->again) {
		if (me->stamps)
			me->timer = SK_MIN(me->timer * 2, (uint64_t)TIMER_MAX_MS);
		me->sent = me->acked;
		me->again = w.now + me->timer * MS;
	}
	while (me->sent < me->say_size && me->sent - me->acked < WINDOW / 2) {
		uint32_t size = SK_MIN(1 + dice(w.mtu), me->say_size - me->sent);

		if (me->acked == me->sent)
			me->again = w.now + me->timer * MS;
		speak(s, me->sent, size);
		me->sent += size;
	}
	if (me->owes)
		speak(s, me->sent, 0);
}

/* True: the segment is a wanderer from long ago. */
static bool outdated(struct stack *me, const struct gw_packet *p)
{
	const uint8_t *stamps = gw_option_find(p, GW_OPTION_STAMPS, 10);
	uint32_t stamp;

	assert_int_equal(stamps != NULL, me->stamps);
	if (!stamps)
		return false;
	stamp = gw_option_u32(stamps + 2);
	if ((int32_t)(stamp - me->recent) < 0) {
		me->outdated += p->payload_size && (int32_t)(p->seq + p->payload_size - me->next) > 0;
		me->owes |= p->payload_size > 0;
		return true;
	}
	if ((int32_t)(p->seq - me->next) <= 0)
		me->recent = stamp;
	return false;
}

static void take(int s, const struct frame *f)
{
	struct stack *me = &w.stack[s];
	uint8_t copy[FRAME];
	struct gw_packet p = {.frame = copy, .size = f->size};

	memcpy(copy, f->bytes, f->size);
	assert_int_equal(gw_decode(&p, true), 0);
	if (outdated(me, &p))
		return;
	if (me->stamps && gw_option_find(&p, GW_OPTION_SACK, 2) && p.ack == me->isn + 1 + me->acked && ++me->told == 3)
		me->sent = me->acked;
	if ((int32_t)(p.ack - (me->isn + 1 + me->say_size)) > 0)
		me->wrong++;
	else if ((int32_t)(p.ack - (me->isn + 1 + me->acked)) > 0) {
		me->acked = p.ack - me->isn - 1;
		me->sent = SK_MAX(me->sent, me->acked);
		me->told = 0;
		me->timer = TIMER_MS;
		me->again = w.now + me->timer * MS;
	}
	for (uint32_t i = 0; i < p.payload_size; i++) {
		int32_t at = (int32_t)(p.seq + i - (me->peer_isn + 1));

		if (at < (int32_t)me->got_size || at >= (int32_t)me->got_size + WINDOW)
			continue;
		if (me->have[at])
			assert_int_equal(me->got[at], p.frame[p.payload + i]);
		me->early += !me->have[at];
		me->have[at] = 1;
		me->got[at] = p.frame[p.payload + i];
	}
	for (; me->got_size < SAID_MAX && me->have[me->got_size]; me->early--)
		me->got_size++;
	me->next = me->peer_isn + 1 + me->got_size;
	me->owes = p.payload_size > 0 || (int32_t)(p.seq - me->next) < 0;
}

static void step(void)
{
	w.now += STEP_MS * MS;
	for (uint32_t i = 0; i < w.wire_size;) {
		struct frame f = w.wire[i];

		if (f.at > w.now) {
			i++;
			continue;
		}
		memmove(w.wire + i, w.wire + i + 1, (--w.wire_size - i) * sizeof f);
		if (f.before)
			through(f.from, f.bytes, f.size);
		else
			take(!f.from, &f);
	}
	run_stack(0);
	run_stack(1);
	assert_true(gw_tcp_tick(&w.tcp, &w.calls, w.now));
}

static void begin(uint64_t seed, const char *left, const char *right)
{
	const struct options first = {.permit = true, .stamps = seed & 2, .stamp = 1000, .echo = 1000}, plain = {.stamps = seed & 2, .stamp = 1000, .echo = 1000};
	uint8_t frame[FRAME];

	memset(&w, 0, sizeof w);
	w.random = seed;
	w.now = 1000 * MS;
	w.mtu = MTU;
	w.memory.max = 1 << 20;
	w.calls = (struct gw_tcp_calls){.inline_ = true, .midstream = true, .memory = &w.memory, .room = no_room, .begin = on_begin, .data = on_data,
		.gap = on_gap, .fin = on_fin, .odd = on_odd, .release = on_release, .own = on_own, .shifts = on_shifts};
	for (int s = 0; s < 2; s++) {
		struct stack *me = &w.stack[s];

		me->say_size = (uint32_t)strlen(s ? right : left);
		memcpy(me->say, s ? right : left, me->say_size);
		me->isn = s ? 0xffffffc0 : 0x7fffffe0; /* both wrap soon */
		me->peer_isn = s ? 0x7fffffe0 : 0xffffffc0;
		me->next = me->peer_isn + 1;
		me->blocks = seed & 1;
		me->stamps = seed & 2;
		me->recent = 1000;
		me->timer = TIMER_MS;
	}
	through(0, frame, make(0, GW_SYN, w.stack[0].isn, 0, WINDOW, &first, NULL, 0, frame));
	through(1, frame, make(1, GW_SYN | GW_ACK, w.stack[1].isn, w.stack[0].isn + 1, WINDOW, &first, NULL, 0, frame));
	through(0, frame, make(0, GW_ACK, w.stack[0].isn + 1, w.stack[1].isn + 1, WINDOW, &plain, NULL, 0, frame));
	w.wire_size = 0;
}

static void without(const char *said, char leave, char *out)
{
	for (; *said; said++)
		if (*said != leave)
			*out++ = *said;
	*out = '\0';
}

static bool quiet(void)
{
	return w.stack[0].acked == w.stack[0].say_size && w.stack[1].acked == w.stack[1].say_size && w.wire_size == 0;
}

static void end(void)
{
	gw_tcp_end(&w.tcp, &w.memory);
	assert_int_equal(w.memory.used, 0);
}

static void run_until_quiet(uint64_t seed)
{
	unsigned still = 0;

	for (int i = 0; i < 6000 && still < STILL; i++) {
		step();
		still = quiet() ? still + 1 : 0;
	}
	if (still < STILL)
		fail_msg("they wait for ever, seed %llu: %u of %u, %u of %u", (unsigned long long)seed, w.stack[0].acked, w.stack[0].say_size, w.stack[1].acked, w.stack[1].say_size);
}

/* The answers stand at message boundaries of nobody here, so only their number and the rest are compared. */
static void check(uint64_t seed, const char *left, const char *right)
{
	char wanted[SAID_MAX], got[SAID_MAX], rest[SAID_MAX];
	uint32_t answers = 0, n = 0;

	without(left, 'X', wanted);
	snprintf(got, sizeof got, "%.*s", (int)w.stack[1].got_size, (const char *)w.stack[1].got);
	if (strcmp(got, wanted) != 0)
		fail_msg("seed %llu: the right side got %s, not %s", (unsigned long long)seed, got, wanted);
	snprintf(got, sizeof got, "%.*s", (int)w.stack[0].got_size, (const char *)w.stack[0].got);
	for (const char *at = got; *at; at++)
		if (strncmp(at, "no;", 3) == 0) {
			answers++;
			at += 2;
		} else {
			rest[n++] = *at;
		}
	rest[n] = '\0';
	without(right, 'X', wanted);
	if (strcmp(rest, wanted) != 0 || answers != w.cuts)
		fail_msg("seed %llu: the left side got %s: %u answers to %u", (unsigned long long)seed, got, answers, w.cuts);
	assert_int_equal(w.stack[0].wrong + w.stack[1].wrong, 0);
	if (!w.swap) /* a wire that only loses never lets one segment overtake another */
		assert_int_equal(w.stack[0].outdated + w.stack[1].outdated, 0);
}

static const char *const left_says[] = {"aX", "Xabc", "aaaabbbbXccccddddXXeeeeffff", "XXXXX", "abcdefghijklmnopqrstuvwxyzXabcdefghijklmnopqrstuvwxyzXabcdefghijklmnopqrstuvwxyz",
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzXabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzX"};
static const char *const right_says[] = {"", "01234567890123456789", "0123X456789", "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"};

static void play(unsigned loss, unsigned swap, unsigned seeds)
{
	for (uint64_t seed = 1; seed <= seeds; seed++)
		for (size_t l = 0; l < SK_ARRAY_SIZE(left_says); l++)
			for (size_t r = 0; r < SK_ARRAY_SIZE(right_says); r++) {
				begin(seed, left_says[l], right_says[r]);
				w.loss = loss;
				w.swap = swap;
				run_until_quiet(seed);
				check(seed, left_says[l], right_says[r]);
				end();
			}
}

static void test_a_good_wire(void **state)
{
	play(0, 0, 4);
}

static void test_loss(void **state)
{
	play(20, 0, 40);
}

/* The receiver cannot say what it lacks while its bytes wait here: its sender is told, and need not wait for its timer. */
static void test_a_lost_frame_costs_no_timer(void **state)
{
	for (unsigned cut = 0; cut < 2; cut++)
		for (uint32_t lose = 1; lose < 5; lose++) {
			uint64_t until;

			begin(3, left_says[cut ? 5 : 4] + (cut ? 78 : 27), "");
			until = w.now + (TIMER_MS - STEP_MS) * MS;
			w.mtu = 8;
			w.lose = lose;
			while (!quiet() && w.now < until)
				step();
			assert_int_equal(w.stack[0].acked, w.stack[0].say_size);
			run_until_quiet(3);
			end();
		}
}

static void test_doubles_and_swaps(void **state)
{
	play(0, 40, 40);
}

static void test_all_of_it(void **state)
{
	play(15, 30, 100);
}

/* A segment of a session whose packets are signed cannot be one of ours, nor where nobody takes care of the flow. */
static void test_not_everywhere(void **state)
{
	begin(1, "aXb", "");
	w.off = true;
	step();
	step();
	assert_int_equal(w.cuts, 0);
	assert_true(w.refused > 0);
	end();
	begin(1, "aXb", "");
	w.tcp.keyed = true;
	step();
	step();
	assert_int_equal(w.cuts, 0);
	assert_true(w.refused > 0);
	end();
}

/* What nobody acknowledges is not sent for ever. */
static void test_it_gives_up(void **state)
{
	bool lives = true;
	const struct options plain = {0};
	uint8_t frame[FRAME];

	begin(1, "X", "");
	through(0, frame, make(0, GW_ACK, w.stack[0].isn + 1, w.stack[1].isn + 1, WINDOW, &plain, "X", 1, frame));
	assert_int_equal(w.answers, 1);
	for (int i = 0; i < 60000 && lives; i += 100) {
		w.now += 100 * MS;
		lives = gw_tcp_tick(&w.tcp, &w.calls, w.now);
	}
	assert_false(lives);
	assert_int_equal(w.answers, 12);
	end();
}

SK_TEST_MAIN(cmocka_unit_test(test_a_good_wire), cmocka_unit_test(test_loss), cmocka_unit_test(test_a_lost_frame_costs_no_timer), cmocka_unit_test(test_doubles_and_swaps), cmocka_unit_test(test_all_of_it),
	     cmocka_unit_test(test_not_everywhere), cmocka_unit_test(test_it_gives_up))
