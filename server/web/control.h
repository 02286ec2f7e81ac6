// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What `sekisho console` says on run/sekisho/console.sock, where root alone is heard. CALL {"verb":VERB, ...} -> RESULT, or ERROR {"code":"bad"|"none"|"denied"|"limit"|
 * "failed","text"}. Passwords come in the frame, never on a command line.
 *
 *   user.add      {"name","display","password","language":"en"|"ja","role","org","site","must_change":bool} -> {"id"}
 *   user.list     {} -> {"users":[...]}
 *   user.password {"name","password"} -> {}
 *   user.grant    {"name","role","org","site"} -> {}        user.ungrant the same
 *   user.disable  {"name"} -> {}                            user.enable the same
 *   user.unlock   {"name"} -> {}
 *   token.list    {} -> {"tokens":[...]}                    token.revoke {"id"} -> {}
 *   audit.verify  {} -> {"entries","head","broken","why"}
 *   audit.list    {"limit","before"} -> {"lines":[...]}
 */
#pragma once

#include "web/req.h"

struct sk_control;

int sk_control_new(struct sk_web *web, int listener, struct sk_control **ret_control);
struct sk_control *sk_control_free(struct sk_control *control);
