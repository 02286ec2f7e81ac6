// SPDX-License-Identifier: GPL-3.0-or-later
/* HELLO and HEALTH (wire/link.h), out of what the spool and lockdown said of themselves. */
#include <errno.h>

#include "base/error.h"
#include "base/mem.h"
#include "link/link.h"
#include "wire/frame.h"

int health_take(struct json_object **slot, const struct sk_frame *frame, struct sk_diag *diag)
{
	struct json_object *body;
	int r = sk_json_parse_object(frame->body, frame->size, frame->size, &body, diag);

	if (r)
		return r;
	sk_json_free(*slot);
	*slot = body;
	return 0;
}

static uint64_t number(struct json_object *o, const char *key)
{
	struct json_object *v;

	return o && json_object_object_get_ex(o, key, &v) ? (uint64_t)json_object_get_int64(v) : 0;
}

static struct json_object *stream_of(const struct link *link, uint8_t priority)
{
	struct json_object *streams;

	if (!link->spool_health || !json_object_object_get_ex(link->spool_health, "streams", &streams))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(streams); i++) {
		struct json_object *one = json_object_array_get_idx(streams, i);

		if (number(one, "priority") == priority)
			return one;
	}
	return NULL;
}

static int put_streams(const struct link *link, struct json_object *o)
{
	struct json_object *list;
	int r = sk_json_put_array(o, "streams", &list);

	for (uint8_t p = 0; !r && p < SK_PRIORITIES; p++) {
		struct json_object *stream = stream_of(link, p), *one = json_object_new_object();

		r = sk_json_append(list, one);
		if (!r)
			r = sk_json_put_u64(one, "priority", p);
		if (!r)
			r = sk_json_put_u64(one, "first", number(stream, "acked") + 1);
		if (!r)
			r = sk_json_put_u64(one, "next", SK_MAX(number(stream, "next"), (uint64_t)1));
	}
	return r;
}

static const char *clock_state(const struct link *link)
{
	return sk_clock_state_name(sk_clock_check(&link->clock, sk_clock_ms()));
}

static int put_clock(const struct link *link, struct json_object *o)
{
	struct json_object *clock;
	int r = sk_json_put_object(o, "clock", &clock);

	if (!r)
		r = sk_json_put_u64(clock, "time", sk_clock_ms());
	return r ? r : sk_json_put_string(clock, "state", clock_state(link));
}

int health_hello(struct link *link, struct sk_buf *out)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	int r = o ? sk_json_put_string(o, "agent", link->identity.agent) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(o, "version", SK_VERSION);
	if (!r)
		r = sk_json_put_string(o, "boot", sk_clock_boot_id());
	if (!r)
		r = put_clock(link, o);
	if (!r)
		r = sk_json_put_u64(o, "epoch", number(link->spool_health, "epoch"));
	if (!r)
		r = put_streams(link, o);
	return r ? r : sk_json_canonical(o, out);
}

/* What the fleet asks for first, and the whole of it behind. */
static int put_spool(struct link *link, struct json_object *o)
{
	struct json_object *spool, *depth, *full;
	uint64_t dropped = 0;
	int r = sk_json_put_object(o, "spool", &spool);

	if (!r)
		r = sk_json_put_array(spool, "depth", &depth);
	for (uint8_t p = 0; !r && p < SK_PRIORITIES; p++) {
		struct json_object *s = stream_of(link, p);
		uint64_t next = number(s, "next"), acked = number(s, "acked");

		dropped += number(s, "dropped") + number(s, "not_kept") + number(s, "damaged");
		r = sk_json_append(depth, json_object_new_int64(next > acked ? (int64_t)(next - acked - 1) : 0));
	}
	if (!r)
		r = sk_json_put_u64(spool, "bytes", number(link->spool_health, "bytes"));
	if (!r)
		r = sk_json_put_u64(spool, "max_bytes", number(link->spool_health, "max_bytes"));
	if (!r)
		r = sk_json_put_u64(spool, "dropped", dropped);
	if (!r && link->spool_health && json_object_object_get_ex(link->spool_health, "disk_full", &full))
		r = sk_json_put_bool(spool, "disk_full", json_object_get_boolean(full));
	return r;
}

int health_report(struct link *link, struct sk_buf *out)
{
	_cleanup_json_ struct json_object *o = json_object_new_object();
	int r = o ? put_spool(link, o) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(o, "clock", clock_state(link));
	if (!r && link->spool_health)
		r = sk_json_put(o, "streams", json_object_get(json_object_object_get(link->spool_health, "streams")));
	if (!r && link->lockdown_health)
		r = sk_json_put(o, "lockdown", json_object_get(link->lockdown_health));
	if (!r && link->gateway_health)
		r = sk_json_put(o, "gateway", json_object_get(link->gateway_health));
	return r ? r : sk_json_canonical(o, out);
}
