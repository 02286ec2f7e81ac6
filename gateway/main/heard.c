// SPDX-License-Identifier: GPL-3.0-or-later
/* A message counts when it is whole: a long one is told twice. A conversation counts when it is over. */
#include "main/heard.h"

void gw_heard(struct gw_learn *learn, const struct gw_event *event)
{
	const struct gw_learn_said said = {.flow = {.ip = event->ip, .transport = event->transport, .vlan = event->vlan, .port = event->server_port,
						    .client = event->client, .server = event->server},
					   .proto = event->proto, .message = event->message, .verdict = event->verdict, .time = event->time};

	if (event->kind == GW_EVENT_FLOW || (event->kind == GW_EVENT_MESSAGE && event->message && event->message->whole))
		gw_learn_take(learn, &said);
}
