// SPDX-License-Identifier: GPL-3.0-or-later
/* One look at each header of a frame, through a bounded cursor. What is wrong becomes a bit of `odd`. */
#include "flow/packet.h"

#include <netinet/in.h>
#include <string.h>

#include "base/cursor.h"
#include "flow/sum.h"

enum { EXTENSIONS_MAX = 8, ETHERTYPE_LEAST = 0x600 };

const char *const gw_odd_names[GW_ODDS] = {"short", "tags", "ip-header", "ip-length", "ip-checksum", "source-route", "fragment", "extensions",
	"source", "land", "l4-short", "l4-checksum", "tcp-flags", "tcp-options", "syn-data", "urgent"};

static bool is_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* Ethernet II or 802.3, and the tags. */
static void link_layer(struct gw_packet *p, struct sk_cursor *c)
{
	uint16_t type, tag;

	sk_get_bytes(c, 12);
	type = sk_get_u16(c);
	while (is_tag(type) && !c->bad) {
		tag = sk_get_u16(c) & 0xfff;
		if (p->vlans < 2)
			p->vlan[p->vlans++] = tag;
		else
			p->odd |= GW_ODD_TAGS;
		type = sk_get_u16(c);
	}
	if (c->bad)
		p->odd |= GW_ODD_SHORT;
	p->ethertype = type >= ETHERTYPE_LEAST ? type : 0;
	p->l3 = (uint32_t)c->at;
}

/* Kind, length, value; 0 ends, 1 fills. TCP and IPv4 have the same form. `odd` is set when an option runs past the end. */
static void walk_options(struct gw_packet *p, struct sk_cursor options, uint64_t odd, bool ip)
{
	while (sk_cursor_left(&options)) {
		uint8_t kind = sk_get_u8(&options), length;

		if (kind == 0)
			return;
		if (kind == 1)
			continue;
		length = sk_get_u8(&options);
		if (ip && ((kind == 130 && length != 11) || ((kind == 136 || kind == 148) && length != 4)))
			p->noted |= GW_NOTE_OPTION_LENGTH;
		if (ip && (kind == 131 || kind == 137))
			p->odd |= GW_ODD_SOURCE_ROUTE;
		if (length < 2 || !sk_get_bytes(&options, length - 2u)) {
			p->odd |= odd;
			p->noted |= ip ? GW_NOTE_OPTION_LENGTH : 0;
			return;
		}
	}
}

static bool transport_known(const struct gw_packet *p)
{
	return p->transport == IPPROTO_TCP || p->transport == IPPROTO_UDP || p->transport == IPPROTO_ICMP || p->transport == IPPROTO_ICMPV6;
}

/* SYN with FIN or RST, FIN without ACK, FIN with RST, nothing at all. */
static bool flags_odd(uint8_t flags)
{
	flags &= GW_FIN | GW_SYN | GW_RST | GW_ACK;
	if (flags & GW_SYN)
		return flags & (GW_FIN | GW_RST);
	if (flags & GW_FIN)
		return !(flags & GW_ACK) || (flags & GW_RST);
	return !(flags & (GW_ACK | GW_RST));
}

static void tcp(struct gw_packet *p, struct sk_cursor *c)
{
	struct sk_cursor options;
	size_t header;

	p->sport = sk_get_u16(c);
	p->dport = sk_get_u16(c);
	p->seq = sk_get_u32(c);
	p->ack = p->ack_said = sk_get_u32(c);
	header = (size_t)(sk_get_u8(c) >> 4) * 4;
	p->flags = sk_get_u8(c) & 0x3f;
	p->window = sk_get_u16(c);
	sk_get_u16(c);
	p->urgent = sk_get_u16(c);
	if (c->bad || header < 20 || header - 20 > sk_cursor_left(c)) {
		p->odd |= GW_ODD_L4_SHORT;
		return;
	}
	options = sk_get_window(c, header - 20);
	walk_options(p, options, GW_ODD_TCP_OPTIONS, false);
	p->payload = p->l4 + (uint32_t)header;
	p->payload_size = (uint32_t)sk_cursor_left(c);
	if (flags_odd(p->flags))
		p->odd |= GW_ODD_TCP_FLAGS;
	if ((p->flags & GW_SYN) && p->payload_size)
		p->odd |= GW_ODD_SYN_DATA;
	if ((p->flags & GW_URG) && p->payload_size)
		p->odd |= GW_ODD_URGENT;
}

static void udp(struct gw_packet *p, struct sk_cursor *c)
{
	uint16_t size;

	p->sport = sk_get_u16(c);
	p->dport = sk_get_u16(c);
	size = sk_get_u16(c);
	sk_get_u16(c);
	if (c->bad || size < 8 || size - 8u > sk_cursor_left(c)) {
		p->odd |= GW_ODD_L4_SHORT;
		return;
	}
	p->payload = p->l4 + 8;
	p->payload_size = size - 8u;
}

static void icmp(struct gw_packet *p, struct sk_cursor *c)
{
	p->sport = sk_get_u8(c);
	p->dport = sk_get_u8(c);
	sk_get_u16(c);
	if (c->bad) {
		p->odd |= GW_ODD_L4_SHORT;
		return;
	}
	sk_get_u32(c);
	if (c->bad) { /* type, code and checksum only */
		p->payload = p->l4 + 4;
		p->payload_size = 0;
		return;
	}
	p->payload = p->l4 + 8;
	p->payload_size = (uint32_t)sk_cursor_left(c);
}

/* `c` is a window on what the datagram says it carries. */
static void transport_layer(struct gw_packet *p, struct sk_cursor *c, bool checksums)
{
	if (p->fragment || !transport_known(p)) {
		p->payload = p->l4;
		p->payload_size = (uint32_t)sk_cursor_left(c);
		if (p->fragment)
			p->transport = p->fragment_at ? 0 : p->transport;
		return;
	}
	if (p->transport == IPPROTO_TCP)
		tcp(p, c);
	else if (p->transport == IPPROTO_UDP)
		udp(p, c);
	else
		icmp(p, c);
	if (!checksums || (p->odd & GW_ODD_L4_SHORT))
		return;
	if (p->transport == IPPROTO_UDP && p->ip == 4 && p->frame[p->l4 + 6] == 0 && p->frame[p->l4 + 7] == 0)
		return; /* RFC 768: none was made */
	if (gw_sum_transport(p) != 0)
		p->odd |= GW_ODD_L4_CHECKSUM;
}

static void set_fragment(struct gw_packet *p, uint16_t word, bool more, size_t size)
{
	p->fragment_at = word;
	p->fragment_more = more;
	p->fragment = word || more;
	if (p->fragment && (size == 0 || word + size > 65535 || (more && size % 8)))
		p->odd |= GW_ODD_FRAGMENT;
	if (p->fragment && word + size > 65535)
		p->noted |= GW_NOTE_FRAGMENT_LONG;
	if (more && size % 8)
		p->noted |= GW_NOTE_FRAGMENT_UNEVEN;
}

static void check_addresses(struct gw_packet *p)
{
	bool v4 = p->ip == 4;
	const uint8_t *src = p->src.bytes;

	if (v4 ? src[0] >= 224 : src[0] == 0xff)
		p->odd |= GW_ODD_SOURCE;
	if (!(v4 && src[0] == 127) && !(!v4 && src[0] == 0) && memcmp(&p->src, &p->dst, sizeof p->src) == 0)
		p->odd |= GW_ODD_LAND; /* but for captures of a loopback interface */
}

static void ipv4(struct gw_packet *p, struct sk_cursor *c, bool checksums)
{
	uint8_t first = sk_get_u8(c);
	size_t header = (size_t)(first & 15) * 4, total;
	struct sk_cursor inner, options;
	uint16_t word;

	sk_get_u8(c);
	total = sk_get_u16(c);
	p->fragment_id = sk_get_u16(c);
	word = sk_get_u16(c);
	p->ttl = sk_get_u8(c);
	p->transport = sk_get_u8(c);
	sk_get_u16(c);
	sk_get_copy(c, p->src.bytes, 4);
	sk_get_copy(c, p->dst.bytes, 4);
	if (c->bad) {
		p->odd |= GW_ODD_SHORT;
		return;
	}
	p->ip = 4;
	if (first >> 4 != 4 || header < 20) {
		p->odd |= GW_ODD_IP_HEADER;
		return;
	}
	if (total < header || total - 20 > sk_cursor_left(c)) {
		p->odd |= GW_ODD_IP_LENGTH;
		return;
	}
	if (checksums && gw_sum_fold(gw_sum_add(0, p->frame + p->l3, header)) != 0)
		p->odd |= GW_ODD_IP_CHECKSUM;
	options = sk_get_window(c, header - 20);
	walk_options(p, options, GW_ODD_IP_HEADER, true);
	p->l4 = p->l3 + (uint32_t)header;
	p->l3_end = p->l3 + (uint32_t)total;
	check_addresses(p);
	set_fragment(p, (uint16_t)((word & 0x1fff) * 8), word & 0x2000, total - header);
	inner = sk_get_window(c, total - header);
	transport_layer(p, &inner, checksums);
}

/* Options of a hop-by-hop or destination header: padding, tunnel limit, router alert, quick start, CALIPSO, SMF, home address, ILNP, jumbo and others are known. */
static void note_options(struct gw_packet *p, struct sk_cursor c, size_t size, uint32_t note)
{
	static const uint8_t known[] = {0x00, 0x01, 0x04, 0x05, 0x07, 0x08, 0x0f, 0x11, 0x22, 0x23, 0x26, 0x30, 0x31, 0x4d, 0x63, 0x6d, 0x8a, 0x8b, 0x8c, 0xc2, 0xc9, 0xee};
	struct sk_cursor options = sk_get_window(&c, size);

	while (sk_cursor_left(&options) && !options.bad) {
		uint8_t kind = sk_get_u8(&options);

		if (!memchr(known, kind, sizeof known))
			p->noted |= note;
		if (kind)
			sk_get_bytes(&options, sk_get_u8(&options));
	}
}

static void note_fragment_header(struct gw_packet *p)
{
	if (p->fragment_header)
		p->noted |= GW_NOTE_FRAGMENT_TWICE;
}

/* Walks the extension headers; leaves the cursor at the transport or at the fragment's piece. */
static uint8_t extensions(struct gw_packet *p, struct sk_cursor *c, uint8_t next, size_t base)
{
	for (int n = 0; next == 0 || next == 43 || next == 44 || next == 51 || next == 60; n++) {
		size_t at = c->at;
		uint8_t kind = next, length;
		uint16_t word;

		if (n == EXTENSIONS_MAX || (kind == 0 && n > 0)) {
			p->odd |= GW_ODD_EXTENSIONS;
			return 59;
		}
		next = sk_get_u8(c);
		length = sk_get_u8(c);
		if (kind == 44) {
			note_fragment_header(p);
			word = sk_get_u16(c);
			p->fragment_id = sk_get_u32(c);
			p->fragment_header = (uint32_t)(base + at);
			set_fragment(p, word & 0xfff8, word & 1, sk_cursor_left(c));
			if (p->fragment)
				return next; /* what follows belongs to the datagram, not to this piece */
			p->noted |= GW_NOTE_ATOMIC;
		} else {
			if (kind == 43 && sk_get_u8(c) == 0)
				p->odd |= GW_ODD_SOURCE_ROUTE;
			if (kind == 0 || kind == 60)
				note_options(p, *c, (length + 1u) * 8 - 2, kind ? GW_NOTE_DST_OPTION : GW_NOTE_HOP_OPTION);
			sk_get_bytes(c, (kind == 51 ? (length + 2u) * 4 : (length + 1u) * 8) - (c->at - at));
		}
		p->next_header = (uint32_t)(base + at);
		if (c->bad || (sk_cursor_left(c) < 2 && next != 59))
			p->noted |= GW_NOTE_EXTENSION_CUT;
		if (c->bad) {
			p->odd |= GW_ODD_SHORT;
			return 59;
		}
	}
	return next;
}

static void ipv6(struct gw_packet *p, struct sk_cursor *c, bool checksums)
{
	uint32_t first = sk_get_u32(c);
	size_t size = sk_get_u16(c), base;
	uint8_t next = sk_get_u8(c);
	struct sk_cursor inner;

	p->ttl = sk_get_u8(c);
	sk_get_copy(c, p->src.bytes, 16);
	sk_get_copy(c, p->dst.bytes, 16);
	if (c->bad) {
		p->odd |= GW_ODD_SHORT;
		return;
	}
	p->ip = 6;
	if (first >> 28 != 6) {
		p->odd |= GW_ODD_IP_HEADER;
		return;
	}
	if (size > sk_cursor_left(c)) {
		p->odd |= GW_ODD_IP_LENGTH;
		return;
	}
	base = c->at;
	p->l3_end = (uint32_t)(base + size);
	p->next_header = p->l3 + 6;
	check_addresses(p);
	inner = sk_get_window(c, size);
	p->transport = extensions(p, &inner, next, base);
	p->l4 = (uint32_t)(base + inner.at);
	inner = sk_get_window(&inner, sk_cursor_left(&inner));
	if (!(p->odd & (GW_ODD_SHORT | GW_ODD_EXTENSIONS)))
		transport_layer(p, &inner, checksums);
}

uint64_t gw_decode(struct gw_packet *p, bool checksums)
{
	struct sk_cursor c;

	memset((uint8_t *)p + offsetof(struct gw_packet, odd), 0, sizeof *p - offsetof(struct gw_packet, odd));
	sk_cursor_init(&c, p->frame, p->size);
	link_layer(p, &c);
	if (p->odd & GW_ODD_SHORT)
		return p->odd;
	if (p->ethertype == 0x0800)
		ipv4(p, &c, checksums);
	else if (p->ethertype == 0x86dd)
		ipv6(p, &c, checksums);
	return p->odd;
}
