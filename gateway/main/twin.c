// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gateway-twin: two gateways get the same frames, one whose engine judges everything, and one with the kernel side in front of it. For tests; never installed.
 *
 *   gateway-twin --pins DIR [--rounds N] [--blind] PORT PORT
 *
 * Frames go through the loaded program one at a time (BPF_PROG_TEST_RUN), so that nothing hangs on timing. Conversations between a host and an equipment are cut at every
 * byte, swapped, sent again, with the same bytes and with others, with wrong sums, heads split, several messages in one segment. After each frame both must have let
 * on the same bytes; at the end of each conversation both must have told the same. "--blind" leaves out what the twin is to find: that copies are shown to the engine.
 * Prints TAP, and how much was judged where.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "engine/engine.h"
#include "flow/sum.h"
#include "main/headers.h"
#include "main/table.h"
#include "policy/policy.h"
#include "wire/kernel.h"

enum { FRAME = 1514, SAID = 1 << 20, HOST_PORT = 20000, TOOL_PORT = 5000, PLC_PORT = 502 };

static const char policy_text[] =
	"part: gateway\nserial: 1\nnot_before: 2026-11-01\nexpires: 2036-11-01\ngateway:\n  zones:\n    - {name: tools, addresses: [10.20.0.0/24, \"fd20::/64\"]}\n"
	"    - {name: mes, addresses: [10.10.0.0/24, \"fd10::/64\"]}\n  conduits:\n"
	"    - name: talk\n      from: mes\n      to: tools\n      ports: [tcp/5000]\n      protocols: [hsms]\n      action: inspect\n      mode: enforce\n      failure: closed\n"
	"      lines:\n        - host may S1F*\n        - host may S2F41 with RCMD START, STOP\n        - S2F15 never\n        - S7F3 only while maintenance\n        - S6F3 never leaves\n"
	"        - equipment may report\n        - host may S6F12\n"
	"    - name: plc\n      from: mes\n      to: tools\n      ports: [tcp/502]\n      protocols: [modbus]\n      action: inspect\n      mode: enforce\n      answer: native\n"
	"      lines:\n        - host may read\n        - host may write-single-register with holding 100-199\n        - host may write-multiple-registers\n  otherwise: {action: drop, mode: enforce}\n";

/* What one of the two lets on and tells. */
struct twin {
	struct gw_engine *engine;
	struct gw_headers *headers;
	uint8_t *said;
	size_t size;
	struct sk_buf told;
	uint32_t next[2]; /* what each receiver has in order */
};

static struct twin alone, both;
static struct gw_headers headers;
static struct gw_kernel *kernel;
static int program, index_of[2];
static uint64_t random_state = 88172645463325252ull;
static unsigned long counts[3]; /* frames, by the kernel side, by the engine */
static bool blind;
static unsigned point, failed;
static uint16_t session_port;
static bool six, modbus;

static uint32_t chance(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 33) % below;
}

static uint64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- what goes on, and what is told */

static void put(struct twin *twin, const uint8_t *frame, size_t size)
{
	if (twin->size + size + 4 > SAID)
		return;
	memcpy(twin->said + twin->size, frame, size);
	twin->size += size;
}

static void on_inject(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
	struct twin *twin = context;

	(void)pair;
	(void)to;
	if (twin->headers)
		gw_headers_late(twin->headers);
	put(twin, frame, size);
}

static void on_event(void *context, const struct gw_event *event)
{
	struct twin *twin = context;

	sk_buf_printf(&twin->told, "%s %s %d %d %s\n", gw_event_kind_names[event->kind], event->message ? event->message->name : event->word, event->dir, event->verdict,
		      event->line ? event->line : "");
}

static bool on_shifted(void *context, enum gw_shift_step step, const struct gw_shifted *of)
{
	(void)context;
	(void)step;
	(void)of;
	return true;
}

static void on_hand(void *context, const struct gw_handing *handing)
{
	(void)context;
	gw_headers_hand(&headers, handing);
}

/* --- a frame goes through each */

static void through_engine(struct twin *twin, const uint8_t *frame, size_t size, int side, uint64_t time, uint64_t flow, unsigned opener)
{
	uint8_t copy[FRAME + 64];
	struct gw_packet packet = {.frame = copy, .size = (uint32_t)size, .time = time, .port = side ? GW_PORT_A : GW_PORT_B, .flow = flow, .sender = (enum gw_sender)opener};

	memcpy(copy, frame, size);
	if (gw_engine_packet(twin->engine, &packet) == GW_FATE_PASS)
		put(twin, copy, packet.size);
}

enum way { WAY_DROPPED, WAY_PASSED, WAY_LENT };

static enum way through_kernel(const uint8_t *frame, size_t size, int side, struct gw_meta *ret_meta)
{
	uint8_t out[FRAME + 256];
	struct xdp_md context = {.data_end = (uint32_t)size, .ingress_ifindex = (uint32_t)index_of[side ? 0 : 1]};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = (uint32_t)size, .data_out = out, .data_size_out = sizeof out, .ctx_in = &context,
		    .ctx_size_in = sizeof context, .repeat = 1);

	memset(ret_meta, 0, sizeof *ret_meta);
	if (bpf_prog_test_run_opts(program, &run) < 0) {
		fprintf(stderr, "gateway-twin: %s\n", strerror(errno));
		exit(3);
	}
	if (run.data_size_out == size + sizeof *ret_meta)
		memcpy(ret_meta, out, sizeof *ret_meta);
	if (run.data_size_out == size && run.retval == XDP_PASS && memcmp(out, frame, size) == 0)
		return WAY_PASSED;
	if (run.data_size_out == size && run.retval == XDP_DROP)
		return WAY_DROPPED;
	if (ret_meta->magic != GW_META_MAGIC) {
		fprintf(stderr, "gateway-twin: the program says %u, %u bytes of %zu\n", run.retval, run.data_size_out, size);
		exit(3);
	}
	return WAY_LENT;
}

static void give(const uint8_t *frame, size_t size, int side)
{
	uint64_t now = mono_ns();
	unsigned opener = side ? GW_OPENER_RECEIVER : GW_OPENER_SENDER;
	struct gw_meta meta;
	enum way way = through_kernel(frame, size, side, &meta);

	if (way == WAY_DROPPED)
		return; /* by what needs no engine: so it is in both */
	counts[0]++;
	through_engine(&alone, frame, size, side, headers.epoch + now, 1, opener);
	if (way == WAY_PASSED) {
		counts[1]++;
		put(&both, frame, size);
		return;
	}
	counts[2]++;
	if (!blind)
		gw_headers_before(&headers, meta.flow);
	through_engine(&both, frame, size, side, headers.epoch + meta.time, meta.flow, meta.opener);
	gw_headers_after(&headers, meta.opener, 0, 0);
}

static bool same(void)
{
	return alone.size == both.size && memcmp(alone.said, both.said, alone.size) == 0;
}

/* --- frames */

static void address(uint8_t *at, int side)
{
	if (six) {
		memset(at, 0, 16);
		at[0] = 0xfd;
		at[1] = side ? 0x20 : 0x10;
		at[15] = 5;
	} else {
		memcpy(at, (uint8_t[]){10, side ? 20 : 10, 0, 5}, 4);
	}
}

static size_t make_frame(uint8_t *out, int side, uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *data, size_t size, bool stamps)
{
	size_t l3 = 14, l4 = l3 + (six ? 40 : 20), head = stamps ? 32 : 20, total = l4 + head + size;
	struct gw_packet p = {.frame = out, .size = (uint32_t)total};
	uint16_t port = modbus ? PLC_PORT : TOOL_PORT, ports[2] = {htons(side ? port : session_port), htons(side ? session_port : port)};
	uint32_t numbers[2] = {htonl(seq), htonl(ack)};

	memset(out, 0, l4 + head);
	memcpy(out, side ? "\x02\0\0\0\0\x01\x02\0\0\0\0\x02" : "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	memcpy(out + 12, six ? "\x86\xdd" : "\x08\0", 2);
	if (six) {
		memcpy(out + l3, (uint8_t[]){0x60, 0, 0, 0, (uint8_t)((head + size) >> 8), (uint8_t)(head + size), 6, 64}, 8);
		address(out + l3 + 8, side);
		address(out + l3 + 24, !side);
	} else {
		memcpy(out + l3, (uint8_t[]){0x45, 0, (uint8_t)((total - l3) >> 8), (uint8_t)(total - l3), 0, 1, 0x40, 0, 64, 6}, 10);
		address(out + l3 + 12, side);
		address(out + l3 + 16, !side);
	}
	memcpy(out + l4, ports, 4);
	memcpy(out + l4 + 4, numbers, 8);
	memcpy(out + l4 + 12, (uint8_t[]){(uint8_t)(head * 4), flags, 0x20, 0}, 4);
	if (stamps)
		memcpy(out + l4 + 20, "\x01\x01\x08\x0a\0\0\0\x07\0\0\0\x09", 12);
	memcpy(out + l4 + head, data, size);
	gw_decode(&p, false);
	gw_sum_mend(&p);
	return total;
}

struct stream {
	uint32_t first[2], sent[2]; /* sequence numbers: of the first byte, of the next one */
	bool stamps;
};

static void segment(struct stream *s, int side, uint32_t seq, const uint8_t *data, size_t size)
{
	uint8_t frame[FRAME + 64];

	give(frame, make_frame(frame, side, size ? 0x18 : 0x10, seq, s->sent[!side], data, size, s->stamps), side);
}

static void acknowledge(struct stream *s, int side)
{
	segment(s, side, s->sent[side], NULL, 0);
}

static void begin(struct stream *s)
{
	uint8_t frame[128];

	if (++session_port < HOST_PORT)
		session_port = HOST_PORT;
	*s = (struct stream){.first = {chance(2) ? 0xffffff00u : 1000, 5000}, .stamps = chance(2)};
	give(frame, make_frame(frame, 0, GW_SYN, s->first[0]++, 0, NULL, 0, false), 0);
	give(frame, make_frame(frame, 1, GW_SYN | GW_ACK, s->first[1]++, s->first[0], NULL, 0, false), 1);
	s->sent[0] = s->first[0];
	s->sent[1] = s->first[1];
	acknowledge(s, 0);
}

/* --- what they say */

static uint32_t system_bytes;

static size_t hsms(uint8_t *out, unsigned stype, unsigned stream, unsigned function, bool wait, const void *body, size_t size)
{
	uint32_t length = 10 + (uint32_t)size, id = stype == 0 && function % 2 == 0 ? system_bytes : ++system_bytes;
	uint16_t session = stype ? 0xffff : 1;

	memcpy(out, (uint8_t[]){(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, (uint8_t)(session >> 8), (uint8_t)session,
				(uint8_t)(stream | (wait ? 128u : 0)), (uint8_t)function, 0, (uint8_t)stype, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id}, 14);
	if (size)
		memcpy(out + 14, body, size);
	return 14 + size;
}

static void say(struct stream *s, int side, const uint8_t *bytes, size_t size)
{
	segment(s, side, s->sent[side], bytes, size);
	s->sent[side] += (uint32_t)size;
	acknowledge(s, !side);
}

static size_t mbap(uint8_t *out, unsigned function, const void *body, size_t size)
{
	unsigned length = 2 + (unsigned)size, id = function & 0x100 ? system_bytes : ++system_bytes;

	memcpy(out, (uint8_t[]){(uint8_t)(id >> 8), (uint8_t)id, 0, 0, (uint8_t)(length >> 8), (uint8_t)length, 1, (uint8_t)function}, 8);
	memcpy(out + 8, body, size);
	return 8 + size;
}

enum { ANSWER = 0x100 }; /* with the last one's transaction */

/* What a client asks, of which some is refused, or what a server answers; now and then what is neither. */
static size_t modbus_speech(uint8_t *out, int side)
{
	static const uint8_t registers[] = {0, 10, 0, 4, 8, 1, 2, 3, 4, 5, 6, 7, 8};
	size_t size = 0;

	for (unsigned n = 1 + chance(4); n; n--) {
		unsigned which = chance(12);

		if (side)
			size += which < 9 ? mbap(out + size, 3 | ANSWER, registers + 4, 9) : mbap(out + size, 0x83 | ANSWER, "\x02", 1);
		else if (which == 0)
			size += mbap(out + size, 6, chance(3) ? "\0\x70\0\x01" : "\0\x01\0\x01", 4);
		else if (which == 1)
			size += mbap(out + size, chance(2) ? 43 : 8, "\0\x01\0\0", 4);
		else if (which == 2 && !chance(3))
			size += mbap(out + size, 5, "\0\x01\xff\0", 4);
		else
			size += which < 6 ? mbap(out + size, 16, registers, sizeof registers) : mbap(out + size, 3, "\0\x01\0\x04", 4);
	}
	return size;
}

static void greet(struct stream *s)
{
	uint8_t m[64];

	if (modbus) {
		say(s, 0, m, mbap(m, 3, "\0\x01\0\x04", 4));
		say(s, 1, m, mbap(m, 3 | ANSWER, "\x08\0\0\0\0\0\0\0\0", 9));
		return;
	}
	say(s, 0, m, hsms(m, 1, 0, 0, false, NULL, 0));
	--system_bytes;
	say(s, 1, m, hsms(m, 2, 0, 0, false, NULL, 0));
	say(s, 0, m, hsms(m, 0, 1, 3, true, "\x01\x00", 2));
	say(s, 1, m, hsms(m, 0, 1, 4, false, "\x01\x00", 2));
}

/* A handful of messages of one side, some of which are to be refused. Returns how many bytes. */
static size_t speech(uint8_t *out, int side)
{
	static uint8_t body[600];
	size_t size = 0;
	unsigned n = 1 + chance(4);

	if (modbus)
		return modbus_speech(out, side);
	memset(body, 0x41, sizeof body);
	body[0] = 0x42; /* text, two bytes of length */
	for (unsigned i = 0; i < n; i++) {
		unsigned which = chance(side ? 6 : 14), length = chance(8) ? chance(40) : 300 + chance(200);

		body[1] = (uint8_t)(length >> 8);
		body[2] = (uint8_t)length;
		if (which == 0)
			size += hsms(out + size, 5, 0, 0, false, NULL, 0);
		else if (side && which == 5 && !chance(4))
			size += hsms(out + size, 0, 6, 3, true, "\x01\x00", 2);
		else if (side)
			size += hsms(out + size, 0, which % 2 ? 6 : 1, which % 2 ? 11 : 4, which % 2, body, 3 + length);
		else if (which == 1)
			size += hsms(out + size, 0, 2, 41, true, chance(3) ? "\x01\x02\x41\x05START\x01\x00" : "\x01\x02\x41\x05PAUSE\x01\x00", 11);
		else if (which == 2 && !chance(3))
			size += hsms(out + size, 0, 2, 15, true, "\x01\x00", 2);
		else if (which == 3 && !chance(3))
			size += hsms(out + size, 0, 7, 3, true, "\x01\x02\x41\x01" "A\x21\x01\x01", 8);
		else
			size += hsms(out + size, 0, which % 2 ? 1 : 6, which % 2 ? 3 : 12, which % 2, body, 3 + length);
		if (size > 800)
			break;
	}
	return size;
}

/* --- how it comes */

static void disturbed(struct stream *s, int side, uint32_t seq, const uint8_t *data, size_t size)
{
	uint8_t frame[FRAME + 64], other[FRAME];
	size_t total;

	memcpy(other, data, size);
	other[chance((uint32_t)size)] ^= (uint8_t)(1 + chance(255));
	switch (chance(7)) {
	case 0: /* other bytes with a wrong sum go ahead */
		total = make_frame(frame, side, 0x18, seq, s->sent[!side], other, size, s->stamps);
		frame[total - 1] ^= 0xff;
		give(frame, total, side);
		break;
	case 1: /* a head that says more than there is */
		total = make_frame(frame, side, 0x18, seq, s->sent[!side], data, size, s->stamps);
		frame[six ? 18 : 16] ^= 1;
		give(frame, total, side);
		break;
	case 2:
		segment(s, side, seq, data, size);
		segment(s, side, seq, other, size); /* again, with other bytes */
		return;
	case 3:
		segment(s, side, seq, data, size);
		break;
	case 4: /* urgent */
		total = make_frame(frame, side, 0x38, seq, s->sent[!side], data, size, s->stamps);
		give(frame, total, side);
		return;
	case 5: /* a reset that lies outside of the window, an acknowledgement of what was never sent */
		give(frame, make_frame(frame, side, GW_RST, seq + 0x20000000, 0, NULL, 0, false), side);
		give(frame, make_frame(frame, side, 0x10, seq, s->sent[!side] + 1000, NULL, 0, s->stamps), side);
		break;
	default:
		break;
	}
	segment(s, side, seq, data, size);
}

/* The bytes of one speech, cut in two at `cut`, in a manner; then the other side acknowledges. */
static void deliver(struct stream *s, int side, const uint8_t *data, size_t size, size_t cut, unsigned manner)
{
	uint32_t seq = s->sent[side];
	size_t rest = size - cut;

	s->sent[side] += (uint32_t)size;
	if (manner == 1 && cut && rest) { /* swapped */
		segment(s, side, seq + (uint32_t)cut, data + cut, rest);
		segment(s, side, seq, data, cut);
	} else if (manner == 2) {
		if (cut)
			disturbed(s, side, seq, data, cut);
		if (rest)
			disturbed(s, side, seq + (uint32_t)cut, data + cut, rest);
	} else if (manner == 3 && cut) { /* the second overlaps the first */
		segment(s, side, seq, data, cut);
		segment(s, side, seq, data, size);
	} else {
		if (cut)
			segment(s, side, seq, data, cut);
		if (manner == 4)
			acknowledge(s, !side);
		if (rest)
			segment(s, side, seq + (uint32_t)cut, data + cut, rest);
	}
	acknowledge(s, !side);
}

static void end_conversation(const char *what, unsigned long number)
{
	gw_headers_read(&headers);
	if (!same() || alone.told.size != both.told.size || memcmp(alone.told.data, both.told.data, alone.told.size) != 0) {
		if (failed++ < 3)
			printf("# %s %lu: %zu and %zu bytes went on, %zu and %zu were told\n# alone:\n%.*s\n# both:\n%.*s\n", what, number, alone.size, both.size, alone.told.size,
			       both.told.size, (int)SK_MIN(alone.told.size, (size_t)1500), alone.told.data, (int)SK_MIN(both.told.size, (size_t)1500), both.told.data);
	}
	headers.epoch += 9000000000000; /* two and a half hours later: both forget it */
	gw_engine_tick(alone.engine, headers.epoch + mono_ns());
	gw_engine_tick(both.engine, headers.epoch + mono_ns());
	alone.size = both.size = 0;
	sk_buf_clear(&alone.told);
	sk_buf_clear(&both.told);
}

/* One conversation of a few speeches; the first of them is cut at `cut`. */
static void converse(size_t cut, unsigned manner, const uint8_t *first, size_t first_size)
{
	uint8_t text[8192];
	struct stream s;

	begin(&s);
	greet(&s);
	for (int turns = 0; turns < 4; turns++) {
		int side = turns % 2;
		bool is_first = turns == 0 && first;
		size_t size = is_first ? first_size : speech(text, side), at = is_first ? cut : chance((uint32_t)size + 1);

		deliver(&s, side, is_first ? first : text, size, SK_MIN(at, size), turns == 0 || chance(3) == 0 ? manner : 0);
	}
}

static void say_point(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++point, name);
	fflush(stdout);
}

static void at_every_byte(void)
{
	static const char *const names[] = {"in order", "swapped", "disturbed", "overlapping", "acknowledged between"};
	static uint8_t first[8192];
	char name[160];

	for (unsigned manner = 0; manner < SK_ARRAY_SIZE(names); manner++) {
		size_t size = 0;

		failed = 0;
		while (size < 30 || size > 300)
			size = speech(first, 0);
		size += modbus ? mbap(first + size, 3, "\0\x01\0\x04", 4) : hsms(first + size, 0, 1, 3, true, "\x01\x00", 2);
		size += modbus ? mbap(first + size, 5, "\0\x01\xff\0", 4) : hsms(first + size, 0, 2, 15, true, "\x01\x00", 2); /* refused */
		size += modbus ? mbap(first + size, 3, "\0\x01\0\x04", 4) : hsms(first + size, 0, 1, 3, true, "\x01\x00", 2);
		for (size_t cut = 0; cut <= size; cut++) {
			six = cut % 2;
			converse(cut, manner, first, size);
			end_conversation(names[manner], cut);
		}
		snprintf(name, sizeof name, "%s, cut at every byte, %s: both let on and tell the same", modbus ? "modbus" : "hsms", names[manner]);
		say_point(!failed, name);
	}
}

static void at_random(unsigned long rounds)
{
	failed = 0;
	for (unsigned long i = 0; i < rounds; i++) {
		six = chance(2);
		converse(0, chance(5), NULL, 0);
		end_conversation("conversation", i);
	}
	say_point(!failed, modbus ? "modbus, conversations drawn at random" : "hsms, conversations drawn at random");
}

/* --- beginning */

static int make_twin(struct twin *twin, const struct gw_policy *policy, struct gw_headers *h)
{
	struct gw_setup setup = {.policy = policy, .midstream = true, .inline_ = true, .messages = true, .memory_max = 64 << 20, .context = twin, .event = on_event, .inject = on_inject,
				 .shifted = on_shifted, .hand = h ? on_hand : NULL};

	twin->headers = h;
	twin->said = sk_malloc(SAID);
	twin->told = SK_BUF(16 << 20);
	return twin->said ? gw_engine_new(&setup, &twin->engine) : -ENOMEM;
}

static int attach(const char *const *names)
{
	for (uint32_t side = 0; side < 2; side++)
		index_of[side] = (int)if_nametoindex(names[side]);
	for (uint32_t side = 0; side < 2; side++) {
		const struct gw_attach port = {.index = index_of[side], .other = index_of[!side], .slot = side, .name = names[side]};
		enum gw_attached how;
		int r = gw_kernel_attach(kernel, &port, &how);

		if (r != 0)
			return r;
	}
	return 0;
}

static int begin_all(const char *pins, const char *const *ports)
{
	static struct gw_head_tables tables;
	struct sk_policy draft = {0};
	struct gw_policy *policy;
	struct gw_tables table;
	struct sk_diag diag = {0};
	int fds[3], r;

	r = sk_policy_parse_draft(policy_text, strlen(policy_text), &draft, &diag);
	if (r == 0)
		r = gw_policy_new(&draft, gw_protos, NULL, &policy, &diag);
	if (r != 0) {
		fprintf(stderr, "gateway-twin: %s: %s\n", diag.path, diag.text);
		return r;
	}
	r = gw_kernel_load(pins, 3600000000000, 3600000000000, &kernel);
	if (r == 0)
		r = gw_tables_make(gw_policy_source(policy), &table);
	if (r == 0)
		r = gw_kernel_put(kernel, &table.table);
	if (r == 0)
		r = attach(ports);
	if (r == 0)
		r = gw_head_tables_make(policy, gw_protos, &tables);
	if (r == 0)
		r = make_twin(&alone, policy, NULL);
	if (r == 0)
		r = make_twin(&both, policy, &headers);
	if (r != 0)
		return r;
	gw_kernel_beat(kernel)->beat = mono_ns();
	gw_kernel_beat(kernel)->ready = 1;
	gw_kernel_judge_fds(kernel, fds);
	r = gw_judge_new(fds[0], fds[1], fds[2], &headers.judge);
	headers.engine = both.engine;
	headers.epoch = 1800000000000000000;
	gw_headers_tables(&headers, &tables);
	program = gw_kernel_program(kernel);
	return r;
}

int main(int argc, char **argv)
{
	const char *pins = NULL, *ports[2] = {NULL, NULL};
	uint64_t rounds = 300;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--pins") && i + 1 < argc)
			pins = argv[++i];
		else if (!strcmp(argv[i], "--blind"))
			blind = true;
		else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			sk_parse_u64(argv[++i], 100000000, &rounds);
		else if (n < 2)
			ports[n++] = argv[i];
	}
	if (!pins || n != 2)
		return 2;
	if (begin_all(pins, ports) != 0)
		return 3;
	for (int i = 0; i < 2; i++) {
		unsigned long before[2] = {counts[0], counts[1]};

		modbus = i;
		at_every_byte();
		at_random(rounds);
		say_point(counts[1] - before[1] > (counts[0] - before[0]) / 8, "a good part was judged by headers");
	}
	printf("# %lu frames: %lu judged by headers, %lu by the engine; %lu copies shown, %lu diverged\n", counts[0], counts[1], counts[2], (unsigned long)headers.judged,
	       (unsigned long)headers.diverged);
	say_point(headers.judged == counts[1] && headers.diverged == 0, "the engine saw each that was judged by headers, and would have changed none");
	printf("1..%u\n", point);
	headers.judge = gw_judge_free(headers.judge);
	gw_engine_free(alone.engine);
	gw_engine_free(both.engine);
	gw_kernel_free(kernel);
	return 0;
}
