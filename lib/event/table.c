// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The one table of classes, kinds and fields. Numbers and names of OCSF are those of its release 1.3.0 (schema.ocsf.io/1.3.0); what is ours stands under
 * `fab`, in `device.site`, and in the classes of extension 999.
 */
#include "event/table.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "event/event.h"

const struct sk_event_class sk_event_classes[] = {
	{SK_CLASS_PROCESS, 1, "process_activity", "Process Activity", "1 Launch", "A program was about to be started"},
	{SK_CLASS_FINDING, 2, "detection_finding", "Detection Finding", "1 Create",
	 "Something that a person should look at, found on an endpoint or by the server"},
	{SK_CLASS_AUTHENTICATION, 3, "authentication", "Authentication", "1 Logon, 2 Logoff",
	 "Somebody signed in to the console, failed to, or signed out"},
	{SK_CLASS_ENTITY, 3, "entity_management", "Entity Management", "6 Enroll, 7 Unenroll",
	 "An endpoint became or ceased to be one of ours"},
	{SK_CLASS_LIFECYCLE, 6, "application_lifecycle", "Application Lifecycle", "3 Start, 4 Stop", "A guard of ours started or stopped"},
	{SK_CLASS_PROTECTION, 6, "fab/protection_state", "Protection State (fab)",
	 "1 Unguarded, 2 Queue overflow, 3 Clock wrong, 4 Clock right, 5 Mode changed, 6 Window opened, 7 Window closed, 8 Window decided, "
	 "9 Window refused, 10 Code, 11 Waits for the tool, 12 Waits no longer",
	 "How far the protection of an endpoint, and the word of its clock, could be relied on"},
	{SK_CLASS_LOSS, 6, "fab/event_loss", "Event Loss (fab)", "1 Dropped, 2 Not kept, 3 Damaged",
	 "A tombstone: exactly these events of this endpoint will never arrive. The range counts as acknowledged"},
	{SK_CLASS_POLICY, 6, "fab/policy_activity", "Policy Activity (fab)", "1 Enforced, 2 Shadow, 3 Refused, 4 List changed",
	 "What an endpoint did with a policy it was given"},
	{SK_CLASS_REQUEST, 6, "fab/request_activity", "Request Activity (fab)", "1 Made, 2 Answered",
	 "Somebody at an endpoint asked for a permission, or was answered"},
	{SK_CLASS_MEDIA, 6, "fab/media_activity", "Media Activity (fab)", "1 Attached, 2 Removed, 3 Restricted, 4 Copy refused, 5 Refused, 6 Failed",
	 "A removable medium came to an endpoint, and what was done with it"},
};
const size_t sk_event_class_count = SK_ARRAY_SIZE(sk_event_classes);

/* code, class, activity, severity, priority, status (1 success, 2 failure), action (1 allowed, 2 denied), disposition, message, doc */
const struct sk_event_kind_row sk_event_kinds[SK_EVENT_KINDS] = {
	[SK_EVENT_PROGRAM_REFUSED] = {"program_refused", SK_CLASS_PROCESS, 1, 4, 0, 2, 2, 2, "A program was refused",
		"Enforce: the program is not on the allowlist and did not start (disposition 2 Blocked)"},
	[SK_EVENT_PROGRAM_WOULD_BE_REFUSED] = {"program_would_be_refused", SK_CLASS_PROCESS, 1, 3, 0, 1, 1, 15,
		"A program that is not on the allowlist started", "Observe or learn: enforce would have refused it (disposition 15 Detected)"},
	[SK_EVENT_PROGRAM_ALLOWED] = {"program_allowed", SK_CLASS_PROCESS, 1, 1, 2, 1, 1, 1, "A program started for the first time",
		"A listed program was judged for the first time since the guard started or the file changed"},
	[SK_EVENT_PROGRAM_ANSWERED_BY_FAILURE] = {"program_answered_by_failure", SK_CLASS_PROCESS, 1, 4, 0, 0, 1, 27,
		"A start was answered by the failure setting",
		"No verdict was reached (deadline, unreadable file, overload); action_id says what the setting answered (disposition 27 Error)"},
	[SK_EVENT_PROGRAM_ALREADY_RUNNING] = {"program_already_running", SK_CLASS_PROCESS, 1, 4, 0, 1, 1, 15,
		"A program that is not on the allowlist was already running", "Found when the guard started: it came up while nothing judged"},
	[SK_EVENT_GUARD_STARTED] = {"guard_started", SK_CLASS_LIFECYCLE, 3, 1, 1, 1, 0, 0, "A guard started", "With its mode and what the kernel can do here"},
	[SK_EVENT_GUARD_STOPPED] = {"guard_stopped", SK_CLASS_LIFECYCLE, 4, 3, 0, 1, 0, 0, "A guard stopped", "In order, on request"},
	[SK_EVENT_UNGUARDED] = {"unguarded", SK_CLASS_PROTECTION, 1, 4, 0, 0, 0, 0, "Starts of programs were not judged for a time",
		"Between start_time and end_time nothing judged: the guard was not running"},
	[SK_EVENT_QUEUE_OVERFLOW] = {"queue_overflow", SK_CLASS_PROTECTION, 2, 3, 0, 0, 0, 0, "A queue overflowed",
		"`count` items were lost because a queue of ours was full"},
	[SK_EVENT_CLOCK_WRONG] = {"clock_wrong", SK_CLASS_PROTECTION, 3, 3, 0, 0, 0, 0, "The clock of the endpoint is wrong",
		"It stands before fab.floor_time; times of its events are what that clock said"},
	[SK_EVENT_CLOCK_RIGHT] = {"clock_right", SK_CLASS_PROTECTION, 4, 1, 1, 0, 0, 0, "The clock of the endpoint is right again", "It passed fab.floor_time"},
	[SK_EVENT_MODE_CHANGED] = {"mode_changed", SK_CLASS_PROTECTION, 5, 3, 0, 0, 0, 0, "The mode of a guard changed", "From fab.mode_before to fab.mode"},
	[SK_EVENT_WINDOW_OPENED] = {"window_opened", SK_CLASS_PROTECTION, 6, 3, 0, 0, 0, 0, "A maintenance window is open",
		"What trusted updaters write becomes known until it closes; start_time and end_time are its own, fab.reason is signed or code"},
	[SK_EVENT_WINDOW_CLOSED] = {"window_closed", SK_CLASS_PROTECTION, 7, 3, 0, 0, 0, 0, "A maintenance window is closed",
		"fab.reason: command, expired or restart; count is how many files differ"},
	[SK_EVENT_WINDOW_DECIDED] = {"window_decided", SK_CLASS_PROTECTION, 8, 3, 0, 0, 0, 0, "What a maintenance window changed was decided upon",
		"fab.reason: approved (known until a newer policy comes, for 14 days at most) or rolled-back"},
	[SK_EVENT_WINDOW_REFUSED] = {"window_refused", SK_CLASS_PROTECTION, 9, 4, 0, 0, 0, 0, "A signed maintenance window was not opened", "fab.reason says why"},
	[SK_EVENT_WINDOW_CODE] = {"window_code", SK_CLASS_PROTECTION, 10, 3, 0, 0, 0, 0, "A code was asked for or answered at the endpoint",
		"fab.reason: asked, wrong, or locked after five wrong answers"},
	[SK_EVENT_INTERLOCK_WAITING] = {"interlock_waiting", SK_CLASS_PROTECTION, 11, 1, 1, 0, 0, 0, "A change waits until the tool is idle",
		"fab.what says which: policy, window-open, window-close; fab.reason who says that the tool is idle"},
	[SK_EVENT_INTERLOCK_PASSED] = {"interlock_passed", SK_CLASS_PROTECTION, 12, 1, 1, 0, 0, 0, "A change waits no longer",
		"fab.reason: idle, or time-is-over"},
	[SK_EVENT_TAMPERING] = {"tampering", SK_CLASS_FINDING, 1, 5, 0, 1, 1, 15, "Somebody touched what belongs to Sekisho",
		"fab.what says what; the file, when there is one, is the evidence"},
	[SK_EVENT_POLICY_ENFORCED] = {"policy_enforced", SK_CLASS_POLICY, 1, 1, 0, 1, 0, 0, "A policy is in force", "Verified, compiled, enforced"},
	[SK_EVENT_POLICY_SHADOW] = {"policy_shadow", SK_CLASS_POLICY, 2, 1, 1, 1, 0, 0, "A policy runs in shadow", "Logged only, beside the one in force"},
	[SK_EVENT_POLICY_REFUSED] = {"policy_refused", SK_CLASS_POLICY, 3, 4, 0, 2, 0, 0, "A policy was refused",
		"The last good one stays; fab.reason says why"},
	[SK_EVENT_POLICY_LIST_CHANGED] = {"policy_list_changed", SK_CLASS_POLICY, 4, 1, 1, 1, 0, 0, "A list of revocations or delegations was taken over",
		"Signed by the site key"},
	[SK_EVENT_REQUEST_MADE] = {"request_made", SK_CLASS_REQUEST, 1, 1, 1, 0, 0, 0, "A permission was asked for", "At the endpoint"},
	[SK_EVENT_REQUEST_ANSWERED] = {"request_answered", SK_CLASS_REQUEST, 2, 1, 1, 0, 0, 0, "A request was answered", "The answer reached the endpoint"},
	[SK_EVENT_SPOOL_DROPPED] = {"spool_dropped", SK_CLASS_LOSS, 1, 4, 0, 0, 0, 0, "Events were dropped by the spool",
		"Its limit of size or age was reached, or the disk was full"},
	[SK_EVENT_SPOOL_NOT_KEPT] = {"spool_not_kept", SK_CLASS_LOSS, 2, 4, 0, 0, 0, 0, "Events could not be kept", "The disk was full or failed when they came"},
	[SK_EVENT_SPOOL_DAMAGED] = {"spool_damaged", SK_CLASS_LOSS, 3, 4, 0, 0, 0, 0, "Events in the spool were damaged", "Their checksum no longer holds"},
	[SK_EVENT_ENROLLED] = {"enrolled", SK_CLASS_ENTITY, 6, 1, 1, 1, 0, 0, "An endpoint was enrolled", "With a one-time token"},
	[SK_EVENT_REVOKED] = {"revoked", SK_CLASS_ENTITY, 7, 3, 0, 1, 0, 0, "An endpoint was revoked", "Its certificate opens nothing any more"},
	[SK_EVENT_SIGN_IN] = {"sign_in", SK_CLASS_AUTHENTICATION, 1, 1, 1, 1, 0, 0, "Somebody signed in", "To the console"},
	[SK_EVENT_SIGN_IN_FAILED] = {"sign_in_failed", SK_CLASS_AUTHENTICATION, 1, 3, 0, 2, 0, 0, "A sign-in failed", "status_detail says why"},
	[SK_EVENT_MEDIA_ATTACHED] = {"media_attached", SK_CLASS_MEDIA, 1, 1, 1, 0, 0, 0, "A removable medium was attached", "With its identity and the rule it got"},
	[SK_EVENT_MEDIA_REMOVED] = {"media_removed", SK_CLASS_MEDIA, 2, 1, 1, 0, 0, 0, "A removable medium was removed", "Or another one took its place"},
	[SK_EVENT_MEDIA_RESTRICTED] = {"media_restricted", SK_CLASS_MEDIA, 3, 1, 1, 0, 0, 0, "A mounted medium was restricted",
		"By the policy: not executable, not set-user-id, no devices"},
	[SK_EVENT_MEDIA_COPY_REFUSED] = {"media_copy_refused", SK_CLASS_MEDIA, 4, 3, 0, 0, 0, 0, "Copying to a medium was refused",
		"It was mounted for writing although the policy does not let it, and was made read-only; fab.reason \"busy\": it was unmounted instead"},
	[SK_EVENT_MEDIA_REFUSED] = {"media_refused", SK_CLASS_MEDIA, 5, 3, 0, 0, 0, 0, "A removable medium was refused",
		"fab.reason: \"held\": it cannot be mounted; \"unmounted\": it was mounted and no longer is; \"observe\": enforce would have refused it"},
	[SK_EVENT_MEDIA_FAILED] = {"media_failed", SK_CLASS_MEDIA, 6, 4, 0, 0, 0, 0, "A removable medium could not be restricted", "fab.reason says why"},
	[SK_EVENT_SIGN_OUT] = {"sign_out", SK_CLASS_AUTHENTICATION, 2, 1, 1, 1, 0, 0, "Somebody signed out", "Of the console"},
};

/* Shorthand of the rows below. */
#define INT(path, needed, classes, low, high, doc) {path, SK_FIELD_INTEGER, needed, classes, low, high, false, false, doc}
#define STR(path, needed, classes, max, doc) {path, SK_FIELD_STRING, needed, classes, 0, max, false, false, doc}
#define HEX(path, needed, classes, digits, doc) {path, SK_FIELD_HEX, needed, classes, 0, digits, false, false, doc}
#define TIME(path, needed, classes, doc) {path, SK_FIELD_TIME, needed, classes, 0, INT64_MAX, false, false, doc}
#define FLAG(path, needed, classes, doc) {path, SK_FIELD_BOOL, needed, classes, 0, 0, false, false, doc}
#define PATH_MAX_JSON 24576 /* 4,096 bytes, each of which may need six */

const struct sk_event_field sk_event_fields[] = {
	INT("class_uid", IN_ALL, IN_ALL, 1, 99999999, "Class"),
	INT("category_uid", IN_ALL, IN_ALL, 1, 7, "Category of the class"),
	INT("activity_id", IN_ALL, IN_ALL, 0, 99, "Activity, by class"),
	INT("type_uid", IN_ALL, IN_ALL, 100, 9999999999, "class_uid * 100 + activity_id"),
	TIME("time", IN_ALL, IN_ALL, "When it happened, by the endpoint's clock; fab.clock says how far to believe it"),
	INT("severity_id", IN_ALL, IN_ALL, 0, 99, "1 informational, 2 low, 3 medium, 4 high, 5 critical, 6 fatal"),
	STR("message", IN_ALL, IN_ALL, 1024, "One sentence in English"),
	INT("status_id", 0, IN_ALL, 0, 99, "1 success, 2 failure"),
	STR("status_detail", 0, IN_ALL, 1024, "Why it failed"),
	INT("action_id", IN_PROCESS, IN_PROCESS | IN_FINDING, 0, 99, "1 allowed, 2 denied"),
	INT("disposition_id", IN_PROCESS, IN_PROCESS | IN_FINDING, 0, 99, "1 Allowed, 2 Blocked, 15 Detected, 27 Error"),
	TIME("start_time", 0, IN_PROCESS | IN_PROTECTION | IN_FINDING, "Start of the time the event speaks of"),
	TIME("end_time", 0, IN_PROCESS | IN_PROTECTION | IN_FINDING, "Its end"),
	INT("count", 0, IN_PROCESS | IN_PROTECTION | IN_LOSS, 0, INT64_MAX, "How many"),

	STR("metadata.version", IN_ALL, IN_ALL, 16, "Version of OCSF: 1.3.0"),
	STR("metadata.product.name", 0, IN_ALL, 64, "Sekisho"),
	STR("metadata.product.vendor_name", IN_ALL, IN_ALL, 64, "Sekisho"),
	STR("metadata.event_code", IN_ALL, IN_ALL, 64, "The kind of event: a code of the table above"),
	{"metadata.uid", SK_FIELD_STRING, IN_ALL, IN_ALL, 0, 256, true, false, "AGENT/EPOCH/PRIORITY/SEQ"},
	{"metadata.sequence", SK_FIELD_INTEGER, IN_ALL, IN_ALL, 0, INT64_MAX, true, false, "SEQ; order within (agent, epoch, priority)"},
	{"device.uid", SK_FIELD_STRING, IN_ALL, IN_ALL, 0, 256, true, false, "The agent's id, from its certificate"},
	{"device.hostname", SK_FIELD_STRING, 0, IN_ALL, 0, 1536, true, false, "As the fleet knows it"},
	{"device.type_id", SK_FIELD_INTEGER, IN_ALL, IN_ALL, 0, 99, true, false, "0 unknown"},
	{"device.org.name", SK_FIELD_STRING, 0, IN_ALL, 0, 1024, true, false, "Organisation"},
	{"device.site", SK_FIELD_STRING, 0, IN_ALL, 0, 1024, true, false, "Site (ours, not of OCSF)"},

	INT("process.pid", 0, IN_PROCESS, 0, INT32_MAX, "Process that was to become the program"),
	STR("process.file.path", IN_PROCESS, IN_PROCESS, PATH_MAX_JSON, "The program"),
	STR("process.file.name", IN_PROCESS, IN_PROCESS, PATH_MAX_JSON, "The last part of its path"),
	INT("process.file.type_id", IN_PROCESS, IN_PROCESS, 0, 99, "1 regular file"),
	INT("process.file.size", 0, IN_PROCESS, 0, INT64_MAX, "Bytes"),
	INT("process.file.hashes[].algorithm_id", 0, IN_PROCESS, 3, 3, "3 SHA-256"),
	HEX("process.file.hashes[].value", 0, IN_PROCESS, 64, "Of the whole file"),
	INT("actor.process.pid", IN_PROCESS, IN_PROCESS | IN_FINDING, 0, INT32_MAX, "Process that asked; 0 unknown"),
	STR("actor.process.file.path", 0, IN_PROCESS | IN_FINDING, PATH_MAX_JSON, "Its program"),
	STR("actor.process.file.name", 0, IN_PROCESS | IN_FINDING, PATH_MAX_JSON, "The last part of that path"),
	INT("actor.process.file.type_id", 0, IN_PROCESS | IN_FINDING, 0, 99, "1 regular file"),
	STR("actor.user.uid", 0, IN_PROCESS | IN_FINDING, 32, "Its user, the number as text"),
	STR("actor.user.name", 0, IN_ENTITY | IN_PROTECTION | IN_REQUEST, 512, "Who did it"),

	STR("app.name", IN_LIFECYCLE, IN_LIFECYCLE, 64, "The program that started or stopped"),
	STR("app.vendor_name", IN_LIFECYCLE, IN_LIFECYCLE, 64, "Sekisho"),
	STR("app.version", 0, IN_LIFECYCLE, 64, "Its version"),
	STR("user.name", IN_AUTHENTICATION, IN_AUTHENTICATION, 512, "Who signs in"),
	STR("src_endpoint.ip", 0, IN_AUTHENTICATION, 64, "From where"),
	STR("entity.uid", IN_ENTITY, IN_ENTITY, 256, "The agent's id"),
	STR("entity.name", 0, IN_ENTITY, 1536, "Its host name"),
	INT("entity.type_id", 0, IN_ENTITY, 1, 1, "1 device"),
	STR("finding_info.uid", IN_FINDING, IN_FINDING, 128, "Name of the finding"),
	STR("finding_info.title", IN_FINDING, IN_FINDING, 512, "What it is"),
	STR("evidences[].file.path", 0, IN_FINDING, PATH_MAX_JSON, "The file it is about"),
	STR("evidences[].file.name", 0, IN_FINDING, PATH_MAX_JSON, "The last part of that path"),
	INT("evidences[].file.type_id", 0, IN_FINDING, 0, 99, "0 unknown"),
	STR("policy.name", IN_POLICY, IN_POLICY, 64, "Part the policy is for: lockdown"),
	STR("policy.version", IN_POLICY, IN_POLICY, 32, "Its serial, as text"),
	HEX("policy.uid", 0, IN_POLICY, 64, "SHA-256 of its payload"),
	FLAG("policy.is_applied", IN_POLICY, IN_POLICY, "True when it is in force"),

	STR("fab.clock", IN_ALL, IN_ALL, 16, "\"ok\", or \"wrong\": before the build or the last trusted time"),
	STR("fab.duty", 0, IN_PROTECTION | IN_LIFECYCLE | IN_FINDING | IN_MEDIA, 64, "Process of ours that reports"),
	STR("fab.mode", 0, IN_PROCESS | IN_PROTECTION | IN_LIFECYCLE | IN_MEDIA, 32, "observe, learn, enforce"),
	STR("fab.mode_before", 0, IN_PROTECTION, 32, "The mode until now"),
	STR("fab.tier", 0, IN_LIFECYCLE, 64, "What the kernel side can do here"),
	STR("fab.medium.device", IN_MEDIA, IN_MEDIA, 64, "Name of its block device: sdb1"),
	STR("fab.medium.kind", 0, IN_MEDIA, 32, "usb, removable, image"),
	STR("fab.medium.vendor", 0, IN_MEDIA, 256, "USB: four hex digits; else the maker's word"),
	STR("fab.medium.product", 0, IN_MEDIA, 256, "The same"),
	STR("fab.medium.serial", 0, IN_MEDIA, 256, "As its firmware says"),
	STR("fab.medium.uuid", 0, IN_MEDIA, 64, "Identifier of its file system"),
	STR("fab.medium.file_system", 0, IN_MEDIA, 32, "ext4, vfat, ..."),
	STR("fab.medium.mount", 0, IN_MEDIA, PATH_MAX_JSON, "Where it is, or was, mounted"),
	STR("fab.medium.rule", 0, IN_MEDIA, 32, "Number of the policy's entry that decided, or \"default\""),
	STR("fab.reason", 0, IN_PROCESS | IN_PROTECTION | IN_LIFECYCLE | IN_LOSS | IN_POLICY | IN_MEDIA, 1024, "Why, as a word, or a sentence for a policy"),
	STR("fab.window.id", 0, IN_PROTECTION, 128, "Number of the maintenance window"),
	STR("fab.window.change", 0, IN_PROTECTION, 768, "Change number it was opened for"),
	STR("fab.window.owner", 0, IN_PROTECTION, 768, "The tool's owner"),
	STR("fab.window.consent", 0, IN_PROTECTION, 1536, "The vendor's consent on record, or the challenge of the code"),
	STR("fab.window.scope", 0, IN_PROTECTION, 32, "updaters, observe"),
	STR("fab.window.source", 0, IN_PROTECTION, 32, "signed, code"),
	INT("fab.window.added", 0, IN_PROTECTION, 0, INT64_MAX, "Programs, libraries and scripts that were not there before"),
	INT("fab.window.changed", 0, IN_PROTECTION, 0, INT64_MAX, "Known files that are others now"),
	INT("fab.window.removed", 0, IN_PROTECTION, 0, INT64_MAX, "Known files that are gone"),
	STR("fab.what", 0, IN_FINDING | IN_PROTECTION, 64, "What was done: file-changed, guard-killed, signal, traced, ..."),
	STR("fab.target", 0, IN_FINDING, 32, "Which process of ours it was done to: guard, keeper, main, lockdown"),
	INT("fab.signal", 0, IN_FINDING, 1, 64, "The signal that was sent"),
	STR("fab.queue", 0, IN_PROTECTION, 64, "Which queue"),
	TIME("fab.floor_time", 0, IN_PROTECTION, "The time the clock must not be below"),
	INT("fab.policy_serial", 0, IN_PROCESS | IN_MEDIA, 0, INT64_MAX, "Policy that decided"),
	INT("fab.took_us", 0, IN_PROCESS, 0, INT64_MAX, "Microseconds until the answer"),
	STR("fab.path_bytes", 0, IN_PROCESS | IN_FINDING, 8192, "The path in base64, only when it is not UTF-8"),
	{"fab.arguments.length", SK_FIELD_INTEGER, 0, IN_PROCESS, 0, INT64_MAX, false, true, "Bytes of the command line"},
	{"fab.arguments.keyed_hash", SK_FIELD_HEX, 0, IN_PROCESS, 0, 64, false, true, "HMAC-SHA-256 of the command line under the endpoint's own key"},
	STR("fab.road", 0, IN_PROCESS | IN_FINDING, 32, "The road by which it was to run: a class of the table below"),
	STR("fab.rule", 0, IN_PROCESS, 32, "What decided: allowlist, failure, open-for-writing, size, memory, interpreters, modules, mounts, protect, media, self"),
	STR("fab.remedy", 0, IN_PROCESS, 32, "What would allow it: allow, file, again, close-writer, jit, exempt, window, media, policy, release"),
	STR("fab.remedy_line", 0, IN_PROCESS, PATH_MAX_JSON, "The command or the line of a policy that does so"),
	STR("fab.package", 0, IN_PROCESS, 512, "Package that a file of this name belongs to; its content may be another"),
	STR("fab.publisher", 0, IN_PROCESS, 512, "Publisher, as far as it is known"),
	INT("fab.ancestry[].pid", 0, IN_PROCESS | IN_FINDING, 0, INT32_MAX, "The process that asked, its parent, and so on up"),
	STR("fab.ancestry[].name", 0, IN_PROCESS | IN_FINDING, 128, "What it calls itself"),
	STR("fab.ancestry[].program", 0, IN_PROCESS | IN_FINDING, PATH_MAX_JSON, "Its program, when it was looked at"),
	INT("fab.ancestry[].uid", 0, IN_PROCESS | IN_FINDING, 0, UINT32_MAX, "Its user"),
	INT("fab.ancestry[].session", 0, IN_PROCESS | IN_FINDING, 0, INT32_MAX, "Its session"),
	STR("fab.ancestry[].tty", 0, IN_PROCESS | IN_FINDING, 64, "Its terminal"),
	STR("fab.ancestry[].cgroup", 0, IN_PROCESS | IN_FINDING, PATH_MAX_JSON, "Its control group"),
	STR("fab.ancestry[].container", 0, IN_PROCESS | IN_FINDING, 256, "The container that the control group belongs to"),
	FLAG("fab.ancestry_cut", 0, IN_PROCESS | IN_FINDING, "There were more, or one ended while it was looked at"),
	INT("fab.loss.epoch", IN_LOSS, IN_LOSS, 0, INT64_MAX, "Epoch of the lost range"),
	INT("fab.loss.priority", IN_LOSS, IN_LOSS, 0, SK_PRIORITIES - 1, "Priority of the lost range"),
	INT("fab.loss.first", IN_LOSS, IN_LOSS, 1, INT64_MAX, "First lost seq"),
	INT("fab.loss.last", IN_LOSS, IN_LOSS, 1, INT64_MAX, "Last lost seq"),
	STR("fab.request.id", IN_REQUEST, IN_REQUEST, 128, "Id of the request"),
	STR("fab.request.kind", IN_REQUEST, IN_REQUEST, 32, "allow, unknown, exception"),
	STR("fab.request.decision", 0, IN_REQUEST, 32, "The answer"),
};
const size_t sk_event_field_count = SK_ARRAY_SIZE(sk_event_fields);

const struct sk_event_class *sk_event_class(uint32_t class_uid)
{
	for (size_t i = 0; i < sk_event_class_count; i++)
		if (sk_event_classes[i].class_uid == class_uid)
			return &sk_event_classes[i];
	return NULL;
}

const struct sk_event_kind_row *sk_event_kind(const char *code)
{
	for (size_t i = 0; i < SK_EVENT_KINDS; i++)
		if (strcmp(sk_event_kinds[i].code, code) == 0)
			return &sk_event_kinds[i];
	return NULL;
}
