// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Making events: one function per kind of fact, each appending one bare event (event.h) to a buffer, without a newline. The rest of the line - class,
 * activity, severity, disposition, message - comes from the kind's row in the table.
 *
 * All return 0, SK_FULL (the buffer's maximum) or -ENOMEM; on failure the buffer is what it was. Strings may hold any bytes: they are escaped, what is not
 * UTF-8 becomes U+FFFD, and a path that was not UTF-8 is kept byte for byte in fab.path_bytes (base64). NULL strings are left out.
 * Nothing secret goes in: a field the table calls secret is only ever written as its length and a keyed hash.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "event/event.h"
#include "os/clock.h"

/* When, and how far that can be believed. */
struct sk_event_stamp {
	int64_t time_ms; /* since the epoch, UTC */
	enum sk_clock_state clock;
};

/* Now, judged by the clock's floor; `clock` NULL: by the time of the build alone. */
struct sk_event_stamp sk_event_now(const struct sk_clock *clock);

/* The beginning of an event whose maker writes the rest himself: who talked and what was said are the gateway's to know. */
struct sk_event_opening {
	enum sk_event_kind kind;
	struct sk_event_stamp at;
	int severity;        /* 0 = the row's */
	const char *message; /* NULL = the row's */
};
/* Everything that is the kind's, up to and with metadata; the object stays open, and owes `fab.clock` (sk_clock_state_name()). */
void sk_event_open(struct sk_jw *out, const struct sk_event_opening *opening, struct sk_buf *buf);

/* A process above the one that asked, itself first. NULL strings and negative numbers are left out. */
struct sk_event_ancestor {
	int64_t pid, uid, session;
	const char *name;    /* what it calls itself */
	const char *program; /* path */
	const char *tty;     /* "pts/0" */
	const char *cgroup, *container;
};
enum { SK_EVENT_ANCESTORS = 16 };

struct sk_event_program {
	const char *path; /* as the kernel told it; any bytes */
	const uint8_t *sha256; /* 32 bytes, or NULL when it could not be read */
	uint64_t size;    /* bytes of the file; 0 = unknown, left out */
	int64_t pid;      /* the process that asked; 0 = unknown */
	const char *actor_path; /* its program */
	int64_t uid;      /* its user; -1 = unknown */
	const char *mode;    /* "observe", "learn", "enforce" */
	const char *reason;  /* a word: "not-listed", "unreadable", "deadline", "overflow", ... */
	uint64_t policy_serial; /* 0 = none in force */
	uint64_t took_us;    /* until the answer; 0 = left out */
	const char *road;    /* id of an attack class (attack.h) */
	const char *rule;    /* which rule decided: a word */
	const char *remedy;  /* what would allow it: a word */
	const char *remedy_line; /* and the command or policy line that does */
	const char *package, *publisher; /* as far as they are known */
	const struct sk_event_ancestor *ancestry;
	uint32_t ancestry_count; /* at most SK_EVENT_ANCESTORS */
	bool ancestry_cut;   /* there were more, or one ended while it was looked at */
	uint64_t count;      /* so many of the same between these times; 0 = this one */
	int64_t from_ms, to_ms;
	const void *arguments; /* command line: SECRET, written as length and keyed hash; NULL = left out */
	size_t arguments_size;
	const uint8_t *secret; /* the per-endpoint key of that hash, 32 bytes; NULL: the length alone */
};

/* `kind`: one of the PROGRAM ones. `allowed` only matters to ANSWERED_BY_FAILURE: what the failure setting answered. */
int sk_event_program(enum sk_event_kind kind, const struct sk_event_stamp *at, const struct sk_event_program *p, bool allowed,
		     struct sk_buf *out);

/* GUARD_STARTED, GUARD_STOPPED: `duty` "lockdown", `version` of the program, `tier` what the kernel side can do, `reason` a word. */
int sk_event_guard(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *duty, const char *mode, const char *tier,
		   const char *reason, struct sk_buf *out);
/* Nothing judged what started between the two times (ms since the epoch). */
int sk_event_unguarded(const struct sk_event_stamp *at, const char *duty, int64_t from_ms, int64_t to_ms, const char *reason,
		       struct sk_buf *out);
/* `count` things were lost by `duty` because `queue` was full. */
int sk_event_queue_overflow(const struct sk_event_stamp *at, const char *duty, const char *queue, uint64_t count,
			    struct sk_buf *out);
/* CLOCK_WRONG or CLOCK_RIGHT: `floor_ms` is the time the clock must not be below. */
int sk_event_clock(enum sk_event_kind kind, const struct sk_event_stamp *at, int64_t floor_ms, struct sk_buf *out);
int sk_event_mode_changed(const struct sk_event_stamp *at, const char *duty, const char *from, const char *to, const char *by,
			  struct sk_buf *out);
struct sk_event_window { /* strings may be NULL */
	const char *id, *change, *owner, *consent, *scope, *source;
	int64_t from_ms, until_ms; /* 0 = left out */
	uint64_t added, changed, removed;
	const char *by, *reason, *what;
};
/* WINDOW_*, INTERLOCK_*: without an id only `what`, `reason` and `by` are written. */
int sk_event_window(enum sk_event_kind kind, const struct sk_event_stamp *at, const struct sk_event_window *w, struct sk_buf *out);
/* Somebody touched what is ours: `what` a word ("file-changed", "guard-killed"), `path` the object, or NULL. */
int sk_event_tampering(const struct sk_event_stamp *at, const char *duty, const char *what, const char *path, struct sk_buf *out);
/* The same with who did it, as far as `who` knows (its process, user, road and ancestry count), to which of our processes (a word, or NULL), by which signal (0 = by none). */
int sk_event_tampering_by(const struct sk_event_stamp *at, const char *duty, const char *what, const char *path, const char *target, uint32_t signal,
			  const struct sk_event_program *who, struct sk_buf *out);

/* POLICY_ENFORCED, _SHADOW, _REFUSED, _LIST_CHANGED. `hash`: 32 bytes or NULL. `reason`: NULL, or why it was refused, one sentence. */
int sk_event_policy(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *part, uint64_t serial,
		    const uint8_t *hash, const char *reason, struct sk_buf *out);
/* REQUEST_MADE, _ANSWERED: `what` "allow" ...; `decision` and `by` NULL while there is none. */
int sk_event_request(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *id, const char *what,
		     const char *decision, const char *by, struct sk_buf *out);

/*
 * The tombstones: these seqs of (epoch, priority) will never come. SPOOL_DROPPED: dropped by cap or age (`reason` "size", "age", "disk");
 * NOT_KEPT: could not be written, the disk was full; DAMAGED: were written and can no longer be read.
 */
int sk_event_loss(enum sk_event_kind kind, const struct sk_event_stamp *at, uint64_t epoch, uint8_t priority, uint64_t first,
		  uint64_t last, const char *reason, struct sk_buf *out);

/* ENROLLED, REVOKED: an endpoint became or ceased to be ours. */
int sk_event_enrolment(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *agent, const char *hostname,
		       const char *by, struct sk_buf *out);
/* SIGN_IN, SIGN_IN_FAILED, SIGN_OUT on the console; `from` an address. */
int sk_event_sign_in(enum sk_event_kind kind, const struct sk_event_stamp *at, const char *user, const char *from,
		     const char *reason, struct sk_buf *out);

struct sk_event_medium {
	const char *device;  /* "sdb1" */
	const char *kind, *vendor, *product, *serial, *uuid, *file_system;
	const char *mount;   /* any bytes; NULL = not mounted */
	const char *rule;    /* "3", "default" */
	const char *pass;    /* where the rule asks for one: "valid", "none", "expired", "not-yet", "other", "clock-wrong"; "" = it does not */
	const char *mode, *reason;
	uint64_t policy_serial;
};

/* `kind`: one of the MEDIA ones. Empty texts are left out. */
int sk_event_media(enum sk_event_kind kind, const struct sk_event_stamp *at, const struct sk_event_medium *medium, struct sk_buf *out);

/* HMAC-SHA-256 of a secret value under the endpoint's key: what may stand in an event in its place. 0 or -EIO. */
int sk_event_keyed_hash(const uint8_t key[32], const void *data, size_t size, uint8_t ret_hash[32]);
