/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a frame: Ethernet II and 802.3, up to two VLAN tags, IPv4, IPv6 with its extension headers, ports. Every read is checked against the frame's end
 * as the verifier wants it; nothing is copied but what a flow is known by.
 */
#pragma once

enum {
	ETH_IP = 0x0800, ETH_ARP = 0x0806, ETH_IPV6 = 0x86dd, ETH_VLAN = 0x8100, ETH_QINQ = 0x88a8, ETH_LENGTH = 1536,
	P_HOPOPTS = 0, P_ICMP = 1, P_TCP = 6, P_UDP = 17, P_ROUTING = 43, P_FRAGMENT = 44, P_ICMP6 = 58, P_NONE = 59, P_DSTOPTS = 60, P_AH = 51, P_SCTP = 132,
	EXTENSIONS = 8,
	TCP_SYN = 0x02, TCP_ACK = 0x10, TCP_RST = 0x04,
};

enum kind { KIND_OTHER, KIND_LINK, KIND_IP, KIND_PIECE, KIND_ODD };

/* What was seen of one frame. */
struct seen {
	__u8 source[16], destination[16];
	__u16 sport, dport;  /* network order; of ICMP: the request's type, host order */
	__u16 vlan[2];
	__u16 type;          /* host order; 0 for 802.3 lengths */
	__u8 ip, protocol, flags, more;
	__u32 piece;         /* identification of a fragmented datagram */
	__u16 offset;        /* of this fragment, not 0 in later ones */
	__u16 l3, l4;        /* where the network's header begins, and the transport's header begins */
	__u32 fragment;
	__s32 room;          /* bytes of the transport's part, by the lengths in the headers */
};

struct v4 {
	__u8 first, tos;
	__u16 size, id, offset;
	__u8 ttl, protocol;
	__u16 sum;
	__u8 source[4], destination[4];
};

struct v6 {
	__u32 first;
	__u16 size;
	__u8 next, limit;
	__u8 source[16], destination[16];
};

struct extension {
	__u8 next, size;
	__u16 offset;
	__u32 id;
};

struct ports {
	__u16 source, destination;
};

#define READ(pointer, end) ((void *)((pointer) + 1) <= (end))
#define SWAP16(x) __builtin_bswap16(x)

static __always_inline void *read_tags(void *at, void *end, struct seen *seen)
{
	__u16 *type = at + 12;

	if (!READ(type, end))
		return 0;
	seen->type = SWAP16(*type);
	at += 14;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		__u16 *tag = at;

		if (seen->type != ETH_VLAN && seen->type != ETH_QINQ)
			break;
		if (!READ(tag + 1, end))
			return 0;
		seen->vlan[i] = SWAP16(tag[0]) & 0xfff;
		seen->type = SWAP16(tag[1]);
		at += 4;
	}
	if (seen->type < ETH_LENGTH)
		seen->type = 0;
	return at;
}

/* A type behind 802.2: SNAP (RFC 1042, IEEE 802.1H), which some hosts read as if it stood in front; or the service access point that was meant for IP. */
static __always_inline int wraps_ip(__u8 *llc, void *end)
{
	__u16 type;

	if ((void *)(llc + 8) > end)
		return 0;
	if (llc[0] == 0x06 && llc[1] == 0x06)
		return 1;
	type = (__u16)(llc[6] << 8 | llc[7]);
	return llc[0] == 0xaa && llc[1] == 0xaa && llc[3] == 0 && llc[4] == 0 && (llc[5] == 0 || llc[5] == 0xf8) &&
	       (type == ETH_IP || type == ETH_IPV6 || type == ETH_VLAN || type == ETH_QINQ);
}

/* The type of a request, by itself or by its answer: a conversation of ICMP is known by it, so that a permitted echo permits no redirect. */
static __always_inline __u16 asked_by(__u8 protocol, __u8 type)
{
	if (protocol == P_ICMP6)
		return type == 129 ? 128 : type;
	return type == 0 ? 8 : type == 14 ? 13 : type == 16 ? 15 : type == 18 ? 17 : type;
}

/* Behind the network's header: the ports, or the kind of an ICMP message. */
static __always_inline enum kind read_transport(void *at, void *end, struct seen *seen)
{
	struct ports *ports = at;
	__u8 *bytes = at;

	if (seen->protocol == P_TCP) {
		if (at + 20 > end || seen->room < 20)
			return KIND_ODD;
		seen->flags = bytes[13];
	} else if (seen->protocol == P_ICMP || seen->protocol == P_ICMP6) {
		if (at + 4 > end || seen->room < 4)
			return KIND_ODD;
		seen->flags = bytes[0];
		seen->sport = seen->dport = asked_by(seen->protocol, bytes[0]);
		return seen->protocol == P_ICMP6 && bytes[0] >= 133 && bytes[0] <= 136 && !seen->fragment ? KIND_LINK : KIND_IP;
	} else if (seen->protocol != P_UDP && seen->protocol != P_SCTP) {
		return KIND_IP;
	}
	if (!READ(ports, end) || seen->room < 8)
		return KIND_ODD;
	seen->sport = ports->source;
	seen->dport = ports->destination;
	return KIND_IP;
}

static __always_inline enum kind read_v4(void *start, void *at, void *end, struct seen *seen)
{
	struct v4 *ip = at;
	__u32 size;

	if (!READ(ip, end) || ip->first >> 4 != 4 || (ip->first & 15) < 5)
		return KIND_ODD;
	size = (ip->first & 15) * 4;
	__builtin_memcpy(seen->source, ip->source, 4);
	__builtin_memcpy(seen->destination, ip->destination, 4);
	seen->ip = 4;
	seen->l3 = (__u16)(at - start);
	seen->protocol = ip->protocol;
	seen->piece = ip->id;
	seen->offset = SWAP16(ip->offset) & 0x1fff;
	seen->more = !!(SWAP16(ip->offset) & 0x2000);
	seen->fragment = seen->offset || seen->more;
	if (seen->offset)
		return KIND_PIECE;
	seen->l4 = (__u16)(at - start + size);
	seen->room = SWAP16(ip->size) - (__s32)size;
	return read_transport(at + size, end, seen);
}

static __always_inline enum kind read_v6(void *start, void *at, void *end, struct seen *seen)
{
	struct v6 *ip = at;
	__u8 next;

	if (!READ(ip, end) || (*(__u8 *)at) >> 4 != 6)
		return KIND_ODD;
	__builtin_memcpy(seen->source, ip->source, 16);
	__builtin_memcpy(seen->destination, ip->destination, 16);
	seen->ip = 6;
	seen->l3 = (__u16)(at - start);
	next = ip->next;
	seen->room = SWAP16(ip->size);
	at += sizeof *ip;
#pragma unroll
	for (int i = 0; i < EXTENSIONS; i++) {
		struct extension *header = at;
		__u32 size;

		if (next != P_HOPOPTS && next != P_ROUTING && next != P_DSTOPTS && next != P_FRAGMENT && next != P_AH)
			break;
		if (!READ(header, end))
			return KIND_ODD;
		if (next == P_FRAGMENT) {
			seen->fragment = 1;
			seen->piece = header->id;
			seen->offset = SWAP16(header->offset) & 0xfff8;
			seen->more = SWAP16(header->offset) & 1;
			size = 8;
		} else if (next == P_AH) {
			size = (header->size + 2) * 4;
		} else {
			size = (header->size + 1) * 8;
		}
		at += size;
		seen->room -= (__s32)size;
		next = header->next;
		if (seen->offset)
			break;
	}
	seen->protocol = next;
	if (seen->offset)
		return KIND_PIECE;
	if (next == P_HOPOPTS || next == P_ROUTING || next == P_DSTOPTS || next == P_FRAGMENT || next == P_AH)
		return KIND_ODD;
	seen->l4 = (__u16)(at - start);
	return read_transport(at, end, seen);
}

/* The datagram that an ICMP error is about: of its transport only eight bytes need to be there. */
static __always_inline int read_about(void *at, void *end, __u8 ip, struct seen *seen)
{
	struct ports *ports;
	struct v4 *four = at;
	struct v6 *six = at;

	seen->ip = ip;
	if (ip == 4) {
		if (!READ(four, end) || (four->first & 15) < 5 || (SWAP16(four->offset) & 0x1fff))
			return 0;
		__builtin_memcpy(seen->source, four->source, 4);
		__builtin_memcpy(seen->destination, four->destination, 4);
		seen->protocol = four->protocol;
		ports = at + (four->first & 15) * 4;
	} else {
		if (!READ(six, end))
			return 0;
		__builtin_memcpy(seen->source, six->source, 16);
		__builtin_memcpy(seen->destination, six->destination, 16);
		seen->protocol = six->next;
		ports = at + sizeof *six;
	}
	if (!READ(ports, end))
		return 0;
	if (seen->protocol == P_TCP || seen->protocol == P_UDP || seen->protocol == P_SCTP) {
		seen->sport = ports->source;
		seen->dport = ports->destination;
	} else if (seen->protocol == P_ICMP || seen->protocol == P_ICMP6) {
		seen->sport = seen->dport = asked_by(seen->protocol, *(__u8 *)ports);
	}
	return 1;
}

static __always_inline enum kind read_frame(void *start, void *end, struct seen *seen)
{
	void *at = read_tags(start, end, seen);

	if (!at || seen->type == ETH_VLAN || seen->type == ETH_QINQ || (!seen->type && wraps_ip(at, end)))
		return KIND_ODD;
	if (seen->type == ETH_IP)
		return read_v4(start, at, end, seen);
	if (seen->type == ETH_IPV6)
		return read_v6(start, at, end, seen);
	return seen->type == ETH_ARP ? KIND_LINK : KIND_OTHER;
}
