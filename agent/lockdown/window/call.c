// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What root asks of windows on lockdown.sock (control.c reads the frame and sends the result):
 *
 *   CALL {"verb":"window","do":"status"}                              -> RESULT {"window":STATE,"interlock":STATE}
 *   CALL {"verb":"window","do":"ask","scope":WORD,"half_hours":n}     -> RESULT {"challenge","scope","minutes","good_for_s"}
 *   CALL {"verb":"window","do":"open","envelope":text}                -> RESULT as status
 *   CALL {"verb":"window","do":"close"|"rollback","by":text}          -> RESULT as status
 *   CALL {"verb":"window","do":"approve","by":text,"all":bool}        -> RESULT as status and "approved":n
 *   CALL {"verb":"code","answer":text,"change":text,"owner":text}     -> RESULT as status
 *   CALL {"verb":"idle","idle":bool,"by":text}                        -> RESULT as status
 * and of the link:
 *   COMMAND "window" {"envelope":text} (control.c)
 *   COMMAND "idle" {"idle":bool,"source":"gem"|"operator","note":text}
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "lockdown/window/windows.h"

static int put_status(struct clerk *c, struct json_object *out)
{
	int r = sk_json_put(out, "window", lk_windows_state(c));

	return r ? r : sk_json_put(out, "interlock", lk_interlock_state(c));
}

static int do_status(struct clerk *c, const struct sk_json *at, struct json_object *out)
{
	(void)at;
	return put_status(c, out);
}

static int do_ask(struct clerk *c, const struct sk_json *at, struct json_object *out)
{
	const char *scope;
	uint64_t half_hours;
	int r = sk_json_string(at, "scope", 1, 16, &scope);

	if (!r)
		r = sk_json_u64(at, "half_hours", 1, SK_PHONE_HALF_HOURS, &half_hours);
	if (r)
		return r;
	for (unsigned i = 0; i < SK_ARRAY_SIZE(sk_phone_scopes); i++)
		if (sk_phone_scopes[i] && !strcmp(sk_phone_scopes[i], scope)) {
			r = lk_codes_ask(c, i, (unsigned)half_hours, at->diag, out);
			if (!r)
				lk_windows_tell(c, SK_EVENT_WINDOW_CODE, NULL, "asked");
			return r;
		}
	return sk_json_refuse(at, "scope", "is updaters or observe");
}

static int do_open(struct clerk *c, const struct sk_json *at, struct json_object *out)
{
	const char *envelope;
	int r = sk_json_string(at, "envelope", 1, 1 << 20, &envelope);

	if (!r)
		r = lk_windows_offer(c, envelope, strlen(envelope), at->diag);
	return r ? r : put_status(c, out);
}

static int do_close(struct clerk *c, const struct sk_json *at, struct json_object *out)
{
	int r = lk_windows_end(c, "command", at->diag);

	return r ? r : put_status(c, out);
}

static int do_approve(struct clerk *c, const struct sk_json *at, struct json_object *out)
{
	const char *by;
	uint64_t count;
	bool all = false;
	int r = sk_json_string(at, "by", 0, 127, &by);

	if (!r && sk_json_has(at, "all"))
		r = sk_json_bool(at, "all", &all);
	if (!r)
		r = lk_windows_approve(c, all, by, at->diag, &count);
	if (!r)
		r = sk_json_put_u64(out, "approved", count);
	return r ? r : put_status(c, out);
}

static int do_rollback(struct clerk *c, const struct sk_json *at, struct json_object *out)
{
	const char *by;
	int r = sk_json_string(at, "by", 0, 127, &by);

	if (!r)
		r = lk_windows_roll_back(c, by, at->diag);
	return r ? r : put_status(c, out);
}

static int finish(int r, struct json_object *out, struct json_object **ret_result)
{
	if (r) {
		sk_json_free(out);
		return r;
	}
	*ret_result = out;
	return 0;
}

int lk_window_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result)
{
	static const char *const words[] = {"status", "ask", "open", "close", "approve", "rollback", NULL};
	static int (*const verbs[])(struct clerk *, const struct sk_json *, struct json_object *) = {do_status, do_ask,     do_open,
												       do_close,  do_approve, do_rollback};
	struct json_object *out;
	size_t which;
	int r = sk_json_word(at, "do", words, &which);

	if (r)
		return r;
	out = json_object_new_object();
	return finish(out ? verbs[which](c, at, out) : sk_origin(-ENOMEM), out, ret_result);
}

int lk_code_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result)
{
	struct json_object *out = json_object_new_object();
	const char *answer, *change, *owner;
	int r = out ? sk_json_string(at, "answer", 1, 100, &answer) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_string(at, "change", 0, 127, &change);
	if (!r)
		r = sk_json_string(at, "owner", 0, 127, &owner);
	if (!r)
		r = lk_codes_answer(c, answer, change, owner, at->diag);
	if (!r)
		r = put_status(c, out);
	return finish(r, out, ret_result);
}

int lk_idle_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result)
{
	struct json_object *out = json_object_new_object();
	const char *by;
	bool idle;
	int r = out ? sk_json_bool(at, "idle", &idle) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_string(at, "by", 0, 63, &by);
	if (!r)
		lk_interlock_say(c, SK_INTERLOCK_OPERATOR, idle, by);
	if (!r)
		r = put_status(c, out);
	return finish(r, out, ret_result);
}

int lk_idle_command(struct clerk *c, const struct sk_json *body, struct sk_diag *diag)
{
	static const char *const sources[] = {"operator", "gem", NULL};
	const char *note = "";
	size_t source;
	bool idle;
	int r = sk_json_bool(body, "idle", &idle);

	(void)diag;
	if (!r)
		r = sk_json_word(body, "source", sources, &source);
	if (!r && sk_json_has(body, "note"))
		r = sk_json_string(body, "note", 0, 63, &note);
	if (!r)
		lk_interlock_say(c, source ? SK_INTERLOCK_GEM : SK_INTERLOCK_OPERATOR, idle, note[0] ? note : sources[source]);
	return r;
}
