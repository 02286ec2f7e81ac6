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
 *        -> ROWS. CURSOR is the text of an earlier answer's "next"; a page stays what it was while events come in.
 * GET    {"id":"AGENT/EPOCH/PRIORITY/SEQ","scopes":[...]} -> ROWS with one row or none
 * AROUND {"id":..,"seconds":1..3600 (300),"limit":1..1000 (500),"scopes":[...]} -> ROWS, oldest first, of the same endpoint, the event
 *        itself among them
 * FOLLOW {"filter":FILTER,"backlog":0..1000 (0)} -> ROWS at once (the backlog, oldest first) and again, with the same id, whenever
 *        events were committed that match; until the channel closes or UNFOLLOW {} with the id of the FOLLOW (answered by TAKEN)
 * COUNTS {"since","until","step":ms, a whole number of minutes,"scopes":[...],"classes":[...]}
 *        -> RESULT {"step":ms,"points":[{"time":ms,"class":n,"severity":n,"count":n}...]} at most 20000 points, oldest first
 * STATS  {} -> RESULT {"state":"ok"|"full","events","batches","bytes","oldest","newest","free_bytes","commits","duplicates",
 *        "removed":{"events","batches","oldest","newest"},"lost":events missing for good,"gaps":open gaps}
 * STREAMS {"agent":text or absent,"scopes":[...]} -> RESULT {"streams":[{"agent","epoch","priority","ack","last","received"}]}
 * GAPS   {"agent":text or absent,"scopes":[...],"limit":1..1000} -> RESULT {"gaps":[{"agent","org","site","epoch","priority","first",
 *        "last","state":"open"|"dropped"|"lost","reason","seen"}]} newest first
 *
 * ROWS is lines of JSON, each ended by \n. The first is {"rows":n,"next":CURSOR or null,"complete":true|false,"damaged":n,
 * "skipped":n}: complete is false when the search used up its share of time and `next` goes on where it stopped; damaged counts
 * blocks that failed their checksum; skipped counts the rows a slow follower missed. Then one line a row:
 *   {"id":"AGENT/EPOCH/PRIORITY/SEQ","agent":text,"host":text,"org":text,"site":text,"received":ms,"event":{as sent}}
 *
 * APPEND (binary, intake only): see server/store/batch.h. -> ACK, or ERROR "full" (the disk; nothing was kept, ask again later).
 * RESYNC {"agent","host","org","site","epoch":n,"streams":[{"priority":n,"first":n,"next":n}]} (intake only, after HELLO): what the
 *        agent's spool still holds -> RESULT {"acks":[{"epoch":n,"priority":n,"seq":n}]}; what neither side has is recorded as a gap.
 */
#pragma once

enum {
	SK_STORE_LIMIT_MAX = 1000,        /* rows an answer */
	SK_STORE_LIMIT_DEFAULT = 100,
	SK_STORE_LIST_MAX = 64,           /* members of each list of a filter */
	SK_STORE_TEXT_MAX = 512,          /* bytes of "path" and "text" */
	SK_STORE_ROWS_MAX = 8 << 20,      /* bytes of a ROWS body */
	SK_STORE_POINTS_MAX = 20000,
	SK_STORE_SECONDS_MAX = 3600,
	SK_STORE_FOLLOWERS_MAX = 64,      /* a client each */
};
