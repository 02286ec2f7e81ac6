// SPDX-License-Identifier: GPL-3.0-or-later
/* What opcua.c (chunks), service.c (services) and value.c (built-in types) share. Numbers are little-endian. */
#pragma once

#include "base/cursor.h"
#include "proto/pdu/pdu.h"

enum { UA_SERVICE, UA_NODE, UA_ATTRIBUTE, UA_METHOD, UA_VALUE, UA_TEXT, UA_STATUS, UA_SECURITY, UA_ENDPOINT };
enum { UA_DEPTH = 4 };

/* The encoded service: fills `told`, which was begun. False: no service that is known, perhaps encrypted. */
bool ua_service(struct pdu_told *told, struct sk_cursor *c);

uint64_t ua_u64(struct sk_cursor *c);
/* A string, or bytes; NULL with size 0 for none. */
const uint8_t *ua_string(struct sk_cursor *c, size_t *ret_size);
void ua_skip_string(struct sk_cursor *c);
/* "i=2258", "ns=2;s=Speed" as `def`; -1 tells nothing. The number of a numeric node of namespace 0, else 0. */
uint32_t ua_node(struct pdu_told *told, int def, struct sk_cursor *c);
void ua_skip_extension(struct sk_cursor *c);
/* Numbers as UA_VALUE and strings as UA_TEXT when `put`; what is neither makes the message partial then. */
void ua_variant(struct pdu_told *told, bool put, struct sk_cursor *c, int depth);
void ua_data_value(struct pdu_told *told, bool put, struct sk_cursor *c, int depth);
