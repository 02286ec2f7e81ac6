// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is said on run/sekisho/store.sock: the messages between the store (the one process that owns events.db) and those who ask it:
 * intake (appends), web and the sekisho command (search). Bodies are one JSON object unless said otherwise; a key that is not
 * listed is refused with ERROR {"code":"bad","text":...}. Times are milliseconds since 1970 UTC. Answers carry the request's id.
 *
 * FILTER, the same object everywhere; every key may be left out, and what is given must all hold:
 *   "since", "until"   ms; since is inside, until is outside. Compared with the event's time, or with the time of receipt where the
 *                      event claims to come from the future.
 *   "endpoints"        [text], agent id or host name, exactly; any of them
 *   "classes"          [number], class_uid; any of them
 *   "severities"       [1..6 or 99], severity_id; any of them
 *   "path"             text found anywhere inside process.file.path, file.path or actor.process.file.path (case matters)
 *   "text"             text found anywhere inside the event as it was sent (ASCII case does not matter)
 *   "scopes"           [{"org":text,"site":text}], the rows the asker may see; without "site" the whole organisation; an empty list
 *                      sees nothing, no list sees everything. Set by the one who checked the permission, never by a browser.
 *
 * QUERY  {"filter":FILTER,"limit":1..1000 (100),"order":"newest"|"oldest" ("newest"),"after":CURSOR}
 *        -> ROWS (none or several), then ROWS_END {"rows":n,"next":CURSOR or null,"complete":true|false,"damaged":n}. CURSOR is the text of
 *        an earlier "next"; a page stays what it was while events come in. complete is false when the search used up its share of
 *        time and `next` goes on where it stopped (ask again: the page may even be empty); damaged counts blocks that failed their
 *        checksum and were passed over.
 * GET    {"id":"AGENT/EPOCH/PRIORITY/SEQ","scopes":[...]} -> ROWS with one row or none, ROWS_END
 * AROUND {"id":..,"seconds":1..3600 (300),"limit":1..1000 (500),"scopes":[...]} -> ROWS, oldest first, of the same endpoint, the event
 *        itself among them, ROWS_END; with "complete":false when the limit cut off events furthest from it
 * FOLLOW {"filter":FILTER,"backlog":0..1000 (0)} -> ROWS with the backlog, oldest first, then PROGRESS {"following":true}; from then on, with
 *        the same id, ROWS whenever events were committed that match, and PROGRESS {"skipped":n} when a slow follower missed n rows. Ends
 *        when the channel closes.
 * CALL   {"verb":VERB, ...} -> RESULT, or ERROR {"code":"bad"|"limit"|"full"|"failed","text"}
 *   counts   {"since","until","step":ms, a whole number of minutes,"scopes":[...],"classes":[...]} -> {"step":ms,"points":[{"time":ms,
 *            "class":n,"severity":n,"count":n}...]} at most 20000 points, oldest first
 *   stats    {} -> {"state":"ok"|"full","events","batches","bytes","oldest","newest","free_bytes","commits","duplicates",
 *            "removed":{"events","batches","bytes"},"lost":events that will never come,"gaps":open gaps}
 *   streams  {"agent":text or absent,"scopes":[...]} -> {"streams":[{"agent","epoch","priority","ack","last","received"}]}
 *   gaps     {"agent":text or absent,"scopes":[...],"limit":1..1000} -> {"gaps":[{"agent","org","site","epoch","priority","first","last",
 *            "state":"open"|"dropped"|"lost","reason","seen"}]}, newest first. open: may still come; dropped: the agent said so (its
 *            tombstone); lost: neither the agent nor the store has it
 *   resync   {"agent","host","org","site","epoch":n,"streams":[{"priority":n,"first":n,"next":n}]} (intake only, after HELLO): what the agent's
 *            spool still holds -> {"acks":[{"epoch":n,"priority":n,"seq":n}]}; what neither side has is recorded as a lost gap
 *
 * ROWS is lines of JSON, each ended by \n:
 *   {"id":"AGENT/EPOCH/PRIORITY/SEQ","agent":text,"host":text,"org":text,"site":text,"received":ms,"event":{complete, lib/event}}
 *
 * APPEND (binary, intake only): see server/store/append.h. -> ACK, or ERROR "full" (the disk; nothing was kept, send it again later).
 */
#pragma once

enum {
	SK_STORE_LIMIT_MAX = 1000,        /* rows an answer */
	SK_STORE_LIMIT_DEFAULT = 100,
	SK_STORE_LIST_MAX = 64,           /* members of each list of a filter */
	SK_STORE_TEXT_MAX = 512,          /* bytes of "path" and "text" */
	SK_STORE_ROWS_MAX = 8 << 20,      /* bytes of all ROWS of one answer; fewer rows than the limit when they are that long */
	SK_STORE_POINTS_MAX = 20000,
	SK_STORE_SECONDS_MAX = 3600,
	SK_STORE_FOLLOWERS_MAX = 64,      /* a client each */
};
