// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Elements of the Basic Encoding Rules (ITU-T X.690) in bytes that somebody else wrote: a tag of one byte, a definite length of at most four. That is what SNMP and LDAP
 * send; an indefinite length or a longer tag makes the cursor bad.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"

enum { BER_BOOLEAN = 1, BER_INTEGER = 2, BER_OCTETS = 4, BER_OID = 6, BER_ENUM = 10, BER_SEQUENCE = 0x30, BER_SET = 0x31 };

/* The size of the element that begins so, tag and length included; 0 = none begins so; -N = N bytes are needed to tell. */
int64_t ber_size(const uint8_t *head, size_t have);
/* The next element: its tag, and its content as a cursor of its own. False at the end, or when it is wrong (the cursor is bad then). */
bool ber_next(struct sk_cursor *c, uint8_t *ret_tag, struct sk_cursor *ret_content);
/* The next element's content, which has to have this tag; a bad cursor otherwise. */
struct sk_cursor ber_take(struct sk_cursor *c, uint8_t tag);
/* An integer of at most eight bytes, negative ones as two's complement. */
uint64_t ber_number(struct sk_cursor *c, uint8_t tag);
/* An object identifier's content as "1.3.6.1"; the number of characters, 0 when it is wrong or does not fit. */
size_t ber_oid_text(struct sk_cursor content, char *out, size_t room);
