// SPDX-License-Identifier: GPL-3.0-or-later
/* The table itself, for the files of lib/event alone: event.h is what everybody else sees. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sk_field_type {
	SK_FIELD_INTEGER, /* low .. high */
	SK_FIELD_TIME,    /* milliseconds since the epoch, 0 or more */
	SK_FIELD_STRING,  /* at most `high` bytes as they stand in the line */
	SK_FIELD_HEX,     /* exactly `high` hex digits */
	SK_FIELD_BOOL,
	SK_FIELD_ANY, /* one of the above, by what a protocol calls it; text has at most `high` bytes */
};

enum sk_field_need { SK_FIELD_OPTIONAL, SK_FIELD_REQUIRED };

/* Bits of `classes`, in the order of sk_event_classes[]. */
enum {
	IN_PROCESS = 1 << 0,
	IN_FINDING = 1 << 1,
	IN_AUTHENTICATION = 1 << 2,
	IN_ENTITY = 1 << 3,
	IN_LIFECYCLE = 1 << 4,
	IN_PROTECTION = 1 << 5,
	IN_LOSS = 1 << 6,
	IN_POLICY = 1 << 7,
	IN_REQUEST = 1 << 8,
	IN_MEDIA = 1 << 9,
	IN_NETWORK = 1 << 10,
	IN_ALL = (1 << 11) - 1,
};

struct sk_event_field {
	const char *path; /* "process.file.hashes[].value"; a last part "*" is any name */
	enum sk_field_type type;
	uint16_t needed; /* classes in which the field must stand */
	uint16_t classes;
	int64_t low, high;
	bool complete; /* only in a complete event, where it is required when `needed` says so */
	bool secret;   /* what it comes from is secret: only a length and a keyed hash may stand here */
	const char *doc;
};

extern const struct sk_event_field sk_event_fields[];
extern const size_t sk_event_field_count;
