// SPDX-License-Identifier: GPL-3.0-or-later
/* docs/events.md out of the table, so that the document cannot say what the program does not do. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "event/attack.h"
#include "event/event.h"
#include "event/table.h"

static const char opening[] =
	"<!-- Generated from lib/event/table.c by `sekisho-events-md`. Do not edit. -->\n"
	"# Events\n\n"
	"An event is one JSON object on one line (NDJSON), with the names of [OCSF 1.3.0](https://schema.ocsf.io/1.3.0/). What OCSF has no name for "
	"is ours: the object `fab`, `device.site`, and the classes numbered 999... (extension `fab`, uid 999, not registered with OCSF).\n\n"
	"An event's id is its place: agent, epoch, priority, sequence number. The sequence numbers of one (agent, epoch, priority) have no gap; a range "
	"that will never come is named by an *Event Loss* event and counts as acknowledged. `metadata.uid`, `metadata.sequence` and `device` are written by the "
	"server, from the place and from the certificate the event came under.\n\n"
	"Priorities: 0 security decisions, 1 operations, 2 bulk. When the spool of an endpoint is full, whole segments of the highest number go first.\n\n";

static int document_classes(struct sk_buf *out)
{
	int r = sk_buf_append_str(out, "## Classes\n\n| class_uid | category_uid | class | activity_id | what it says |\n| --- | --- | --- | --- | --- |\n");

	for (size_t i = 0; !r && i < sk_event_class_count; i++) {
		const struct sk_event_class *c = &sk_event_classes[i];

		r = sk_buf_printf(out, "| %u | %u | %s (`%s`) | %s | %s |\n", c->class_uid, c->category_uid, c->caption, c->name,
				  c->activities, c->doc);
	}
	return r;
}

static int document_kinds(struct sk_buf *out)
{
	int r = sk_buf_append_str(out, "\n## Kinds\n\n`metadata.event_code` says which.\n\n"
				       "| code | class | activity | severity | priority | message | meaning |\n"
				       "| --- | --- | --- | --- | --- | --- | --- |\n");

	for (size_t i = 0; !r && i < SK_EVENT_KINDS; i++) {
		const struct sk_event_kind_row *k = &sk_event_kinds[i];

		r = sk_buf_printf(out, "| `%s` | %u | %u | %u | %u | %s | %s |\n", k->code, k->class_uid, k->activity_id, k->severity_id,
				  k->priority, k->message, k->doc);
	}
	return r;
}

static int document_type(struct sk_buf *out, const struct sk_event_field *f)
{
	switch (f->type) {
	case SK_FIELD_INTEGER:
		return f->high == INT64_MAX ? sk_buf_printf(out, "whole number from %" PRId64, f->low)
					    : sk_buf_printf(out, "whole number, %" PRId64 " to %" PRId64, f->low, f->high);
	case SK_FIELD_TIME:
		return sk_buf_append_str(out, "milliseconds since 1970, UTC");
	case SK_FIELD_HEX:
		return sk_buf_printf(out, "%" PRId64 " hex digits", f->high);
	case SK_FIELD_ANY:
		return sk_buf_printf(out, "whole number, true or false, or text of at most %" PRId64 " bytes", f->high);
	case SK_FIELD_BOOL:
		return sk_buf_append_str(out, "true or false");
	default:
		return sk_buf_printf(out, "text, at most %" PRId64 " bytes", f->high);
	}
}

/* The classes of a mask, by their OCSF names. */
static int document_mask(struct sk_buf *out, uint16_t mask)
{
	const char *between = "";
	int r = 0;

	if (mask == IN_ALL)
		return sk_buf_append_str(out, "all");
	if (mask == 0)
		return sk_buf_append_str(out, "-");
	for (size_t i = 0; !r && i < sk_event_class_count; i++)
		if (mask & 1u << i) {
			r = sk_buf_printf(out, "%s%u", between, sk_event_classes[i].class_uid);
			between = ", ";
		}
	return r;
}

static int document_field(struct sk_buf *out, const struct sk_event_field *f)
{
	int r = sk_buf_printf(out, "| `%s` | ", f->path);

	if (!r)
		r = document_type(out, f);
	if (!r)
		r = sk_buf_append_str(out, " | ");
	if (!r)
		r = document_mask(out, f->classes);
	if (!r)
		r = sk_buf_append_str(out, " | ");
	if (!r)
		r = document_mask(out, f->needed);
	if (!r)
		r = sk_buf_printf(out, " | %s%s%s |\n", f->doc, f->complete ? " *(written by the server)*" : "",
				  f->secret ? " *(secret: the value itself is never written)*" : "");
	return r;
}

int sk_event_document(struct sk_buf *out)
{
	int r = sk_buf_append_str(out, opening);

	if (!r)
		r = document_classes(out);
	if (!r)
		r = document_kinds(out);
	if (!r)
		r = sk_buf_append_str(out, "\n## Fields\n\n| field | type | in classes | required in | meaning |\n| --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; !r && i < sk_event_field_count; i++)
		r = document_field(out, &sk_event_fields[i]);
	return r ? r : sk_attack_document(out);
}
