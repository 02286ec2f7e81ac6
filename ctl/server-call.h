// SPDX-License-Identifier: GPL-3.0-or-later
/* Asking a running server: its store, its fleet and its console. Results are CTL_* with the complaint printed. */
#pragma once

#include "ctl.h"
#include "wire/call.h"
#include "wire/json.h"

enum { SERVER_ASK_MS = 20000 };

int server_open(const struct ctl *ctl, enum sk_proto proto, struct sk_call **ret_call);
/* CALL and its RESULT. Takes `question` ({"verb", ...}). */
int server_ask(const struct ctl *ctl, struct sk_call *call, struct json_object *question, struct json_object **ret_answer);
/* Connects, asks one CALL, closes. */
int server_call(const struct ctl *ctl, enum sk_proto proto, struct json_object *question, struct json_object **ret_answer);
/* {"verb": verb}, or NULL. */
struct json_object *server_verb(const char *verb);
/* For a result of sk_call_ask() that is not 0. */
int server_failed(const struct ctl *ctl, int r, const struct sk_diag *diag);

/* Members for people: "" or 0 when absent. */
const char *server_text(struct json_object *object, const char *key);
int64_t server_number(struct json_object *object, const char *key);
bool server_bool(struct json_object *object, const char *key);
struct json_object *server_member(struct json_object *object, const char *key);
/* "2026-11-23 10:11:12Z", or "-" for 0. Returns `out`. */
char *server_time(int64_t ms, char out[24]);
