// SPDX-License-Identifier: GPL-3.0-or-later
/* What enip.c (encapsulation) and cip.c (services within) share. */
#pragma once

#include "proto/pdu/pdu.h"

enum { ENIP_COMMAND, ENIP_STATUS, ENIP_SERVICE, ENIP_CLASS, ENIP_INSTANCE, ENIP_ATTRIBUTE, ENIP_TAG, ENIP_GENERAL, ENIP_PCCC, ENIP_VENDOR, ENIP_PRODUCT, ENIP_REVISION,
	ENIP_SERIAL };
enum { CIP_ASKED = 32, CIP_DEPTH = 3 };

/* What was asked last, so that an answer, which names no class, is known. */
struct cip_asked {
	uint64_t id;
	uint32_t class;
	uint8_t service;
};

struct enip {
	struct pdu_stream stream; /* first */
	struct cip_asked asked[CIP_ASKED];
	unsigned next;
};

/* Says the service in `data`, and those that it wraps, each as a message of its own. `id` pairs asking and answering. */
void cip_read(struct gw_turn *turn, struct enip *s, const struct pdu *pdu, uint64_t id, unsigned command, const uint8_t *data, size_t size, int depth);
/* An identity as "list identity" and the identity object have it, from the vendor's number on. */
void cip_identity(struct pdu_told *told, struct sk_cursor *c);
