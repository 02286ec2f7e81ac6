// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What `lockdown accept` says: one JSON object, or the same for people. Names of the target were made printable when they were listed.
 *
 * The items of SEMI E187 that a report bears upon stand as ids alone: the standard's texts are SEMI's.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown-accept.h"
#include "os/clock.h"

enum { LISTED = 1000, SHOWN = 20 };

/* "passed" only when nothing speaks against it without a waiver. */
static const char *verdict_of(const struct acceptance *a)
{
	return a->found & ~a->waived ? "refused" : a->found ? "accepted-with-waivers" : "accepted";
}

static int put_findings(const struct acceptance *a, struct json_object *out)
{
	struct json_object *list;
	int r = sk_json_put_array(out, "findings", &list);

	for (unsigned i = 0; i < FINDINGS && r == 0; i++) {
		struct json_object *one;

		if (!(a->found & 1u << i))
			continue;
		one = json_object_new_object();
		if (!one || sk_json_put_string(one, "code", accept_findings[i].code) || sk_json_put_bool(one, "waived", a->waived & 1u << i) ||
		    sk_json_put_string(one, "text", CTL_T(accept_findings[i].text.en, accept_findings[i].text.ja))) {
			sk_json_free(one);
			return -ENOMEM;
		}
		r = sk_json_append(list, one);
	}
	return r;
}

static int put_target(const struct acceptance *a, struct json_object *out)
{
	const struct sk_medium *m = &a->target.medium;
	struct json_object *at;
	int r = sk_json_put_object(out, "target", &at);

	if (!r)
		r = sk_json_put_bytes(at, "name", a->ctl->arguments[0], strlen(a->ctl->arguments[0]));
	if (!r)
		r = sk_json_put_string(at, "kind", accept_subject_words[a->subject]);
	if (!r)
		r = sk_json_put_bytes(at, "serial", a->serial, strlen(a->serial));
	if (!r)
		r = sk_json_put_string(at, "uuid", a->target.uuid);
	if (!r && m->kind != SK_MEDIUM_NONE)
		r = sk_json_put_string(at, "vendor", m->vendor) || sk_json_put_string(at, "product", m->product) ? -ENOMEM : 0;
	return r ? r : sk_json_put_string(at, "file_system", m->superblock.type);
}

static int put_content(const struct acceptance *a, struct json_object *out)
{
	const struct accept_inventory *inventory = &a->inventory;
	struct json_object *at, *gaps;
	int r = sk_json_put_object(out, "content", &at);

	if (!r)
		r = sk_json_put_u64(at, "entries", inventory->count - inventory->members) || sk_json_put_u64(at, "bytes", inventory->bytes) ||
				    sk_json_put_u64(at, "archives", inventory->archives) || sk_json_put_u64(at, "members", inventory->members) ||
				    sk_json_put_hex(at, "sha256", a->digest, sizeof a->digest) || sk_json_put_array(at, "gaps", &gaps)
			    ? -ENOMEM
			    : 0;
	for (size_t i = 0; i < SK_MIN(inventory->gap_count, (size_t)LISTED) && r == 0; i++) {
		struct json_object *gap = json_object_new_object();

		if (!gap || sk_json_put_string(gap, "path", inventory->gaps[i].path) || sk_json_put_string(gap, "reason", inventory->gaps[i].reason))
			gap = sk_json_free(gap);
		r = sk_json_append(gaps, gap);
	}
	return r;
}

static int put_programs(const struct acceptance *a, struct json_object *out)
{
	struct json_object *at, *list;
	size_t listed = 0;
	int r = sk_json_put_object(out, "programs", &at);

	if (!r)
		r = sk_json_put_u64(at, "known", a->known) || sk_json_put_u64(at, "unknown", a->unknown) || sk_json_put_array(at, "unknown_list", &list) ? -ENOMEM : 0;
	for (size_t i = 0; i < a->inventory.count && r == 0 && listed < LISTED; i++) {
		const struct accept_entry *e = &a->inventory.entries[i];
		struct json_object *one;

		if (!ACCEPT_IS_CODE(e->kind) || a->is_known[i])
			continue;
		listed++;
		one = json_object_new_object();
		if (!one || sk_json_put_string(one, "path", e->path) || sk_json_put_string(one, "kind", accept_kind_words[e->kind]) ||
		    sk_json_put_hex(one, "sha256", e->sha256, sizeof e->sha256) || sk_json_put_u64(one, "size", e->size))
			one = sk_json_free(one);
		r = sk_json_append(list, one);
	}
	return r;
}

/* Below the target's own path, when we mounted it. */
static const char *hit_path(const struct acceptance *a, const char *path)
{
	size_t size = strlen(a->target.path);

	return strncmp(path, a->target.path, size) == 0 && path[size] == '/' ? path + size + 1 : path;
}

static int put_malware(const struct acceptance *a, struct json_object *out)
{
	const struct accept_clam *clam = &a->clam;
	struct json_object *at, *list;
	int r = sk_json_put_object(out, "malware", &at);

	if (!r)
		r = sk_json_put_string(at, "scan", accept_scan_words[clam->scan]) || sk_json_put_string(at, "reason", clam->reason) ||
				    sk_json_put_string(at, "tool", clam->engine[0] ? "ClamAV" : "") || sk_json_put_string(at, "version", clam->engine) ||
				    sk_json_put_u64(at, "signatures", SK_MIN(clam->signatures, (uint64_t)SK_JSON_MAX_INT)) ||
				    sk_json_put_u64(at, "scanned", SK_MIN(clam->scanned, (uint64_t)SK_JSON_MAX_INT)) ||
				    sk_json_put_u64(at, "infected", SK_MIN(clam->infected, (uint64_t)SK_JSON_MAX_INT)) ||
				    sk_json_put_array(at, "found", &list)
			    ? -ENOMEM
			    : 0;
	for (size_t i = 0; i < clam->hit_count && r == 0; i++) {
		const char *path = hit_path(a, clam->hits[i].path);
		struct json_object *one = json_object_new_object();

		if (!one || sk_json_put_bytes(one, "path", path, strlen(path)) || sk_json_put_bytes(one, "name", clam->hits[i].name, strlen(clam->hits[i].name)))
			one = sk_json_free(one);
		r = sk_json_append(list, one);
	}
	return r;
}

static int put_vulnerabilities(const struct acceptance *a, struct json_object *out)
{
	const struct accept_vulns *v = &a->vulns;
	struct json_object *at, *named;
	int r = a->has_vulns ? sk_json_put_object(out, "vulnerabilities", &at) : sk_json_put_null(out, "vulnerabilities");

	if (r || !a->has_vulns)
		return r;
	r = sk_json_put_string(at, "format", v->format) || sk_json_put_bytes(at, "tool", v->tool, strlen(v->tool)) ||
			    sk_json_put_bytes(at, "version", v->version, strlen(v->version)) || sk_json_put_bytes(at, "date", v->date, strlen(v->date)) ||
			    sk_json_put_bytes(at, "scope", v->scope, strlen(v->scope)) || sk_json_put_u64(at, "dismissed", v->dismissed)
		    ? -ENOMEM
		    : 0;
	for (int i = 0; i < ACCEPT_SEVERITIES && r == 0; i++)
		r = sk_json_put_u64(at, accept_severity_words[i], v->count[i]);
	if (!r)
		r = sk_json_put_array(at, "critical_list", &named);
	for (size_t i = 0; i < v->named_count && r == 0; i++)
		r = sk_json_append(named, json_object_new_string(v->named[i]));
	return r;
}

static int put_os(const struct acceptance *a, struct json_object *out)
{
	struct json_object *at;
	int64_t days;
	int r = a->has_os ? sk_json_put_object(out, "os", &at) : sk_json_put_null(out, "os");

	if (r || !a->has_os)
		return r;
	r = sk_json_put_bytes(at, "id", a->os.id, strlen(a->os.id)) || sk_json_put_bytes(at, "version", a->os.version, strlen(a->os.version)) ||
			    sk_json_put_bytes(at, "name", a->os.name, strlen(a->os.name)) || sk_json_put_string(at, "support_end", a->os.support_end)
		    ? -ENOMEM
		    : 0;
	if (!r && accept_os_days(&a->os, a->time, &days) == 0)
		r = sk_json_put_i64(at, "support_days", days);
	return r;
}

/* Which items a report answers: only what was really done counts. */
static int put_standards(const struct acceptance *a, struct json_object *out)
{
	bool machine = a->subject != SK_PASS_MEDIUM, scanned = a->clam.scan == ACCEPT_CLEAN || a->clam.scan == ACCEPT_INFECTED;
	const struct {
		const char *id;
		bool concerns, answered, met;
	} rows[] = {{"E187.00-RQ-00001-00", machine, a->has_os && a->os.support_end[0], !(a->found & (1u << FINDING_OS_ENDED | 1u << FINDING_OS_UNKNOWN))},
		    {"E187.00-RQ-00005-00", machine, a->has_vulns && a->vulns.tool[0] && a->vulns.date[0], !(a->found & 1u << FINDING_CRITICAL)},
		    {"E187.00-RQ-00006-00", machine, scanned, a->clam.scan == ACCEPT_CLEAN},
		    {"E188-0222", true, scanned, a->clam.scan == ACCEPT_CLEAN}};
	struct json_object *list;
	int r = sk_json_put_array(out, "semi", &list);

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows) && r == 0; i++) {
		struct json_object *one = rows[i].concerns ? json_object_new_object() : NULL;

		if (!rows[i].concerns)
			continue;
		if (!one || sk_json_put_string(one, "id", rows[i].id) || sk_json_put_bool(one, "answered", rows[i].answered) ||
		    sk_json_put_bool(one, "met", rows[i].answered && rows[i].met))
			one = sk_json_free(one);
		r = sk_json_append(list, one);
	}
	return r;
}

struct json_object *accept_report(const struct acceptance *a)
{
	struct json_object *out = json_object_new_object();
	char time[25];

	if (!out || sk_json_put_string(out, "verdict", verdict_of(a)) || sk_json_put_string(out, "time", sk_clock_text((uint64_t)a->time * 1000, time)) ||
	    put_findings(a, out) || put_target(a, out) || put_content(a, out) || put_programs(a, out) || put_malware(a, out) ||
	    put_vulnerabilities(a, out) || put_os(a, out) || put_standards(a, out))
		out = sk_json_free(out);
	return out;
}

/* --- for people */

static void print_programs(const struct acceptance *a)
{
	int shown = 0;

	printf(CTL_T("programs: %" PRIu64 " known, %" PRIu64 " unknown\n", "プログラム: 登録済み %" PRIu64 "、未登録 %" PRIu64 "\n"), a->known, a->unknown);
	for (size_t i = 0; i < a->inventory.count && shown < SHOWN; i++)
		if (ACCEPT_IS_CODE(a->inventory.entries[i].kind) && !a->is_known[i] && ++shown)
			printf("  %-8s %s\n", accept_kind_words[a->inventory.entries[i].kind], a->inventory.entries[i].path);
	if (a->unknown > (uint64_t)shown)
		printf(CTL_T("  and %" PRIu64 " more: --json\n", "  ほか %" PRIu64 " 件（--json で表示）\n"), a->unknown - (uint64_t)shown);
	for (size_t i = 0; i < SK_MIN(a->inventory.gap_count, (size_t)SHOWN); i++)
		printf(CTL_T("  not looked at (%s): %s\n", "  未検査（%s）: %s\n"), a->inventory.gaps[i].reason, a->inventory.gaps[i].path);
}

static void print_malware(const struct acceptance *a)
{
	static const struct ctl_text words[] = {{"NOT scanned", "検査していません"}, {"clean", "検出なし"}, {"MALWARE FOUND", "マルウェアを検出"}, {"no verdict", "結論なし"}};
	const struct accept_clam *clam = &a->clam;

	printf(CTL_T("malware: %s", "マルウェア: %s"), CTL_T(words[clam->scan].en, words[clam->scan].ja));
	if (clam->engine[0])
		printf(CTL_T(" (ClamAV %s, %" PRIu64 " signatures, %" PRIu64 " files)", "（ClamAV %s、シグネチャー %" PRIu64 " 件、ファイル %" PRIu64 " 個）"), clam->engine,
		       clam->signatures, clam->scanned);
	printf("%s%s\n", clam->reason[0] ? ": " : "", clam->reason);
	for (size_t i = 0; i < SK_MIN(clam->hit_count, (size_t)SHOWN); i++)
		printf("  %s: %s\n", hit_path(a, clam->hits[i].path), clam->hits[i].name);
}

static void print_rest(const struct acceptance *a)
{
	const struct accept_vulns *v = &a->vulns;

	if (a->has_vulns)
		printf(CTL_T("vulnerabilities: %" PRIu64 " critical, %" PRIu64 " high, %" PRIu64 " medium, %" PRIu64 " low, %" PRIu64 " unknown, %" PRIu64
			     " dismissed (%s %s, %s)\n",
			     "脆弱性: 重大 %" PRIu64 "、高 %" PRIu64 "、中 %" PRIu64 "、低 %" PRIu64 "、不明 %" PRIu64 "、除外 %" PRIu64 "（%s %s、%s）\n"),
		       v->count[ACCEPT_CRITICAL], v->count[ACCEPT_HIGH], v->count[ACCEPT_MEDIUM], v->count[ACCEPT_LOW], v->count[ACCEPT_UNKNOWN],
		       v->dismissed, v->tool, v->version, v->date);
	if (a->has_os)
		printf(CTL_T("operating system: %s, support until %s\n", "OS: %s、サポート期限 %s\n"), a->os.name[0] ? a->os.name : a->os.id,
		       a->os.support_end[0] ? a->os.support_end : "?");
}

void accept_print(const struct acceptance *a)
{
	static const struct ctl_text kinds[] = {{"tool", "装置"}, {"laptop", "ノート PC"}, {"medium", "媒体"}};
	bool refused = a->found & ~a->waived;

	printf("%s: %s %s\n", refused ? CTL_T("REFUSED", "受け入れ不可") : CTL_T("accepted", "受け入れ可"), CTL_T(kinds[a->subject].en, kinds[a->subject].ja),
	       a->serial[0] ? a->serial : "?");
	for (unsigned i = 0; i < FINDINGS; i++)
		if (a->found & 1u << i)
			printf("  %s %s%s\n", a->waived & 1u << i ? "-" : "!", CTL_T(accept_findings[i].text.en, accept_findings[i].text.ja),
			       a->waived & 1u << i ? CTL_T(" (waived)", "（免除）") : "");
	printf(CTL_T("content: %zu entries, %" PRIu64 " MiB, %" PRIu64 " archives with %" PRIu64 " programs\n",
		     "内容: %zu 件、%" PRIu64 " MiB、アーカイブ %" PRIu64 " 個（中のプログラム %" PRIu64 " 個）\n"),
	       a->inventory.count - (size_t)a->inventory.members, a->inventory.bytes >> 20, a->inventory.archives, a->inventory.members);
	print_programs(a);
	print_malware(a);
	print_rest(a);
}
