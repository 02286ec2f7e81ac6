// SPDX-License-Identifier: GPL-3.0-or-later
/* DCE/RPC: PDUs, fragments, bound interfaces, calls and answers. */
#include "proto/dcerpc/rpc.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"

enum { FLAG_FIRST = 1, FLAG_LAST = 2, FLAG_OBJECT = 0x80, LITTLE = 0x10 };

struct pdu {
	struct sk_cursor c;
	uint8_t type, flags;
	bool little;
	uint16_t size, auth;
	uint32_t call;
};

static uint16_t get16(struct pdu *p)
{
	return p->little ? sk_get_u16_le(&p->c) : sk_get_u16(&p->c);
}

static uint32_t get32(struct pdu *p)
{
	return p->little ? sk_get_u32_le(&p->c) : sk_get_u32(&p->c);
}

void rpc_begin(struct rpc *rpc)
{
	memset(rpc, 0, sizeof *rpc);
	for (int i = 0; i < 2; i++) {
		rpc->half[i].pdu = SK_BUF(RPC_PDU_KEPT);
		rpc->half[i].stub = SK_BUF(RPC_STUB_KEPT);
	}
}

void rpc_end(struct rpc *rpc)
{
	for (int i = 0; i < 2; i++) {
		sk_buf_done(&rpc->half[i].pdu);
		sk_buf_done(&rpc->half[i].stub);
	}
}

bool rpc_begins(const uint8_t *data, size_t size)
{
	return size >= 5 && data[0] == 5 && data[1] <= 1 && data[2] < RPC_TYPES && (data[4] == 0 || data[4] == LITTLE);
}

static void get_uuid(struct pdu *p, char text[RPC_UUID_TEXT])
{
	uint32_t a = get32(p);
	uint16_t b = get16(p), c = get16(p);
	uint8_t rest[8] = {0};

	sk_get_copy(&p->c, rest, sizeof rest);
	snprintf(text, RPC_UUID_TEXT, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", a, b, c, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
}

static struct rpc_context *context_of(struct rpc *rpc, uint16_t id)
{
	for (unsigned i = 0; i < rpc->context_count; i++)
		if (rpc->contexts[i].id == id)
			return &rpc->contexts[i];
	return NULL;
}

/* A context that is bound anew takes its old place; the oldest makes room. */
static struct rpc_context *context_room(struct rpc *rpc, uint16_t id)
{
	struct rpc_context *context = context_of(rpc, id);

	if (context)
		return context;
	if (rpc->context_count < RPC_CONTEXTS)
		return &rpc->contexts[rpc->context_count++];
	return &rpc->contexts[rpc->context_next++ % RPC_CONTEXTS];
}

static void put(struct rpc_told *t, uint16_t def, uint64_t value)
{
	t->fields[t->field_count++] = (struct gw_field){.def = def, .u = value};
}

static void put_text(struct rpc_told *t, uint16_t def, const char *text)
{
	t->fields[t->field_count++] = (struct gw_field){.def = def, .bytes = {(const uint8_t *)text, strlen(text)}};
}

static void put_context(struct rpc_told *t, const struct rpc_context *context)
{
	const struct rpc_service *service = rpc_service_find(context->uuid);

	put_text(t, RPC_F_IFACE, context->uuid);
	if (service)
		put_text(t, RPC_F_SERVICE, service->name);
}

static bool to_server(const struct pdu *p)
{
	return p->type == RPC_REQUEST || p->type == RPC_BIND || p->type == RPC_ALTER;
}

static const char *type_name(uint8_t type)
{
	static const char *const names[RPC_TYPES] = {[RPC_REQUEST] = "rpc-request", [RPC_RESPONSE] = "rpc-response", [RPC_FAULT] = "rpc-fault", [RPC_BIND] = "rpc-bind",
		[RPC_BIND_ACK] = "rpc-bind-ack", [RPC_BIND_NAK] = "rpc-bind-nak", [RPC_ALTER] = "rpc-alter", [RPC_ALTER_ACK] = "rpc-alter-ack"};

	return type < RPC_TYPES && names[type] ? names[type] : "rpc-other";
}

static void tell_begin(struct rpc_told *t, const struct pdu *p, enum gw_dir dir, uint64_t size, size_t back)
{
	*t = (struct rpc_told){.message = {.name = type_name(p->type), .act = GW_ACT_SESSION, .dir = dir, .from = dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT,
		.request = to_server(p), .whole = true, .id = (uint64_t)p->call + 1, .size = size, .back = back}};
	put(t, RPC_F_PDU, p->type);
}

/* Interfaces that a client asks for (bind, alter context). */
static void read_bind(struct rpc *rpc, struct pdu *p, enum gw_dir dir, size_t back, const struct rpc_ear *ear)
{
	struct rpc_context *found[RPC_CONTEXTS];
	struct rpc_told t;
	unsigned count;

	sk_get_bytes(&p->c, 8);
	count = sk_get_u8(&p->c);
	sk_get_bytes(&p->c, 3);
	tell_begin(&t, p, dir, p->size, back);
	for (unsigned i = 0; i < count && i < RPC_CONTEXTS && !p->c.bad; i++) {
		struct rpc_context context = {.id = get16(p)};
		unsigned transfers = sk_get_u8(&p->c);

		sk_get_u8(&p->c);
		get_uuid(p, context.uuid);
		context.version = (uint16_t)get32(p);
		sk_get_bytes(&p->c, transfers * 20u);
		if (p->c.bad)
			break;
		found[i] = context_room(rpc, context.id);
		*found[i] = context;
		put_context(&t, found[i]);
		put(&t, RPC_F_IFACE_VERSION, context.version);
	}
	t.message.partial = p->c.bad || count > RPC_CONTEXTS;
	if (p->c.bad)
		ear->odd(ear->context, dir, "dcerpc-torn");
	ear->tell(ear->context, &t);
}

static void remember(struct rpc *rpc, const struct rpc_call *call)
{
	rpc->calls[rpc->call_next % RPC_CALLS] = *call;
	rpc->calls[rpc->call_next++ % RPC_CALLS].used = true;
}

static void recall(struct rpc *rpc, struct rpc_call *call)
{
	for (unsigned i = 0; i < RPC_CALLS; i++)
		if (rpc->calls[i].used && rpc->calls[i].id == call->id) {
			call->opnum = rpc->calls[i].opnum;
			call->used = true;
			return;
		}
}

static void tell_call(struct rpc *rpc, const struct pdu *p, enum gw_dir dir, bool whole, size_t back, const struct rpc_ear *ear)
{
	struct rpc_half *half = &rpc->half[dir];
	struct rpc_context *context = context_of(rpc, half->call.context);
	const struct rpc_operation *operation = NULL;
	struct rpc_told t;

	tell_begin(&t, p, dir, half->size, back);
	if (context) {
		put_context(&t, context);
		put(&t, RPC_F_IFACE_VERSION, context->version);
		operation = rpc_operation_find(rpc_service_find(context->uuid), half->call.opnum);
	}
	if (half->call.used)
		put(&t, RPC_F_OPNUM, half->call.opnum);
	t.buffers[t.buffer_count++] = (struct gw_buffer){.name = "dcerpc.stub_data", .data = (const uint8_t *)(half->stub.data ? half->stub.data : ""), .size = half->stub.size};
	t.message.whole = whole;
	t.message.partial = half->partial || !context;
	t.message.act = p->type == RPC_REQUEST ? GW_ACT_CONTROL : GW_ACT_SESSION;
	if (operation && p->type == RPC_REQUEST) {
		t.message.name = operation->name;
		t.message.act = operation->act;
	}
	ear->tell(ear->context, &t);
}

/* A fragment of a call or of an answer. */
static void read_call(struct rpc *rpc, struct pdu *p, enum gw_dir dir, size_t back, const struct rpc_ear *ear)
{
	struct rpc_half *half = &rpc->half[dir];
	struct rpc_call call = {.id = p->call};
	size_t size, auth = p->auth ? p->auth + 8u : 0;
	const uint8_t *stub;

	get32(p);
	call.context = get16(p);
	call.opnum = get16(p); /* of an answer: cancel count and padding */
	if (p->flags & FLAG_OBJECT && p->type == RPC_REQUEST)
		sk_get_bytes(&p->c, 16);
	if (p->type == RPC_REQUEST)
		call.used = true;
	else
		recall(rpc, &call);
	if (p->flags & FLAG_FIRST || half->call.id != call.id) {
		if (!(p->flags & FLAG_FIRST))
			ear->odd(ear->context, dir, "dcerpc-fragment");
		sk_buf_clear(&half->stub);
		half->size = 0;
		half->partial = !(p->flags & FLAG_FIRST);
		half->call = call;
		if (p->type == RPC_REQUEST)
			remember(rpc, &call);
	} else if (p->type == RPC_REQUEST && (half->call.opnum != call.opnum || half->call.context != call.context)) {
		ear->odd(ear->context, dir, "dcerpc-fragment"); /* servers differ in whose number counts */
		half->partial = true;
	}
	size = sk_cursor_left(&p->c);
	half->partial |= p->c.bad || p->size > RPC_PDU_KEPT || auth > size;
	size -= SK_MIN(auth, size);
	stub = sk_get_bytes(&p->c, size);
	half->size += p->size;
	size = SK_MIN(size, RPC_STUB_KEPT - half->stub.size);
	if (!stub || sk_buf_append(&half->stub, stub, size) || half->stub.size == RPC_STUB_KEPT)
		half->partial = true;
	if (p->flags & FLAG_LAST || p->flags & FLAG_FIRST)
		tell_call(rpc, p, dir, p->flags & FLAG_LAST, back, ear);
	if (p->flags & FLAG_LAST) {
		sk_buf_clear(&half->stub);
		half->call = (struct rpc_call){.id = half->call.id + 1};
	}
}

static void read_pdu(struct rpc *rpc, enum gw_dir dir, size_t back, const struct rpc_ear *ear)
{
	struct rpc_half *half = &rpc->half[dir];
	struct pdu p = {.size = (uint16_t)half->want};
	struct rpc_told t;

	sk_cursor_init(&p.c, half->pdu.data, half->pdu.size);
	sk_get_u16(&p.c);
	p.type = sk_get_u8(&p.c);
	p.flags = sk_get_u8(&p.c);
	p.little = sk_get_u8(&p.c) == LITTLE;
	sk_get_bytes(&p.c, 3);
	get16(&p);
	p.auth = get16(&p);
	p.call = get32(&p);
	if (half->want > RPC_PDU_KEPT)
		ear->odd(ear->context, dir, "dcerpc-long");
	if (to_server(&p) != (dir == GW_TO_SERVER) && p.type != RPC_FAULT)
		ear->odd(ear->context, dir, "dcerpc-direction");
	switch (p.type) {
	case RPC_BIND:
	case RPC_ALTER:
		read_bind(rpc, &p, dir, back, ear);
		return;
	case RPC_REQUEST:
	case RPC_RESPONSE:
	case RPC_FAULT:
		read_call(rpc, &p, dir, back, ear);
		return;
	default:
		tell_begin(&t, &p, dir, p.size, back);
		ear->tell(ear->context, &t);
	}
}

/* The head of a PDU says how long it is. False: it is none. */
static bool read_length(struct rpc_half *half)
{
	struct pdu p = {.little = half->pdu.data[4] == LITTLE};

	sk_cursor_init(&p.c, half->pdu.data, half->pdu.size);
	if (!rpc_begins(p.c.data, p.c.size))
		return false;
	sk_get_bytes(&p.c, 8);
	half->want = get16(&p);
	return half->want >= RPC_HEAD;
}

static size_t take(struct rpc *rpc, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind, const struct rpc_ear *ear)
{
	struct rpc_half *half = &rpc->half[dir];
	uint32_t limit = half->want ? half->want : RPC_HEAD;
	size_t used = SK_MIN(size, (size_t)(limit - half->have)), kept = SK_MIN(used, RPC_PDU_KEPT - half->pdu.size);

	half->lost |= kept && sk_buf_append(&half->pdu, data, kept);
	half->have += (uint32_t)used;
	if (half->have < limit || half->lost)
		return used;
	if (!half->want) {
		half->lost = !read_length(half);
		if (half->lost || half->want > RPC_HEAD)
			return used;
	}
	read_pdu(rpc, dir, size - used + behind, ear);
	half->want = half->have = 0;
	sk_buf_clear(&half->pdu);
	return used;
}

bool rpc_feed(struct rpc *rpc, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind, const struct rpc_ear *ear)
{
	struct rpc_half *half = &rpc->half[dir];

	if (half->lost && rpc_begins(data, size)) {
		rpc_gap(rpc, dir);
		half->lost = false;
	}
	while (size && !half->lost) {
		size_t used = take(rpc, dir, data, size, behind, ear);

		data += used;
		size -= used;
	}
	return !half->lost;
}

void rpc_gap(struct rpc *rpc, enum gw_dir dir)
{
	struct rpc_half *half = &rpc->half[dir];

	sk_buf_clear(&half->pdu);
	sk_buf_clear(&half->stub);
	half->want = half->have = 0;
	half->call = (struct rpc_call){0};
	half->partial = true;
	half->lost = true;
}
