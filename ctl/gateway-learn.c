// SPDX-License-Identifier: GPL-3.0-or-later
/* sekisho gateway learn, propose, drift, rehearse, isolate, draw: of the gateway on this machine, or with --from of a file that replay --learn wrote. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "gateway.h"
#include "conf/conf.h"
#include "wire/json.h"

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static uint64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? (uint64_t)json_object_get_int64(value) : 0;
}

static struct json_object *question_of(const char *verb, const char *set)
{
	struct json_object *o = ctl_gateway_question(verb);

	return o && set && sk_json_put_string(o, "set", set) ? sk_json_free(o) : o;
}

/* To --out, or to standard output. */
static int put_out(struct ctl *ctl, const char *text)
{
	const char *path = ctl_option(ctl, "out");
	FILE *file;

	if (!path) {
		fputs(text, stdout);
		return CTL_OK;
	}
	file = fopen(path, "we");
	if (!file || fputs(text, file) == EOF || fclose(file) != 0)
		return ctl_fail(ctl, CTL_ENVIRONMENT, CTL_T("%s cannot be written", "%s に書き込めません"), path);
	return CTL_OK;
}

/* The answer's text `key`. CTL_FOUND when it counts anything and `finds`. */
static int ask_text(struct ctl *ctl, struct json_object *question, const char *key, bool finds)
{
	_cleanup_json_ struct json_object *answer = NULL;
	int r = ctl_gateway_ask(ctl, question, &answer);

	if (r != CTL_OK)
		return r;
	r = ctl->json ? ctl_print_json(ctl, json_object_get(answer)) : put_out(ctl, member(answer, key) ? json_object_get_string(member(answer, key)) : "");
	return r == CTL_OK && finds && number_of(answer, "count") ? CTL_FOUND : r;
}

int ctl_gateway_learn(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	struct json_object *o = ctl_gateway_question("learn");
	char time[21];
	int r;

	if (o && ctl_option(ctl, "know") && sk_json_put_bool(o, "know", true))
		o = sk_json_free(o);
	r = ctl_gateway_ask(ctl, o, &answer);
	if (r != CTL_OK || ctl->json)
		return r != CTL_OK ? r : ctl_print_json(ctl, json_object_get(answer));
	printf(CTL_T("%" PRIu64 " messages in %" PRIu64 " rows on %" PRIu64 " days\n", "メッセージ %" PRIu64 " 件、%" PRIu64 " 行、%" PRIu64 " 日間\n"),
	       number_of(answer, "messages"), number_of(answer, "rows"), number_of(answer, "days"));
	if (number_of(answer, "lost"))
		printf(CTL_T("%" PRIu64 " messages found no room\n", "%" PRIu64 " 件は記録できませんでした\n"), number_of(answer, "lost"));
	if (number_of(answer, "known"))
		printf(CTL_T("known since %s\n", "既知とした時点: %s\n"), sk_time_text((int64_t)number_of(answer, "known"), time));
	return CTL_OK;
}

/* Of a file, where one is given. */
static bool is_offline(struct ctl *ctl)
{
	return ctl_option(ctl, "from") != NULL;
}

int ctl_gateway_propose(struct ctl *ctl)
{
	return is_offline(ctl) ? ctl_gateway_itself(ctl) : ask_text(ctl, question_of("propose", NULL), "draft", false);
}

int ctl_gateway_drift(struct ctl *ctl)
{
	return is_offline(ctl) ? ctl_gateway_itself(ctl) : ask_text(ctl, question_of("drift", NULL), "drift", true);
}

int ctl_gateway_rehearse(struct ctl *ctl)
{
	return is_offline(ctl) ? ctl_gateway_itself(ctl) : ask_text(ctl, question_of("rehearse", ctl->arguments[0]), "stops", true);
}

int ctl_gateway_draw(struct ctl *ctl)
{
	struct json_object *o = ctl_gateway_question("draw");

	if (is_offline(ctl)) {
		sk_json_free(o);
		return ctl_gateway_itself(ctl);
	}
	if (o && sk_json_put_bool(o, "ja", ctl_japanese()))
		o = sk_json_free(o);
	return ask_text(ctl, o, "svg", false);
}

int ctl_gateway_isolate(struct ctl *ctl)
{
	_cleanup_json_ struct json_object *answer = NULL;
	const char *given = ctl_option(ctl, "for");
	struct json_object *o;
	uint64_t ms = 0;
	char time[21];
	int r;

	if (!ctl_option(ctl, "close") == !given || (given && (sk_parse_duration(given, &ms) != 0 || ms == 0)))
		return ctl_fail(ctl, CTL_USAGE, CTL_T("give --for 30m (or 2h ...), or --close", "--for 30m（または 2h など）か --close を指定してください"));
	o = question_of("isolate", ctl->arguments[0]);
	if (o && sk_json_put_u64(o, "ms", ms))
		o = sk_json_free(o);
	r = ctl_gateway_ask(ctl, o, &answer);
	if (r != CTL_OK || ctl->json)
		return r != CTL_OK ? r : ctl_print_json(ctl, json_object_get(answer));
	if (ms)
		printf(CTL_T("%s is isolated until %s\n", "%s を隔離しました。期限 %s\n"), ctl->arguments[0], sk_time_text((int64_t)(number_of(answer, "until") / 1000), time));
	else
		printf(CTL_T("%s is not isolated any more\n", "%s の隔離を解除しました\n"), ctl->arguments[0]);
	return CTL_OK;
}

#define FROM {"from", "FILE", {"what replay --learn wrote, instead of this machine's gateway", "このマシンのゲートウェイの代わりに、replay --learn のファイルを使う"}}

const struct ctl_option ctl_gateway_learn_options[] = {
	{"know", NULL, {"what was said so far is known: drift tells what is new from now on", "これまでの通信を既知とし、以後の新しいものだけを drift で示す"}}, {0}};
const struct ctl_option ctl_gateway_propose_options[] = {
	FROM,
	{"policy", "FILE", {"with --from: the draft of the present policy", "--from と併用。現在のポリシーの下書き"}},
	{"out", "FILE", {"write to this file", "このファイルに書き出す"}},
	{0}};
const struct ctl_option ctl_gateway_drift_options[] = {
	FROM, {"known", "FILE", {"with --from: the learning that is known", "--from と併用。既知の学習ファイル"}}, {0}};
