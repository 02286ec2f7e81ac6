// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is said on run/sekisho/fleet.sock: the messages between fleet (the one process that owns the certificate authority and
 * fleet.db: tokens, agents, policies, requests, commands) and intake, web and the sekisho command. Bodies are one JSON object; a
 * key that is not listed is refused with ERROR {"code","text"}. Times are milliseconds since 1970 UTC.
 *
 * web and the sekisho command:
 * CALL {"verb":VERB,"by":text (who asks, for the record),"scopes":[{"org","site"}] (what they may see and change; absent = all), ...}
 *   -> RESULT, or ERROR with code "bad" (the call is wrong), "none" (no such thing, or not in scope), "denied", "conflict", "limit".
 *
 *   token.create   {"org","site","labels":{text:text},"seconds":60..2592000 (86400),"note"} -> {"id","token","expires"}; the token is
 *                  shown this once and kept hashed; it enrols one endpoint
 *   token.list     {} -> {"tokens":[{"id","org","site","labels","note","by","created","expires","state":"open"|"used"|"expired"|
 *                  "cancelled","agent"}]}
 *   token.cancel   {"id"} -> {}
 *   agent.list     {"limit","after"} -> {"agents":[AGENT],"next"}
 *   agent.show     {"agent"} -> AGENT and "certificates":[{"fingerprint","serial","not_before","not_after","state"}]
 *   agent.label    {"agent","labels":{..}} -> {}: replaces the labels
 *   agent.revoke   {"agent","reason"} -> {"closed":true|false}: live sessions close within a second
 *     AGENT = {"agent","host","machine","org","site","labels":{},"enrolled","state":"enrolled"|"revoked","connected":true|false,
 *              "last_seen","version","address","health":{as the agent sent it},"health_at","policy":{"serial","hash","state","reason","at"},
 *              "assigned":{"serial","hash"} or null}
 *   request.list   {"state":"pending"|"approved"|"rejected" or absent,"limit","before":ms} -> {"requests":[REQUEST],"next"}
 *   request.show   {"id"} -> REQUEST
 *   request.decide {"id","decision":"approve"|"reject","note"} -> REQUEST. An approval makes a draft; nothing changes on an endpoint
 *                  until a policy that holds it is signed and published. A second, different decision is refused ("conflict").
 *     REQUEST = {"id","agent","host","org","site","kind":"allow"|"unknown"|"exception","body":{},"state","created","decided","by","note",
 *                "answered":ms or null,"draft":id or null}
 *   draft.list     {"state":"open"|"published" or absent} -> {"drafts":[{"id","request","agent","org","site","programs":[{"sha256",
 *                  "name",...}],"by","note","created","state","serial"}]}
 *   policy.publish {"envelope":text} -> {"serial","hash","agents":how many it is for,"drafts":[ids now published]}; refused unless
 *                  signed under the site key, in date and of a serial above every earlier one for the same labels
 *   policy.list    {} -> {"policies":[{"serial","hash","part","labels","mode","programs":n,"keyid","not_before","expires","published",
 *                  "by","agents":n,"enforced":n,"refused":n}]}
 *   policy.show    {"hash"} -> the same and "envelope"
 *   command.send   {"agent","kind":"status"|"rescan"|"idle"|"window","body":{}} -> {"id"}; the body of "idle" is {"idle":true|false,"source":"gem"|"operator","note"},
 *                  of "window" {"envelope":text}: a signed maintenance window, which the endpoint itself judges
 *   command.list   {"agent" or absent,"limit"} -> {"commands":[COMMAND]}
 *   command.show   {"id"} -> COMMAND = {"id","agent","kind","body","by","created","sent","state":"queued"|"sent"|"done"|"failed","result"}
 *   code.answer    {"agent":id or host name,"challenge","asked_by","why"} -> {"answer":"282 479 701","agent","host","scope","minutes"}: lib/crypto/phone.h
 *   program.import {"agent" or "org","programs":[{"sha256","name","publisher","package","version","provenance","kind","size"}] 500} -> {"new","open","accepted","refused"}
 *   program.list   {"org","decision","text","after":hash,"limit"} each or absent -> {"programs":[{... as above, "org","decision","by","note","first_agent",
 *                  "first_host","endpoints","brought_by","created","reviewed"}]} in the order of hashes
 *   program.review {"org","hashes":[..500],"decision":"accepted"|"refused"|"open","note"} -> {"reviewed":n}; all of them or none
 *   program.show   {"org","sha256"} -> {"reviews":[{"decision","by","note","created"}]}
 *   code.list      {"agent" or absent,"limit"} -> {"codes":[{"agent","org","site","challenge","scope","minutes","asked_by","by","why","created"}]}
 *   summary        {} -> {"agents":n,"connected":n,"revoked":n,"pending":n,"drafts":n,"tokens":n}
 *   watch          {} -> no RESULT, but with its id PROGRESS {"changed":"agents"|"requests"|"policies"|"commands"} whenever something
 *                  changed (at most one of a kind every 100 ms), until the channel closes
 *
 * intake:
 * ENROL   {"token","csr","host","machine","address"} -> ENROLLED as on the link, or ERROR
 * ADMIT   {"fingerprint":hex SHA-256 of the certificate} -> ADMITTED {"agent","host","org","site"}, or ERROR "denied"
 * SUBSCRIBE {} (no answer): this channel is intake's: PUSH goes there. Once, first.
 * UP      {"agent","type":UP_TYPE,"body":{}}; UP_TAKEN {} with its id for "request" and "result" (they are durable), none for the others
 *   UP_TYPE  "attach" body {"address","hello":{as sent}}: from now on what waits for this agent is pushed; "detach" body {}; "health";
 *            "policy_state"; "request"; "answer_taken"; "result": as on the link
 * and fleet to intake, unasked (id 0):
 * PUSH    {"agent","type":"policy"|"answer"|"command"|"revoked","body":...}; a policy's body is the envelope as one text; revoked (body
 *         the reason): close its sessions now, forget that it was admitted
 */
#pragma once

enum {
	SK_FLEET_LABELS_MAX = 16,        /* labels an agent or token has */
	SK_FLEET_NAME_MAX = 128,         /* bytes of an org, site, label, host, "by" */
	SK_FLEET_NOTE_MAX = 1000,        /* bytes of a note or a reason */
	SK_FLEET_BODY_MAX = 64 << 10,    /* bytes of a request's, command's or result's body */
	SK_FLEET_LIST_MAX = 1000,        /* rows an answer */
	SK_FLEET_ENVELOPE_MAX = 48 << 20, /* bytes of a policy envelope */
	SK_FLEET_AGENTS_MAX = 20000,
};
