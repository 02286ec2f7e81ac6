// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Windows opened by a code read over a telephone (lib/crypto/phone.h). There is one challenge at a time; the newest counts. phone.json is written before an
 * answer is compared, so whoever kills the agent or cuts the power gains no try, and a used challenge stays used.
 *
 *   five wrong answers (also to several challenges)   no answer and no new challenge for a minute, then two, four ... up to a day
 *   a challenge                                       is good for LK_CODE_MINUTES of the boot it was made in, by the clock that nobody can set
 *   a right answer                                    uses the challenge up, and the locks begin again at a minute
 *   a restart of the machine                          the challenge is void; a lock begins anew
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "lockdown/window/windows.h"
#include "os/file.h"
#include "os/point.h"

#define PHONE LOCKDOWN_FOLDER "/phone.json"
#define SECRET "var/lib/sekisho/endpoint.secret"
enum { COUNT_MAX = 1000 }; /* what is read back: more would make the book unreadable, and begin anew */

static int load(struct clerk *c, struct lk_phone_book *book)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(4096);
	_cleanup_json_ struct json_object *tree = NULL;
	const char *digits, *boot;
	struct sk_json at;
	int r = sk_file_read(c->ctx->root_dir, PHONE, 4096, &text);

	if (r)
		return r < 0 ? r : 0;
	if (sk_json_parse_object(text.data, text.size, 4096, &tree, NULL) != 0)
		return 0;
	at = SK_JSON(tree, "phone", NULL);
	if (sk_json_string(&at, "challenge", 0, SK_PHONE_CHALLENGE, &digits) || sk_json_string(&at, "boot", 0, sizeof book->boot - 1, &boot) ||
	    sk_json_bool(&at, "open", &book->open) || sk_json_u64(&at, "made", 0, SK_JSON_MAX_INT, &book->made_boot_ms) ||
	    sk_json_u64(&at, "wrong", 0, COUNT_MAX, &book->wrong) || sk_json_u64(&at, "locks", 0, COUNT_MAX, &book->locks) ||
	    sk_json_u64(&at, "locked", 0, SK_JSON_MAX_INT, &book->locked_boot_ms))
		return 0;
	snprintf(book->boot, sizeof book->boot, "%s", boot);
	if (sk_phone_read_challenge(digits, &book->challenge, NULL))
		book->open = false;
	return 0;
}

static int save(struct clerk *c)
{
	const struct lk_phone_book *book = &c->windows->phone;
	_cleanup_buf_ struct sk_buf text = SK_BUF(4096);
	_cleanup_json_ struct json_object *out = json_object_new_object();
	int r = out ? sk_json_put_string(out, "challenge", book->challenge.digits) : sk_origin(-ENOMEM);

	if (!r)
		r = sk_json_put_string(out, "boot", book->boot);
	if (!r)
		r = sk_json_put_bool(out, "open", book->open);
	if (!r)
		r = sk_json_put_u64(out, "made", book->made_boot_ms);
	if (!r)
		r = sk_json_put_u64(out, "wrong", book->wrong);
	if (!r)
		r = sk_json_put_u64(out, "locks", book->locks);
	if (!r)
		r = sk_json_put_u64(out, "locked", book->locked_boot_ms);
	if (!r)
		r = sk_json_canonical(out, &text);
	return r ? r : LK_REPLACE("window.phone", c->ctx->root_dir, PHONE, text.data, text.size);
}

static uint64_t lock_ms(uint64_t locks)
{
	uint64_t seconds = LK_LOCK_S;

	for (uint64_t i = 1; i < locks && seconds < LK_LOCK_MAX_S; i++)
		seconds *= 2;
	return SK_MIN(seconds, (uint64_t)LK_LOCK_MAX_S) * 1000;
}

int lk_codes_open(struct clerk *c)
{
	struct lk_phone_book *book = &c->windows->phone;
	int r = load(c, book);

	if (r || !book->boot[0] || !strcmp(book->boot, sk_clock_boot_id()))
		return r;
	/* what was measured by the clock of another boot cannot be compared */
	book->open = false;
	if (book->locked_boot_ms)
		book->locked_boot_ms = lk_boot_ms() + lock_ms(book->locks);
	snprintf(book->boot, sizeof book->boot, "%s", sk_clock_boot_id());
	return save(c);
}

/* Seconds that are left of a lock; 0 = none. One that is over is forgotten, so that a restart of the machine does not begin it anew. */
static uint64_t locked_for(struct lk_phone_book *book)
{
	uint64_t now = lk_boot_ms();

	if (book->locked_boot_ms > now)
		return (book->locked_boot_ms - now + 999) / 1000;
	book->locked_boot_ms = 0;
	return 0;
}

static int refuse_locked(struct lk_phone_book *book, struct sk_diag *diag)
{
	return sk_diag_path(diag, "", "locked after %d wrong answers: try again in %llu s", LK_CODE_TRIES, (unsigned long long)locked_for(book));
}

static int read_secret(const struct clerk *c, uint8_t secret[static SK_PHONE_SECRET], struct sk_diag *diag)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PHONE_SECRET);
	int r = sk_file_read(c->ctx->root_dir, SECRET, SK_PHONE_SECRET, &text);

	if (r == SK_NONE || (r == 0 && text.size != SK_PHONE_SECRET))
		return sk_diag_path(diag, "", "this endpoint is not enrolled: no desk can answer it. A signed window opens it all the same");
	if (r)
		return r < 0 ? r : sk_origin(-EBADMSG);
	memcpy(secret, text.data, SK_PHONE_SECRET);
	sk_wipe(text.data, text.size);
	return 0;
}

int lk_codes_ask(struct clerk *c, unsigned scope, unsigned half_hours, struct sk_diag *diag, struct json_object *out)
{
	struct lk_phone_book *book = &c->windows->phone;
	uint8_t secret[SK_PHONE_SECRET];
	char text[SK_PHONE_TEXT];
	int r = read_secret(c, secret, diag);

	sk_wipe(secret, sizeof secret);
	if (!r && locked_for(book))
		r = refuse_locked(book, diag);
	if (!r)
		r = lk_windows_may_begin(c, diag);
	if (!r)
		r = sk_phone_ask(scope, half_hours, &book->challenge);
	if (r)
		return r == SK_BAD && !diag->text[0] ? sk_diag_path(diag, "", "a window lasts half an hour to %d hours", SK_PHONE_HALF_HOURS / 2) : r;
	book->open = true;
	book->made_boot_ms = lk_boot_ms();
	snprintf(book->boot, sizeof book->boot, "%s", sk_clock_boot_id());
	r = save(c);
	if (!r)
		r = sk_json_put_string(out, "challenge", sk_phone_group(book->challenge.digits, text));
	if (!r)
		r = sk_json_put_string(out, "scope", sk_phone_scopes[scope]);
	if (!r)
		r = sk_json_put_u64(out, "minutes", half_hours * 30);
	return r ? r : sk_json_put_u64(out, "good_for_s", LK_CODE_MINUTES * 60);
}

static int check_open(struct clerk *c, struct sk_diag *diag)
{
	struct lk_phone_book *book = &c->windows->phone;

	if (locked_for(book))
		return refuse_locked(book, diag);
	if (!book->open || strcmp(book->boot, sk_clock_boot_id()))
		return sk_diag_path(diag, "", "nothing was asked, or it was answered already: begin with sekisho lockdown window ask");
	if (lk_boot_ms() - book->made_boot_ms > LK_CODE_MINUTES * 60000)
		return sk_diag_path(diag, "", "the challenge is older than %d minutes: ask anew", LK_CODE_MINUTES);
	return lk_windows_may_begin(c, diag); /* an answer that could not be used is not used up */
}

static int wrong(struct clerk *c, struct sk_diag *diag)
{
	struct lk_phone_book *book = &c->windows->phone;
	uint64_t left = LK_CODE_TRIES - SK_MIN(book->wrong, (uint64_t)LK_CODE_TRIES);
	int r = 0;

	if (!left) {
		book->locks += book->locks < COUNT_MAX;
		book->wrong = 0;
		book->open = false;
		book->locked_boot_ms = lk_boot_ms() + lock_ms(book->locks);
		r = save(c);
	}
	lk_windows_tell(c, SK_EVENT_WINDOW_CODE, NULL, left ? "wrong" : "locked");
	if (r)
		return r;
	return left ? sk_diag_path(diag, "", "that is not the answer; %llu tries are left", (unsigned long long)left) : refuse_locked(book, diag);
}

/* Right: the challenge is used up on the disk before anything opens. */
static int right(struct clerk *c, const char *change, const char *owner, struct sk_diag *diag)
{
	struct lk_phone_book *book = &c->windows->phone;
	struct lk_window_terms terms = {.source = "code", .seconds = book->challenge.half_hours * 1800u};
	int r;

	book->open = false;
	book->wrong = book->locks = 0;
	book->locked_boot_ms = 0;
	r = save(c);
	SK_POINT("window.answered");
	snprintf(terms.scope, sizeof terms.scope, "%s", sk_phone_scopes[book->challenge.scope]);
	snprintf(terms.change, sizeof terms.change, "%s", change);
	snprintf(terms.owner, sizeof terms.owner, "%s", owner);
	snprintf(terms.consent, sizeof terms.consent, "code %s", book->challenge.digits);
	return r ? r : lk_windows_begin(c, &terms, diag);
}

int lk_codes_answer(struct clerk *c, const char *answer, const char *change, const char *owner, struct sk_diag *diag)
{
	struct lk_phone_book *book = &c->windows->phone;
	char given[SK_PHONE_ANSWER + 1], expected[SK_PHONE_ANSWER + 1] = "";
	uint8_t secret[SK_PHONE_SECRET];
	int r = check_open(c, diag);

	if (!r)
		r = sk_phone_read_answer(answer, given, diag); /* a slip costs no try */
	if (!r)
		r = read_secret(c, secret, diag);
	if (r)
		return r;
	book->wrong += book->wrong < COUNT_MAX; /* counted before it is compared */
	r = save(c);
	SK_POINT("window.try");
	if (!r)
		r = sk_phone_answer(secret, &book->challenge, expected);
	sk_wipe(secret, sizeof secret);
	if (r)
		return r;
	return sk_equal_secret(given, expected, SK_PHONE_ANSWER) ? right(c, change, owner, diag) : wrong(c, diag);
}
