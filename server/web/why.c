// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The answer to "why": plain words for what an endpoint reported, what decided it, and what a person can do. The words are in the text catalogues; here is only which
 * of them fit an event.
 */
#include <string.h>

#include "base/mem.h"
#include "web/handlers.h"
#include "web/page.h"

struct why {
	const char *code;   /* metadata.event_code */
	const char *reason; /* fab.reason; NULL = any (comes after the exact ones) */
	enum sk_text why, todo;
};

static const struct why table[] = {
	{"program_refused", "not-listed", T_why_not_listed, T_todo_not_listed},
	{"program_refused", "changed", T_why_changed, T_todo_changed},
	{"program_refused", NULL, T_why_refused, T_todo_not_listed},
	{"program_would_be_refused", NULL, T_why_would, T_todo_would},
	{"program_allowed", NULL, T_why_allowed, T_todo_nothing},
	{"program_answered_by_failure", "deadline", T_why_deadline, T_todo_failure},
	{"program_answered_by_failure", "unreadable", T_why_unreadable, T_todo_failure},
	{"program_answered_by_failure", NULL, T_why_failure, T_todo_failure},
	{"program_already_running", NULL, T_why_running, T_todo_running},
	{"guard_started", NULL, T_why_guard_started, T_todo_nothing},
	{"guard_stopped", NULL, T_why_guard_stopped, T_todo_guard_stopped},
	{"unguarded", NULL, T_why_unguarded, T_todo_unguarded},
	{"queue_overflow", NULL, T_why_overflow, T_todo_overflow},
	{"clock_wrong", NULL, T_why_clock, T_todo_clock},
	{"clock_right", NULL, T_why_clock_right, T_todo_nothing},
	{"mode_changed", NULL, T_why_mode, T_todo_mode},
	{"window_opened", NULL, T_why_window_opened, T_todo_window_opened},
	{"window_closed", NULL, T_why_window_closed, T_todo_window_closed},
	{"window_decided", NULL, T_why_window_decided, T_todo_nothing},
	{"window_refused", NULL, T_why_window_refused, T_todo_window_refused},
	{"window_code", NULL, T_why_window_code, T_todo_window_code},
	{"interlock_waiting", NULL, T_why_interlock_waiting, T_todo_interlock},
	{"interlock_passed", NULL, T_why_interlock_passed, T_todo_nothing},
	{"tampering", NULL, T_why_tampering, T_todo_tampering},
	{"policy_enforced", NULL, T_why_policy_enforced, T_todo_nothing},
	{"policy_shadow", NULL, T_why_shadow, T_todo_nothing},
	{"policy_refused", NULL, T_why_policy_refused, T_todo_policy_refused},
	{"policy_list_changed", NULL, T_why_policy_list, T_todo_nothing},
	{"request_made", NULL, T_why_request, T_todo_request},
	{"request_answered", NULL, T_why_answered, T_todo_nothing},
	{"spool_dropped", NULL, T_why_dropped, T_todo_dropped},
	{"spool_not_kept", NULL, T_why_not_kept, T_todo_dropped},
	{"spool_damaged", NULL, T_why_damaged, T_todo_damaged},
	{"enrolled", NULL, T_why_enrolled, T_todo_nothing},
	{"revoked", NULL, T_why_revoked, T_todo_nothing},
	{"sign_in", NULL, T_why_sign_in, T_todo_nothing},
	{"sign_in_failed", NULL, T_why_sign_in_failed, T_todo_sign_in},
	{"sign_out", NULL, T_why_sign_out, T_todo_nothing},
	{"media_attached", NULL, T_why_media_attached, T_todo_nothing},
	{"media_removed", NULL, T_why_media_removed, T_todo_nothing},
	{"media_restricted", NULL, T_why_media_restricted, T_todo_nothing},
	{"media_copy_refused", NULL, T_why_media_copy_refused, T_todo_media},
	{"media_refused", NULL, T_why_media_refused, T_todo_media},
	{"media_failed", NULL, T_why_media_failed, T_todo_media_failed},
	{"gateway_message_refused", NULL, T_why_gateway_refused, T_todo_gateway},
	{"gateway_message_would_be_refused", NULL, T_why_gateway_would, T_todo_gateway},
	{"gateway_message_passed", NULL, T_why_gateway_passed, T_todo_nothing},
	{"gateway_rule", NULL, T_why_gateway_rule, T_todo_gateway_rule},
	{"gateway_rule_refused", NULL, T_why_gateway_rule_refused, T_todo_gateway_rule},
	{"gateway_odd_refused", NULL, T_why_gateway_odd_refused, T_todo_gateway_rule},
	{"gateway_odd_would_be_refused", NULL, T_why_gateway_would, T_todo_gateway_rule},
	{"gateway_odd", NULL, T_why_gateway_odd, T_todo_gateway_rule},
	{"gateway_conversation", NULL, T_why_gateway_conversation, T_todo_nothing},
	{"gateway_answers", NULL, T_why_gateway_answers, T_todo_nothing},
};

static const struct why *find(const char *code, const char *reason)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(table); i++)
		if (strcmp(table[i].code, code) == 0 && (!table[i].reason || strcmp(table[i].reason, reason) == 0))
			return &table[i];
	return NULL;
}

void sk_event_why(struct sk_req *q, json_object *row)
{
	json_object *event = sk_field_at(row, "event"), *why = sk_put_object(row, "why");
	const struct why *w = find(sk_field_text(event, "metadata.event_code"), sk_field_text(event, "fab.reason"));
	int64_t serial = sk_field_int(event, "fab.policy_serial");
	const char *rule = sk_field_text(event, "fab.rule");

	/* What was refused by another rule than the allowlist is no question of the allowlist: the rule's own words, and what would allow it. */
	if (strcmp(sk_field_text(event, "metadata.event_code"), "program_refused") == 0 && *rule && strcmp(rule, "allowlist") && strcmp(rule, "failure") &&
	    sk_word_known("rule", rule)) {
		sk_put_s(why, "text", sk_text_in(q->language, sk_word_text("rule", rule, T_why_refused)));
		sk_put_s(why, "todo", sk_text_in(q->language, T_todo_rule));
	} else {
		sk_put_s(why, "text", sk_text_in(q->language, w ? w->why : T_why_unknown));
		sk_put_s(why, "todo", sk_text_in(q->language, w ? w->todo : T_todo_unknown));
	}
	if (serial)
		sk_put_i(why, "policy_serial", serial);
}
