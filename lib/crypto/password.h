// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Password records: "$scrypt$ln=15,r=8,p=3$SALT$HASH" (base64 with padding; salt 16 bytes, hash 32). The cost is inside the record,
 * so it can rise later: a record below today's cost still checks and asks to be made anew. One check takes 32 MiB and about
 * 0.2 s of one core: the caller limits how many run at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SK_PASSWORD_RECORD_SIZE 128 /* with the terminating zero */
#define SK_PASSWORD_MAX 1024        /* bytes of a password */

/* 0; SK_BAD when the password is empty or over SK_PASSWORD_MAX; fatal. */
int sk_password_make(const char *password, char ret_record[static SK_PASSWORD_RECORD_SIZE]);

/*
 * 0 when the password is the record's; *ret_rehash then says that the record should be made anew at today's cost. SK_DENIED when
 * it is not. SK_BAD when the record is malformed or asks for more than four times today's memory or sixteen times today's work.
 * `record` NULL does the full work and denies: a caller that looked for an unknown user takes as long as for a known one.
 */
int sk_password_check(const char *record, const char *password, bool *ret_rehash);

/* scrypt (RFC 7914) itself. `log2n` at most 20; memory is bounded by 1 GiB. 0, SK_BAD (parameters), fatal. */
int sk_scrypt(const void *pass, size_t pass_size, const void *salt, size_t salt_size, unsigned log2n, uint32_t r, uint32_t p,
	      void *out, size_t out_size);
