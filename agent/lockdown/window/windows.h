// SPDX-License-Identifier: GPL-3.0-or-later
/* The clerk's side of maintenance windows (window.h has the picture): who may open one, when it ends, what is approved. All in the clerk's one thread. */
#pragma once

#include "crypto/phone.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/window/window.h"

enum { LK_PROVISIONAL_DAYS = 14, LK_PROVISIONAL_MAX = 20000, LK_CODE_TRIES = 5, LK_CODE_MINUTES = 30, LK_LOCK_S = 60, LK_LOCK_MAX_S = 86400 };

/* What a window is opened for. */
struct lk_window_terms {
	char source[8], scope[12], change[128], owner[128], consent[256], id[129]; /* id: of a signed one */
	uint64_t seconds, until_boot_ms; /* CLOCK_BOOTTIME; 0 = as long as `seconds` once it is open */
	uint64_t signed_until;           /* UTC, seconds: of a signed one */
	uint32_t updater_count;
	uint8_t updaters[LK_WINDOW_UPDATERS][LK_HASH];
};

/* phone.json: the one challenge, and how often it was answered wrongly. Numbers of *_boot_ms are CLOCK_BOOTTIME of the boot in `boot`. */
struct lk_phone_book {
	struct sk_phone challenge;
	bool open;              /* it can still be answered */
	char boot[40];
	uint64_t made_boot_ms;
	uint64_t wrong;         /* since the last right one or the last lock */
	uint64_t locks;         /* one after another */
	uint64_t locked_boot_ms; /* until; 0 = not locked */
};

struct lk_windows {
	struct lk_window_state state;
	struct lk_phone_book phone;
	struct lk_window_terms pending; /* waits for the tool to be idle */
	bool has_pending, closing_waits;
	bool unsaved;                   /* it is closed, and the disk does not know it */
	struct sk_watch *end;           /* the window's time */
	/* what was approved, until a newer policy comes */
	uint8_t (*hashes)[LK_HASH];
	uint32_t hash_count;
	uint64_t provisional_until_ms, provisional_serial;
	uint32_t turn;
};

/* windows.c. 0 or -errno. */
int lk_windows_open(struct clerk *c);
void lk_windows_close(struct clerk *c);
/* When the policy is in force: goes on with what a former life, or a former boot, left. */
int lk_windows_resume(struct clerk *c);
/* The recorder said something. */
void lk_windows_news(struct clerk *c);
/* The tool is idle now, or time passed: what waits is tried again. */
void lk_windows_retry(struct clerk *c);
/* 0: it opens, or waits for the tool; SK_BAD with the diag; fatal. */
int lk_windows_may_begin(const struct clerk *c, struct sk_diag *diag);
int lk_windows_begin(struct clerk *c, const struct lk_window_terms *terms, struct sk_diag *diag);
int lk_windows_end(struct clerk *c, const char *by, struct sk_diag *diag);
int lk_windows_approve(struct clerk *c, bool all, const char *by, struct sk_diag *diag, uint64_t *ret_count);
int lk_windows_roll_back(struct clerk *c, const char *by, struct sk_diag *diag);
/* window-signed.c. Opened by file or by the link. As begin. */
int lk_windows_offer(struct clerk *c, const char *envelope, size_t size, struct sk_diag *diag);
/* The same for what came as a policy would, over the link. False: it is no window. */
bool lk_windows_take(struct clerk *c, const char *envelope, size_t size);
/* SK_BAD with the diag: it was opened here before, or could not be remembered. */
int lk_signed_check(const struct clerk *c, const char *id, struct sk_diag *diag);
/* The window of the state, if it is a signed one, is used up. 0 or -errno. */
int lk_signed_use(const struct clerk *c);
/* window-left.c. After the state was loaded; 0 or -errno. */
int lk_left_load(struct clerk *c);
/* What `changes` has of an updater (`all`: of anyone) counts as soon as the state says approved. 0; SK_FULL; -errno. */
int lk_left_save(struct clerk *c, const struct sk_json *changes, bool all, uint64_t *ret_count);
int lk_left_drop(struct clerk *c); /* and not at all, if it was rolled back */
bool lk_left_counts(const struct clerk *c, uint64_t serial);
/* What is known beside the policy: appended to `hashes` (`space` of them fit). Returns how many. `serial`: of the policy that will be in force. */
uint32_t lk_windows_hashes(const struct clerk *c, uint64_t serial, uint8_t *hashes, uint32_t space);
/* The mode while a window of scope "observe" is open, and until when: the guard ends it by its own clock. */
void lk_windows_orders(const struct clerk *c, struct lk_orders *orders);
struct json_object *lk_windows_state(const struct clerk *c);
void lk_windows_tell(struct clerk *c, enum sk_event_kind kind, const char *by, const char *reason);

/* window/code.c: as begin. */
int lk_codes_open(struct clerk *c);
int lk_codes_ask(struct clerk *c, unsigned scope, unsigned half_hours, struct sk_diag *diag, struct json_object *out);
int lk_codes_answer(struct clerk *c, const char *answer, const char *change, const char *owner, struct sk_diag *diag);

/* window/call.c: CALL "window", "code", "idle", and COMMAND "idle". *ret_result is the caller's. 0, SK_BAD, fatal. */
int lk_window_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result);
int lk_code_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result);
int lk_idle_call(struct clerk *c, const struct sk_json *at, struct json_object **ret_result);
int lk_idle_command(struct clerk *c, const struct sk_json *body, struct sk_diag *diag);
