// SPDX-License-Identifier: GPL-3.0-or-later
/* Events on their way to the spool, with a stand-in that refuses them: what it calls bad is counted as lost, what is full is its own to count. */
#include "lockdown/clerk/clerk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "os/file.h"
#include "os/peer.h"
#include "support/harness.h"

struct stand {
	struct clerk clerk;
	const char *code;
	struct sk_chan *chan;
};

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct stand *s = arg;

	if (frame->type == SK_F_EVENT && frame->id)
		sk_chan_send_error(chan, frame->id, s->code, "no");
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)why;
	((struct stand *)arg)->chan = sk_chan_free(chan);
}

static void on_accept(void *arg, int fd, uid_t uid)
{
	static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};
	const struct sk_chan_opts opts = {.proto = SK_PROTO_SPOOL, .side = SK_SERVER};
	struct stand *s = arg;

	(void)uid;
	assert_int_equal(sk_chan_new_fd(s->clerk.loop, fd, &handler, s, &opts, &s->chan), 0);
}

/* Ends the loop when the answer is there, or after two seconds. */
static void on_look(void *arg)
{
	static unsigned looks;
	struct stand *s = arg;

	if (s->clerk.event_count == 0 || ++looks > 200)
		sk_loop_stop(s->clerk.loop, 0);
}

static void report_one(struct stand *s, const char *code)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(&s->clerk, 0);

	s->code = code;
	assert_int_equal(sk_event_tampering(&at, "lockdown", "file-changed", "/x", &text), 0);
	lk_report(&s->clerk, SK_EVENT_TAMPERING, &text);
	assert_int_equal(s->clerk.event_count, 1);
	sk_loop_run(s->clerk.loop);
	assert_int_equal(s->clerk.event_count, 0);
}

static void test_refused(void **state)
{
	char top[] = "/tmp/test-report-XXXXXX", path[64];
	struct sk_duty_ctx ctx = {.root = mkdtemp(top)};
	struct stand s = {.clerk = {.ctx = &ctx}};
	struct sk_accept *accept;
	struct sk_watch *look;
	int dir, fd;

	(void)state;
	snprintf(path, sizeof path, "%s/run", top);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/run/sekisho", top);
	assert_int_equal(mkdir(path, 0755), 0);
	sk_list_init(&s.clerk.events);
	assert_int_equal(sk_dir_open(top, "run/sekisho", &dir), 0);
	assert_int_equal(sk_peer_listen(dir, "spool.sock", (uid_t)-1, (gid_t)-1, 0600, &fd), 0);
	assert_int_equal(sk_loop_new(&s.clerk.loop), 0);
	assert_int_equal(sk_accept_new(s.clerk.loop, fd, on_accept, &s, &accept), 0);
	assert_int_equal(sk_watch_timer(s.clerk.loop, on_look, &s, &look), 0);
	assert_int_equal(sk_timer_arm_every(look, 10), 0);
	assert_int_equal(lk_report_open(&s.clerk), 0);
	report_one(&s, "full");
	assert_int_equal(s.clerk.events_lost, 0);
	report_one(&s, "bad");
	assert_int_equal(s.clerk.events_lost, 1);
	lk_report_close(&s.clerk);
	sk_chan_free(s.chan);
	sk_watch_free(look);
	sk_accept_free(accept);
	sk_loop_free(s.clerk.loop);
	snprintf(path, sizeof path, "%s/run/sekisho/spool.sock", top);
	unlink(path);
	snprintf(path, sizeof path, "%s/run/sekisho", top);
	rmdir(path);
	snprintf(path, sizeof path, "%s/run", top);
	rmdir(path);
	rmdir(top);
	close(dir);
}

SK_TEST_MAIN(cmocka_unit_test(test_refused))
