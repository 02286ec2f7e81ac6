// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is said between an agent and the server's intake, over TLS 1.3. Frames and their numbers are in wire/types.h; binary bodies in
 * wire/batch.h; here are the JSON bodies. A key that is not listed is refused: ERROR {"code":"bad","text"} and the connection closes.
 *
 * ALPN "sekisho-enrol/1", no client certificate. One question, one answer, then the server closes:
 * ENROL    {"token","csr":PEM,"host","machine"} -> ENROLLED {"agent":id,"certificate":PEM,"ca":PEM,"site_key":base64,"site","org",
 *          "asset" (the token's label, or ""),"secret":base64 of 32 bytes} or ERROR {"code":"denied"|"bad"|"limit"|"failed","text"}. A token that is wrong, used or expired is
 *          "denied", always after the same time.
 *          A person carries "TOKEN.PIN", where PIN is 64 hex digits: SHA-256 of the server's certificate (DER), so that the agent can insist on
 *          this server before it has the CA. Only TOKEN is sent. "machine" is /etc/machine-id, "" when there is none.
 *
 * ALPN "sekisho/1", client certificate that the fleet admits at this moment. The first frame is HELLO, within SK_LINK_HELLO_MS:
 * HELLO    {"agent":id (as in the certificate),"version":text,"boot":boot id,"clock":{"time":ms,"state":"ok"|"wrong"},
 *          "epoch":n,"streams":[{"priority":0..2,"first":n,"next":n}]}: the spool holds [first, next) of each priority; first is one above
 *          what it counts as acknowledged
 *          -> WELCOME {"time":ms,"acks":[{"epoch","priority","seq"}]}: the store has everything up to seq of the streams named. What lies between
 *          the store's end and "first" is recorded as lost, unless a tombstone explains it.
 * BATCH    -> ACK (its epoch and priority; the highest contiguous seq that is durable), once for each BATCH, in any order. At most SK_LINK_WINDOW
 *          batches may wait for their ACK; the server stops reading when there are more.
 * HEALTH   {"spool":{"depth":[n,n,n],"bytes":n,"max_bytes":n,"dropped":n,"disk_full":bool},"clock":"ok"|"wrong","lockdown":{...},"gateway":{...}} (no answer).
 *          The fleet keeps the latest as it stands, whatever is in it.
 * POLICY   (server to agent) a signed envelope -> POLICY_STATE {"serial":n,"hash":hex,"state":"enforced"|"refused"|"shadow"|"waiting",
 *          "reason":text} (may be sent again at any time: it is what is in force; with "part":"gateway" it is the gateway's)
 * REQUEST  {"id":text,"kind":"allow"|"unknown"|"exception","body":{}} -> REQUEST_TAKEN {"id"}; the agent sends it again after a reconnect
 *          until it is taken
 * ANSWER   (server to agent) {"id","decision":"approved"|"rejected","note","by"} -> ANSWER_TAKEN {"id"}; sent again likewise
 * COMMAND  (server to agent) {"id":text,"kind":"status"|"rescan"|"idle"|"window","body":{}} -> RESULT {"id","ok":bool,"body":{}}; sent again likewise
 *
 * A batch that is wrong is answered by ERROR {"code":"bad-batch","text":where and why} and the connection closes; nothing of it was kept. When it was answered so
 * in three sessions, with everything before it acknowledged, the agent gives it up: its events are lost, a tombstone says which, and the stream goes on.
 * ERROR "failed": not now, and nothing is wrong with the batch.
 * Within the agent the duty `link` holds two local connections for as long as a session lasts, and hands POLICY to COMMAND and their answers on as they are:
 * lockdown.sock: link is the client; lockdown sends what is in its outbox when the connection begins, and HEALTH when it changes; HEALTH_GET asks.
 * gateway.sock:  on a machine with a gateway, the same for POLICY, POLICY_STATE and HEALTH; a policy goes to both, and each takes its own part.
 * spool.sock:    EVENT -> EVENT_TAKEN when its id is not 0: durable; or ERROR "full" or "bad". READ {"priority","after"} (link) -> BATCH with the
 *                same id as soon as there is an event behind `after`; a new READ of a priority takes the place of the old one. ACKED (link): what the
 *                server has; REFUSED (link): what it will never take. HEALTH_GET -> HEALTH {"epoch","bytes","max_bytes","disk_full","tombstones","cut_bytes","streams":[{"priority","acked",
 *                "next","bytes","dropped","not_kept","damaged"}]}.
 * link.sock:     CALL {"verb":"status"} -> RESULT {"enrolled","agent","server","state":"idle"|"waiting"|"connecting"|"connected","since","error"};
 *                CALL {"verb":"reload"} after enrolment -> RESULT {}.
 *
 * ERROR {"code":"revoked"}: the fleet took the admission back.
 */
#pragma once

enum {
	SK_LINK_HELLO_MS = 10000, /* from the connection to HELLO, TLS included */
	SK_LINK_WINDOW = 16,      /* batches without an ACK */
	SK_LINK_IDLE_MS = 90000,  /* the server closes when nothing came for so long; PING keeps it alive */
	SK_LINK_TOKEN_MAX = 512,  /* bytes of a token */
	SK_LINK_ID_MAX = 64,      /* bytes of an id of a request or command: [A-Za-z0-9._-] */
};
