// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Channels over socket pairs: delivery, refusals, back-pressure, silence, orderly ends, and freeing from
 * inside every callback.
 */
#include "support/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/peer.h"
#include "wire/call.h"
#include "wire/chan.h"

/* One side under test; the other is a bare descriptor or a second side. */
struct side {
	struct sk_loop *loop;
	struct sk_chan *chan;
	unsigned frames, closes, drains;
	size_t bytes;
	uint32_t last_id;
	uint16_t last_type;
	char why[256];
	unsigned stop_after; /* frames */
	bool free_on_frame, free_on_drain, answer;
};

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct side *side = arg;

	for (uint32_t i = 0; i < frame->size; i++)
		side->bytes += frame->body[i] ? 1 : 0;
	side->frames++;
	side->last_id = frame->id;
	side->last_type = frame->type;
	if (side->answer)
		sk_chan_send_error(chan, frame->id, "no", "not \"now\"");
	if (side->free_on_frame)
		side->chan = sk_chan_free(chan);
	if (side->frames == side->stop_after)
		sk_loop_stop(side->loop, 1);
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct side *side = arg;

	side->closes++;
	snprintf(side->why, sizeof side->why, "%s", why->text);
	side->chan = sk_chan_free(chan);
	sk_loop_stop(side->loop, 2);
}

static void on_drain(struct sk_chan *chan, void *arg)
{
	struct side *side = arg;

	side->drains++;
	if (side->free_on_drain)
		side->chan = sk_chan_free(chan);
	sk_loop_stop(side->loop, 3);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close, .on_drain = on_drain};

static void on_late(void *arg)
{
	sk_loop_stop(arg, 99);
}

/* Runs until a callback stops it; 99 after `ms`. */
static int run(struct sk_loop *loop, uint64_t ms)
{
	_cleanup_watch_ struct sk_watch *late = NULL;

	assert_int_equal(sk_watch_timer(loop, on_late, loop, &late), 0);
	assert_int_equal(sk_timer_arm(late, ms), 0);
	return sk_loop_run(loop);
}

/* A server side of lockdown.sock; *ret_fd is the client's bare end. */
static void make(struct side *side, const struct sk_chan_opts *opts, int *ret_fd)
{
	struct sk_chan_opts own = *opts;
	int pair[2];

	own.proto = SK_PROTO_LOCKDOWN;
	own.side = SK_SERVER;
	*side = (struct side){0};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(sk_loop_new(&side->loop), 0);
	assert_int_equal(sk_chan_new_fd(side->loop, pair[0], &handler, side, &own, &side->chan), 0);
	*ret_fd = pair[1];
}

static void done(struct side *side, int fd)
{
	side->chan = sk_chan_free(side->chan);
	side->loop = sk_loop_free(side->loop);
	close(fd);
}

static size_t frame_bytes(uint8_t *out, size_t space, uint16_t type, uint32_t id, const char *body)
{
	struct sk_writer w;

	sk_writer_init(&w, out, space);
	sk_frame_write(&w, &(struct sk_frame){.type = type, .id = id, .body = (const uint8_t *)body, .size = (uint32_t)strlen(body)});
	assert_false(w.bad);
	return w.at;
}

static void put(int fd, uint16_t type, uint32_t id, const char *body)
{
	uint8_t bytes[256];
	size_t n = frame_bytes(bytes, sizeof bytes, type, id, body);

	assert_int_equal(write(fd, bytes, n), n);
}

static void test_frames_in_pieces(void **state)
{
	uint8_t bytes[64];
	struct side side;
	size_t n;
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){0}, &fd);
	n = frame_bytes(bytes, sizeof bytes, SK_F_CALL, 9, "{\"verb\":\"status\"}");
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(side.frames, 0);
		assert_int_equal(write(fd, bytes + i, 1), 1);
		run(side.loop, 1);
	}
	assert_int_equal(side.frames, 1);
	assert_int_equal(side.last_id, 9);
	assert_int_equal(side.bytes, 17);
	/* Many at once. */
	for (int i = 0; i < 100; i++)
		put(fd, SK_F_CALL, 10, "{}");
	side.stop_after = 101;
	assert_int_equal(run(side.loop, 2000), 1);
	assert_int_equal(sk_chan_counts(side.chan).frames_in, 101);
	done(&side, fd);
}

static void closes_with(const void *bytes, size_t size, bool then_end, const char *why)
{
	struct side side;
	int fd;

	make(&side, &(struct sk_chan_opts){0}, &fd);
	assert_int_equal(write(fd, bytes, size), size);
	if (then_end)
		shutdown(fd, SHUT_WR);
	assert_int_equal(run(side.loop, 2000), 2);
	assert_int_equal(side.closes, 1);
	if (!strstr(side.why, why))
		fail_msg("closed with \"%s\", not \"%s\"", side.why, why);
	assert_int_equal(side.frames, 0);
	done(&side, fd);
}

static void test_bad_input_closes(void **state)
{
	uint8_t bytes[64] = {0};
	size_t n;

	(void)state;
	closes_with(bytes, 12, false, "frame version 0 is not 1");
	n = frame_bytes(bytes, sizeof bytes, 99, 1, "");
	closes_with(bytes, n, false, "frame type 99 is unknown");
	n = frame_bytes(bytes, sizeof bytes, SK_F_RESULT, 1, "{}");
	closes_with(bytes, n, false, "a client may not send RESULT here (lockdown)");
	n = frame_bytes(bytes, sizeof bytes, SK_F_HEALTH_GET, 1, "");
	bytes[3] = 1;
	closes_with(bytes, n, false, "HEALTH_GET has a body of 1 bytes");
	n = frame_bytes(bytes, sizeof bytes, SK_F_CALL, 1, "{}");
	for (size_t cut = 1; cut < n; cut++)
		closes_with(bytes, cut, true, "closed by the other side in the middle of a frame");
	closes_with(bytes, 0, true, "closed by the other side");
}

static void test_free_inside_callbacks(void **state)
{
	struct side side;
	char big[65536];
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){0}, &fd);
	side.free_on_frame = true;
	for (int i = 0; i < 5; i++)
		put(fd, SK_F_CALL, 1, "{}");
	assert_int_equal(run(side.loop, 50), 99);
	assert_int_equal(side.frames, 1); /* nothing after free, though four frames were waiting */
	assert_int_equal(side.closes, 0);
	assert_null(side.chan);
	done(&side, fd);

	make(&side, &(struct sk_chan_opts){.high_water = 1000}, &fd);
	side.free_on_drain = true;
	memset(big, ' ', sizeof big);
	while (sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big) == 0)
		;
	for (int i = 0; i < 200 && side.drains == 0; i++) {
		char sink[65536];

		run(side.loop, 1);
		while (read(fd, sink, sizeof sink) > 0)
			;
	}
	assert_int_equal(side.drains, 1);
	assert_null(side.chan);
	done(&side, fd);
}

static void test_free_right_after_close_began(void **state)
{
	struct side side;
	char big[65536] = {0};
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){.max_output = 100000}, &fd);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big), 0);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big), SK_FULL);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, 1), SK_END);
	/* on_close is due but not called: freeing now means it never comes. */
	side.chan = sk_chan_free(side.chan);
	assert_int_equal(run(side.loop, 30), 99);
	assert_int_equal(side.closes, 0);
	done(&side, fd);
}

static void test_output_cap_closes(void **state)
{
	struct side side;
	char big[65536] = {0};
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){.high_water = 100000, .max_output = 150000}, &fd);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big), 0);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big), SK_AGAIN);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big), SK_FULL);
	assert_int_equal(side.closes, 0); /* never from inside the call */
	assert_int_equal(run(side.loop, 1000), 2);
	assert_non_null(strstr(side.why, "does not read"));
	done(&side, fd);
}

static void test_sending_what_is_not_ours(void **state)
{
	struct side side;
	char big[4097] = {0};
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){0}, &fd);
	assert_int_equal(sk_chan_send(side.chan, SK_F_CALL, 1, "{}", 2), -EINVAL);
	assert_int_equal(sk_chan_send(side.chan, SK_F_ERROR, 1, big, sizeof big), -EINVAL);
	assert_int_equal(sk_chan_send(side.chan, 99, 1, NULL, 0), -EINVAL);
	assert_int_equal(sk_chan_queued(side.chan), 0);
	done(&side, fd);
}

static void test_pause(void **state)
{
	struct side side;
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){0}, &fd);
	sk_chan_pause(side.chan, true);
	put(fd, SK_F_CALL, 1, "{}");
	assert_int_equal(run(side.loop, 30), 99);
	assert_int_equal(side.frames, 0);
	side.stop_after = 1;
	sk_chan_pause(side.chan, false);
	assert_int_equal(run(side.loop, 1000), 1);
	done(&side, fd);
}

static void test_silence(void **state)
{
	uint8_t bytes[64];
	struct side side;
	uint64_t begin;
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){.idle_ms = 150, .ping_ms = 40}, &fd);
	begin = sk_clock_mono_ms();
	assert_int_equal(run(side.loop, 2000), 2);
	assert_in_range(sk_clock_mono_ms() - begin, 140, 700);
	assert_non_null(strstr(side.why, "silent too long"));
	/* It asked before it gave up. */
	assert_true(read(fd, bytes, sizeof bytes) >= SK_FRAME_HEADER);
	assert_int_equal(bytes[5], SK_F_PING);
	done(&side, fd);

	/* A peer that answers stays. */
	make(&side, &(struct sk_chan_opts){.idle_ms = 150, .ping_ms = 40}, &fd);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(run(side.loop, 40), 99);
		put(fd, SK_F_PONG, 0, "");
	}
	assert_int_equal(side.closes, 0);
	assert_int_equal(side.frames, 0);
	done(&side, fd);
}

static void test_ping_is_answered(void **state)
{
	uint8_t bytes[64];
	struct side side;
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){0}, &fd);
	put(fd, SK_F_PING, 5, "");
	run(side.loop, 30);
	assert_int_equal(side.frames, 0);
	assert_int_equal(read(fd, bytes, sizeof bytes), SK_FRAME_HEADER);
	assert_int_equal(bytes[5], SK_F_PONG);
	assert_int_equal(bytes[11], 5);
	done(&side, fd);
}

static void test_finish_sends_everything(void **state)
{
	static char big[1 << 20], sink[65536];
	struct side side;
	size_t got = 0;
	int fd;

	(void)state;
	make(&side, &(struct sk_chan_opts){0}, &fd);
	for (int i = 0; i < 3; i++)
		assert_true(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, sizeof big) >= 0);
	put(fd, SK_F_CALL, 1, "{}"); /* unread input must not become a reset */
	sk_chan_finish(side.chan);
	assert_int_equal(sk_chan_send(side.chan, SK_F_PROGRESS, 1, big, 1), SK_END);
	for (;;) {
		ssize_t n = read(fd, sink, sizeof sink);

		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
		else
			run(side.loop, 1);
	}
	assert_int_equal(got, 3 * (sizeof big + SK_FRAME_HEADER));
	assert_int_equal(side.closes, 0);
	shutdown(fd, SHUT_WR);
	assert_int_equal(run(side.loop, 2000), 2);
	assert_string_equal(side.why, "closed by us");
	assert_int_equal(side.frames, 0);
	done(&side, fd);
}

struct guests {
	struct sk_loop *loop;
	struct side *side;
	uid_t uid;
};

static void on_guest(void *arg, int fd, uid_t uid)
{
	struct guests *guests = arg;
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_SERVER};

	guests->uid = uid;
	assert_int_equal(sk_chan_new_fd(guests->loop, fd, &handler, guests->side, &opts, &guests->side->chan), 0);
}

static int count_parts(void *arg, const struct sk_frame *frame)
{
	(void)frame;
	++*(int *)arg;
	return 0;
}

static void *ask(void *arg)
{
	static char answer[400];
	_cleanup_call_ struct sk_call *call = NULL;
	struct sk_diag diag = {0};
	struct sk_frame frame;
	int parts = 0, r;

	r = sk_call_open(arg, "lockdown.sock", SK_PROTO_LOCKDOWN, &call);
	if (r == 0)
		r = sk_call_ask(call, SK_F_CALL, "{}", 2, 3000, count_parts, &parts, &frame, &diag);
	snprintf(answer, sizeof answer, "%d %s: %s", r, diag.path, diag.text);
	return answer;
}

static void test_accept_and_call(void **state)
{
	struct side side = {.answer = true};
	struct guests guests = {.side = &side, .uid = 12345};
	struct sk_accept *accept = NULL;
	struct sk_call *call;
	const char *root = sk_test_dir();
	pthread_t thread;
	int listener, dir, top;
	void *answer;

	(void)state;
	assert_int_equal(sk_loop_new(&side.loop), 0);
	guests.loop = side.loop;
	assert_int_equal(sk_call_open(root, "lockdown.sock", SK_PROTO_LOCKDOWN, &call), SK_NONE);
	assert_int_equal(sk_dir_open(root, "", &top), 0);
	assert_int_equal(sk_dir_make(top, "run/sekisho", -1, -1, 0755), 0);
	assert_int_equal(sk_dir_open(root, "run/sekisho", &dir), 0);
	assert_int_equal(sk_peer_listen(dir, "lockdown.sock", -1, -1, 0600, &listener), 0);
	assert_int_equal(sk_accept_new(side.loop, listener, on_guest, &guests, &accept), 0);
	assert_int_equal(pthread_create(&thread, NULL, ask, (void *)root), 0);
	assert_int_equal(run(side.loop, 3000), 2); /* the client went away */
	pthread_join(thread, &answer);
	assert_string_equal(answer, "6 no: not \"now\"");
	assert_int_equal(guests.uid, geteuid());
	sk_accept_free(accept);
	sk_loop_free(side.loop);
	close(listener);
	close(dir);
	close(top);
}

static void test_call_deadline(void **state)
{
	_cleanup_call_ struct sk_call *call = NULL;
	struct sk_diag diag = {0};
	struct sk_frame frame;
	uint64_t begin = sk_clock_mono_ms();
	uint8_t bytes[64] = {0};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(sk_call_open_fd(pair[0], SK_PROTO_LOCKDOWN, &call), 0);
	assert_int_equal(sk_call_ask(call, SK_F_CALL, "{}", 2, 100, NULL, NULL, &frame, &diag), SK_AGAIN);
	assert_in_range(sk_clock_mono_ms() - begin, 90, 1000);
	/* The late answer to the question given up is not taken for the next one's. */
	put(pair[1], SK_F_RESULT, 1, "{\"late\":1}");
	put(pair[1], SK_F_PROGRESS, 2, "{}");
	put(pair[1], SK_F_RESULT, 2, "{}");
	assert_int_equal(sk_call_ask(call, SK_F_CALL, "{}", 2, 1000, NULL, NULL, &frame, &diag), 0);
	assert_int_equal(frame.size, 2);
	assert_int_equal(write(pair[1], bytes, 12), 12);
	assert_int_equal(sk_call_receive(call, 1000, &frame, &diag), SK_BAD);
	assert_non_null(strstr(diag.text, "version"));
	close(pair[1]);
}

static void test_call_end(void **state)
{
	_cleanup_call_ struct sk_call *call = NULL;
	struct sk_frame frame;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(sk_call_open_fd(pair[0], SK_PROTO_LOCKDOWN, &call), 0);
	close(pair[1]);
	assert_int_equal(sk_call_receive(call, 1000, &frame, NULL), SK_END);
	assert_int_equal(sk_call_send(call, SK_F_CALL, 1, "{}", 2, 100), SK_END);
}

SK_TEST_MAIN(cmocka_unit_test(test_frames_in_pieces), cmocka_unit_test(test_bad_input_closes),
	     cmocka_unit_test(test_free_inside_callbacks), cmocka_unit_test(test_free_right_after_close_began),
	     cmocka_unit_test(test_output_cap_closes), cmocka_unit_test(test_sending_what_is_not_ours), cmocka_unit_test(test_pause),
	     cmocka_unit_test(test_silence), cmocka_unit_test(test_ping_is_answered), cmocka_unit_test(test_finish_sends_everything),
	     cmocka_unit_test(test_accept_and_call), cmocka_unit_test(test_call_deadline), cmocka_unit_test(test_call_end))
