// SPDX-License-Identifier: GPL-3.0-or-later
/* The sum is of 32-bit words in the machine's order: one's complement does not mind, and folding gives the bytes as they stand in the packet. */
#include "flow/sum.h"

#include <netinet/in.h>
#include <string.h>

uint64_t gw_sum_add(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *at = data;
	uint32_t word;
	uint16_t half;

	for (; size >= 4; size -= 4, at += 4) {
		memcpy(&word, at, 4);
		sum += word;
	}
	if (size >= 2) {
		memcpy(&half, at, 2);
		sum += half;
		at += 2;
		size -= 2;
	}
	if (size) {
		half = 0;
		memcpy(&half, at, 1);
		sum += half;
	}
	return sum;
}

uint16_t gw_sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t transport_size(const struct gw_packet *p)
{
	return p->payload + p->payload_size - p->l4;
}

uint16_t gw_sum_transport(const struct gw_packet *p)
{
	uint32_t size = transport_size(p), words[2] = {htonl(size), htonl(p->transport)};
	size_t width = p->ip == 4 ? 4 : 16;
	uint64_t sum = 0;

	if (p->transport != IPPROTO_ICMP) {
		sum = gw_sum_add(sum, p->src.bytes, width);
		sum = gw_sum_add(sum, p->dst.bytes, width);
		sum = gw_sum_add(sum, words, sizeof words);
	}
	return gw_sum_fold(gw_sum_add(sum, p->frame + p->l4, size));
}

/* False: the header says that it is longer than the frame, or shorter than it can be. */
static bool mend_ipv4(struct gw_packet *p)
{
	uint8_t *header = p->frame + p->l3;
	size_t left = p->size - p->l3, size;
	uint16_t sum;

	if (left < 20 || (size = (size_t)(header[0] & 15) * 4) < 20 || size > left)
		return false;
	memset(header + 10, 0, 2);
	sum = gw_sum_fold(gw_sum_add(0, header, size));
	memcpy(header + 10, &sum, 2);
	return true;
}

void gw_sum_mend(struct gw_packet *p)
{
	uint8_t *at = p->frame + p->l4 + (p->transport == IPPROTO_TCP ? 16 : 6);
	uint16_t sum;

	if (p->ip == 4 && !mend_ipv4(p))
		return;
	if (!p->l4 || p->payload < p->l4 + 8 || (p->transport != IPPROTO_TCP && p->transport != IPPROTO_UDP)) /* payload is 0 behind a header that is cut short */
		return;
	if (p->transport == IPPROTO_UDP && at[0] == 0 && at[1] == 0)
		return;
	memset(at, 0, 2);
	sum = gw_sum_transport(p);
	if (sum == 0 && p->transport == IPPROTO_UDP)
		sum = 0xffff;
	memcpy(at, &sum, 2);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void gw_packet_cut(struct gw_packet *p, uint32_t front, uint32_t size, uint32_t seq)
{
	uint8_t *length = p->frame + p->l3 + (p->ip == 4 ? 2 : 4);
	uint32_t less = p->payload_size - size;

	memmove(p->frame + p->payload, p->frame + p->payload + front, size);
	put16(length, ((uint32_t)length[0] << 8 | length[1]) - less);
	put16(p->frame + p->l4 + 4, seq >> 16);
	put16(p->frame + p->l4 + 6, seq);
	p->seq = seq;
	p->payload_size = size;
	p->l3_end -= less;
	p->size = p->l3_end; /* padding goes with it: the port pads again */
	gw_sum_mend(p);
}
