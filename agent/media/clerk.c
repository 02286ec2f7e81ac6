// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The channel to the clerk (lockdown.sock, as root). One call stays open for the rules: each PROGRESS of it is a new set. Mount points and events are calls of
 * their own; an event stays here until its RESULT. While the clerk is away the rules stay what they were.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "media/media.h"

enum { RETRY_MS = 200, CALL_BYTES = 64 << 10, PATHS_BYTES = 512 << 10 };

struct media_event {
	struct sk_list link;
	uint32_t id; /* 0 = not sent on this channel */
	size_t size;
	char text[];
};

static void send_events(struct media *media)
{
	sk_list_each(event, &media->events, struct media_event, link) {
		if (event->id || !media->chan)
			continue;
		event->id = sk_chan_next_id(media->chan);
		sk_chan_send(media->chan, SK_F_CALL, event->id, event->text, event->size);
	}
}

static void send_mounts(struct media *media)
{
	if (!media->chan || !media->mounts_told.size)
		return;
	media->mounts_id = sk_chan_next_id(media->chan);
	sk_chan_send(media->chan, SK_F_CALL, media->mounts_id, media->mounts_told.data, media->mounts_told.size);
}

void media_tell_mounts(struct media *media, struct json_object *list)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(PATHS_BYTES);
	_cleanup_json_ struct json_object *call = json_object_new_object();

	if (!call || sk_json_put(call, "paths", list) || sk_json_put_string(call, "verb", "media-mounts") || sk_json_canonical(call, &text) != 0)
		return;
	if (text.size == media->mounts_told.size && memcmp(text.data, media->mounts_told.data, text.size) == 0)
		return;
	sk_buf_clear(&media->mounts_told);
	if (sk_buf_append(&media->mounts_told, text.data, text.size) == 0)
		send_mounts(media);
}

void media_tell(struct media *media, const struct media_node *node, const char *kind, const char *mount, const char *reason)
{
	const struct sk_medium *m = &node->medium;
	_cleanup_buf_ struct sk_buf text = SK_BUF(CALL_BYTES);
	_cleanup_json_ struct json_object *call = json_object_new_object();
	struct media_event *event;
	char rule[24] = "default";

	if (node->rule >= 0)
		snprintf(rule, sizeof rule, "%d", node->rule + 1);
	sk_log(SK_LOG_INFO, "%s: %s %s %s", kind, m->name, m->superblock.uuid, reason);
	if (!call || sk_json_put_string(call, "verb", "media-event") || sk_json_put_string(call, "kind", kind) || sk_json_put_string(call, "device", m->name) ||
	    sk_json_put_string(call, "class", sk_medium_kinds[m->kind]) || sk_json_put_string(call, "vendor", m->vendor) ||
	    sk_json_put_string(call, "product", m->product) || sk_json_put_string(call, "serial", m->serial) ||
	    sk_json_put_string(call, "uuid", m->superblock.uuid) || sk_json_put_string(call, "file_system", m->superblock.type) ||
	    sk_json_put_string(call, "rule", rule) || sk_json_put_string(call, "pass", media_pass_words[node->pass]) || sk_json_put_string(call, "reason", reason) ||
	    (mount && sk_json_put_base64(call, "mount", mount, strlen(mount))) || sk_json_canonical(call, &text) != 0)
		return;
	event = media->event_count < MEDIA_EVENTS ? sk_malloc(sizeof *event + text.size) : NULL;
	if (!event) {
		sk_log(SK_LOG_WARNING, "an event of a medium is lost: %s", kind);
		return;
	}
	*event = (struct media_event){.size = text.size};
	memcpy(event->text, text.data, text.size);
	sk_list_append(&media->events, &event->link);
	media->event_count++;
	send_events(media);
}

static void on_rules(struct media *media, const struct sk_frame *frame)
{
	struct sk_diag diag = {.source = "rules"};
	struct media_rules rules;
	char text[500];

	if (media_rules_read(frame->body, frame->size, &rules, &diag) != 0) {
		sk_log(SK_LOG_ERROR, "rules are not taken: %s", sk_diag_format(&diag, text, sizeof text));
		return;
	}
	media_rules_done(&media->rules);
	media->rules = rules;
	media_decide_all(media);
}

static void on_frame(struct sk_chan *chan, void *arg, const struct sk_frame *frame)
{
	struct media *media = arg;

	(void)chan;
	if (frame->type == SK_F_PROGRESS && frame->id == media->rules_id) {
		on_rules(media, frame);
		return;
	}
	if (frame->type == SK_F_ERROR)
		sk_log(SK_LOG_WARNING, "the clerk refused a word: %.*s", (int)SK_MIN(frame->size, 200u), (const char *)frame->body);
	else if (frame->type != SK_F_RESULT)
		return;
	sk_list_each(event, &media->events, struct media_event, link)
		if (event->id == frame->id) {
			sk_list_remove(&event->link);
			media->event_count--;
			free(event);
			break;
		}
}

static void on_close(struct sk_chan *chan, void *arg, const struct sk_diag *why)
{
	struct media *media = arg;

	(void)chan;
	sk_log(SK_LOG_INFO, "the clerk is gone: %s", why->text);
	media->chan = sk_chan_free(media->chan);
	sk_list_each(event, &media->events, struct media_event, link)
		event->id = 0;
	sk_timer_arm(media->retry, RETRY_MS);
}

static const struct sk_chan_handler handler = {.on_frame = on_frame, .on_close = on_close};

static void connect_clerk(void *arg)
{
	static const char ask[] = "{\"verb\":\"media\"}";
	struct media *media = arg;
	const struct sk_chan_opts opts = {.proto = SK_PROTO_LOCKDOWN, .side = SK_CLIENT};

	if (media->chan)
		return;
	if (sk_chan_connect(media->loop, media->ctx->root, "lockdown.sock", &handler, media, &opts, &media->chan) != 0) {
		sk_timer_arm(media->retry, RETRY_MS);
		return;
	}
	media->rules_id = sk_chan_next_id(media->chan);
	sk_chan_send(media->chan, SK_F_CALL, media->rules_id, ask, sizeof ask - 1);
	send_mounts(media);
	send_events(media);
}

int media_clerk_open(struct media *media)
{
	int r = sk_watch_timer(media->loop, connect_clerk, media, &media->retry);

	if (r == 0)
		connect_clerk(media);
	return r;
}

void media_clerk_close(struct media *media)
{
	sk_list_each(event, &media->events, struct media_event, link) {
		sk_list_remove(&event->link);
		free(event);
	}
	media->chan = sk_chan_free(media->chan);
	media->retry = sk_watch_free(media->retry);
	media_rules_done(&media->rules);
	sk_buf_done(&media->mounts_told);
}
