// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Records of guard and keeper become events, and events go to the spool. An event of priority 0 or 1 is kept here until the spool has said that it is
 * durable, and sent again after a reconnect (so the spool may get one twice when it dies between the two); bulk is sent once.
 * At most LK_EVENTS_WAITING wait; what is over is lost, counted, and told when there is room.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/clerk/clerk.h"
#include "os/peer.h"

enum { RETRY_MIN_MS = 100, RETRY_MAX_MS = 5000, QUEUE_HIGH = 1 << 20 };

struct waiting_event {
	struct sk_list link;
	uint32_t id;   /* 0 = bulk */
	bool sent;
	uint8_t priority;
	size_t size;
	char text[];
};

struct sk_event_stamp lk_stamp(const struct clerk *c, uint64_t time_ms)
{
	struct sk_event_stamp at = sk_event_now(&c->clock);

	if (time_ms)
		at.time_ms = (int64_t)time_ms;
	return at;
}

static void drop_event(struct clerk *c, struct waiting_event *event)
{
	sk_list_remove(&event->link);
	c->event_count--;
	free(event);
}

static int send_event(struct clerk *c, struct waiting_event *event)
{
	uint8_t priority = event->priority;
	int r;

	if (event->priority < 2 && !event->id)
		event->id = sk_chan_next_id(c->spool);
	r = sk_chan_send2(c->spool, SK_F_EVENT, event->id, &priority, 1, event->text, event->size);
	event->sent = r == 0 || r == SK_AGAIN;
	return r;
}

/* Bulk is dropped once it is sent; the rest waits for its answer. */
static void send_waiting(struct clerk *c)
{
	sk_list_each(event, &c->events, struct waiting_event, link) {
		int r;

		if (event->sent)
			continue;
		if (!c->spool || sk_chan_queued(c->spool) > QUEUE_HIGH)
			return;
		r = send_event(c, event);
		if (event->sent && event->priority >= 2)
			drop_event(c, event);
		if (r)
			return;
	}
}

static void connect_spool(void *arg);

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct clerk *c = arg;

	(void)chan;
	sk_log(SK_LOG_INFO, "the spool is gone: %s", why->text);
	c->spool = sk_chan_free(c->spool);
	sk_list_each(event, &c->events, struct waiting_event, link)
		event->sent = false, event->id = 0;
	sk_timer_arm(c->retry, c->retry_ms = RETRY_MIN_MS);
}

/* "bad": the spool gave it no number, so nobody but us can say that it is lost. Else it has counted it as not kept, and says so itself. */
static void on_refused(struct clerk *c, const struct sk_frame *frame)
{
	_cleanup_json_ struct json_object *body = NULL;
	struct sk_json at;
	const char *code = "";

	if (sk_json_parse_object(frame->body, frame->size, frame->size, &body, NULL) == 0) {
		at = SK_JSON(body, "error", NULL);
		(void)sk_json_string(&at, "code", 0, 64, &code);
	}
	if (strcmp(code, "bad") == 0 && c->events_bad++)
		sk_log(SK_LOG_DEBUG, "the spool refused another event");
	else
		sk_log(SK_LOG_WARNING, "the spool did not take an event: %.*s", (int)SK_MIN(frame->size, 200u), (const char *)frame->body);
	c->events_lost += strcmp(code, "bad") == 0;
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct clerk *c = arg;

	(void)chan;
	if (frame->type == SK_F_ERROR)
		on_refused(c, frame);
	else if (frame->type != SK_F_EVENT_TAKEN)
		return;
	sk_list_each(event, &c->events, struct waiting_event, link)
		if (event->sent && event->id == frame->id) {
			drop_event(c, event);
			break;
		}
	send_waiting(c);
}

static void on_drain(struct sk_chan *chan, void *arg)
{
	(void)chan;
	send_waiting(arg);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close, .on_drain = on_drain};

static void connect_spool(void *arg)
{
	struct clerk *c = arg;
	const struct sk_chan_opts opts = {.proto = SK_PROTO_SPOOL, .side = SK_CLIENT};

	if (c->spool)
		return;
	if (sk_chan_connect(c->loop, c->ctx->root, "spool.sock", &handler, c, &opts, &c->spool) != 0) {
		c->retry_ms = SK_MIN(c->retry_ms * 2, (uint64_t)RETRY_MAX_MS);
		sk_timer_arm(c->retry, c->retry_ms);
		return;
	}
	send_waiting(c);
}

static void on_repeat(void *arg)
{
	lk_report_repeats(arg, false);
}

int lk_report_open(struct clerk *c)
{
	int r;

	c->retry_ms = RETRY_MIN_MS;
	c->repeats = sk_calloc(1, sizeof *c->repeats);
	if (!c->repeats)
		return sk_origin(-ENOMEM);
	r = sk_watch_timer(c->loop, on_repeat, c, &c->repeat);
	if (r == 0)
		r = sk_watch_timer(c->loop, connect_spool, c, &c->retry);
	if (r == 0)
		connect_spool(c);
	return r;
}

void lk_report_close(struct clerk *c)
{
	sk_list_each(event, &c->events, struct waiting_event, link)
		drop_event(c, event);
	c->spool = sk_chan_free(c->spool);
	c->retry = sk_watch_free(c->retry);
	c->repeat = sk_watch_free(c->repeat);
	free(c->repeats);
	c->repeats = NULL;
}

static void tell_lost(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);
	uint64_t lost = c->events_lost;

	if (!lost || c->event_count > LK_EVENTS_WAITING / 2)
		return;
	c->events_lost = 0;
	if (sk_event_queue_overflow(&at, "lockdown", "events", lost, &text) == 0)
		lk_report(c, SK_EVENT_QUEUE_OVERFLOW, &text);
}

void lk_report(struct clerk *c, enum sk_event_kind kind, struct sk_buf *text)
{
	struct waiting_event *event;

	if (!text->size || c->event_count >= LK_EVENTS_WAITING) {
		c->events_lost++;
		return;
	}
	event = sk_malloc(sizeof *event + text->size);
	if (!event) {
		c->events_lost++;
		return;
	}
	*event = (struct waiting_event){.priority = sk_event_kinds[kind].priority, .size = text->size};
	memcpy(event->text, text->data, text->size);
	sk_list_append(&c->events, &event->link);
	c->event_count++;
	send_waiting(c);
	tell_lost(c);
}

/* --- records */

static enum sk_event_kind kind_of(const struct lk_record *record)
{
	if (record->kind == LK_RECORD_RUNNING)
		return SK_EVENT_PROGRAM_ALREADY_RUNNING;
	if (record->trouble)
		return SK_EVENT_PROGRAM_ANSWERED_BY_FAILURE;
	if (record->answer != FAN_ALLOW)
		return SK_EVENT_PROGRAM_REFUSED;
	return record->known ? SK_EVENT_PROGRAM_ALLOWED : SK_EVENT_PROGRAM_WOULD_BE_REFUSED;
}

/* `count` of them between two times; 0 = this one. */
static void tell_program(struct clerk *c, const struct lk_record *record, uint64_t count, uint64_t from_ms, uint64_t to_ms)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, record->time_ms);
	enum sk_event_kind kind = kind_of(record);
	bool fine = kind == SK_EVENT_PROGRAM_ALLOWED;
	struct lk_origin origin = {"", ""};
	struct lk_why why;
	struct sk_event_program program = {
		.path = record->path,
		.sha256 = record->has_hash ? record->hash : NULL,
		.size = record->size,
		.pid = record->pid,
		.actor_path = record->actor[0] ? record->actor : NULL,
		.uid = record->has_process && record->uid != UINT32_MAX ? (int64_t)record->uid : -1,
		.mode = lk_mode_words[record->mode % LK_MODES],
		.reason = record->trouble ? lk_trouble_words[record->trouble % LK_TROUBLES] : record->known ? "listed" : "not-listed",
		.policy_serial = record->serial,
		.took_us = record->waited_us,
		.ancestry = why.ancestry,
		.ancestry_count = fine ? 0 : record->ancestors,
		.ancestry_cut = record->cut,
		.count = count,
		.from_ms = (int64_t)from_ms,
		.to_ms = (int64_t)to_ms,
	};

	lk_origin_of(c->now.origins, record->has_hash ? record->hash : NULL, record->path, &origin);
	program.package = origin.package[0] ? origin.package : NULL;
	program.publisher = origin.publisher[0] ? origin.publisher : NULL;
	lk_why_of(record, &why);
	program.road = why.road;
	program.rule = why.rule;
	program.remedy = fine ? NULL : why.remedy;
	program.remedy_line = fine || !why.line[0] ? NULL : why.line;
	if (sk_event_program(kind, &at, &program, record->answer == FAN_ALLOW, &text) == 0)
		lk_report(c, kind, &text);
}

static void tell_repeat(void *arg, const struct lk_record *record, uint64_t count, uint64_t from_ms, uint64_t to_ms)
{
	tell_program(arg, record, count, from_ms, to_ms);
}

static uint64_t now_ms(void)
{
	return lk_now_us() / 1000;
}

void lk_report_repeats(struct clerk *c, bool all)
{
	uint64_t now = now_ms(), next = lk_repeat_due(c->repeats, now, all, tell_repeat, c);

	if (next)
		sk_timer_arm(c->repeat, next > now ? next - now : 1);
}

/* What was refused the first time is told at once; the same again is counted, so that nobody floods what is kept longest. */
static void tell_or_count(struct clerk *c, const struct lk_record *record)
{
	bool again = kind_of(record) != SK_EVENT_PROGRAM_ALLOWED && lk_repeat_take(c->repeats, record, now_ms(), tell_repeat, c);

	if (!again)
		tell_program(c, record, 0, 0, 0);
	if (!again && kind_of(record) != SK_EVENT_PROGRAM_ALLOWED)
		lk_report_repeats(c, false);
}

/* A refusal of the same for children of the same parent, of which less is known who stands above. */
static bool knows_less(const struct lk_record *record, const struct lk_record *before)
{
	return record->ancestors < before->ancestors && (!record->ancestors || (record->ancestors > 1 && before->ancestor[1].pid == record->ancestor[1].pid &&
										before->ancestor[1].start == record->ancestor[1].start));
}

/* The last ones, for `explain`, also what only enforce would refuse; the same content again takes its old place. */
static void remember_refusal(struct clerk *c, const struct lk_record *record)
{
	struct lk_record *refusal = NULL;

	for (uint32_t i = 0; i < SK_MIN(c->refusal_count, (uint32_t)LK_REFUSALS) && !refusal; i++)
		if (record->has_hash && !memcmp(c->refusals[i].hash, record->hash, LK_HASH))
			refusal = &c->refusals[i];
	if (!refusal)
		refusal = &c->refusals[c->refusal_count++ % LK_REFUSALS];
	if (record->has_hash && !memcmp(refusal->hash, record->hash, LK_HASH) && refusal->answer == record->answer && knows_less(record, refusal))
		refusal->time_ms = record->time_ms;
	else
		*refusal = *record;
}

static void tell_pair(struct clerk *c, const struct lk_record *record)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, record->time_ms);
	const char *what = record->kind == LK_RECORD_STALL ? "guard-stalled" : record->by_keeper ? "guard-killed" : "keeper-killed";

	if (sk_event_tampering(&at, "lockdown", what, NULL, &text) == 0)
		lk_report(c, SK_EVENT_TAMPERING, &text);
}

static const char *target_of(uint32_t role)
{
	switch (role) {
	case SK_ROLE_GUARD:
		return "guard";
	case SK_ROLE_KEEPER:
		return "keeper";
	case SK_ROLE_MAIN:
		return "main";
	case SK_ROLE_CLERK:
		return "lockdown";
	default:
		return NULL;
	}
}

static const char *noticed_word(const struct lk_record *record)
{
	switch (record->road) {
	case SK_ATTACK_AGENT_SIGNAL:
		return "signal";
	case SK_ATTACK_AGENT_STARVE:
		return "moved";
	case SK_ATTACK_AGENT_UNLOAD:
		return record->detail == SK_NOTICE_MAP ? "map-taken" : "subject-left";
	default:
		return record->detail == SK_NOTICE_DESCRIPTOR ? "descriptors-copied" : record->detail == SK_NOTICE_MEMORY ? "memory-written" : "traced";
	}
}

/* What was done to us from outside, and who did it. */
static void tell_noticed(struct clerk *c, const struct lk_record *record)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, record->time_ms);
	const uint64_t same = (uint64_t)record->pid << 32 | record->road << 24 | record->role << 16 | record->detail;
	struct lk_why why;
	struct sk_event_program who = {
		.pid = record->pid,
		.actor_path = record->actor[0] ? record->actor : NULL,
		.uid = record->has_process && record->uid != UINT32_MAX ? (int64_t)record->uid : -1,
		.ancestry = why.ancestry,
		.ancestry_count = record->ancestors,
		.ancestry_cut = record->cut,
	};

	if (same == c->noticed && record->time_ms - c->noticed_ms < LK_NOTICED_MS)
		return; /* who lists all maps takes each of them; who copies descriptors, many */
	c->noticed = same;
	c->noticed_ms = record->time_ms;
	lk_why_of(record, &why);
	who.road = why.road;
	if (sk_event_tampering_by(&at, "lockdown", noticed_word(record), record->path[0] ? record->path : NULL, target_of(record->role),
				  record->road == SK_ATTACK_AGENT_SIGNAL ? record->detail : 0, &who, &text) == 0)
		lk_report(c, SK_EVENT_TAMPERING, &text);
}

/* What one of the pair found changed in itself: who did it is not to be seen there. */
static void tell_hurt(struct clerk *c, const struct lk_record *record)
{
	static const char *const words[LK_HURTS] = {
		[LK_HURT_LIMITS] = "limits-lowered", [LK_HURT_PRIORITY] = "priority-lowered", [LK_HURT_STOPPED] = "stopped", [LK_HURT_MAPS] = "maps-emptied"};
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, record->time_ms);

	if (sk_event_tampering_by(&at, "lockdown", words[record->detail % LK_HURTS], NULL, target_of(record->role), 0, NULL, &text) == 0)
		lk_report(c, SK_EVENT_TAMPERING, &text);
}

static void take_record(struct clerk *c, const struct lk_record *record)
{
	if (record->kind == LK_RECORD_NOTICED || record->kind == LK_RECORD_HURT) {
		(record->kind == LK_RECORD_NOTICED ? tell_noticed : tell_hurt)(c, record);
		return;
	}
	if (record->kind == LK_RECORD_STALL || record->kind == LK_RECORD_REVIVED) {
		tell_pair(c, record);
		return;
	}
	tell_or_count(c, record);
	if ((record->kind == LK_RECORD_EXEC || record->kind == LK_RECORD_KERNEL) && (record->answer != FAN_ALLOW || !record->known))
		remember_refusal(c, record);
	if (!record->known && record->has_hash)
		lk_learned_add(c, record);
}

static void tell_lost_records(struct clerk *c)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_EVENT_MAX);
	struct sk_event_stamp at = lk_stamp(c, 0);
	uint64_t lost = atomic_load(&c->shared->count.lost_records);

	if (lost == c->lost_seen)
		return;
	if (sk_event_queue_overflow(&at, "lockdown", "records", lost - c->lost_seen, &text) == 0)
		lk_report(c, SK_EVENT_QUEUE_OVERFLOW, &text);
	c->lost_seen = lost;
}

void lk_report_records(struct clerk *c)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(c->shared->rings); i++)
		for (const struct lk_record *record; (record = lk_ring_first(&c->shared->rings[i])); lk_ring_next(&c->shared->rings[i]))
			take_record(c, record);
	tell_lost_records(c);
}
