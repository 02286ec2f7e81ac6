// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A connection of DCE/RPC (C706 chapter 12, MS-RPCE), over TCP or over a named pipe of SMB: bytes of each direction become calls.
 *
 * Fragments of a call are put together: rules see the stub as the server will. Owns what it keeps of a PDU and of a stub, at most RPC_BUDGET bytes. Who carries
 * it (dcerpc.c, proto/smb) says the messages; the fields of a call are the first RPC_FIELDS of the carrier's fields.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/proto.h"

enum { RPC_HEAD = 16, RPC_PDU_KEPT = 8192, RPC_STUB_KEPT = 16384, RPC_CONTEXTS = 12, RPC_CALLS = 8, RPC_UUID_TEXT = 37,
	RPC_BUDGET = 2 * (RPC_PDU_KEPT + RPC_STUB_KEPT) };

enum rpc_type { RPC_REQUEST = 0, RPC_RESPONSE = 2, RPC_FAULT = 3, RPC_BIND = 11, RPC_BIND_ACK = 12, RPC_BIND_NAK = 13, RPC_ALTER = 14, RPC_ALTER_ACK = 15,
	RPC_TYPES = 20 };

enum rpc_field { RPC_F_IFACE, RPC_F_IFACE_VERSION, RPC_F_SERVICE, RPC_F_OPNUM, RPC_F_PDU, RPC_FIELDS };

/* For the carrier's table of fields. */
#define RPC_FIELD_DEFS \
	[RPC_F_IFACE] = {"iface", GW_TEXT, .en = "the RPC interface's UUID", .ja = "RPC インターフェースの UUID"}, \
	[RPC_F_IFACE_VERSION] = {"iface_version", GW_UINT, .en = "its major version", .ja = "そのメジャー版"}, \
	[RPC_F_SERVICE] = {"service", GW_TEXT, .learn = true, .en = "its name, where it is known", .ja = "その名称（既知のもの）"}, \
	[RPC_F_OPNUM] = {"opnum", GW_UINT, .learn = true, .en = "the number of the operation", .ja = "操作の番号"}, \
	[RPC_F_PDU] = {"pdu", GW_UINT, .en = "the type of the PDU", .ja = "PDU の種別"}

struct rpc_operation {
	uint16_t opnum;
	const char *name;
	enum gw_act act;
};

struct rpc_service {
	const char *uuid, *name;
	const struct rpc_operation *operations; /* a NULL name ends */
};

const struct rpc_service *rpc_service_find(const char *uuid);
const struct rpc_operation *rpc_operation_find(const struct rpc_service *service, uint16_t opnum);
/* A named pipe that Windows services listen on. */
bool rpc_pipe_known(const char *name);

struct rpc_context {
	uint16_t id, version;
	char uuid[RPC_UUID_TEXT];
};

struct rpc_call {
	uint32_t id;
	uint16_t context, opnum;
	bool used;
};

struct rpc_half {
	struct sk_buf pdu, stub;
	uint32_t want;          /* bytes of the PDU in hand; 0 until its head is whole */
	uint32_t have;          /* of those, how many have come */
	struct rpc_call call;   /* the call whose fragments are put together */
	uint64_t size;          /* its bytes so far */
	bool partial, lost;
};

struct rpc {
	struct rpc_half half[2];
	struct rpc_context contexts[RPC_CONTEXTS];
	unsigned context_count, context_next;
	struct rpc_call calls[RPC_CALLS]; /* asked, not answered */
	unsigned call_next;
};

/* A message of the connection, with room for the carrier's own fields and buffers behind those of the call. Valid while it is told. */
struct rpc_told {
	struct gw_message message;
	struct gw_field fields[1 + 3 * RPC_CONTEXTS + 8];
	struct gw_buffer buffers[4];
	size_t field_count, buffer_count;
};

struct rpc_ear {
	void (*tell)(void *context, struct rpc_told *told); /* message.fields and .buffers are not set yet */
	void (*odd)(void *context, enum gw_dir dir, const char *word);
	void *context;
};

void rpc_begin(struct rpc *rpc);
void rpc_end(struct rpc *rpc);
/* The next bytes of a direction; `behind` bytes of what the carrier was given lie behind them. False: this is not RPC. */
bool rpc_feed(struct rpc *rpc, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind, const struct rpc_ear *ear);
/* Bytes are missing: fragments in hand are forgotten, and the next piece that begins with a PDU is read again. */
void rpc_gap(struct rpc *rpc, enum gw_dir dir);
/* These bytes begin with the head of a PDU. */
bool rpc_begins(const uint8_t *data, size_t size);
