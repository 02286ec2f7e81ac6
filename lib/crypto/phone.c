// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone codes: reading what people type, OCRA (RFC 6287), Damm's check digit. Owns nothing. */
#include "crypto/phone.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "crypto/hash.h"

#define SUITE "OCRA-1:HOTP-SHA256-8:QN11-S064"
enum { QUESTION = 128, SESSION = 64, RANDOM_DIGITS = 8, VALUES = 100000000 };

const char *const sk_phone_scopes[10] = {[SK_PHONE_UPDATERS] = "updaters", [SK_PHONE_OBSERVE] = "observe"};

/* H. M. Damm, Total anti-symmetrische Quasigruppen, 2004: a quasigroup of order 10 whose diagonal is zero. */
char sk_phone_check_digit(const char *digits, size_t count)
{
	static const uint8_t table[10][10] = {
		{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
		{6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1}, {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
		{9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0}};
	uint8_t state = 0;

	for (size_t i = 0; i < count; i++)
		state = table[state][(uint8_t)(digits[i] - '0') % 10];
	return (char)('0' + state);
}

/* Digits of `text` without what people put between them. 0, or SK_BAD: something else is there, or it is not `count` digits. */
static int read_digits(const char *text, size_t count, char *out, struct sk_diag *diag)
{
	size_t n = 0;

	for (const char *at = text; *at; at++) {
		if (strchr(" \t-_.", *at))
			continue;
		if (!strncmp(at, "\xe3\x80\x80", 3)) { /* an ideographic space */
			at += 2;
			continue;
		}
		if (!strncmp(at, "\xef\xbc", 2) && (uint8_t)at[2] >= 0x90 && (uint8_t)at[2] <= 0x99 && n < count) {
			out[n++] = (char)('0' + (uint8_t)at[2] - 0x90); /* a full-width digit */
			at += 2;
			continue;
		}
		if (*at < '0' || *at > '9' || n == count)
			return sk_diag_offset(diag, (size_t)(at - text), "the number has %zu digits and nothing else", count);
		out[n++] = *at;
	}
	out[n] = 0;
	if (n != count)
		return sk_diag_offset(diag, strlen(text), "the number has %zu digits, these are %zu", count, n);
	if (sk_phone_check_digit(out, count - 1) != out[count - 1])
		return sk_diag_offset(diag, 0, "the check digit does not fit: a digit is wrong or two are swapped; have it read to you again");
	return 0;
}

int sk_phone_read_challenge(const char *text, struct sk_phone *ret_challenge, struct sk_diag *diag)
{
	struct sk_phone phone = {.scope = 0};
	int r = read_digits(text, SK_PHONE_CHALLENGE, phone.digits, diag);

	if (r)
		return r;
	phone.scope = (unsigned)(phone.digits[0] - '0');
	phone.half_hours = (unsigned)((phone.digits[1] - '0') * 10 + phone.digits[2] - '0');
	if (!sk_phone_scopes[phone.scope] || !phone.half_hours || phone.half_hours > SK_PHONE_HALF_HOURS)
		return sk_diag_offset(diag, 0, "no endpoint of this version asks so");
	*ret_challenge = phone;
	return 0;
}

int sk_phone_read_answer(const char *text, char ret_digits[static SK_PHONE_ANSWER + 1], struct sk_diag *diag)
{
	char digits[SK_PHONE_ANSWER + 1];
	int r = read_digits(text, SK_PHONE_ANSWER, digits, diag);

	if (r == 0)
		memcpy(ret_digits, digits, sizeof digits);
	return r;
}

/* Eight digits, each value equally likely. */
static int random_digits(char out[RANDOM_DIGITS + 1])
{
	uint32_t value;
	int r;

	do
		r = sk_random(&value, sizeof value);
	while (r == 0 && value >= UINT32_MAX / VALUES * VALUES);
	if (r == 0)
		snprintf(out, RANDOM_DIGITS + 1, "%08u", value % VALUES);
	return r;
}

int sk_phone_ask(unsigned scope, unsigned half_hours, struct sk_phone *ret_challenge)
{
	struct sk_phone phone = {.scope = scope, .half_hours = half_hours};
	char random[RANDOM_DIGITS + 1];
	int r;

	if (scope > 9 || !sk_phone_scopes[scope] || !half_hours || half_hours > SK_PHONE_HALF_HOURS)
		return SK_BAD;
	r = random_digits(random);
	if (r)
		return r;
	snprintf(phone.digits, sizeof phone.digits, "%u%02u%s", scope % 10, half_hours % 100, random);
	phone.digits[SK_PHONE_CHALLENGE - 1] = sk_phone_check_digit(phone.digits, SK_PHONE_CHALLENGE - 1);
	phone.digits[SK_PHONE_CHALLENGE] = 0;
	*ret_challenge = phone;
	return 0;
}

int sk_ocra(const void *key, size_t key_size, const char *suite, const uint8_t question[static 128], const uint8_t *session,
	    uint32_t *ret_value)
{
	_cleanup_buf_ struct sk_buf data = SK_BUF(512);
	uint8_t mac[SK_SHA256_SIZE];
	const uint8_t *at;
	int r = sk_buf_append(&data, suite, strlen(suite) + 1); /* the zero byte belongs to it */

	if (!r)
		r = sk_buf_append(&data, question, QUESTION);
	if (!r && session)
		r = sk_buf_append(&data, session, SESSION);
	if (!r)
		r = sk_hmac_sha256(key, key_size, data.data, data.size, mac);
	if (r)
		return r;
	at = mac + (mac[sizeof mac - 1] & 0xf);
	*ret_value = (((uint32_t)at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) % VALUES;
	sk_wipe(mac, sizeof mac);
	return 0;
}

/* QN: the number in hexadecimal digits, from the left, zeros behind it. */
static void numeric_question(uint64_t number, uint8_t out[QUESTION])
{
	char hex[20];

	memset(out, 0, QUESTION);
	snprintf(hex, sizeof hex, "%llx", (unsigned long long)number);
	for (size_t i = 0; hex[i]; i++) {
		uint8_t digit = (uint8_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);

		out[i / 2] |= (uint8_t)(i % 2 ? digit : digit << 4);
	}
}

int sk_phone_answer(const uint8_t secret[static SK_PHONE_SECRET], const struct sk_phone *challenge, char ret_digits[static SK_PHONE_ANSWER + 1])
{
	uint8_t question[QUESTION], session[SESSION] = {0};
	char text[SESSION];
	uint64_t number = 0;
	uint32_t value;
	int size, r;

	for (int i = 0; i < SK_PHONE_CHALLENGE - 1; i++)
		number = number * 10 + (uint64_t)(challenge->digits[i] - '0');
	numeric_question(number, question);
	size = snprintf(text, sizeof text, "sekisho lockdown %s %u minutes", sk_phone_scopes[challenge->scope], challenge->half_hours * 30);
	memcpy(session + SESSION - size, text, (size_t)size); /* S: zeros before it */
	r = sk_ocra(secret, SK_PHONE_SECRET, SUITE, question, session, &value);
	if (r)
		return r;
	snprintf(ret_digits, SK_PHONE_ANSWER + 1, "%08u", value);
	ret_digits[SK_PHONE_ANSWER - 1] = sk_phone_check_digit(ret_digits, SK_PHONE_ANSWER - 1);
	ret_digits[SK_PHONE_ANSWER] = 0;
	return 0;
}

char *sk_phone_group(const char *digits, char out[static SK_PHONE_TEXT])
{
	size_t count = strnlen(digits, SK_PHONE_CHALLENGE), step = count == SK_PHONE_CHALLENGE ? 4 : 3, n = 0;

	for (size_t i = 0; i < count && n < SK_PHONE_TEXT - 2; i++) {
		if (i && i % step == 0)
			out[n++] = ' ';
		out[n++] = digits[i];
	}
	out[n] = 0;
	return out;
}
