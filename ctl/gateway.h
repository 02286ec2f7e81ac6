// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files of `sekisho gateway` share. */
#pragma once

#include "ctl.h"

/* CTL_OK with the answer of gateway.sock, or the complaint printed. Releases the question. */
int ctl_gateway_ask(const struct ctl *ctl, struct json_object *question, struct json_object **ret_answer);
struct json_object *ctl_gateway_question(const char *verb);
/* The same command of sekisho-gateway in our place. */
int ctl_gateway_itself(struct ctl *ctl);

/* gateway-learn.c */
int ctl_gateway_learn(struct ctl *ctl);
int ctl_gateway_propose(struct ctl *ctl);
int ctl_gateway_drift(struct ctl *ctl);
int ctl_gateway_rehearse(struct ctl *ctl);
int ctl_gateway_isolate(struct ctl *ctl);
int ctl_gateway_draw(struct ctl *ctl);
extern const struct ctl_option ctl_gateway_learn_options[], ctl_gateway_propose_options[], ctl_gateway_drift_options[];
