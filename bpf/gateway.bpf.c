// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway in the kernel: one XDP program on each port. Every port stands in a bridge with its partner, and XDP_PASS means: on through that bridge, as if
 * nobody were here. What must be judged is judged from the maps of gateway.h alone, so the policy is in force while all of user space is dead.
 *
 *   not IP                      by the policy's table of ethertypes; never inspected
 *   ARP, neighbour discovery    passed
 *   a flow that is known        as it was judged, in both directions, while the policy's generation is the same; else judged again
 *   an opening, or anything     by the rules of the conduit between the two zones, first fit. What is let through is remembered; what is dropped is not, so that
 *   unknown                     a flood of it costs no memory
 *   a TCP segment that opens    may belong to a session older than this gateway: it is judged in both directions, unless the policy is strict
 *   nothing and is unknown
 *   a first fragment            like a whole datagram, and remembered for the later ones
 *   a later fragment            as its first; when that was not seen: to the engine where the conduit has anything inspected, dropped where it fails closed or drops
 *                               everything, else passed: without its first it is nothing
 *   what cannot be read         dropped, whatever the failure setting, but where the conduit switches everything: a header cut short, a first fragment
 *                               that ends before the ports (RFC 1858, RFC 7112), a third VLAN tag, IP wrapped in 802.2 (VU#855201)
 *   an ICMP error               passed when it is about a flow that was let through, even where no rule names it
 *
 * A flow whose messages can be judged by their headers (gateway-judge.h) is, when the engine has handed it over: also while io or the engine is away, as long as there is room for the copies.
 * To be inspected means: to the AF_XDP socket of port and queue, when io shows signs of life, an engine is attached, owes no frame for too long, and the frame fits into a
 * chunk. Otherwise the conduit's failure setting decides at once, and that is counted by its reason.
 */
#include <linux/types.h>

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "gateway.h"
#include "gateway-read.h"

enum { SECOND = 1000000000, PIECE_NS = 30, UDP_S = 180, TCP_S = 86400, ICMP_S = 30 };

#define ARRAY(name, shape, entries)                        \
	struct {                                           \
		__uint(type, BPF_MAP_TYPE_ARRAY);          \
		__uint(max_entries, entries);              \
		__type(key, __u32);                        \
		__type(value, struct shape);               \
	} name SEC(".maps")

ARRAY(gw_live, gw_live, 1);
ARRAY(gw_conduits, gw_conduit, 2 * GW_CONDUITS);
ARRAY(gw_rules, gw_rule_entry, 2 * GW_RULES);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * GW_ZONES * GW_ZONES);
	__type(key, __u32);
	__type(value, __u32);
} gw_pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gw_beat);
} gw_beat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GW_SWITCHED + GW_SHIFTED);
	__type(key, __u32);
	__type(value, __u64);
} gw_switched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GW_SLOTS);
	__type(key, __u32);
	__type(value, struct gw_port_entry);
} gw_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_PREFIXES);
	__type(key, struct gw_zone4);
	__type(value, __u32);
} gw_zones4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GW_PREFIXES);
	__type(key, struct gw_zone6);
	__type(value, __u32);
} gw_zones6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * GW_TYPES);
	__type(key, struct gw_type_key);
	__type(value, __u32);
} gw_types SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GW_FLOWS);
	__type(key, struct gw_flow_key);
	__type(value, struct gw_flow_entry);
} gw_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, GW_PIECES);
	__type(key, struct gw_piece_key);
	__type(value, struct gw_piece_entry);
} gw_pieces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GW_WHYS);
	__type(key, __u32);
	__type(value, __u64);
} gw_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GW_CONDUITS);
	__type(key, __u32);
	__type(value, struct gw_tally);
} gw_tallies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} gw_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, GW_SLOTS * GW_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} gw_xsks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, GW_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} gw_devs SEC(".maps");

/* Everything about the frame in hand. It holds no pointers: functions that are not static, which the verifier looks at once and not once a caller, are handed it. */
struct turn {
	struct seen seen;
	struct gw_live live;
	struct gw_port_entry port;
	__u64 now, flow;
	__u32 half, conduit;
	__u8 verdict, closed, mode, opener;
	__u8 shifted;     /* is_shifted() of its flow */
};

static __always_inline void count(__u32 why)
{
	__u64 *at = bpf_map_lookup_elem(&gw_counts, &why);

	if (at)
		(*at)++;
}

#define TALLY(turn, what)                                                               \
	do {                                                                            \
		__u32 conduit_ = (turn)->conduit;                                       \
		struct gw_tally *tally_ = bpf_map_lookup_elem(&gw_tallies, &conduit_);  \
		if (tally_)                                                             \
			tally_->what++;                                                 \
	} while (0)

/* Each processor counts by itself; no two flows of one boot have the same. */
static __always_inline __u64 new_id(void)
{
	__u32 zero = 0;
	__u64 *at = bpf_map_lookup_elem(&gw_ids, &zero);

	return at ? (__u64)(bpf_get_smp_processor_id() + 1) << 48 | ++*at : 0;
}

/* --- zones and rules */

static __always_inline __u32 look_up4(const struct turn *turn, const __u8 *address, __u16 vlan, __u32 zone)
{
	struct gw_zone4 key = {.prefix = 80, .generation = turn->live.generation, .vlan = vlan};
	__u32 *found;

	__builtin_memcpy(key.address, address, 4);
	found = bpf_map_lookup_elem(&gw_zones4, &key);
	return found ? *found : zone;
}

static __always_inline __u32 look_up6(const struct turn *turn, const __u8 *address, __u16 vlan, __u32 zone)
{
	struct gw_zone6 key = {.prefix = 176, .generation = turn->live.generation, .vlan = vlan};
	__u32 *found;

	__builtin_memcpy(key.address, address, 16);
	found = bpf_map_lookup_elem(&gw_zones6, &key);
	return found ? *found : zone;
}

static __noinline __u32 zone_of(const struct turn *turn, const __u8 *address, __u32 otherwise)
{
	__u32 none = GW_ZONES, zone = none;

	if (turn->live.bits & GW_LIVE_VLANS && turn->seen.vlan[0])
		zone = turn->seen.ip == 4 ? look_up4(turn, address, turn->seen.vlan[0], none) : look_up6(turn, address, turn->seen.vlan[0], none);
	if (zone == none)
		zone = turn->seen.ip == 4 ? look_up4(turn, address, GW_VLAN_ANY, otherwise) : look_up6(turn, address, GW_VLAN_ANY, otherwise);
	return zone & (GW_ZONES - 1);
}

/* Which conduit leads from the one zone to the other. */
static __noinline int find_conduit(struct turn *turn, __u32 from, __u32 to)
{
	__u32 at = turn->half * GW_ZONES * GW_ZONES + (from & (GW_ZONES - 1)) * GW_ZONES + (to & (GW_ZONES - 1)), *found = bpf_map_lookup_elem(&gw_pairs, &at);
	struct gw_conduit *conduit;

	turn->conduit = found && *found < GW_CONDUITS ? *found : 0;
	at = turn->half * GW_CONDUITS + turn->conduit;
	conduit = bpf_map_lookup_elem(&gw_conduits, &at);
	if (!conduit)
		return 0;
	turn->closed = conduit->closed;
	turn->mode = conduit->mode;
	turn->verdict = conduit->otherwise;
	return 0;
}

/* The first rule of the turn's conduit that fits. */
__noinline int gw_find_rule(struct turn *turn, __u8 protocol, __u16 port)
{
	struct gw_conduit *conduit;
	__u32 at;

	if (!turn)
		return 0;
	at = turn->half * GW_CONDUITS + turn->conduit;
	conduit = bpf_map_lookup_elem(&gw_conduits, &at);
	if (!conduit)
		return 0;
	for (__u32 i = 0; i < GW_RULES_EACH; i++) {
		__u32 number = turn->half * GW_RULES + conduit->first + i;
		struct gw_rule_entry *rule;

		if (i >= conduit->count)
			break;
		rule = bpf_map_lookup_elem(&gw_rules, &number);
		if (!rule)
			break;
		if ((!rule->protocol || rule->protocol == protocol) && rule->low <= port && port <= rule->high) {
			turn->verdict = rule->verdict;
			turn->mode = rule->mode;
			turn->closed = rule->closed;
			break;
		}
	}
	return 0;
}

/* Judges an opening in the direction of the frame, or against it. */
static __noinline int judge(struct turn *turn, int backwards)
{
	struct seen *seen = &turn->seen;
	__u32 here = zone_of(turn, seen->source, turn->port.zone), there = zone_of(turn, seen->destination, turn->port.other_zone);
	__u16 port = seen->protocol == P_ICMP || seen->protocol == P_ICMP6 ? seen->flags : SWAP16(backwards ? seen->sport : seen->dport);

	if (backwards)
		find_conduit(turn, there, here);
	else
		find_conduit(turn, here, there);
	return gw_find_rule(turn, seen->protocol, port);
}

/* --- flows */

/* Returns which of the key's two addresses the frame came from. */
static __always_inline __u32 key_of(const struct seen *seen, __u32 pair, struct gw_flow_key *key)
{
	const __u64 *a = (const void *)seen->source, *b = (const void *)seen->destination;
	__u32 from = a[0] != b[0] ? a[0] > b[0] : a[1] != b[1] ? a[1] > b[1] : seen->sport > seen->dport;

	__builtin_memset(key, 0, sizeof *key);
	if (from) {
		__builtin_memcpy(key->address[1], seen->source, 16);
		__builtin_memcpy(key->address[0], seen->destination, 16);
		key->port[1] = seen->sport;
		key->port[0] = seen->dport;
	} else {
		__builtin_memcpy(key->address[0], seen->source, 16);
		__builtin_memcpy(key->address[1], seen->destination, 16);
		key->port[0] = seen->sport;
		key->port[1] = seen->dport;
	}
	key->vlan[0] = seen->vlan[0];
	key->vlan[1] = seen->vlan[1];
	key->protocol = seen->protocol;
	key->ip = seen->ip;
	key->pair = (__u8)pair;
	return from;
}

static __always_inline int is_fresh(const struct turn *turn, const struct gw_flow_entry *flow)
{
	__u64 limit = turn->seen.protocol == P_TCP ? TCP_S : turn->seen.protocol == P_ICMP || turn->seen.protocol == P_ICMP6 ? ICMP_S : UDP_S;

	return turn->now - flow->last < limit * SECOND;
}

static __always_inline int opens(const struct seen *seen)
{
	return seen->protocol != P_TCP || (seen->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* True: the entry is of this frame's flow, and says what becomes of it. */
static __always_inline int use(struct turn *turn, struct gw_flow_entry *flow, __u32 from)
{
	if (flow->generation != turn->live.generation || !is_fresh(turn, flow))
		return 0;
	if (flow->from != from && turn->seen.protocol == P_TCP && opens(&turn->seen))
		return 0; /* who was answered may not open by it */
	turn->conduit = flow->conduit & (GW_CONDUITS - 1);
	turn->closed = flow->closed;
	turn->mode = flow->mode;
	turn->verdict = flow->verdict;
	turn->flow = flow->id;
	turn->opener = flow->from == from ? GW_OPENER_SENDER : GW_OPENER_RECEIVER;
	if (turn->now - flow->last > SECOND)
		flow->last = turn->now;
	return 1;
}

/* A TCP segment of a session that nobody saw begin. Judged as if its sender had opened it; when that may not be, as an answer. */
static __always_inline void pick_up(struct turn *turn, struct gw_flow_entry *entry)
{
	struct turn forward = *turn;

	if (turn->live.bits & GW_LIVE_STRICT) {
		turn->verdict = GW_DROP;
		return;
	}
	if (turn->verdict == GW_DROP) {
		judge(turn, 1);
		entry->from = !entry->from;
		if (turn->verdict == GW_DROP) {
			*turn = forward;
			return;
		}
	}
	count(GW_WHY_PICKED_UP);
}

/* Judged anew: in the direction in which it was opened, as far as that is known. */
__noinline int gw_judge_flow(struct turn *turn, struct gw_flow_key *key, __u32 from)
{
	struct gw_flow_entry entry = {.from = (__u8)(from & 1)}, *old;

	if (!turn || !key)
		return 0;
	entry.last = turn->now;
	entry.generation = turn->live.generation;
	old = bpf_map_lookup_elem(&gw_flows, key);
	if (old && is_fresh(turn, old) && !(turn->seen.protocol == P_TCP && opens(&turn->seen))) {
		judge(turn, old->from != from); /* a flow that goes on under another policy */
		entry.from = old->from;
		entry.id = old->id;
	} else {
		judge(turn, 0);
		if (!opens(&turn->seen))
			pick_up(turn, &entry);
	}
	if (turn->verdict == GW_DROP)
		return 0;
	if (!entry.id)
		entry.id = new_id();
	entry.conduit = (__u16)turn->conduit;
	entry.verdict = turn->verdict;
	entry.mode = turn->mode & 3;
	entry.closed = turn->closed & 1;
	turn->flow = entry.id;
	turn->opener = entry.from == (from & 1) ? GW_OPENER_SENDER : GW_OPENER_RECEIVER;
	count(GW_WHY_NEW_FLOW);
	if (bpf_map_update_elem(&gw_flows, key, &entry, BPF_ANY))
		count(GW_WHY_FULL);
	return 0;
}

/* --- fragments */

static __always_inline void piece_key(const struct turn *turn, struct gw_piece_key *key)
{
	__builtin_memset(key, 0, sizeof *key);
	__builtin_memcpy(key->source, turn->seen.source, 16);
	__builtin_memcpy(key->destination, turn->seen.destination, 16);
	key->id = turn->seen.piece;
	key->vlan = turn->seen.vlan[0];
	key->protocol = turn->seen.ip == 4 ? turn->seen.protocol : 0; /* IPv6: the first may name an extension that the later ones do not */
	key->pair = (__u8)turn->port.pair;
}

static __noinline int remember_piece(struct turn *turn)
{
	struct gw_piece_entry entry = {.flow = turn->flow, .last = turn->now, .generation = turn->live.generation,
				       .conduit = (__u16)turn->conduit, .verdict = turn->verdict, .opener = turn->opener & 3, .mode = turn->mode & 3, .closed = turn->closed & 1};
	struct gw_piece_key key;

	piece_key(turn, &key);
	if (bpf_map_update_elem(&gw_pieces, &key, &entry, BPF_ANY))
		count(GW_WHY_FULL);
	return 0;
}

/* What no rule can be found for, by the turn's conduit. */
static __always_inline const struct gw_conduit *whole_conduit(const struct turn *turn)
{
	__u32 at = turn->half * GW_CONDUITS + (turn->conduit & (GW_CONDUITS - 1));

	return bpf_map_lookup_elem(&gw_conduits, &at);
}

/* Where no rule can be found, the mode and the failure setting are those of the strictest. */
static __always_inline void strictest(struct turn *turn, const struct gw_conduit *conduit)
{
	turn->mode = conduit ? conduit->odd_mode : GW_ENFORCE;
	turn->closed = !conduit || conduit->odd_closed;
}

/* Returns whether its first fragment was seen. */
__noinline int gw_judge_piece(struct turn *turn)
{
	const struct gw_conduit *conduit;
	struct gw_piece_entry *first;
	struct gw_piece_key key;

	if (!turn)
		return 0;
	piece_key(turn, &key);
	first = bpf_map_lookup_elem(&gw_pieces, &key);
	find_conduit(turn, zone_of(turn, turn->seen.source, turn->port.zone), zone_of(turn, turn->seen.destination, turn->port.other_zone));
	if (!first || first->generation != turn->live.generation || turn->now - first->last > (__u64)PIECE_NS * SECOND) {
		conduit = whole_conduit(turn);
		turn->verdict = conduit ? conduit->stray : GW_DROP;
		strictest(turn, conduit);
		return 0;
	}
	turn->conduit = first->conduit & (GW_CONDUITS - 1);
	turn->flow = first->flow;
	turn->verdict = first->verdict;
	turn->mode = first->mode;
	turn->closed = first->closed;
	turn->opener = first->opener;
	return 1;
}

/* --- ICMP errors */

static __always_inline int is_error(const struct seen *seen)
{
	if (seen->protocol == P_ICMP6)
		return seen->flags >= 1 && seen->flags <= 4;
	return seen->protocol == P_ICMP && (seen->flags == 3 || seen->flags == 11 || seen->flags == 12);
}

/* True: it tells the sender of a datagram about that, and the flow it belongs to was let through. */
__noinline int gw_related(struct xdp_md *ctx, struct turn *turn)
{
	struct seen about = {.ip = 0};
	struct gw_flow_entry *flow;
	struct gw_flow_key key;
	const __u64 *to, *sender;

	if (!turn)
		return 0;
	to = (void *)turn->seen.destination;
	about.vlan[0] = turn->seen.vlan[0];
	about.vlan[1] = turn->seen.vlan[1];
	if (turn->seen.l4 > 256 || !read_about((void *)(long)ctx->data + turn->seen.l4 + 8, (void *)(long)ctx->data_end, turn->seen.ip, &about))
		return 0;
	sender = (void *)about.source;
	if (sender[0] != to[0] || sender[1] != to[1])
		return 0;
	key_of(&about, turn->port.pair, &key);
	flow = bpf_map_lookup_elem(&gw_flows, &key);
	return flow && flow->generation == turn->live.generation && is_fresh(turn, flow);
}

/* --- what becomes of it */

static __always_inline int go_on(struct turn *turn, __u32 why)
{
	count(why);
	return turn->live.bits & GW_LIVE_REDIRECT ? (int)bpf_redirect_map(&gw_devs, turn->port.slot, XDP_PASS) : XDP_PASS;
}

static __always_inline int refuse(struct turn *turn, __u32 why)
{
	if (turn->live.open_until > turn->now) {
		count(GW_WHY_OPENED);
		return XDP_PASS;
	}
	if (turn->mode != GW_ENFORCE) {
		TALLY(turn, would);
		count(GW_WHY_WOULD);
		return XDP_PASS;
	}
	TALLY(turn, dropped);
	count(why);
	return XDP_DROP;
}

/* It cannot be inspected: the conduit's failure setting. */
static __always_inline int fail(struct turn *turn, __u32 passed, __u32 dropped)
{
	if (turn->shifted || (turn->closed && turn->mode == GW_ENFORCE && turn->live.open_until <= turn->now)) {
		TALLY(turn, dropped_blind);
		count(turn->shifted ? GW_WHY_SHIFTED_DROPPED : dropped);
		return XDP_DROP;
	}
	TALLY(turn, passed_blind);
	count(passed);
	return XDP_PASS;
}

static __always_inline int is_switched(__u64 flow)
{
	__u32 at = flow & (GW_SWITCHED - 1);
	__u64 *found = bpf_map_lookup_elem(&gw_switched, &at);

	return found && flow && *found == flow;
}

/* Its two sides count differently (gateway/engine/shift.c): without the engine their words would be cut in the wrong places. */
static __always_inline int is_shifted(__u64 flow)
{
	__u32 at = GW_SWITCHED + (flow & (GW_SHIFTED - 1));
	__u64 *found = bpf_map_lookup_elem(&gw_switched, &at);

	return found && flow && *found == flow;
}

#include "gateway-judge.h"

static __always_inline int inspect(struct xdp_md *ctx, struct turn *turn)
{
	__u32 zero = 0, size = (__u32)bpf_xdp_get_buff_len(ctx), action = turn->shifted || (turn->closed && turn->mode == GW_ENFORCE) ? XDP_DROP : XDP_PASS;
	struct gw_beat *beat = bpf_map_lookup_elem(&gw_beat, &zero);
	struct gw_meta *meta;
	__u64 owed;

	if (turn->live.open_until > turn->now && !turn->shifted) {
		count(GW_WHY_OPENED);
		return XDP_PASS;
	}
	if (!turn->shifted && gw_by_header(ctx, turn)) {
		TALLY(turn, judged);
		return go_on(turn, GW_WHY_JUDGED);
	}
	if (!beat || beat->beat + turn->live.beat_ns < turn->now)
		return fail(turn, GW_WHY_SILENT_PASSED, GW_WHY_SILENT_DROPPED);
	if (!beat->ready)
		return fail(turn, GW_WHY_ABSENT_PASSED, GW_WHY_ABSENT_DROPPED);
	owed = beat->owed_since;
	if (owed && owed + turn->live.owed_ns < turn->now)
		return fail(turn, GW_WHY_OWED_PASSED, GW_WHY_OWED_DROPPED);
	if (size > GW_FRAME_MAX)
		return fail(turn, GW_WHY_LONG_PASSED, GW_WHY_LONG_DROPPED);
	if (ctx->rx_queue_index >= GW_QUEUES || bpf_xdp_adjust_meta(ctx, -(int)sizeof *meta))
		return fail(turn, GW_WHY_ABSENT_PASSED, GW_WHY_ABSENT_DROPPED);
	meta = (void *)(long)ctx->data_meta;
	if ((void *)(meta + 1) > (void *)(long)ctx->data)
		return action;
	meta->time = turn->now;
	meta->flow = turn->flow;
	meta->conduit = (__u16)turn->conduit;
	meta->closed = action == XDP_DROP;
	meta->opener = turn->opener;
	meta->unused = 0;
	meta->slot = (__u8)turn->port.slot;
	meta->magic = GW_META_MAGIC;
	TALLY(turn, inspected);
	count(GW_WHY_INSPECTED);
	return (int)bpf_redirect_map(&gw_xsks, turn->port.slot * GW_QUEUES + ctx->rx_queue_index, action);
}

static __always_inline int obey(struct xdp_md *ctx, struct turn *turn, __u32 refused)
{
	turn->shifted = turn->seen.protocol == P_TCP && is_shifted(turn->flow);
	if (turn->shifted)
		return inspect(ctx, turn);
	if (turn->verdict == GW_DROP)
		return refuse(turn, refused);
	if (turn->verdict == GW_INSPECT && !is_switched(turn->flow))
		return inspect(ctx, turn);
	TALLY(turn, switched);
	return go_on(turn, turn->verdict == GW_INSPECT ? GW_WHY_DONE : GW_WHY_SWITCHED);
}

static __always_inline int other(struct turn *turn)
{
	struct gw_type_key key = {.generation = turn->live.generation, .type = turn->seen.type};
	__u32 *found = bpf_map_lookup_elem(&gw_types, &key), bits = turn->live.bits;
	int drop = found ? *found == GW_DROP : !!(bits & GW_LIVE_TYPES_DROP);

	if (drop && turn->live.open_until <= turn->now) {
		count(GW_WHY_TYPE_DROPPED);
		return XDP_DROP;
	}
	count(GW_WHY_TYPE_PASSED);
	return XDP_PASS;
}

static __always_inline int judge_ip(struct xdp_md *ctx, struct turn *turn)
{
	struct gw_flow_entry *flow;
	struct gw_flow_key key;
	__u32 from = key_of(&turn->seen, turn->port.pair, &key);

	flow = bpf_map_lookup_elem(&gw_flows, &key);
	if (!flow || !use(turn, flow, from))
		gw_judge_flow(turn, &key, from);
	if (turn->verdict == GW_DROP && is_error(&turn->seen) && gw_related(ctx, turn)) {
		count(GW_WHY_RELATED);
		return XDP_PASS;
	}
	if (turn->seen.fragment)
		remember_piece(turn);
	return obey(ctx, turn, GW_WHY_DROPPED);
}

static __always_inline int judge_odd(struct turn *turn)
{
	const struct gw_conduit *conduit;

	find_conduit(turn, zone_of(turn, turn->seen.source, turn->port.zone), zone_of(turn, turn->seen.destination, turn->port.other_zone));
	conduit = whole_conduit(turn);
	strictest(turn, conduit);
	if (!conduit || !conduit->plain)
		return refuse(turn, GW_WHY_ODD_DROPPED);
	count(GW_WHY_ODD_PASSED);
	return XDP_PASS;
}

static __always_inline int judge_stray(struct xdp_md *ctx, struct turn *turn)
{
	if (gw_judge_piece(turn))
		return obey(ctx, turn, GW_WHY_PIECE_DROPPED);
	if (turn->verdict == GW_INSPECT)
		return inspect(ctx, turn);
	if (turn->verdict == GW_DROP)
		return refuse(turn, GW_WHY_PIECE_LOST);
	return go_on(turn, GW_WHY_PIECE_PASSED);
}

SEC("xdp.frags")
int gw_port(struct xdp_md *ctx)
{
	__u32 zero = 0, index = ctx->ingress_ifindex;
	struct gw_port_entry *port = bpf_map_lookup_elem(&gw_ports, &index);
	const struct gw_live *live = bpf_map_lookup_elem(&gw_live, &zero);
	struct turn turn = {.now = 0};

	if (!port || !live || !live->generation) {
		count(GW_WHY_NO_POLICY);
		return XDP_PASS;
	}
	turn.live = *live;
	turn.port = *port;
	turn.now = bpf_ktime_get_ns();
	turn.half = live->generation & 1;
	switch (read_frame((void *)(long)ctx->data, (void *)(long)ctx->data_end, &turn.seen)) {
	case KIND_OTHER:
		return other(&turn);
	case KIND_LINK:
		count(GW_WHY_LINK);
		return XDP_PASS;
	case KIND_IP:
		return judge_ip(ctx, &turn);
	case KIND_PIECE:
		return judge_stray(ctx, &turn);
	default:
		return judge_odd(&turn);
	}
}

char gw_license[] SEC("license") = "GPL";
