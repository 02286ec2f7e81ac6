// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine with a protocol of lines: however a side's bytes are cut, ordered and repeated, the same messages come out in the same order; a refused
 * message never reaches the other side whole; an overlap of fragments goes nowhere.
 */
#include "support/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "engine/engine.h"
#include "flow/sum.h"
#include "segment/policy.h"

enum { CLIENT_ISN = 0xfffffff0 }; /* wraps within the text */
static const char text[] = "alpha\nbe\ncharlie three\n\nd\necho echo echo\n";

struct line {
	size_t size;
	char bytes[64];
};

static struct {
	char said[512];
	size_t said_size, injected, odds;
	bool refuse, rewrite;
	enum gw_reply reply;
	struct {
		enum gw_port to;
		struct gw_packet packet;
		uint8_t frame[256];
	} sent[16]; /* frames of the engine's own */
	size_t shifts[3];
	enum gw_sender sender; /* of the segments that tcp() makes */
	enum gw_dir dir;       /* of the last message */
} seen;

static void line_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct line *line = (struct line *)state + dir;

	if (data[0] == '?') {
		turn->engine->not_mine(turn);
		return;
	}
	for (size_t i = 0; i < size; i++) {
		struct gw_message m = {.name = line->bytes, .dir = dir, .whole = true, .size = line->size + 1, .back = size - i - 1};
		enum gw_reply reply;

		if (data[i] != '\n' && line->size < sizeof line->bytes - 1) {
			line->bytes[line->size++] = (char)data[i];
			continue;
		}
		line->bytes[line->size] = '\0';
		if (turn->engine->say(turn, &m, &reply) == GW_REFUSE && reply == GW_REPLY_NATIVE) {
			if (seen.rewrite)
				seen.rewrite = turn->engine->rewrite(turn, m.back, "-------------\n", 14);
			else
				turn->engine->answer(turn, !dir, "NO\n", 3);
		}
		line->size = 0;
	}
}

static void line_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	((struct line *)state)[dir].size = 0;
}

static const uint16_t line_ports[] = {7, 0};
static const struct gw_proto line_proto = {.name = "line", .over = GW_TCP | GW_UDP, .ports = line_ports, .state_size = 2 * sizeof(struct line), .data = line_data, .gap = line_gap};
static const struct gw_proto *const protos[] = {&line_proto, NULL};

static void told(void *context, const struct gw_event *event)
{
	if (event->kind == GW_EVENT_ODD)
		seen.odds++;
	if (event->kind != GW_EVENT_MESSAGE)
		return;
	seen.dir = event->dir;
	seen.said_size += (size_t)snprintf(seen.said + seen.said_size, sizeof seen.said - seen.said_size, "%s\n", event->message->name);
}

static enum gw_ruling judge(void *context, const struct gw_event *event, enum gw_reply *ret_reply)
{
	*ret_reply = seen.reply;
	return seen.refuse && strcmp(event->message->name, "charlie three") == 0 ? GW_REFUSE : GW_LET;
}

static void inject(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
	struct gw_packet *p = &seen.sent[seen.injected % 16].packet;

	assert_true(size <= sizeof seen.sent[0].frame);
	seen.sent[seen.injected % 16].to = to;
	*p = (struct gw_packet){.frame = seen.sent[seen.injected % 16].frame, .size = (uint32_t)size};
	memcpy(p->frame, frame, size);
	assert_int_equal(gw_decode(p, true), 0);
	seen.injected++;
}

static bool shifted(void *context, enum gw_shift_step step, const struct gw_shifted *of)
{
	seen.shifts[step]++;
	return true;
}

static struct gw_engine *engine_with(size_t memory_max, const struct gw_policy *policy)
{
	const struct gw_setup setup = {.policy = policy, .midstream = true, .inline_ = true, .messages = true, .protos = protos, .memory_max = memory_max, .event = told,
		.judge = judge, .inject = inject, .shifted = shifted};
	struct gw_engine *engine;

	memset(&seen, 0, sizeof seen);
	seen.reply = GW_REPLY_RESET;
	assert_int_equal(gw_engine_new(&setup, &engine), 0);
	return engine;
}

static struct gw_engine *engine_new(void)
{
	return engine_with(8 << 20, NULL);
}

/* A frame from 10.0.0.1:1000 (the client) to 10.0.0.2:7, or back. */
static struct gw_packet went;
static enum gw_fate tcp_at(struct gw_engine *engine, uint64_t ms, bool orphan, bool back, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, size_t size)
{
	static uint8_t frame[1600];
	uint8_t head[54] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6};
	const uint16_t ports[2] = {1000, 7};
	struct gw_packet p = {.frame = frame, .size = (uint32_t)(54 + size), .time = 1000000000 + ms * 1000000, .port = back ? GW_PORT_A : GW_PORT_B, .sender = seen.sender, .orphan = orphan};
	enum gw_fate fate;

	memcpy(frame, head, sizeof head);
	frame[16] = (uint8_t)((40 + size) >> 8);
	frame[17] = (uint8_t)(40 + size);
	memcpy(frame + 26, (uint8_t[]){10, 0, 0, back ? 2 : 1, 10, 0, 0, back ? 1 : 2}, 8);
	for (int i = 0; i < 2; i++) {
		frame[34 + 2 * i] = (uint8_t)(ports[back ^ i] >> 8);
		frame[35 + 2 * i] = (uint8_t)ports[back ^ i];
	}
	for (int i = 0; i < 4; i++) {
		frame[38 + i] = (uint8_t)(seq >> (24 - 8 * i));
		frame[42 + i] = (uint8_t)(ack >> (24 - 8 * i));
	}
	frame[46] = 5 << 4;
	frame[47] = flags;
	frame[48] = 0xff;
	if (size)
		memcpy(frame + 54, data, size);
	gw_decode(&p, false);
	gw_sum_mend(&p);
	fate = gw_engine_packet(engine, &p);
	went = p;
	return fate;
}

static enum gw_fate tcp(struct gw_engine *engine, bool back, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, size_t size)
{
	return tcp_at(engine, 0, false, back, flags, seq, ack, data, size);
}

static void open_session(struct gw_engine *engine)
{
	assert_int_equal(tcp(engine, false, GW_SYN, CLIENT_ISN, 0, NULL, 0), GW_FATE_PASS);
	assert_int_equal(tcp(engine, true, GW_SYN | GW_ACK, 500, CLIENT_ISN + 1, NULL, 0), GW_FATE_PASS);
	assert_int_equal(tcp(engine, false, GW_ACK, CLIENT_ISN + 1, 501, NULL, 0), GW_FATE_PASS);
}

static enum gw_fate put(struct gw_engine *engine, size_t at, size_t size, const char *bytes)
{
	return tcp(engine, false, GW_ACK, CLIENT_ISN + 1 + (uint32_t)at, 501, bytes, size);
}

static void test_cut_anywhere(void **state)
{
	size_t whole = strlen(text);

	for (size_t cut = 1; cut <= whole; cut++)
		for (int order = 0; order < 3; order++) {
			struct gw_engine *engine = engine_new();
			size_t count = (whole + cut - 1) / cut;

			open_session(engine);
			for (size_t i = 0; i < count; i++) {
				size_t n = order == 0 ? i : order == 1 ? count - 1 - i : i ^ 1, at = n * cut;

				if (order == 2 && n >= count) /* pairs are swapped; the last may have no other */
					at = i * cut;
				put(engine, at, SK_MIN(cut, whole - at), text + at);
				put(engine, at, SK_MIN(cut, whole - at), text + at);
			}
			if (order == 2 && count % 2)
				put(engine, (count - 1) * cut, whole - (count - 1) * cut, text + (count - 1) * cut);
			assert_string_equal(seen.said, text);
			gw_engine_free(engine);
		}
}

static void test_first_copy_is_the_truth(void **state)
{
	struct gw_engine *engine = engine_new();

	open_session(engine);
	assert_int_equal(put(engine, 0, 4, "alph"), GW_FATE_PASS);
	assert_int_equal(put(engine, 0, 4, "ALPH"), GW_FATE_PASS);
	assert_int_equal(put(engine, 2, 4, "PHa\n"), GW_FATE_PASS);
	assert_string_equal(seen.said, "alpha\n");
	assert_int_equal(seen.odds, 1);
	gw_engine_free(engine);
}

static void test_refused(void **state)
{
	struct gw_engine *engine = engine_new();
	size_t end = strlen("alpha\nbe\ncharlie three\n");

	seen.refuse = true;
	open_session(engine);
	assert_int_equal(put(engine, 0, end - 1, text), GW_FATE_PASS);
	assert_int_equal(put(engine, end - 1, 1, text + end - 1), GW_FATE_DROP);
	assert_int_equal(seen.injected, 2); /* RST to both */
	assert_int_equal(put(engine, end - 1, 1, text + end - 1), GW_FATE_DROP);
	assert_int_equal(put(engine, end, 5, text + end), GW_FATE_DROP);
	gw_engine_free(engine);
}

enum { CHARLIE = 9, BEHIND = 23 }; /* where the refused line begins and ends in `text` */

/* The refused line is taken out of the middle of a segment, its sender is answered, and the session goes on with other numbers. */
static void test_answered(void **state)
{
	struct gw_engine *engine = engine_new();
	struct gw_counts counts;

	seen.refuse = true;
	seen.reply = GW_REPLY_NATIVE;
	open_session(engine);
	assert_int_equal(put(engine, 0, BEHIND + 2, text), GW_FATE_PASS);
	assert_int_equal(seen.injected, 2);
	assert_int_equal(seen.sent[0].to, GW_PORT_A); /* what stands before it */
	assert_int_equal(seen.sent[0].packet.payload_size, CHARLIE);
	assert_memory_equal(seen.sent[0].frame + 54, text, CHARLIE);
	assert_int_equal(went.payload_size, 2); /* what stands behind it */
	assert_int_equal(went.seq, CLIENT_ISN + 1 + CHARLIE);
	assert_int_equal(seen.sent[1].to, GW_PORT_B); /* the answer */
	assert_memory_equal(seen.sent[1].frame + 54, "NO\n", 3);
	assert_int_equal(seen.sent[1].packet.seq, 501);
	assert_int_equal(seen.shifts[GW_SHIFT_BEGINS], 1);
	/* The server has all of it: the client is told that also what was taken out has arrived. Its own words stand behind the answer. */
	assert_int_equal(tcp(engine, true, GW_ACK, 501, CLIENT_ISN + 1 + CHARLIE + 2, "yes\n", 4), GW_FATE_PASS);
	assert_int_equal(went.ack, CLIENT_ISN + 1 + BEHIND + 2);
	assert_int_equal(went.seq, 504);
	assert_int_equal(tcp(engine, false, GW_ACK, CLIENT_ISN + 1 + BEHIND + 2, 508, NULL, 0), GW_FATE_PASS);
	assert_int_equal(went.ack, 505);
	assert_int_equal(went.seq, CLIENT_ISN + 1 + CHARLIE + 2);
	gw_engine_counts(engine, &counts);
	assert_int_equal(counts.answered, 1);
	assert_int_equal(counts.shifted_now, 1);
	gw_engine_free(engine);
	assert_int_equal(seen.shifts[GW_SHIFT_OVER], 1);
}

/* Without an answer the direction goes on just so. */
static void test_silent(void **state)
{
	struct gw_engine *engine = engine_new();

	seen.refuse = true;
	seen.reply = GW_REPLY_SILENT;
	open_session(engine);
	assert_int_equal(put(engine, 0, CHARLIE, text), GW_FATE_PASS);
	assert_int_equal(tcp(engine, true, GW_ACK, 501, CLIENT_ISN + 1 + CHARLIE, NULL, 0), GW_FATE_PASS);
	assert_int_equal(put(engine, CHARLIE, BEHIND - CHARLIE, text + CHARLIE), GW_FATE_PASS);
	assert_int_equal(went.payload_size, 0);
	assert_int_equal(seen.injected, 1); /* an acknowledgement of it */
	assert_int_equal(seen.sent[0].packet.ack, CLIENT_ISN + 1 + BEHIND);
	assert_int_equal(put(engine, CHARLIE, BEHIND - CHARLIE, text + CHARLIE), GW_FATE_PASS); /* again */
	assert_int_equal(went.payload_size, 0);
	assert_int_equal(put(engine, BEHIND, 3, text + BEHIND), GW_FATE_PASS);
	assert_int_equal(went.seq, CLIENT_ISN + 1 + CHARLIE);
	assert_string_equal(seen.said, "alpha\nbe\ncharlie three\n\nd\n");
	gw_engine_free(engine);
}

/* The other side is in the middle of a line: the answer waits for its end, wherever in a segment that is. */
static void test_answer_between_messages(void **state)
{
	struct gw_engine *engine = engine_new();

	seen.refuse = true;
	seen.reply = GW_REPLY_NATIVE;
	open_session(engine);
	assert_int_equal(tcp(engine, true, GW_ACK, 501, CLIENT_ISN + 1, "he", 2), GW_FATE_PASS);
	assert_int_equal(put(engine, 0, BEHIND, text), GW_FATE_PASS);
	assert_int_equal(went.payload_size, CHARLIE);
	assert_int_equal(seen.injected, 1);
	assert_int_equal(seen.sent[0].packet.payload_size, 0);
	assert_int_equal(tcp(engine, true, GW_ACK, 503, CLIENT_ISN + 1, "y\nyou", 5), GW_FATE_PASS);
	assert_int_equal(seen.injected, 3);
	assert_memory_equal(seen.sent[1].frame + 54, "y\n", 2);
	assert_memory_equal(seen.sent[2].frame + 54, "NO\n", 3);
	assert_int_equal(seen.sent[2].packet.seq, 505);
	assert_int_equal(went.seq, 508);
	assert_memory_equal(went.frame + 54, "you", 3);
	gw_engine_free(engine);
}

/* Some of it has gone on: the receiver waits for the rest, which it must not get. */
static void test_answer_comes_too_late(void **state)
{
	struct gw_engine *engine = engine_new();

	seen.refuse = true;
	seen.reply = GW_REPLY_NATIVE;
	open_session(engine);
	assert_int_equal(put(engine, 0, CHARLIE + 3, text), GW_FATE_PASS);
	assert_int_equal(put(engine, CHARLIE + 3, BEHIND - CHARLIE - 3, text + CHARLIE + 3), GW_FATE_DROP);
	assert_int_equal(seen.injected, 2);
	/* Its sender hears the refusal as the last thing its partner says; what it still sends is reset. */
	assert_int_equal(seen.sent[0].packet.flags, GW_FIN | GW_PSH | GW_ACK);
	assert_int_equal(seen.sent[0].packet.seq, 501);
	assert_int_equal(seen.sent[0].packet.payload_size, 3);
	assert_memory_equal(seen.sent[0].frame + 54, "NO\n", 3);
	assert_true(seen.sent[1].packet.flags & GW_RST);
	assert_int_equal(put(engine, BEHIND, 1, text + BEHIND), GW_FATE_DROP);
	assert_int_equal(seen.injected, 3);
	assert_true(seen.sent[2].packet.flags & GW_RST);
	gw_engine_free(engine);
}

/* Its partner is in the middle of something: nothing can be said there. */
static void test_answer_comes_too_late_and_amid(void **state)
{
	struct gw_engine *engine = engine_new();

	seen.refuse = true;
	seen.reply = GW_REPLY_NATIVE;
	open_session(engine);
	assert_int_equal(tcp(engine, true, GW_ACK, 501, CLIENT_ISN + 1, "he", 2), GW_FATE_PASS);
	assert_int_equal(put(engine, 0, CHARLIE + 3, text), GW_FATE_PASS);
	assert_int_equal(put(engine, CHARLIE + 3, BEHIND - CHARLIE - 3, text + CHARLIE + 3), GW_FATE_DROP);
	assert_int_equal(seen.injected, 2);
	assert_true(seen.sent[0].packet.flags & GW_RST && seen.sent[1].packet.flags & GW_RST);
	gw_engine_free(engine);
}

/* A protocol that can says in place of the message something that the receiver itself refuses; a retransmission says the same. */
static void test_rewritten(void **state)
{
	struct gw_engine *engine = engine_new();

	seen.refuse = seen.rewrite = true;
	seen.reply = GW_REPLY_NATIVE;
	open_session(engine);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(put(engine, 0, BEHIND + 1, text), GW_FATE_PASS);
		assert_true(seen.rewrite);
		assert_memory_equal(went.frame + 54, "alpha\nbe\n-------------\n\n", BEHIND + 1);
		assert_int_equal(gw_decode(&went, true), 0);
	}
	assert_int_equal(seen.injected, 0);
	assert_int_equal(seen.shifts[GW_SHIFT_BEGINS], 0);
	gw_engine_free(engine);
}

/* An engine that finds a session with another's numbers ends it, on both sides; a session that begins anew on the same ports is none of that. */
static void test_orphan(void **state)
{
	struct gw_engine *engine = engine_new();
	struct gw_counts counts;

	assert_int_equal(tcp_at(engine, 0, true, false, GW_ACK, 1000, 700, "a\n", 2), GW_FATE_DROP);
	assert_int_equal(seen.injected, 1);
	assert_true(seen.sent[0].packet.flags & GW_RST && seen.sent[0].to == GW_PORT_B);
	assert_int_equal(seen.sent[0].packet.seq, 700);
	assert_int_equal(tcp_at(engine, 0, true, true, GW_ACK, 705, 1001, NULL, 0), GW_FATE_DROP);
	assert_int_equal(seen.sent[1].packet.seq, 1001);
	gw_engine_counts(engine, &counts);
	assert_int_equal(counts.orphans, 1);
	assert_int_equal(tcp_at(engine, 0, true, false, GW_SYN, 5, 0, NULL, 0), GW_FATE_PASS);
	assert_int_equal(seen.shifts[GW_SHIFT_OVER], 1);
	gw_engine_free(engine);
}

static void test_gap_is_believed_with_proof_only(void **state)
{
	struct gw_engine *engine = engine_new();

	open_session(engine);
	assert_int_equal(put(engine, 0, 6, text), GW_FATE_PASS);
	assert_int_equal(put(engine, 9, 14, text + 9), GW_FATE_DROP); /* held */
	assert_string_equal(seen.said, "alpha\n");
	assert_int_equal(tcp(engine, true, GW_ACK, 501, CLIENT_ISN + 1 + 9, NULL, 0), GW_FATE_PASS);
	assert_string_equal(seen.said, "alpha\ncharlie three\n");
	gw_engine_free(engine);
}

static struct gw_policy *policy_new(const char *conduit, const char *otherwise)
{
	char draft[1024];
	struct sk_diag diag = {0};
	_cleanup_policy_ struct sk_policy source = {0};
	struct gw_policy *policy = NULL;

	snprintf(draft, sizeof draft, "part: gateway\nserial: 1\nnot_before: 2026-11-01\nexpires: 2027-11-01\ngateway:\n  zones:\n    - {name: tool, addresses: [10.0.0.2]}\n"
		 "    - {name: host, addresses: [10.0.0.1]}\n  conduits:\n    - {name: it, from: host, to: tool, action: inspect, %s}\n"
		 "  otherwise: {action: drop, mode: %s}\n", conduit, otherwise);
	if (sk_policy_parse_draft(draft, strlen(draft), &source, &diag) != 0 || gw_policy_new(&source, protos, NULL, &policy, &diag) != 0)
		fail_msg("%s: %s", diag.path, diag.text);
	return policy;
}

static void test_no_memory_goes_by_the_failure_setting(void **state)
{
	static const struct {
		const char *conduit;
		enum gw_fate fate;
	} rows[] = {{"mode: enforce, failure: closed", GW_FATE_DROP}, {"mode: enforce, failure: open", GW_FATE_PASS}, {"mode: shadow, failure: closed", GW_FATE_PASS}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct gw_policy *policy = policy_new(rows[i].conduit, "observe");
		struct gw_engine *engine = engine_with(64, policy); /* less than a flow */
		struct gw_counts counts;

		assert_int_equal(tcp(engine, false, GW_SYN, CLIENT_ISN, 0, NULL, 0), rows[i].fate);
		assert_int_equal(tcp(engine, true, GW_ACK, 500, CLIENT_ISN, "x", 1), rows[i].fate);
		gw_engine_counts(engine, &counts);
		assert_int_equal(counts.unjudged, 2);
		gw_engine_free(engine);
		gw_policy_free(policy);
	}
}

/* A datagram between 10.0.0.1:1000, who opened, and 10.0.0.2:7. */
static enum gw_fate udp(struct gw_engine *engine, bool back, enum gw_sender sender)
{
	uint8_t frame[60] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17};
	const uint16_t ports[2] = {1000, 7};
	struct gw_packet p = {.frame = frame, .size = 43, .time = 1000000000, .port = back ? GW_PORT_A : GW_PORT_B, .sender = sender};

	memcpy(frame + 26, (uint8_t[]){10, 0, 0, back ? 2 : 1, 10, 0, 0, back ? 1 : 2}, 8);
	for (int i = 0; i < 2; i++) {
		frame[34 + 2 * i] = (uint8_t)(ports[back ^ i] >> 8);
		frame[35 + 2 * i] = (uint8_t)ports[back ^ i];
	}
	frame[39] = 9;
	gw_decode(&p, false);
	gw_sum_mend(&p);
	return gw_engine_packet(engine, &p);
}

/* An engine that begins while they talk may see an answer first; who opened the flow is known to whoever lends the frames. */
static void test_an_answer_comes_first(void **state)
{
	static const struct {
		enum gw_sender sender;
		enum gw_fate fate;
	} rows[] = {{GW_SENDER_CALLED, GW_FATE_PASS}, {GW_SENDER_OPENED, GW_FATE_DROP}, {GW_SENDER_UNKNOWN, GW_FATE_DROP}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct gw_policy *policy = policy_new("mode: enforce", "enforce");
		struct gw_engine *engine = engine_with(8 << 20, policy);

		assert_int_equal(udp(engine, true, rows[i].sender), rows[i].fate);
		gw_engine_free(engine);
		gw_policy_free(policy);
	}
}

/* A parser that gives up leaves a flow that nobody understands: where only its protocol may be spoken, it ends there. */
static void test_who_gives_up_lets_nothing_by(void **state)
{
	static const struct {
		const char *conduit;
		enum gw_fate fate;
	} rows[] = {{"protocols: [line], mode: enforce", GW_FATE_DROP}, {"protocols: [line], mode: shadow", GW_FATE_PASS}, {"mode: enforce", GW_FATE_PASS}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct gw_policy *policy = policy_new(rows[i].conduit, "observe");
		struct gw_engine *engine = engine_with(8 << 20, policy);

		assert_int_equal(tcp(engine, false, GW_ACK, CLIENT_ISN, 900, "alpha\n", 6), GW_FATE_PASS);
		assert_int_equal(tcp(engine, false, GW_ACK, CLIENT_ISN + 6, 900, "?", 1), rows[i].fate);
		assert_int_equal(tcp(engine, false, GW_ACK, CLIENT_ISN + 7, 900, "bravo\n", 6), rows[i].fate);
		assert_string_equal(seen.said, "alpha\n");
		gw_engine_free(engine);
		gw_policy_free(policy);
	}
}

/* Of a session picked up, the side at a protocol's port is taken for the server, but not when it was seen to open. */
static void test_who_was_seen_to_open_is_the_client(void **state)
{
	static const struct {
		enum gw_sender sender;
		enum gw_dir dir;
	} rows[] = {{GW_SENDER_UNKNOWN, GW_TO_CLIENT}, {GW_SENDER_CALLED, GW_TO_CLIENT}, {GW_SENDER_OPENED, GW_TO_SERVER}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct gw_engine *engine = engine_new();

		seen.sender = rows[i].sender;
		assert_int_equal(tcp(engine, true, GW_ACK, 500, 900, "alpha\n", 6), GW_FATE_PASS);
		assert_string_equal(seen.said, "alpha\n");
		assert_int_equal(seen.dir, rows[i].dir);
		gw_engine_free(engine);
	}
}

SK_TEST_MAIN(cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_first_copy_is_the_truth), cmocka_unit_test(test_refused),
	     cmocka_unit_test(test_answered), cmocka_unit_test(test_silent), cmocka_unit_test(test_answer_between_messages),
	     cmocka_unit_test(test_answer_comes_too_late), cmocka_unit_test(test_answer_comes_too_late_and_amid), cmocka_unit_test(test_rewritten), cmocka_unit_test(test_orphan),
	     cmocka_unit_test(test_gap_is_believed_with_proof_only), cmocka_unit_test(test_no_memory_goes_by_the_failure_setting),
	     cmocka_unit_test(test_an_answer_comes_first), cmocka_unit_test(test_who_was_seen_to_open_is_the_client),
	     cmocka_unit_test(test_who_gives_up_lets_nothing_by))
