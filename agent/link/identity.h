// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What enrolment leaves behind, below the root:
 *
 *   var/lib/sekisho/link/       0700, user of link: key.pem, certificate.pem, ca.pem, identity.json (written last: it is there, or nothing counts)
 *   var/lib/sekisho/endpoint.secret   0600, root: 32 bytes, for keyed hashes and codes read over a telephone
 *   var/lib/sekisho/policy/site.pub   0644, root: the pinned site key
 *   var/lib/sekisho/policy/place.json 0600, root: organisation, site and asset, which a policy's labels are compared with
 */
#pragma once

#include <sys/types.h>

#include "base/diag.h"
#include "crypto/sign.h"
#include "crypto/x509.h"
#include "wire/batch.h"

#define ENDPOINT_SECRET "var/lib/sekisho/endpoint.secret"
#define POLICY_FOLDER "var/lib/sekisho/policy"

enum { IDENTITY_NAME = 256 };

struct identity {
	char agent[SK_AGENT_ID_MAX + 1];
	char server[IDENTITY_NAME]; /* "HOST:PORT" */
	char site[IDENTITY_NAME], org[IDENTITY_NAME];
	struct sk_tls_key *key;
	struct sk_cert *certificate, *ca;
};

/* 0; SK_NONE not enrolled; SK_BAD with the file and what is wrong in it; -errno. */
int identity_load(int root_dir, struct identity *ret_identity, struct sk_diag *diag);
void identity_done(struct identity *identity);

struct enrolled {
	const char *agent, *server, *site, *org, *asset; /* asset: "" when the token named none */
	const struct sk_tls_key *key;
	const char *certificate, *ca; /* PEM */
	const uint8_t *secret;        /* 32 bytes */
	const struct sk_public *site_key; /* NULL: the site has none yet */
};
/* Writes all of it with its owners and modes. 0; SK_DENIED another site key is pinned; -errno. */
int identity_save(const char *root, int root_dir, uid_t uid, gid_t gid, const struct enrolled *enrolled);
