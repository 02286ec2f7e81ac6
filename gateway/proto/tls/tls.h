// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What TLS's clear handshake messages tell: hellos with their fingerprints (JA3, JA3S, JA4) and certificates. Readers of single messages; tls.c frames them. All
 * text is written into the caller's space; a reader returns 0 or SK_BAD.
 */
#pragma once

#include "base/cursor.h"
#include "proto/proto.h"

enum { HELLO_TEXT_MAX = 4096, CERT_COUNT_MAX = 8, NAME_TEXT_MAX = 1024 };

struct hello {
	uint16_t version;          /* the one spoken or offered, by supported_versions where that is there */
	const uint8_t *sni;        /* in the message; NULL = none */
	size_t sni_size;
	const uint8_t *alpn;       /* the first one */
	size_t alpn_size;
	const uint8_t *random;     /* 32 bytes, in the message */
	char ja3[HELLO_TEXT_MAX];  /* or JA3S */
	char ja3_hash[33];
	char ja4[64];              /* of a client's */
};
int hello_read(const uint8_t *data, size_t size, bool client, struct hello *ret_hello);

struct certificate {
	const uint8_t *der;
	size_t size;
	char subject[NAME_TEXT_MAX], issuer[NAME_TEXT_MAX]; /* "C=JP, O=Fab, CN=host", as rules expect */
	char serial[128];          /* "0A:FF" */
	char fingerprint[64];      /* SHA-1, "0a:ff" */
};
int certificate_read(const uint8_t *der, size_t size, struct certificate *ret_certificate);
