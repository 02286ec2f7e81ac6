// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Events: the one table of what Sekisho can report (OCSF 1.3.0 names, plus our own extension `fab`, uid 999, unregistered), and what
 * reads and checks them (make.h writes them). docs/events.md is generated from the table.
 *
 * Priorities: 0 security decisions, 1 operations, 2 bulk; the highest number is dropped first.
 *
 * Two shapes of the same event:
 *   bare      as it is made, spooled, sent and stored: one line of JSON without a newline, at most SK_EVENT_MAX bytes, with neither an id
 *             nor a device. Its id is its place (agent, epoch, priority, seq), its device the certificate it came under: nobody
 *             can claim another's.
 *   complete  as it is shown: sk_event_complete() adds metadata.uid, metadata.sequence and device.
 *
 * Class numbers of the extension follow OCSF's rule for extensions: (999 * 100 + category) * 1000 + n, e.g. 99906002; a type_uid
 * (class_uid * 100 + activity_id) needs 64 bits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "event/pull.h"
#include "wire/batch.h"

enum sk_event_class_uid {
	SK_CLASS_PROCESS = 1007,        /* Process Activity */
	SK_CLASS_FINDING = 2004,        /* Detection Finding */
	SK_CLASS_AUTHENTICATION = 3002, /* Authentication */
	SK_CLASS_ENTITY = 3004,         /* Entity Management */
	SK_CLASS_NETWORK = 4001,        /* Network Activity */
	SK_CLASS_LIFECYCLE = 6002,      /* Application Lifecycle */
	SK_CLASS_PROTECTION = 99906001, /* fab: Protection State */
	SK_CLASS_LOSS = 99906002,       /* fab: Event Loss */
	SK_CLASS_POLICY = 99906003,     /* fab: Policy Activity */
	SK_CLASS_REQUEST = 99906004,    /* fab: Request Activity */
	SK_CLASS_MEDIA = 99906005,      /* fab: Media Activity */
};

/* Every kind of event we make: rows of sk_event_kinds[] in this order. metadata.event_code is the row's `code`. */
enum sk_event_kind {
	SK_EVENT_PROGRAM_REFUSED,
	SK_EVENT_PROGRAM_WOULD_BE_REFUSED,
	SK_EVENT_PROGRAM_ALLOWED,
	SK_EVENT_PROGRAM_ANSWERED_BY_FAILURE,
	SK_EVENT_PROGRAM_ALREADY_RUNNING,
	SK_EVENT_GUARD_STARTED,
	SK_EVENT_GUARD_STOPPED,
	SK_EVENT_UNGUARDED,
	SK_EVENT_QUEUE_OVERFLOW,
	SK_EVENT_CLOCK_WRONG,
	SK_EVENT_CLOCK_RIGHT,
	SK_EVENT_MODE_CHANGED,
	SK_EVENT_WINDOW_OPENED,
	SK_EVENT_WINDOW_CLOSED,
	SK_EVENT_WINDOW_DECIDED,
	SK_EVENT_WINDOW_REFUSED,
	SK_EVENT_WINDOW_CODE,
	SK_EVENT_INTERLOCK_WAITING,
	SK_EVENT_INTERLOCK_PASSED,
	SK_EVENT_TAMPERING,
	SK_EVENT_POLICY_ENFORCED,
	SK_EVENT_POLICY_SHADOW,
	SK_EVENT_POLICY_REFUSED,
	SK_EVENT_POLICY_LIST_CHANGED,
	SK_EVENT_REQUEST_MADE,
	SK_EVENT_REQUEST_ANSWERED,
	SK_EVENT_SPOOL_DROPPED,
	SK_EVENT_SPOOL_NOT_KEPT,
	SK_EVENT_SPOOL_DAMAGED,
	SK_EVENT_ENROLLED,
	SK_EVENT_REVOKED,
	SK_EVENT_SIGN_IN,
	SK_EVENT_SIGN_IN_FAILED,
	SK_EVENT_SIGN_OUT,
	SK_EVENT_MEDIA_ATTACHED,
	SK_EVENT_MEDIA_REMOVED,
	SK_EVENT_MEDIA_RESTRICTED,
	SK_EVENT_MEDIA_COPY_REFUSED,
	SK_EVENT_MEDIA_REFUSED,
	SK_EVENT_MEDIA_FAILED,
	SK_EVENT_GATEWAY_MESSAGE_REFUSED,
	SK_EVENT_GATEWAY_MESSAGE_WOULD_BE_REFUSED,
	SK_EVENT_GATEWAY_MESSAGE_PASSED,
	SK_EVENT_GATEWAY_RULE,
	SK_EVENT_GATEWAY_RULE_REFUSED,
	SK_EVENT_GATEWAY_ODD_REFUSED,
	SK_EVENT_GATEWAY_ODD_WOULD_BE_REFUSED,
	SK_EVENT_GATEWAY_ODD,
	SK_EVENT_GATEWAY_CONVERSATION,
	SK_EVENT_GATEWAY_ANSWERS,
	SK_EVENT_KINDS
};

struct sk_event_class {
	uint32_t class_uid;
	uint8_t category_uid;
	const char *name;    /* OCSF's name: "process_activity" */
	const char *caption; /* "Process Activity" */
	const char *activities; /* "1 Launch, 2 Terminate": what docs/events.md says */
	const char *doc;
};

struct sk_event_kind_row {
	const char *code; /* "program_refused" */
	uint32_t class_uid;
	uint8_t activity_id;
	uint8_t severity_id; /* 1 informational .. 6 fatal */
	uint8_t priority;
	uint8_t status_id;      /* 0 = not written */
	uint8_t action_id;      /* 0 = not written */
	uint8_t disposition_id; /* 0 = not written */
	const char *message;    /* English; the console translates by `code` */
	const char *doc;
};

extern const struct sk_event_class sk_event_classes[];
extern const size_t sk_event_class_count;
extern const struct sk_event_kind_row sk_event_kinds[SK_EVENT_KINDS];

const struct sk_event_class *sk_event_class(uint32_t class_uid);      /* NULL when unknown */
const struct sk_event_kind_row *sk_event_kind(const char *code);      /* NULL when unknown */

/* ---- reading ---- */

#define SK_EVENT_PATHS 4

/* What a store indexes. Texts point into the line, still escaped: sk_pull_plain() gives them as they are. size 0 = absent. */
struct sk_event_columns {
	int64_t time_ms; /* since the epoch, UTC */
	uint32_t class_uid;
	uint8_t activity_id;
	uint8_t severity_id;
	uint8_t action_id;
	uint8_t disposition_id;
	uint8_t path_count;
	struct sk_pull_text paths[SK_EVENT_PATHS]; /* process.file, actor.process.file, file, evidences[0].file: .path */
	struct sk_pull_text sha256;                /* process.file.hashes[0].value or file.hashes[0].value, hex */
	struct sk_pull_text code;                  /* metadata.event_code */
	struct sk_pull_text message;
	struct sk_pull_text user;                  /* user.name, else process.user.name or process.user.uid */
	/* Event Loss alone (class SK_CLASS_LOSS): this range of seqs will never come and counts as acknowledged. */
	bool has_loss;
	uint8_t loss_priority;
	uint64_t loss_epoch, loss_first, loss_last;
	/* For sk_event_complete(). */
	size_t metadata_at;  /* offset behind the brace of metadata; 0 = there is none */
	bool metadata_empty;
	bool has_device;     /* the line is complete already */
};

/*
 * One event: strict JSON to the last byte, an object, at most SK_EVENT_MAX bytes, with class_uid, severity_id 0..6 or 99, and time (integers in
 * range), none of the columns twice. Unknown fields and classes pass: a newer agent may send them.
 * 0; SK_BAD with the byte and what is wrong there; *ret_columns is then untouched.
 */
int sk_event_scan(const char *line, size_t size, struct sk_event_columns *ret_columns, struct sk_diag *diag);

/*
 * The full check against the table: every field known for its class, of its type and within its bounds, every required one there.
 * 0; SK_BAD with the path ("process.file.hashes[].value") or the byte.
 */
int sk_event_validate(const char *line, size_t size, struct sk_diag *diag);

/* The lines of an NDJSON block, each ended by '\n' (the last one too). *position starts at 0. NULL at the end or at an unended line. */
const char *sk_event_next_line(const char *block, size_t size, size_t *position, size_t *ret_size);

struct sk_event_place {
	const char *agent;    /* the agent's id */
	const char *hostname; /* NULL or "" = left out, likewise the next two */
	const char *org, *site;
	uint64_t epoch;
	uint64_t seq;
	uint8_t priority;
};

/* Appends the complete event to `out`: the bare line with its id and device written in. 0, SK_BAD, SK_FULL or -ENOMEM. */
int sk_event_complete(const char *line, size_t size, const struct sk_event_place *place, struct sk_buf *out, struct sk_diag *diag);
/* "AGENT/EPOCH/PRIORITY/SEQ" and back. Returns `out`; the reader gives 0 or SK_BAD. */
#define SK_EVENT_ID_SIZE 160
char *sk_event_id(const struct sk_event_place *place, char out[SK_EVENT_ID_SIZE]);
int sk_event_id_read(const char *id, char *ret_agent, size_t agent_size, uint64_t *ret_epoch, uint8_t *ret_priority,
		     uint64_t *ret_seq);

/* docs/events.md. */
int sk_event_document(struct sk_buf *out);
