// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Memory runs out at every allocation of our own in channels, calls, batches and JSON: -ENOMEM, nothing lost,
 * nothing half done.
 */
#include "support/harness.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "wire/batch.h"
#include "wire/call.h"
#include "wire/chan.h"
#include "wire/json.h"

static const char document[] = "{\"a\":[1,{\"b\":\"x\\ny\"},[],\"\\u20ac\"],\"c\":{\"d\":null,\"e\":{\"f\":true}},\"g\":\"h\"}";

static int json(void *arg)
{
	_cleanup_json_ struct json_object *value = NULL;
	_cleanup_buf_ struct sk_buf buf = SK_BUF(1000);
	struct sk_diag diag = {0};
	int r;

	(void)arg;
	r = sk_json_parse(document, strlen(document), 1000, &value, &diag);
	if (r == 0)
		r = sk_json_canonical(value, &buf);
	if (r == 0)
		r = sk_json_check_canonical(value, buf.data, buf.size, &diag);
	if (r == 0)
		r = sk_json_put_base64(value, "i", "abc", 3);
	if (r == 0)
		r = sk_json_put_bytes(value, "j", "a\xff" "b", 3);
	return r;
}

static int batch(void *arg)
{
	_cleanup_buf_ struct sk_buf body = SK_BUF(SK_BATCH_HEADER + SK_BATCH_MAX_PACKED), raw = SK_BUF(1000);
	struct sk_batch batch;
	int r;

	(void)arg;
	r = sk_batch_pack(1, 0, 1, 2, "{}\n{}\n", 6, &body, NULL);
	if (r == 0)
		r = sk_batch_read(body.data, body.size, &batch, NULL);
	if (r == 0)
		r = sk_batch_unpack(&batch, &raw, NULL);
	return r;
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	(void)chan;
	(void)arg;
	(void)frame;
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	(void)chan;
	(void)arg;
	(void)why;
}

static void on_fd(void *arg, int fd, uid_t uid)
{
	(void)arg;
	(void)uid;
	close(fd);
}

static int channel_and_call(void *arg)
{
	static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_SERVER};
	_cleanup_call_ struct sk_call *call = NULL;
	_cleanup_loop_ struct sk_loop *loop = NULL;
	struct sk_accept *accept = NULL;
	struct sk_chan *chan = NULL;
	struct sk_diag diag = {0};
	struct sk_frame frame;
	int pair[2], r;

	(void)arg;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	r = sk_loop_new(&loop);
	if (r == 0)
		r = sk_accept_new(loop, pair[0], on_fd, NULL, &accept);
	sk_accept_free(accept);
	if (r == 0)
		r = sk_chan_new_fd(loop, pair[0], &handler, NULL, &opts, &chan);
	if (!chan)
		close(pair[0]); /* it stayed ours */
	if (r == 0)
		r = sk_call_open_fd(pair[1], SK_PROTO_LOCKDOWN, &call);
	if (!call)
		close(pair[1]);
	if (r == 0)
		r = sk_chan_send_error(chan, 1, "code", "text");
	chan = sk_chan_free(chan);
	if (r == 0)
		r = sk_call_receive(call, 0, &frame, &diag) == -ENOMEM ? -ENOMEM : 0;
	return r;
}

static void test_torture(void **state)
{
	unsigned long json_asks = sk_test_torture(json, NULL), batch_asks = sk_test_torture(batch, NULL);
	unsigned long channel_asks = sk_test_torture(channel_and_call, NULL);

	(void)state;
#ifdef SK_POINTS
	assert_true(json_asks >= 10 && batch_asks >= 2 && channel_asks >= 8);
#else
	assert_int_equal(json_asks + batch_asks + channel_asks, 0);
#endif
}

SK_TEST_MAIN(cmocka_unit_test(test_torture))
