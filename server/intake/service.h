// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The inside of intake. service.c: the listener, limits, handshakes, the life of sessions. link.c: what agents say. peers.c: the store and the
 * fleet at the other side, and what waits for their answer. enrol.c: the one question of a stranger.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "crypto/tls.h"
#include "intake/admit.h"
#include "intake/intake.h"
#include "intake/open.h"
#include "wire/chan.h"
#include "wire/link.h"

enum sk_session_state { SK_SESSION_HANDSHAKE, SK_SESSION_ENROL, SK_SESSION_HELLO, SK_SESSION_RESYNC, SK_SESSION_OPEN, SK_SESSION_CLOSING };

struct sk_intake {
	struct sk_loop *loop;
	const char *root;
	struct sk_intake_conf conf;
	struct sk_tls *tls;
	int listener;
	struct sk_accept *accept; /* NULL while the store or the fleet's list is missing: clients wait in the backlog */
	struct sk_admissions *admissions;
	struct sk_list sessions;
	unsigned session_count;
	struct sk_map *addresses; /* address to struct address: connections now */
	struct sk_chan *store, *fleet;
	struct sk_watch *retry;   /* connects to what is missing */
	bool store_choked;        /* nobody is read from until it drains */
	struct sk_list waiting;   /* struct sk_waiting */
	struct sk_buf space, out; /* for opening batches */
	uint64_t bad_batches, refused;
};

struct sk_session {
	struct sk_list link;
	struct sk_intake *intake;
	enum sk_session_state state;
	struct bufferevent *bev; /* during the handshake; then the channel's */
	struct sk_chan *chan;
	struct sk_watch *timer; /* until HELLO */
	char address[48];
	struct sk_admitted who;
	uint64_t epoch;
	unsigned batches; /* without an ACK */
	bool paused;
	struct json_object *hello;
	uint32_t asked; /* ENROL: id of the question */
};

/* Something asked of the store or the fleet for a session. */
enum sk_waiting_kind { SK_WAIT_RESYNC, SK_WAIT_APPEND, SK_WAIT_ENROL, SK_WAIT_UP };

struct sk_waiting {
	struct sk_list link;
	enum sk_waiting_kind kind;
	uint32_t id;                /* of the question, on the channel of the store or the fleet */
	struct sk_session *session; /* NULL when it is gone */
	uint32_t answer_id;         /* of the frame it answers, on the session's channel */
	char *body;                 /* UP: to be sent again when the fleet comes back */
	size_t size;
	char name[SK_LINK_ID_MAX + 1]; /* UP: the id of the request or result */
	bool request;
};

/* service.c */
void sk_session_close(struct sk_session *session);                                        /* now */
void sk_session_end(struct sk_session *session, uint32_t id, const char *code, const char *text); /* ERROR, then closes */
void sk_intake_pause(struct sk_intake *intake, struct sk_session *session);               /* stops or goes on reading, as things stand */
void sk_intake_doors(struct sk_intake *intake);                                           /* opens or shuts the listener, as things stand */
struct sk_session *sk_intake_session(struct sk_intake *intake, const char *agent);        /* an open one, or NULL */

/* link.c */
void sk_link_on_frame(struct sk_session *session, const struct sk_frame *frame);
void sk_link_welcome(struct sk_session *session, uint32_t id, const struct sk_frame *acks);
int sk_link_attach(struct sk_session *session); /* tells the fleet that this agent is here */
void sk_link_push(struct sk_session *session, const char *type, const struct sk_json *push);

/* peers.c */
int sk_peers_start(struct sk_intake *intake);
void sk_peers_stop(struct sk_intake *intake);
void sk_peers_forget(struct sk_intake *intake, struct sk_session *session); /* nothing is to be answered to it any more */
/* 0, or the session must close: the peer is not there. The answer comes to sk_link_*. */
int sk_peers_resync(struct sk_session *session, uint32_t answer_id, const void *body, size_t size);
int sk_peers_append(struct sk_session *session, uint32_t answer_id, const void *body, size_t size);
int sk_peers_enrol(struct sk_session *session, uint32_t answer_id, const void *body, size_t size);
/* `name` NULL: no answer is wanted. Without a fleet it waits, when it has a name, or is dropped. */
int sk_peers_up(struct sk_session *session, const char *type, const char *name, const void *body, size_t size);

/* enrol.c */
void sk_enrol_on_frame(struct sk_session *session, const struct sk_frame *frame);
void sk_enrol_answer(struct sk_session *session, uint32_t id, const struct sk_frame *answer);
