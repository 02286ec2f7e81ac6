// SPDX-License-Identifier: GPL-3.0-or-later
/* Batches under way: which may go out, and which answers can be true (window.h). */
#include "link/window.h"

#include "base/error.h"

void window_reset(struct window *w, uint64_t epoch)
{
	*w = (struct window){.epoch = epoch};
}

bool window_full(const struct window *w)
{
	return w->count == WINDOW;
}

bool window_send(struct window *w, uint32_t id, const struct sk_batch *batch)
{
	if (batch->epoch != w->epoch || batch->first_seq <= w->sent[batch->priority] || window_full(w))
		return false;
	for (int i = 0; i < WINDOW; i++)
		if (w->ids[i] == 0) {
			w->ids[i] = id;
			w->ranges[i] = (struct window_range){batch->first_seq, batch->first_seq + batch->count - 1, batch->priority};
			break;
		}
	w->count++;
	w->sent[batch->priority] = batch->first_seq + batch->count - 1;
	return true;
}

int window_ack(struct window *w, uint32_t id, const struct sk_ack *ack, bool *ret_news)
{
	int at = 0;

	while (at < WINDOW && (w->ids[at] != id || id == 0))
		at++;
	if (at == WINDOW || ack->epoch != w->epoch || ack->priority >= SK_PRIORITIES || ack->seq > w->sent[ack->priority])
		return SK_BAD;
	w->ids[at] = 0;
	w->count--;
	*ret_news = ack->seq > w->acked[ack->priority];
	if (*ret_news)
		w->acked[ack->priority] = ack->seq;
	return 0;
}

const struct window_range *window_next(const struct window *w, uint32_t id)
{
	for (int i = 0; i < WINDOW && id; i++)
		if (w->ids[i] == id)
			return w->ranges[i].first == w->acked[w->ranges[i].priority] + 1 ? &w->ranges[i] : NULL;
	return NULL;
}

void window_welcome(struct window *w, uint8_t priority, uint64_t seq)
{
	w->acked[priority] = w->sent[priority] = seq;
}

void window_rewind(struct window *w)
{
	for (int p = 0; p < SK_PRIORITIES; p++)
		w->sent[p] = w->acked[p];
	for (int i = 0; i < WINDOW; i++)
		w->ids[i] = 0;
	w->count = 0;
}
