// SPDX-License-Identifier: GPL-3.0-or-later
/* Words and commands for a record. Changes nothing; names come from whoever made the files, so commands quote them. */
#include "lockdown/clerk/why.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/mem.h"
#include "base/text.h"
#include "event/attack.h"
#include "lockdown/shared.h"

const char *const lk_rule_words[LK_RULES] = {
	[LK_RULE_ALLOWLIST] = "allowlist",   [LK_RULE_FAILURE] = "failure", [LK_RULE_WRITER] = "open-for-writing",
	[LK_RULE_SIZE] = "size",             [LK_RULE_MEMORY] = "memory",   [LK_RULE_INTERPRETERS] = "interpreters",
	[LK_RULE_MODULES] = "modules",       [LK_RULE_MOUNTS] = "mounts",   [LK_RULE_PROTECT] = "protect",
	[LK_RULE_MEDIA] = "media",           [LK_RULE_SELF] = "self",
};

/* In single quotes, as a shell takes it. A name with control characters or that is no text is not offered: nobody could check it. */
static bool quote(const char *text, char *out, size_t size)
{
	size_t at = 0;

	if (!text[0] || !sk_utf8_valid(text, strlen(text), NULL))
		return false;
	out[at++] = '\'';
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text) || at + 6 > size)
			return false;
		if (*text == '\'') {
			memcpy(out + at, "'\\''", 4);
			at += 4;
		} else {
			out[at++] = *text;
		}
	}
	out[at++] = '\'';
	out[at] = 0;
	return true;
}

static void command(struct lk_why *why, const char *before, const char *path, const char *behind)
{
	char quoted[4 * LK_RECORD_PATH + 4];

	if (quote(path, quoted, sizeof quoted))
		snprintf(why->line, sizeof why->line, "%s%s%s", before, quoted, behind);
}

/* `format` takes the hash. */
static void hash_line(struct lk_why *why, const struct lk_record *record, const char *before, const char *behind)
{
	char hex[65];

	if (record->has_hash)
		snprintf(why->line, sizeof why->line, "%s%s%s", before, sk_hex(record->hash, sizeof record->hash, hex), behind);
}

/* The program of who asked; the kernel side's records name it only by its ancestry, or by the kernel's 15 letters. */
static const char *program_of(const struct lk_record *record)
{
	const char *program = record->ancestors ? lk_record_text(record, record->ancestor[0].program) : "";

	return record->actor[0] ? record->actor : program[0] ? program : record->comm;
}

/* For one user, and for a script where one was given: code in an argument, a pipe or a variable is none. */
static void exemption_line(const struct lk_record *record, struct lk_why *why)
{
	char actor[4 * LK_RECORD_ACTOR + 4], script[4 * LK_RECORD_PATH + 4], user[24] = "";
	bool named = record->road != SK_ATTACK_SCRIPT_INLINE && record->road != SK_ATTACK_SCRIPT_STDIN && record->road != SK_ATTACK_SCRIPT_ENVIRONMENT;

	if (!quote(program_of(record), actor, sizeof actor))
		return;
	if (record->ancestors && record->ancestor[0].uid != UINT32_MAX)
		snprintf(user, sizeof user, ", user: \"%" PRIu32 "\"", record->ancestor[0].uid);
	if (named && record->path[0] == '/' && quote(record->path, script, sizeof script))
		snprintf(why->line, sizeof why->line, "lockdown.interpreters.exempt: [{program: %s%s, script: %s}]", actor, user, script);
	else
		snprintf(why->line, sizeof why->line, "lockdown.interpreters.exempt: [{program: %s%s}]", actor, user);
}

/* By its hash, which a record of the kernel side does not have: then how to get it. */
static void jit_line(const struct lk_record *record, struct lk_why *why)
{
	const char *program = program_of(record);

	if (record->has_hash)
		hash_line(why, record, "lockdown.jit: [{sha256: ", "}]");
	else if (program[0] == '/')
		command(why, "sha256sum ", program, "");
}

static void policy_line(struct lk_why *why, const char *line)
{
	snprintf(why->line, sizeof why->line, "%s", line);
}

static const char *failure_remedy(const struct lk_record *record, struct lk_why *why)
{
	policy_line(why, record->trouble == LK_TROUBLE_OVERDUE ? "lockdown.deadline_ms" : record->trouble == LK_TROUBLE_OVERLOAD ? "lockdown.overload" : "");
	return "again";
}

/* The kernel side knows a name, not always a path: then a person has to find the file. What is in no file of a guarded file system has to be put into one. */
static const char *allow_remedy(const struct lk_record *record, struct lk_why *why)
{
	switch (record->road) {
	case SK_ATTACK_EXEC_MEMFD:
	case SK_ATTACK_EXEC_DELETED:
	case SK_ATTACK_EXEC_NAMESPACE:
	case SK_ATTACK_EXEC_OVERLAY:
		return "file";
	default:
		if (record->kind != LK_RECORD_KERNEL || record->path[0] == '/')
			command(why, "sekisho lockdown allow ", record->path, " --note WHY");
		else
			policy_line(why, "sekisho lockdown allow FILE --note WHY");
		return "allow";
	}
}

/* The word; the line goes into why. */
static const char *remedy_of(const struct lk_record *record, struct lk_why *why)
{
	switch (record->rule) {
	case LK_RULE_ALLOWLIST:
		return allow_remedy(record, why);
	case LK_RULE_FAILURE:
		return failure_remedy(record, why);
	case LK_RULE_WRITER:
		command(why, "fuser -v ", record->path, "");
		return "close-writer";
	case LK_RULE_SIZE:
		policy_line(why, "lockdown.scope");
		return "policy";
	case LK_RULE_MEMORY:
		jit_line(record, why);
		return "jit";
	case LK_RULE_INTERPRETERS:
		exemption_line(record, why);
		return "exempt";
	case LK_RULE_MODULES:
		hash_line(why, record, "lockdown.programs: [{kind: module, sha256: ", "}]");
		return "policy";
	case LK_RULE_MOUNTS:
		policy_line(why, "lockdown.mounts: allow");
		return "policy";
	case LK_RULE_PROTECT:
		return "window";
	case LK_RULE_MEDIA:
		policy_line(why, "lockdown.media");
		return "media";
	default:
		return "release";
	}
}

/* --- who */

/* A container's id is 12 or more hex digits; people know it by the first 12. */
static bool put_id(const char *id, const char *kind, char *out, size_t size)
{
	size_t digits = strspn(id, "0123456789abcdef");

	if (digits < 12)
		return false;
	snprintf(out, size, "%s %.12s", kind, id);
	return true;
}

void lk_container_of(const char *cgroup, char *out, size_t size)
{
	static const struct {
		const char *mark, *kind;
	} marks[] = {{"/docker-", "docker"}, {"/docker/", "docker"}, {"/libpod-", "podman"}, {"/cri-containerd-", "containerd"}, {"/crio-", "cri-o"}};
	static const char *const named[] = {"/lxc/", "/lxc.payload.", "/machine.slice/"};
	const char *at;

	out[0] = 0;
	for (size_t i = 0; i < SK_ARRAY_SIZE(marks); i++)
		if ((at = strstr(cgroup, marks[i].mark)) && put_id(at + strlen(marks[i].mark), marks[i].kind, out, size))
			return;
	for (size_t i = 0; i < SK_ARRAY_SIZE(named); i++)
		if ((at = strstr(cgroup, named[i])) && at[strlen(named[i])]) {
			at += strlen(named[i]);
			snprintf(out, size, "%s %.*s", i < 2 ? "lxc" : "machine", (int)strcspn(at, "/"), at);
			return;
		}
}

void lk_tty_name(int32_t device, char *out, size_t size)
{
	/* as /proc/PID/stat puts it: minor bits 0-7 and 20-31, major bits 8-19 */
	unsigned major = (unsigned)device >> 8 & 0xfff, minor = ((unsigned)device & 0xff) | ((unsigned)device >> 12 & 0xfff00);

	if (!device)
		out[0] = 0;
	else if (major >= 136 && major <= 143)
		snprintf(out, size, "pts/%u", (major - 136) * 256 + minor);
	else if (major == 4)
		snprintf(out, size, minor < 64 ? "tty%u" : "ttyS%u", minor < 64 ? minor : minor - 64);
	else
		snprintf(out, size, "%u:%u", major, minor);
}

static const char *text_or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static void ancestor_of(const struct lk_record *record, uint32_t i, struct lk_why *why)
{
	const struct lk_ancestor *one = &record->ancestor[i];
	const char *cgroup = lk_record_text(record, one->cgroup);

	lk_tty_name(one->tty, why->tty[i], sizeof why->tty[i]);
	lk_container_of(cgroup, why->container[i], sizeof why->container[i]);
	why->ancestry[i] = (struct sk_event_ancestor){
		.pid = one->pid,
		.uid = one->uid == UINT32_MAX ? -1 : (int64_t)one->uid,
		.session = one->session,
		.name = one->comm,
		.program = text_or_null(lk_record_text(record, one->program)),
		.tty = text_or_null(why->tty[i]),
		.cgroup = text_or_null(cgroup),
		.container = text_or_null(why->container[i]),
	};
}

void lk_why_of(const struct lk_record *record, struct lk_why *ret_why)
{
	ret_why->line[0] = 0;
	ret_why->road = record->road > 0 && record->road < SK_ATTACKS ? sk_attacks[record->road].id : NULL;
	ret_why->rule = lk_rule_words[record->rule % LK_RULES];
	ret_why->remedy = remedy_of(record, ret_why);
	for (uint32_t i = 0; i < record->ancestors && i < LK_ANCESTORS; i++)
		ancestor_of(record, i, ret_why);
}

/* --- the same again */

static void mix(uint64_t *key, const void *data, size_t size)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < size; i++)
		*key = (*key ^ at[i]) * UINT64_C(1099511628211); /* FNV-1a; a collision only joins two counts */
}

static uint64_t key_of(const struct lk_record *record)
{
	uint64_t key = UINT64_C(14695981039346656037);
	const uint32_t kind[] = {record->kind, record->mode, record->answer, record->trouble, record->known, record->road, record->rule};

	mix(&key, kind, sizeof kind);
	if (record->has_hash)
		mix(&key, record->hash, sizeof record->hash);
	mix(&key, record->path, strlen(record->path));
	if (record->ancestors > 1) {
		mix(&key, &record->ancestor[1].pid, sizeof record->ancestor[1].pid);
		mix(&key, &record->ancestor[1].start, sizeof record->ancestor[1].start);
	}
	return key ? key : 1;
}

static void tell_count(struct lk_repeat *one, lk_repeat_tell *tell, void *arg)
{
	if (one->count)
		tell(arg, &one->record, one->count, one->from_ms, one->last_ms);
	one->count = 0;
}

static void begin(struct lk_repeat *one, uint64_t key, uint64_t now_ms, const struct lk_record *record)
{
	*one = (struct lk_repeat){.key = key, .due_ms = now_ms + LK_REPEAT_MS, .wait_ms = LK_REPEAT_MS, .record = *record};
}

bool lk_repeat_take(struct lk_repeats *repeats, const struct lk_record *record, uint64_t now_ms, lk_repeat_tell *tell, void *arg)
{
	uint64_t key = key_of(record);
	struct lk_repeat *place = &repeats->list[0];

	for (uint32_t i = 0; i < LK_REPEATS; i++) {
		struct lk_repeat *one = &repeats->list[i];

		if (one->key == key) {
			one->from_ms = one->count++ ? one->from_ms : record->time_ms;
			one->last_ms = record->time_ms;
			one->record.time_ms = record->time_ms;
			return true;
		}
		if (place->key && (!one->key || one->due_ms - one->wait_ms < place->due_ms - place->wait_ms))
			place = one;
	}
	tell_count(place, tell, arg);
	begin(place, key, now_ms, record);
	return false;
}

uint64_t lk_repeat_due(struct lk_repeats *repeats, uint64_t now_ms, bool all, lk_repeat_tell *tell, void *arg)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < LK_REPEATS; i++) {
		struct lk_repeat *one = &repeats->list[i];

		if (!one->key)
			continue;
		if (all || one->due_ms <= now_ms) {
			if (!one->count) { /* it has ended: the next one is told at once */
				one->key = 0;
				continue;
			}
			tell_count(one, tell, arg);
			one->wait_ms = SK_MIN(one->wait_ms * 2, (uint64_t)LK_REPEAT_MAX_MS);
			one->due_ms = now_ms + one->wait_ms;
		}
		if (!next || one->due_ms < next)
			next = one->due_ms;
	}
	return next;
}
