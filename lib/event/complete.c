// SPDX-License-Identifier: GPL-3.0-or-later
/* From the bare event to the one that is shown: its id and its device, written into the text without taking it apart. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "event/event.h"

char *sk_event_id(const struct sk_event_place *place, char out[SK_EVENT_ID_SIZE])
{
	snprintf(out, SK_EVENT_ID_SIZE, "%s/%" PRIu64 "/%u/%" PRIu64, place->agent, place->epoch, place->priority, place->seq);
	return out;
}

/* The digits up to the next '/' or the end; *at moves behind the '/'. */
static int read_part(const char **at, uint64_t max, uint64_t *ret_value)
{
	size_t n = strcspn(*at, "/");
	char digits[24];

	if (n == 0 || n >= sizeof digits)
		return SK_BAD;
	memcpy(digits, *at, n);
	digits[n] = '\0';
	if (sk_parse_u64(digits, max, ret_value))
		return SK_BAD;
	*at += n + ((*at)[n] == '/');
	return 0;
}

int sk_event_id_read(const char *id, char *ret_agent, size_t agent_size, uint64_t *ret_epoch, uint8_t *ret_priority, uint64_t *ret_seq)
{
	size_t n = strcspn(id, "/");
	uint64_t epoch, priority, seq;
	const char *at = id + n + 1;

	if (n == 0 || n >= agent_size || id[n] != '/')
		return SK_BAD;
	if (read_part(&at, UINT64_MAX, &epoch) || read_part(&at, SK_PRIORITIES - 1, &priority) || strchr(at, '/') ||
	    read_part(&at, UINT64_MAX, &seq) || *at)
		return SK_BAD;
	memcpy(ret_agent, id, n);
	ret_agent[n] = '\0';
	*ret_epoch = epoch;
	*ret_priority = (uint8_t)priority;
	*ret_seq = seq;
	return 0;
}

static void put_metadata(struct sk_jw *out, const struct sk_event_place *place)
{
	char id[SK_EVENT_ID_SIZE];

	sk_jw_put_str(out, "uid", sk_event_id(place, id));
	sk_jw_put_uint(out, "sequence", place->seq);
}

static void put_device(struct sk_jw *out, const struct sk_event_place *place)
{
	sk_jw_open(out, "device", '{');
	sk_jw_put_str(out, "uid", place->agent);
	if (place->hostname && *place->hostname)
		sk_jw_put_str(out, "hostname", place->hostname);
	sk_jw_put_int(out, "type_id", 0);
	if (place->org && *place->org) {
		sk_jw_open(out, "org", '{');
		sk_jw_put_str(out, "name", place->org);
		sk_jw_close(out, '}');
	}
	if (place->site && *place->site)
		sk_jw_put_str(out, "site", place->site);
	sk_jw_close(out, '}');
}

/* Appends text[from..to). */
static void put_slice(struct sk_jw *out, const char *text, size_t from, size_t to)
{
	if (!out->error)
		out->error = sk_buf_append(out->buf, text + from, to - from);
}

int sk_event_complete(const char *line, size_t size, const struct sk_event_place *place, struct sk_buf *out, struct sk_diag *diag)
{
	struct sk_event_columns c;
	struct sk_jw w;
	size_t start = out->size, end = size;
	int r = sk_event_scan(line, size, &c, diag);

	if (r)
		return r;
	if (c.has_device)
		return sk_diag_path(diag, "device", "stands in an event that should have none");
	while (line[end - 1] != '}')
		end--;
	sk_jw_init(&w, out);
	if (c.metadata_at) {
		put_slice(&w, line, 0, c.metadata_at);
		put_metadata(&w, place);
		put_slice(&w, ",", 0, !c.metadata_empty);
		put_slice(&w, line, c.metadata_at, end - 1);
		w.comma = true;
	} else {
		put_slice(&w, line, 0, end - 1);
		w.comma = true; /* never an empty object: class_uid is there */
		sk_jw_open(&w, "metadata", '{');
		put_metadata(&w, place);
		sk_jw_close(&w, '}');
	}
	put_device(&w, place);
	sk_jw_close(&w, '}');
	if (w.error && out->data) {
		out->size = start;
		out->data[start] = '\0';
	}
	return w.error;
}
