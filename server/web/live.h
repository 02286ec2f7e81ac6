// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The live view: server-sent events, each a row of the events table as HTML. One channel to the store a viewer, at most SK_LIVE_MAX viewers; a viewer that reads too
 * slowly is closed and comes back by itself. It ends with the session, looked at every SK_LIVE_BEAT_MS, when it also says that it still lives.
 */
#pragma once

#include "web/req.h"

enum { SK_LIVE_MAX = 48, SK_LIVE_BEAT_MS = 15000, SK_LIVE_BEHIND = 512 << 10 };

void sk_live_end_all(struct sk_web *web);
