// SPDX-License-Identifier: GPL-3.0-or-later
/* Telephone codes as people type them: what is taken is whole, has its check digit, and reads the same when it is written in groups. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[SK_PHONE_SECRET] = {1};
	_cleanup_free_ char *text = sk_strndup((const char *)data, size);
	char answer[SK_PHONE_ANSWER + 1], again[SK_PHONE_ANSWER + 1], group[SK_PHONE_TEXT];
	struct sk_phone challenge, same;
	struct sk_diag diag = {0};

	must(text != NULL);
	if (sk_phone_read_challenge(text, &challenge, &diag) == 0) {
		must(strlen(challenge.digits) == SK_PHONE_CHALLENGE && sk_phone_scopes[challenge.scope] && challenge.half_hours >= 1 &&
		     challenge.half_hours <= SK_PHONE_HALF_HOURS);
		must(sk_phone_read_challenge(sk_phone_group(challenge.digits, group), &same, NULL) == 0 && memcmp(&same, &challenge, sizeof same) == 0);
		must(sk_phone_answer(secret, &challenge, answer) == 0 && sk_phone_read_answer(answer, again, NULL) == 0 && strcmp(answer, again) == 0);
	} else {
		must(diag.text[0] != 0);
	}
	if (sk_phone_read_answer(text, answer, NULL) == 0)
		must(strlen(answer) == SK_PHONE_ANSWER && sk_phone_check_digit(answer, SK_PHONE_ANSWER - 1) == answer[SK_PHONE_ANSWER - 1]);
	return 0;
}
