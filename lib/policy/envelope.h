// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A signed object as it travels: JSON {"payload": base64, "payload_type", "delegation": {envelope}, "signatures": [{"keyid", "sig"}]}.
 * The Ed25519 signature is over PAE(type, payload) = "DSSEv1" SP len(type) SP type SP len(payload) SP payload, lengths in decimal
 * (the pre-authentication encoding of DSSE). "delegation" is itself an envelope without one, or absent.
 * Parsing says nothing about validity: trust.h does.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "crypto/sign.h"

#define SK_ENVELOPE_MAX (48u << 20)
#define SK_PAYLOAD_MAX (34u << 20)
#define SK_SIGNATURES_MAX 4

#define SK_TYPE_POLICY "application/vnd.sekisho.policy+json"
#define SK_TYPE_DELEGATION "application/vnd.sekisho.delegation+json"
#define SK_TYPE_REVOCATIONS "application/vnd.sekisho.revocations+json"

struct sk_signature {
	char keyid[SK_KEY_ID_SIZE];
	uint8_t bytes[SK_SIGNATURE_SIZE];
};

struct sk_envelope {
	char type[64];
	char *space;   /* holds the payload, and in front of it room for what is signed with it */
	char *payload; /* terminated */
	size_t payload_size;
	struct sk_signature signatures[SK_SIGNATURES_MAX];
	size_t signature_count;
	struct sk_envelope *delegation; /* NULL when absent */
};

/* 0; SK_BAD with byte offset or path; fatal. */
int sk_envelope_parse(const char *text, size_t size, struct sk_envelope **ret_envelope, struct sk_diag *diag);
struct sk_envelope *sk_envelope_free(struct sk_envelope *envelope);
void sk_envelope_free_p(struct sk_envelope **envelope);
#define _cleanup_envelope_ __attribute__((cleanup(sk_envelope_free_p)))
/* Canonical JSON. 0, SK_FULL, -ENOMEM. */
int sk_envelope_write(const struct sk_envelope *envelope, struct sk_buf *out);

/* An unsigned envelope over a copy of the payload. */
int sk_envelope_new(const char *type, const void *payload, size_t size, struct sk_envelope **ret_envelope);
/* Adds a signature. SK_FULL at SK_SIGNATURES_MAX. */
int sk_envelope_sign(struct sk_envelope *envelope, const struct sk_private *key);
/* A signed envelope with a copy of the delegation, which may be NULL. 0, SK_BAD, SK_FULL, fatal. */
int sk_envelope_make(const char *type, const struct sk_buf *payload, const struct sk_private *key, const struct sk_envelope *delegation,
		     struct sk_envelope **ret_envelope, struct sk_diag *diag);
/* 0 when one of the signatures is this key's; SK_NONE when none has its id; SK_DENIED when one has, and does not fit. */
int sk_envelope_verify(const struct sk_envelope *envelope, const struct sk_public *key);
