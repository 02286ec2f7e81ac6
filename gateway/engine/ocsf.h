// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An event of the engine as one line of OCSF 1.3.0, of a kind of lib/event's table: a rule's match is a Detection Finding (2004) with the rule's number in
 * `unmapped.sid`; everything else is Network Activity (4001). A secret field is told by its length alone.
 */
#pragma once

#include "base/buf.h"
#include "engine/event.h"
#include "event/event.h"
#include "os/clock.h"

/* Its row of sk_event_kinds[]. */
enum sk_event_kind gw_event_row(const struct gw_event *event);
/* Appends the object without a newline; `clock`: how far its time can be believed. 0, SK_FULL or -ENOMEM. */
int gw_event_json(const struct gw_event *event, enum sk_clock_state clock, struct sk_buf *out);
/* "10.0.0.1" or "fd00::1"; `out` has 46 bytes. Returns it. */
const char *gw_addr_text(const struct gw_addr *addr, uint8_t ip, char *out);
