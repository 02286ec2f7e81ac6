// SPDX-License-Identifier: GPL-3.0-or-later
/* `sekisho-agent enrol`: becomes one of the server's endpoints. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/link.h"

/*
 * Exchanges a one-time token for a certificate, and writes what enrolment leaves behind (identity.h) for the user of the duty "link".
 * `token` is "TOKEN.PIN": only TOKEN is sent. Returns an exit code: 0 enrolled, 1 the server refused, 2 wrong arguments, 3 the environment does not allow it (no connection, no permission).
 */
int enrol(const char *root, const char *server, const char *token, uid_t uid, gid_t gid, bool json);

/* "TOKEN.PIN" in its parts: the pin is 64 hex digits, SHA-256 of the server's certificate. 0 or SK_BAD. */
int token_split(const char *text, char ret_token[SK_LINK_TOKEN_MAX + 1], uint8_t ret_pin[32]);
