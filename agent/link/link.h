// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the files of the duty "link" share.
 *
 *   link-duty.c   the process: start, identity, link.sock, when to connect
 *   session.c     one session: the three connections (server, spool, lockdown) from the first to the last, frames between them
 *   health.c      HELLO and HEALTH, out of what spool and lockdown say of themselves
 *   window.c      batches under way
 *
 * A session is one life of the connection to the server together with its two local ones. When any of them ends, all end, and a
 * new session begins after a pause; so nothing is queued here, and whoever holds something that was not taken sends it again.
 */
#pragma once

#include "base/list.h"
#include "link/duties.h"
#include "link/identity.h"
#include "link/window.h"
#include "os/clock.h"
#include "wire/chan.h"
#include "wire/json.h"

#define CLOCK_FILE LINK_FOLDER "/clock"

enum link_state { LINK_IDLE, LINK_WAITING, LINK_CONNECTING, LINK_CONNECTED };

struct link {
	const struct sk_duty_ctx *ctx;
	const struct link_config *conf;
	struct sk_loop *loop;
	struct sk_accept *control;
	struct sk_list controls;

	struct identity identity;
	bool enrolled;
	struct sk_clock clock;

	enum link_state state;
	uint64_t since_ms;
	char error[600];         /* why the last session ended or could not begin */
	uint64_t pause_ms;       /* before the next attempt */
	struct sk_watch *retry;

	/* the session */
	struct sk_tls *tls;
	struct sk_chan *server, *spool, *lockdown, *gateway; /* the gateway: another program's clerk, on a machine that has one */
	struct sk_watch *ended;  /* deferred: the session's end, outside the callbacks of its channels */
	struct sk_watch *stall;  /* armed while something is awaited from the server */
	struct sk_watch *health; /* every 30 s while connected */
	struct sk_watch *soon;   /* HEALTH on change: at most one a second */
	struct sk_watch *again;  /* after ERROR "full" */
	bool server_up, welcomed, full;
	struct window window;
	uint32_t reads[SK_PRIORITIES]; /* ids of READs that wait at the spool */
	struct json_object *spool_health, *lockdown_health, *gateway_health;

	/* the batch that the server refused last, and in how many sessions */
	struct window_range refused;
	uint64_t refused_epoch;
	unsigned refused_times;
};

/* session.c */
int session_prepare(struct link *link); /* makes its timers */
void session_begin(struct link *link);
/* Ends it in this turn of the loop, with the reason. */
void session_end(struct link *link, const char *why);
void session_close(struct link *link);
void session_read_on(struct link *link);

/* link-duty.c: the session is over, plan the next one. */
void link_session_over(struct link *link);

/* health.c: 0 or -errno, SK_BAD. */
int health_hello(struct link *link, struct sk_buf *out);
int health_report(struct link *link, struct sk_buf *out);
int health_take(struct json_object **slot, const struct sk_frame *frame, struct sk_diag *diag);
