// SPDX-License-Identifier: GPL-3.0-or-later
/* Words that come from agents, fleet and the audit trail, and the text that says each in the reader's language. An unknown word is shown as it is. */
#include <string.h>

#include "base/mem.h"
#include "event/attack.h"
#include "web/page.h"

struct word {
	const char *word;
	enum sk_text text;
};

struct group {
	const char *name;
	struct word words[64];
};

static const struct group groups[] = {
	{"endpoint", {{"clock", T_concern_clock}, {"dropped", T_concern_dropped}, {"guard", T_concern_guard}, {"offline", T_concern_offline},
		      {"policy", T_concern_policy}, {"spool", T_concern_spool}, {"unguarded", T_concern_unguarded}}},
	{"asset", {{"no_agent", T_concern_no_agent}, {"gateway_only", T_concern_gateway_only}}},
	{"request", {{"pending", T_concern_pending}}},
	{"store", {{"full", T_concern_store_full}, {"lost", T_concern_store_lost}, {"away", T_concern_store_away}}},
	{"fleet", {{"away", T_fleet_away}}},
	{"mode", {{"observe", T_mode_observe}, {"learn", T_mode_learn}, {"enforce", T_mode_enforce}, {"shadow", T_mode_shadow}}},
	{"tier", {{"A", T_tier_a}, {"B", T_tier_b}, {"C", T_tier_c}}},
	{"subject", {{"none", T_subject_none}, {"machine", T_subject_machine}, {"cgroup", T_subject_cgroup}}},
	{"hook", {{"waiting", T_hook_waiting}, {"failed", T_hook_failed}}},
	{"claim", {{"open", T_claim_open}, {"noticed", T_claim_noticed}, {"restrained", T_claim_restrained}}},
	{"window", {{"open", T_window_open}, {"waiting", T_window_waiting}, {"closed", T_window_closed}}},
	{"rule", {{"allowlist", T_rule_allowlist}, {"failure", T_rule_failure}, {"open-for-writing", T_rule_writer}, {"size", T_rule_size},
		  {"memory", T_rule_memory}, {"interpreters", T_rule_interpreters}, {"modules", T_rule_modules}, {"mounts", T_rule_mounts},
		  {"protect", T_rule_protect}, {"media", T_rule_media}, {"self", T_rule_self}}},
	{"remedy", {{"allow", T_remedy_allow}, {"file", T_remedy_file}, {"again", T_remedy_again}, {"close-writer", T_remedy_writer}, {"jit", T_remedy_jit},
		    {"exempt", T_remedy_exempt}, {"window", T_remedy_window}, {"media", T_remedy_media}, {"policy", T_remedy_policy},
		    {"release", T_remedy_release}}},
	{"pass", {{"valid", T_pass_valid}, {"none", T_pass_none}, {"other", T_pass_other}, {"expired", T_pass_expired}, {"not-yet", T_pass_not_yet},
		  {"clock-wrong", T_pass_clock}}},
	{"guard", {{"up", T_guard_up}, {"down", T_guard_down}, {"stalled", T_guard_stalled}, {"starting", T_guard_starting}}},
	{"clock", {{"ok", T_clock_ok}, {"wrong", T_clock_wrong}}},
	{"policy", {{"enforced", T_policy_enforced}, {"refused", T_policy_refused}, {"shadow", T_policy_shadow}, {"waiting", T_policy_waiting}}},
	{"priority", {{"0", T_priority_0}, {"1", T_priority_1}, {"2", T_priority_2}}},
	{"gap", {{"open", T_gap_open}, {"dropped", T_gap_dropped}, {"lost", T_gap_lost}}},
	{"token", {{"open", T_token_open}, {"used", T_token_used}, {"expired", T_token_expired}, {"cancelled", T_token_cancelled}}},
	{"scope", {{"it", T_scope_it}, {"ot", T_scope_ot}, {"product", T_scope_product}}},
	{"request_kind", {{"allow", T_kind_allow}, {"unknown", T_kind_unknown}, {"exception", T_kind_exception}}},
	{"part", {{"lockdown", T_part_lockdown}, {"gateway", T_part_gateway}}},
	{"role", {{"administrator", T_role_administrator}, {"security", T_role_security}, {"engineer", T_role_engineer}, {"assessor", T_role_assessor},
		  {"viewer", T_role_viewer}}},
	{"import", {{"add", T_import_add}, {"change", T_import_change}, {"syntax", T_import_syntax}, {"columns", T_import_columns},
		    {"no_equipment", T_import_no_equipment}, {"site_name", T_import_site_name}, {"site_denied", T_import_site_denied},
		    {"scope", T_import_scope}, {"long", T_import_long}}},
	{"reason", {{"not-listed", T_reason_not_listed}, {"changed", T_reason_changed}, {"unreadable", T_reason_unreadable}, {"deadline", T_reason_deadline},
		    {"overflow", T_reason_overflow}, {"size", T_reason_size}, {"age", T_reason_age}, {"disk", T_reason_disk}, {"refused", T_reason_refused}, {"start", T_reason_start},
		    {"stop", T_reason_stop}, {"stopped", T_reason_stop}, {"killed", T_reason_killed},
		    {"held", T_reason_held}, {"unmounted", T_reason_unmounted}, {"unmounted-elsewhere", T_reason_unmounted}, {"read-only", T_reason_read_only},
		    {"not-executable", T_reason_not_executable}, {"busy", T_reason_busy}, {"observe", T_reason_observe}, {"stalled", T_reason_stalled}, {"pass", T_reason_pass},
		    {"overload", T_reason_overload}, {"open-for-writing", T_reason_writer}, {"too-large", T_reason_large}, {"unattended", T_reason_unattended}}},
	{"done", {{"out", T_done_out}, {"revoked", T_done_revoked}, {"cancelled", T_done_cancelled}, {"imported", T_done_imported}, {"first", T_done_first},
		  {"approved", T_done_approved}, {"rejected", T_done_rejected}, {"published", T_done_published}, {"saved", T_done_saved},
		  {"password", T_done_password}}},
	{"action", {{"sign-in", T_action_sign_in}, {"sign-in.refused", T_action_sign_in_refused}, {"sign-out", T_action_sign_out}, {"user.add", T_action_user_add},
		    {"user.grant", T_action_user_grant}, {"user.ungrant", T_action_user_ungrant}, {"user.disable", T_action_user_disable},
		    {"user.enable", T_action_user_enable}, {"user.password", T_action_user_password}, {"user.unlock", T_action_user_unlock},
		    {"account.password", T_action_account_password}, {"account.token", T_action_account_token},
		    {"account.token.revoke", T_action_account_token_revoke}, {"asset.import", T_action_asset_import},
		    {"endpoint.revoke", T_action_endpoint_revoke}, {"enrolment.make", T_action_enrolment_make}, {"enrolment.cancel", T_action_enrolment_cancel},
		    {"policy.publish", T_action_policy_publish}, {"request.approve", T_action_request_approve},
		    {"request.approve.first", T_action_request_first}, {"request.reject", T_action_request_reject}, {"site.set", T_action_site_set},
		    {"program.accept", T_action_program_accept}, {"program.refuse", T_action_program_refuse}}},
	{"detail", {{"added", T_import_added}, {"changed", T_import_changed}, {"same", T_import_same}, {"bad", T_import_bad}, {"role", T_role}, {"note", T_note},
		    {"change", T_change_number}, {"host", T_host}, {"why", T_reason}, {"reason", T_reason}, {"second_approver", T_second}, {"org", T_org},
		    {"site", T_site}, {"seconds", T_valid_seconds}, {"agent", T_agent_id}}},
	{"detail_value", {{"true", T_yes}, {"false", T_no}, {"password", T_sign_in_wrong}, {"locked", T_sign_in_locked}, {"administrator", T_role_administrator},
			  {"security", T_role_security}, {"engineer", T_role_engineer}, {"assessor", T_role_assessor}, {"viewer", T_role_viewer}}},
	{"event", {{"program_refused", T_event_program_refused}, {"program_would_be_refused", T_event_program_would}, {"program_allowed", T_event_program_allowed},
		   {"program_answered_by_failure", T_event_program_failure}, {"program_already_running", T_event_program_running},
		   {"guard_started", T_event_guard_started}, {"guard_stopped", T_event_guard_stopped}, {"unguarded", T_event_unguarded},
		   {"queue_overflow", T_event_overflow}, {"clock_wrong", T_event_clock_wrong}, {"clock_right", T_event_clock_right},
		   {"mode_changed", T_event_mode}, {"tampering", T_event_tampering}, {"policy_enforced", T_event_policy_enforced},
		   {"policy_shadow", T_event_policy_shadow}, {"policy_refused", T_event_policy_refused}, {"policy_list_changed", T_event_policy_list},
		   {"request_made", T_event_request_made}, {"request_answered", T_event_request_answered}, {"spool_dropped", T_event_spool_dropped},
		   {"spool_not_kept", T_event_spool_not_kept}, {"spool_damaged", T_event_spool_damaged}, {"enrolled", T_event_enrolled},
		   {"revoked", T_event_revoked}, {"sign_in", T_event_sign_in}, {"sign_in_failed", T_event_sign_in_failed}, {"sign_out", T_event_sign_out},
		   {"media_attached", T_event_media_attached}, {"media_removed", T_event_media_removed}, {"media_restricted", T_event_media_restricted},
		   {"media_copy_refused", T_event_media_copy_refused}, {"media_refused", T_event_media_refused}, {"media_failed", T_event_media_failed},
		   {"window_opened", T_event_window_opened}, {"window_closed", T_event_window_closed}, {"window_decided", T_event_window_decided},
		   {"window_refused", T_event_window_refused}, {"window_code", T_event_window_code}, {"interlock_waiting", T_event_interlock_waiting},
		   {"interlock_passed", T_event_interlock_passed},
		   {"gateway_message_refused", T_event_gateway_refused}, {"gateway_message_would_be_refused", T_event_gateway_would},
		   {"gateway_message_passed", T_event_gateway_passed}, {"gateway_rule", T_event_gateway_rule}, {"gateway_rule_refused", T_event_gateway_rule_refused},
		   {"gateway_odd_refused", T_event_gateway_odd_refused}, {"gateway_odd_would_be_refused", T_event_gateway_odd_would},
		   {"gateway_odd", T_event_gateway_odd}, {"gateway_conversation", T_event_gateway_conversation}, {"gateway_answers", T_event_gateway_answers}}},
};

static const struct word *find(const char *group, const char *word)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(groups); i++) {
		if (strcmp(groups[i].name, group) != 0)
			continue;
		for (const struct word *w = groups[i].words; w < groups[i].words + SK_ARRAY_SIZE(groups[i].words) && w->word; w++)
			if (strcmp(w->word, word) == 0)
				return w;
	}
	return NULL;
}

bool sk_word_known(const char *group, const char *word)
{
	return find(group, word);
}

enum sk_text sk_word_text(const char *group, const char *word, enum sk_text fallback)
{
	const struct word *w = find(group, word);

	return w ? w->text : fallback;
}

void sk_show_attack(struct sk_html *h, const char *id)
{
	enum sk_attack attack = sk_attack_of(id);

	sk_html_text(h, !attack ? id : h->language == SK_JA ? sk_attacks[attack].ja : sk_attacks[attack].en);
}

void sk_show_word(struct sk_html *h, const char *group, const char *word)
{
	const struct word *w = find(group, word);

	if (w)
		sk_html_fill(h, w->text, NULL, NULL);
	else
		sk_html_text(h, word[0] ? word : "–");
}
