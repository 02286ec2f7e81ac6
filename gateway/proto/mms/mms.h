// SPDX-License-Identifier: GPL-3.0-or-later
/* What mms.c (session, presentation and kinds of PDU) and service.c (services and what they name) share. */
#pragma once

#include "base/cursor.h"
#include "proto/pdu/pdu.h"

enum { MMS_SERVICE, MMS_OBJECT, MMS_VALUE, MMS_TEXT, MMS_VENDOR, MMS_PRODUCT, MMS_REVISION };
enum { MMS_UNIVERSAL = 0x00, MMS_APPLICATION = 0x40, MMS_CONTEXT = 0x80, MMS_SHAPE = 0xe0, MMS_CONSTRUCTED = 0x20 };

/* An element of the Basic Encoding Rules with a definite length; tags of several bytes are services'. */
struct mms_element {
	uint8_t shape;   /* class and whether it holds others: MMS_CONTEXT | MMS_CONSTRUCTED ... */
	uint32_t number;
	const uint8_t *data;
	size_t size;
};
bool mms_next(struct sk_cursor *c, struct mms_element *ret_element);
struct sk_cursor mms_inside(const struct mms_element *element);

/* A service of a confirmed request or its answer; fills `told`, which was begun. */
void mms_service(struct pdu_told *told, const struct mms_element *service, bool request);
/* Names of objects within, as "domain/item" or alone. */
void mms_objects(struct pdu_told *told, struct sk_cursor c, int depth);
