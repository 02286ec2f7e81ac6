// SPDX-License-Identifier: GPL-3.0-or-later
/* The command's side of store.sock and fleet.sock, and small readers for what comes back. */
#include "server-call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "os/clock.h"

int server_open(const struct ctl *ctl, enum sk_proto proto, struct sk_call **ret_call)
{
	const char *name = proto == SK_PROTO_STORE ? "store.sock" : proto == SK_PROTO_CONSOLE ? "console.sock" : "fleet.sock";
	int r = sk_call_open(ctl->root, name, proto, ret_call);

	if (r == 0)
		return CTL_OK;
	if (r == SK_NONE)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("no server runs here: start sekisho-server", "ここではサーバーが動いていません。sekisho-server を起動してください"));
	if (r == SK_DENIED)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("only root may ask the server", "サーバーへの問い合わせには root 権限が必要です"));
	return ctl_fail_errno(ctl, r < 0 ? r : -EAGAIN, name);
}

struct json_object *server_verb(const char *verb)
{
	struct json_object *o = json_object_new_object();

	return o && sk_json_put_string(o, "verb", verb) ? sk_json_free(o) : o;
}

int server_failed(const struct ctl *ctl, int r, const struct sk_diag *diag)
{
	if (r == SK_DENIED)
		return ctl_fail(ctl, strcmp(diag->path, "bad") == 0 ? CTL_USAGE : CTL_FOUND, "%s", diag->text);
	if (r == SK_AGAIN)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("the server does not answer", "サーバーが応答しません"));
	if (r == SK_END)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("the server closed the connection", "サーバーが接続を閉じました"));
	return r == SK_BAD ? ctl_fail_diag(ctl, diag) : ctl_fail_errno(ctl, r, "server");
}

int server_ask(const struct ctl *ctl, struct sk_call *call, struct json_object *question, struct json_object **ret_answer)
{
	_cleanup_json_ struct json_object *owned = question;
	_cleanup_buf_ struct sk_buf text = SK_BUF(sk_frame_info(SK_F_CALL)->max_body);
	struct sk_diag diag = {0};
	struct sk_frame frame;
	int r = question ? sk_json_canonical(question, &text) : -ENOMEM;

	if (!r)
		r = sk_call_ask(call, SK_F_CALL, text.data, text.size, SERVER_ASK_MS, NULL, NULL, &frame, &diag);
	if (!r)
		r = sk_json_parse_object(frame.body, frame.size, frame.size, ret_answer, &diag);
	return r ? server_failed(ctl, r, &diag) : CTL_OK;
}

int server_call(const struct ctl *ctl, enum sk_proto proto, struct json_object *question, struct json_object **ret_answer)
{
	_cleanup_call_ struct sk_call *call = NULL;
	int r = server_open(ctl, proto, &call);

	if (r != CTL_OK) {
		sk_json_free(question);
		return r;
	}
	return server_ask(ctl, call, question, ret_answer);
}

struct json_object *server_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

const char *server_text(struct json_object *object, const char *key)
{
	struct json_object *value = server_member(object, key);

	return value ? json_object_get_string(value) : "";
}

int64_t server_number(struct json_object *object, const char *key)
{
	return json_object_get_int64(server_member(object, key));
}

bool server_bool(struct json_object *object, const char *key)
{
	return json_object_get_boolean(server_member(object, key));
}

char *server_time(int64_t ms, char out[24])
{
	char text[25];

	if (ms <= 0) {
		snprintf(out, 24, "-");
		return out;
	}
	sk_clock_text((uint64_t)ms, text); /* 2025-10-02T03:04:05.678Z */
	snprintf(out, 24, "%.10s %.8sZ", text, text + 11);
	return out;
}
