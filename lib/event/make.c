// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Writing events. Each function writes what is its own between begin() and finish(); what is the same in all events of a kind comes from the
 * table, so that no two places can disagree about it.
 */
#include "event/make.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

struct sk_event_stamp sk_event_now(const struct sk_clock *clock)
{
	const struct sk_clock build = {.floor_ms = sk_clock_build_ms()};
	uint64_t now = sk_clock_ms();

	return (struct sk_event_stamp){(int64_t)now, sk_clock_check(clock ? clock : &build, now)};
}

int sk_event_keyed_hash(const uint8_t key[32], const void *data, size_t size, uint8_t ret_hash[32])
{
	unsigned int n = 0;

	if (!HMAC(EVP_sha256(), key, 32, data, size, ret_hash, &n) || n != 32)
		return sk_origin(-EIO);
	return 0;
}

/* An event being written. */
struct making {
	struct sk_jw out;
	size_t start; /* of the event in the buffer */
	const struct sk_event_stamp *at;
};

static void put_if(struct sk_jw *out, const char *key, const char *text)
{
	if (text)
		sk_jw_put_str(out, key, text);
}

static void put_disposition(struct sk_jw *out, const struct sk_event_kind_row *row, int action)
{
	if (row->status_id)
		sk_jw_put_int(out, "status_id", row->status_id);
	if (row->action_id)
		sk_jw_put_int(out, "action_id", action);
	if (row->disposition_id)
		sk_jw_put_int(out, "disposition_id", row->disposition_id);
}

/* `action` overrides the row's; -1 = the row's. */
static void open_with(struct sk_jw *out, const struct sk_event_opening *o, int action, struct sk_buf *buf)
{
	const struct sk_event_kind_row *row = &sk_event_kinds[o->kind];

	sk_jw_init(out, buf);
	sk_jw_open(out, NULL, '{');
	sk_jw_put_int(out, "class_uid", row->class_uid);
	sk_jw_put_int(out, "category_uid", sk_event_class(row->class_uid)->category_uid);
	sk_jw_put_int(out, "activity_id", row->activity_id);
	sk_jw_put_int(out, "type_uid", row->class_uid * 100LL + row->activity_id);
	sk_jw_put_int(out, "time", o->at.time_ms);
	sk_jw_put_int(out, "severity_id", o->severity ? o->severity : row->severity_id);
	put_disposition(out, row, action < 0 ? row->action_id : action);
	sk_jw_put_str(out, "message", o->message ? o->message : row->message);
	sk_jw_open(out, "metadata", '{');
	sk_jw_put_str(out, "version", "1.3.0");
	sk_jw_open(out, "product", '{');
	sk_jw_put_str(out, "name", "Sekisho");
	sk_jw_put_str(out, "vendor_name", "Sekisho");
	sk_jw_close(out, '}');
	sk_jw_put_str(out, "event_code", row->code);
	sk_jw_close(out, '}');
}

void sk_event_open(struct sk_jw *out, const struct sk_event_opening *opening, struct sk_buf *buf)
{
	open_with(out, opening, -1, buf);
}

static void begin_with(struct making *m, enum sk_event_kind kind, const struct sk_event_stamp *at, int action, struct sk_buf *buf)
{
	*m = (struct making){.start = buf->size, .at = at};
	open_with(&m->out, &(struct sk_event_opening){.kind = kind, .at = *at}, action, buf);
}

static struct sk_jw *begin(struct making *m, enum sk_event_kind kind, const struct sk_event_stamp *at, struct sk_buf *buf)
{
	begin_with(m, kind, at, -1, buf);
	return &m->out;
}

/* Opens `fab`; finish() closes it. */
static void open_fab(struct making *m)
{
	sk_jw_open(&m->out, "fab", '{');
	sk_jw_put_str(&m->out, "clock", sk_clock_state_name(m->at->clock));
}

static int finish(struct making *m)
{
	struct sk_buf *buf = m->out.buf;

	sk_jw_close(&m->out, '}');
	sk_jw_close(&m->out, '}');
	if (!m->out.error && buf->size - m->start > SK_EVENT_MAX)
		m->out.error = SK_FULL;
	if (m->out.error && buf->data) {
		buf->size = m->start;
		buf->data[m->start] = '\0';
	}
	return m->out.error;
}

static void put_hash(struct sk_jw *out, const uint8_t sha256[32])
{
	char hex[65];

	sk_jw_open(out, "hashes", '[');
	sk_jw_open(out, NULL, '{');
	sk_jw_put_int(out, "algorithm_id", 3);
	sk_jw_put_str(out, "value", sk_hex(sha256, 32, hex));
	sk_jw_close(out, '}');
	sk_jw_close(out, ']');
}

static void put_file(struct sk_jw *out, const char *path, int type_id, const uint8_t *sha256, uint64_t size)
{
	const char *name = strrchr(path, '/');

	sk_jw_open(out, "file", '{');
	sk_jw_put_str(out, "path", path);
	sk_jw_put_str(out, "name", name && name[1] ? name + 1 : path);
	sk_jw_put_int(out, "type_id", type_id);
	if (size)
		sk_jw_put_uint(out, "size", size);
	if (sha256)
		put_hash(out, sha256);
	sk_jw_close(out, '}');
}

/* A path that is not UTF-8 was written with U+FFFD in it: this is what it really was. */
static void put_path_bytes(struct sk_jw *out, const char *path)
{
	size_t size = path ? strlen(path) : 0;
	char *text;

	if (size == 0 || size > 4096 || sk_utf8_valid(path, size, NULL))
		return;
	text = sk_malloc(sk_base64_size(size) + 1);
	if (!text) {
		out->error = out->error ? out->error : sk_origin(-ENOMEM);
		return;
	}
	sk_jw_put_str(out, "path_bytes", sk_base64(path, size, text));
	free(text);
}

/* fab.arguments: never the command line itself. */
static void put_arguments(struct sk_jw *out, const struct sk_event_program *p)
{
	uint8_t hash[32];
	char hex[65];

	if (!p->arguments)
		return;
	sk_jw_open(out, "arguments", '{');
	sk_jw_put_uint(out, "length", p->arguments_size);
	if (p->secret && sk_event_keyed_hash(p->secret, p->arguments, p->arguments_size, hash) == 0)
		sk_jw_put_str(out, "keyed_hash", sk_hex(hash, 32, hex));
	sk_jw_close(out, '}');
}

static void put_actor(struct sk_jw *out, const struct sk_event_program *p)
{
	char uid[24];

	sk_jw_open(out, "actor", '{');
	sk_jw_open(out, "process", '{');
	sk_jw_put_int(out, "pid", p->pid);
	if (p->actor_path)
		put_file(out, p->actor_path, 1, NULL, 0);
	sk_jw_close(out, '}');
	if (p->uid >= 0) {
		snprintf(uid, sizeof uid, "%" PRId64, p->uid);
		sk_jw_open(out, "user", '{');
		sk_jw_put_str(out, "uid", uid);
		sk_jw_close(out, '}');
	}
	sk_jw_close(out, '}');
}

/* actor.user.name */
static void put_by(struct sk_jw *out, const char *by)
{
	if (!by)
		return;
	sk_jw_open(out, "actor", '{');
	sk_jw_open(out, "user", '{');
	sk_jw_put_str(out, "name", by);
	sk_jw_close(out, '}');
	sk_jw_close(out, '}');
}

static void put_number(struct sk_jw *out, const char *key, int64_t number)
{
	if (number >= 0)
		sk_jw_put_int(out, key, number);
}

static void put_ancestor(struct sk_jw *out, const struct sk_event_ancestor *one)
{
	sk_jw_open(out, NULL, '{');
	sk_jw_put_int(out, "pid", one->pid);
	put_if(out, "name", one->name);
	put_if(out, "program", one->program);
	put_number(out, "uid", one->uid);
	put_number(out, "session", one->session);
	put_if(out, "tty", one->tty);
	put_if(out, "cgroup", one->cgroup);
	put_if(out, "container", one->container);
	sk_jw_close(out, '}');
}

/* How, by which rule, what would allow it, and who. */
static void put_why(struct sk_jw *out, const struct sk_event_program *p)
{
	put_if(out, "road", p->road);
	put_if(out, "rule", p->rule);
	put_if(out, "remedy", p->remedy);
	put_if(out, "remedy_line", p->remedy_line);
	put_if(out, "package", p->package);
	put_if(out, "publisher", p->publisher);
	if (!p->ancestry_count)
		return;
	sk_jw_open(out, "ancestry", '[');
	for (uint32_t i = 0; i < p->ancestry_count && i < SK_EVENT_ANCESTORS; i++)
		put_ancestor(out, &p->ancestry[i]);
	sk_jw_close(out, ']');
	sk_jw_put_bool(out, "ancestry_cut", p->ancestry_cut);
}

static void put_count(struct sk_jw *out, const struct sk_event_program *p)
{
	if (!p->count)
		return;
	sk_jw_put_int(out, "start_time", p->from_ms);
	sk_jw_put_int(out, "end_time", p->to_ms);
	sk_jw_put_uint(out, "count", p->count);
}

int sk_event_program(enum sk_event_kind kind, const struct sk_event_stamp *at, const struct sk_event_program *p, bool allowed,
		     struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = &m.out;

	begin_with(&m, kind, at, kind == SK_EVENT_PROGRAM_ANSWERED_BY_FAILURE ? (allowed ? 1 : 2) : -1, buf);
	sk_jw_open(out, "process", '{');
	if (p->pid)
		sk_jw_put_int(out, "pid", p->pid);
	put_file(out, p->path ? p->path : "", 1, p->sha256, p->size);
	sk_jw_close(out, '}');
	put_actor(out, p);
	put_count(out, p);
	open_fab(&m);
	put_if(out, "mode", p->mode);
	put_if(out, "reason", p->reason);
	if (p->policy_serial)
		sk_jw_put_uint(out, "policy_serial", p->policy_serial);
	if (p->took_us)
		sk_jw_put_uint(out, "took_us", p->took_us);
	put_path_bytes(out, p->path);
	put_arguments(out, p);
	put_why(out, p);
	return finish(&m);
}

int sk_event_guard(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *duty, const char *mode, const char *tier,
		   const char *reason, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	sk_jw_open(out, "app", '{');
	sk_jw_put_str(out, "name", "sekisho-agent");
	sk_jw_put_str(out, "vendor_name", "Sekisho");
	sk_jw_put_str(out, "version", SK_VERSION);
	sk_jw_close(out, '}');
	open_fab(&m);
	put_if(out, "duty", duty);
	put_if(out, "mode", mode);
	put_if(out, "tier", tier);
	put_if(out, "reason", reason);
	return finish(&m);
}

int sk_event_unguarded(const struct sk_event_stamp *at, const char *duty, int64_t from_ms, int64_t to_ms, const char *reason,
		       struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, SK_EVENT_UNGUARDED, at, buf);

	sk_jw_put_int(out, "start_time", from_ms);
	sk_jw_put_int(out, "end_time", to_ms);
	open_fab(&m);
	put_if(out, "duty", duty);
	put_if(out, "reason", reason);
	return finish(&m);
}

int sk_event_queue_overflow(const struct sk_event_stamp *at, const char *duty, const char *queue, uint64_t count, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, SK_EVENT_QUEUE_OVERFLOW, at, buf);

	sk_jw_put_uint(out, "count", count);
	open_fab(&m);
	put_if(out, "duty", duty);
	put_if(out, "queue", queue);
	return finish(&m);
}

int sk_event_clock(enum sk_event_kind kind, const struct sk_event_stamp *at, int64_t floor_ms, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	open_fab(&m);
	sk_jw_put_int(out, "floor_time", floor_ms);
	return finish(&m);
}

int sk_event_mode_changed(const struct sk_event_stamp *at, const char *duty, const char *from, const char *to, const char *by,
			  struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, SK_EVENT_MODE_CHANGED, at, buf);

	put_by(out, by);
	open_fab(&m);
	put_if(out, "duty", duty);
	put_if(out, "mode_before", from);
	put_if(out, "mode", to);
	return finish(&m);
}

static void put_text(struct sk_jw *out, const char *name, const char *text)
{
	if (text && text[0])
		sk_jw_put_str(out, name, text);
}

static void put_window(struct sk_jw *out, const struct sk_event_window *w)
{
	if (!w->id || !w->id[0])
		return;
	sk_jw_open(out, "window", '{');
	put_text(out, "id", w->id);
	put_text(out, "change", w->change);
	put_text(out, "owner", w->owner);
	put_text(out, "consent", w->consent);
	put_text(out, "scope", w->scope);
	put_text(out, "source", w->source);
	sk_jw_put_uint(out, "added", w->added);
	sk_jw_put_uint(out, "changed", w->changed);
	sk_jw_put_uint(out, "removed", w->removed);
	sk_jw_close(out, '}');
}

int sk_event_window(enum sk_event_kind kind, const struct sk_event_stamp *at, const struct sk_event_window *w, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	if (w->id && w->from_ms)
		sk_jw_put_int(out, "start_time", w->from_ms);
	if (w->id && w->until_ms)
		sk_jw_put_int(out, "end_time", w->until_ms);
	if (kind == SK_EVENT_WINDOW_CLOSED)
		sk_jw_put_uint(out, "count", w->added + w->changed + w->removed);
	put_by(out, w->by && w->by[0] ? w->by : NULL);
	open_fab(&m);
	put_text(out, "duty", "lockdown");
	put_text(out, "what", w->what);
	put_text(out, "reason", w->reason);
	put_window(out, w);
	return finish(&m);
}

int sk_event_tampering(const struct sk_event_stamp *at, const char *duty, const char *what, const char *path, struct sk_buf *buf)
{
	return sk_event_tampering_by(at, duty, what, path, NULL, 0, NULL, buf);
}

int sk_event_tampering_by(const struct sk_event_stamp *at, const char *duty, const char *what, const char *path, const char *target, uint32_t signal,
			  const struct sk_event_program *who, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, SK_EVENT_TAMPERING, at, buf);
	char uid[96];

	snprintf(uid, sizeof uid, "tampering/%s/%" PRId64, duty, at->time_ms);
	sk_jw_open(out, "finding_info", '{');
	sk_jw_put_str(out, "uid", uid);
	sk_jw_put_str(out, "title", sk_event_kinds[SK_EVENT_TAMPERING].message);
	sk_jw_close(out, '}');
	if (path) {
		sk_jw_open(out, "evidences", '[');
		sk_jw_open(out, NULL, '{');
		put_file(out, path, 0, NULL, 0);
		sk_jw_close(out, '}');
		sk_jw_close(out, ']');
	}
	if (who)
		put_actor(out, who);
	open_fab(&m);
	put_if(out, "duty", duty);
	put_if(out, "what", what);
	put_if(out, "target", target);
	if (signal)
		sk_jw_put_uint(out, "signal", signal);
	put_path_bytes(out, path);
	if (who)
		put_why(out, who);
	return finish(&m);
}

int sk_event_policy(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *part, uint64_t serial,
		    const uint8_t *hash, const char *reason, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);
	char text[65];

	sk_jw_open(out, "policy", '{');
	sk_jw_put_str(out, "name", part);
	snprintf(text, sizeof text, "%" PRIu64, serial);
	sk_jw_put_str(out, "version", text);
	if (hash)
		sk_jw_put_str(out, "uid", sk_hex(hash, 32, text));
	sk_jw_put_bool(out, "is_applied", kind == SK_EVENT_POLICY_ENFORCED);
	sk_jw_close(out, '}');
	open_fab(&m);
	put_if(out, "reason", reason);
	return finish(&m);
}

int sk_event_request(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *id, const char *what,
		     const char *decision, const char *by, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	put_by(out, by);
	open_fab(&m);
	sk_jw_open(out, "request", '{');
	sk_jw_put_str(out, "id", id);
	sk_jw_put_str(out, "kind", what);
	put_if(out, "decision", decision);
	sk_jw_close(out, '}');
	return finish(&m);
}

int sk_event_loss(enum sk_event_kind kind, const struct sk_event_stamp *at, uint64_t epoch, uint8_t priority, uint64_t first,
		  uint64_t last, const char *reason, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	sk_jw_put_uint(out, "count", last - first + 1);
	open_fab(&m);
	put_if(out, "reason", reason);
	sk_jw_open(out, "loss", '{');
	sk_jw_put_uint(out, "epoch", epoch);
	sk_jw_put_uint(out, "priority", priority);
	sk_jw_put_uint(out, "first", first);
	sk_jw_put_uint(out, "last", last);
	sk_jw_close(out, '}');
	return finish(&m);
}

int sk_event_enrolment(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *agent, const char *hostname,
		       const char *by, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	sk_jw_open(out, "entity", '{');
	sk_jw_put_str(out, "uid", agent);
	put_if(out, "name", hostname);
	sk_jw_put_int(out, "type_id", 1);
	sk_jw_close(out, '}');
	put_by(out, by);
	open_fab(&m);
	return finish(&m);
}

int sk_event_sign_in(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *user, const char *from,
		     const char *reason, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);

	put_if(out, "status_detail", reason);
	sk_jw_open(out, "user", '{');
	sk_jw_put_str(out, "name", user);
	sk_jw_close(out, '}');
	if (from) {
		sk_jw_open(out, "src_endpoint", '{');
		sk_jw_put_str(out, "ip", from);
		sk_jw_close(out, '}');
	}
	open_fab(&m);
	return finish(&m);
}

int sk_event_media(enum sk_event_kind kind, const struct sk_event_stamp *at, const struct sk_event_medium *medium, struct sk_buf *buf)
{
	struct making m;
	struct sk_jw *out = begin(&m, kind, at, buf);
	const struct {
		const char *key, *text;
	} texts[] = {{"kind", medium->kind}, {"vendor", medium->vendor}, {"product", medium->product}, {"serial", medium->serial},
		     {"uuid", medium->uuid}, {"file_system", medium->file_system}, {"mount", medium->mount}, {"rule", medium->rule},
		     {"pass", medium->pass}};

	open_fab(&m);
	sk_jw_put_str(out, "duty", "media");
	put_if(out, "mode", medium->mode);
	put_if(out, "reason", medium->reason && *medium->reason ? medium->reason : NULL);
	if (medium->policy_serial)
		sk_jw_put_uint(out, "policy_serial", medium->policy_serial);
	sk_jw_open(out, "medium", '{');
	sk_jw_put_str(out, "device", medium->device);
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++)
		if (texts[i].text && *texts[i].text)
			sk_jw_put_str(out, texts[i].key, texts[i].text);
	sk_jw_close(out, '}');
	return finish(&m);
}
