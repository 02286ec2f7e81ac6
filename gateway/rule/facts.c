// SPDX-License-Identifier: GPL-3.0-or-later
/* A rule's head and facts held against a packet, a flow and a message. Reads the packet's headers only within the frame. */
#include "rule/judge.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "flow/sum.h"

static bool in_range(const struct fact *fact, uint64_t value)
{
	switch (fact->compare) {
	case CMP_EQ: return value == fact->low;
	case CMP_NE: return value != fact->low;
	case CMP_LT: return value < fact->low;
	case CMP_GT: return value > fact->low;
	case CMP_LE: return value <= fact->low;
	case CMP_GE: return value >= fact->low;
	default: return value > fact->low && value < fact->high;
	}
}

static bool bits_match(const struct fact *fact, uint64_t have)
{
	have &= ~fact->high;
	switch (fact->compare) {
	case CMP_GE: return (have & fact->low) == fact->low;
	case CMP_AND: return (have & fact->low) != 0;
	case CMP_NE: return (have & fact->low) == 0;
	default: return have == fact->low;
	}
}

/* A byte of the frame, counted from the IP header; 0 behind its end. */
static unsigned l3_byte(const struct gw_packet *p, unsigned at)
{
	return p->l3 + at < p->size ? p->frame[p->l3 + at] : 0;
}

static unsigned l4_byte(const struct gw_packet *p, unsigned at)
{
	return p->l4 && p->l4 + at < p->size ? p->frame[p->l4 + at] : 0;
}

static bool is_icmp(const struct gw_packet *p)
{
	return p->transport == IPPROTO_ICMP || p->transport == IPPROTO_ICMPV6;
}

static const uint8_t *piece(const struct gw_packet *p, uint32_t from, uint32_t to, size_t *ret_size)
{
	if (!from || to <= from || to > p->size)
		return NULL;
	*ret_size = to - from;
	return p->frame + from;
}

const uint8_t *part_of(const struct gw_packet *p, enum packet_part part, size_t *ret_size)
{
	static const uint8_t transports[] = {[PART_TCP] = IPPROTO_TCP, [PART_UDP] = IPPROTO_UDP, [PART_ICMP4] = IPPROTO_ICMP, [PART_ICMP6] = IPPROTO_ICMPV6};

	switch (part) {
	case PART_IP4: return p->ip == 4 ? piece(p, p->l3, p->l4, ret_size) : NULL;
	case PART_IP6: return p->ip == 6 ? piece(p, p->l3, p->l3 + 40, ret_size) : NULL;
	case PART_SRC:
	case PART_DST:
		*ret_size = p->ip == 4 ? 4 : 16;
		return !p->ip ? NULL : part == PART_SRC ? p->src.bytes : p->dst.bytes;
	case PART_TCP:
	case PART_UDP: return p->transport == transports[part] && !p->fragment ? piece(p, p->l4, p->payload, ret_size) : NULL;
	case PART_ICMP4:
	case PART_ICMP6: return p->transport == transports[part] && !p->fragment ? piece(p, p->l4, p->payload + p->payload_size, ret_size) : NULL;
	default: return NULL;
	}
}

/* Whether the checksum is wrong, where there is one. */
static bool sum_fact(const struct fact *fact, const struct gw_packet *p)
{
	bool wrong;

	if (p->ip != fact->ip || p->fragment || (fact->transport && (p->transport != fact->transport || !p->payload)))
		return false;
	if (fact->transport == IPPROTO_UDP && p->ip == 4 && !l4_byte(p, 6) && !l4_byte(p, 7))
		return false; /* RFC 768: none was made */
	wrong = fact->transport ? gw_sum_transport(p) != 0 : p->l4 > p->l3 && gw_sum_fold(gw_sum_add(0, p->frame + p->l3, p->l4 - p->l3)) != 0;
	return wrong != fact->negated;
}

static bool ip_fact(const struct fact *fact, const struct gw_packet *p)
{
	unsigned flags = l3_byte(p, 6);

	switch (fact->kind) {
	case FACT_TTL: return p->ip && in_range(fact, p->ttl);
	case FACT_TOS: return p->ip == 4 && in_range(fact, l3_byte(p, 1));
	case FACT_ID: return p->ip == 4 && in_range(fact, l3_byte(p, 4) << 8 | l3_byte(p, 5));
	case FACT_FRAGBITS: return p->ip == 4 && bits_match(fact, flags & 0xe0);
	case FACT_FRAGOFFSET: return p->ip == 4 && in_range(fact, (flags & 0x1f) << 8 | l3_byte(p, 7));
	case FACT_IP_PROTO: return p->ip && in_range(fact, p->transport ? p->transport : p->ip == 4 ? l3_byte(p, 9) : 0);
	default: return p->ip && memcmp(&p->src, &p->dst, sizeof p->src) == 0;
	}
}

static bool icmp_fact(const struct fact *fact, const struct gw_packet *p)
{
	bool echo = p->transport == IPPROTO_ICMP ? p->sport == 0 || p->sport == 8 || p->sport == 13 || p->sport == 14 : p->sport == 128 || p->sport == 129;

	if (!is_icmp(p))
		return false;
	switch (fact->kind) {
	case FACT_ITYPE: return in_range(fact, p->sport);
	case FACT_ICODE: return in_range(fact, p->dport);
	case FACT_ICMP_ID: return echo && in_range(fact, l4_byte(p, 4) << 8 | l4_byte(p, 5));
	default: return echo && in_range(fact, l4_byte(p, 6) << 8 | l4_byte(p, 7));
	}
}

static bool tcp_fact(const struct fact *fact, const struct gw_packet *p)
{
	if (p->transport != IPPROTO_TCP)
		return false;
	switch (fact->kind) {
	case FACT_FLAGS: return bits_match(fact, p->flags);
	case FACT_SEQ: return in_range(fact, p->seq);
	case FACT_ACK: return in_range(fact, p->ack);
	default: return in_range(fact, p->window);
	}
}

static bool stream_size(const struct fact *fact, const struct gw_rule_view *view)
{
	bool client = in_range(fact, view->bytes[GW_TO_SERVER]), server = in_range(fact, view->bytes[GW_TO_CLIENT]);

	return fact->side == 1 ? client : fact->side == 2 ? server : fact->side == 3 ? client && server : client || server;
}

static bool field_word(const struct fact *fact, const struct gw_field *f)
{
	size_t size = strlen(fact->word);

	return f->bytes.size == size && strncasecmp((const char *)f->bytes.data, fact->word, size) == 0;
}

static bool field_fact(const struct fact *fact, const struct gw_rule_view *view, const struct gw_message *message)
{
	if (!message || !view->proto || (view->proto != fact->proto && view->proto->carries != fact->proto))
		return false;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct gw_field *f = &message->fields[i];

		if (f->def != fact->def)
			continue;
		if (fact->word ? field_word(fact, f) != fact->negated : in_range(fact, f->u))
			return true;
	}
	return false;
}

/* As long as it is open what a flow carries, it is not held for another application either. */
static bool app_fact(const struct fact *fact, const struct question *q)
{
	if (q->app == APP_UNKNOWN && !q->view->settled)
		return false;
	return (q->app == fact->app) != fact->negated;
}

static bool fact_holds(const struct fact *fact, const struct question *q)
{
	const struct gw_packet *p = q->view->packet;

	switch (fact->kind) {
	case FACT_FIELD: return field_fact(fact, q->view, q->message);
	case FACT_APP: return app_fact(fact, q);
	case FACT_STREAM_SIZE: return stream_size(fact, q->view);
	case FACT_DSIZE: return in_range(fact, q->view->payload_size);
	case FACT_FLAGS:
	case FACT_SEQ:
	case FACT_ACK:
	case FACT_WINDOW: return p && tcp_fact(fact, p);
	case FACT_ITYPE:
	case FACT_ICODE:
	case FACT_ICMP_ID:
	case FACT_ICMP_SEQ: return p && is_icmp(p) && icmp_fact(fact, p);
	case FACT_NOTE: return q->noted & fact->low;
	case FACT_SUM: return p && sum_fact(fact, p);
	default: return p && ip_fact(fact, p);
	}
}

bool facts_hold(const struct rule *rule, const struct question *q)
{
	for (unsigned i = 0; i < rule->fact_count; i++)
		if (!fact_holds(&rule->facts[i], q))
			return false;
	return true;
}

static uint8_t head_of(const struct gw_rule_view *view)
{
	switch (view->transport) {
	case IPPROTO_TCP: return HEAD_TCP;
	case IPPROTO_UDP: return HEAD_UDP;
	case IPPROTO_ICMP: return HEAD_ICMP;
	case IPPROTO_ICMPV6: return HEAD_ICMP6;
	default: return HEAD_REST;
	}
}

static bool ends_hold(const struct rule *rule, const struct gw_rule_view *view)
{
	bool out = view->dir == GW_TO_SERVER, ports = view->transport == IPPROTO_TCP || view->transport == IPPROTO_UDP;
	const struct gw_addr *src = out ? &view->client : &view->server, *dst = out ? &view->server : &view->client;
	uint16_t sport = out ? view->client_port : view->server_port, dport = out ? view->server_port : view->client_port;

	if ((!ports || (ports_have(rule->sport, sport) && ports_have(rule->dport, dport))) && addresses_have(rule->src, src, view->ip) &&
		addresses_have(rule->dst, dst, view->ip))
		return true;
	return rule->both_ways && (!ports || (ports_have(rule->sport, dport) && ports_have(rule->dport, sport))) &&
		addresses_have(rule->src, dst, view->ip) && addresses_have(rule->dst, src, view->ip);
}

static bool flow_holds(const struct rule *rule, const struct gw_rule_view *view)
{
	uint8_t flow = rule->flow;

	if (!(flow & (FLOW_ESTABLISHED | FLOW_NOT_ESTABLISHED | FLOW_TO_SERVER | FLOW_TO_CLIENT | FLOW_NO_FRAG | FLOW_ONLY_FRAG)))
		return true;
	if (flow & (FLOW_NO_FRAG | FLOW_ONLY_FRAG) && (!view->packet || view->packet->fragment != ((flow & FLOW_ONLY_FRAG) != 0)))
		return false;
	if (flow & (FLOW_TO_SERVER | FLOW_TO_CLIENT | FLOW_ESTABLISHED) && !view->tracked)
		return false;
	if (flow & (FLOW_TO_SERVER | FLOW_TO_CLIENT) && view->dir != (flow & FLOW_TO_SERVER ? GW_TO_SERVER : GW_TO_CLIENT))
		return false;
	return flow & FLOW_ESTABLISHED ? view->established : !(flow & FLOW_NOT_ESTABLISHED && view->established);
}

bool head_holds(const struct rule *rule, const struct question *q)
{
	const struct gw_rule_view *view = q->view;

	if (!(rule->protocols & head_of(view)) || (rule->ip && rule->ip != view->ip))
		return false;
	if (rule->app != APP_ANY && rule->app != q->app && !(view->proto && view->proto->carries && rule->app == app_of_proto(view->proto->carries)))
		return false;
	if (rule->proto && rule->app == APP_OTHER && rule->proto != view->proto)
		return false;
	return flow_holds(rule, view) && ends_hold(rule, view);
}
