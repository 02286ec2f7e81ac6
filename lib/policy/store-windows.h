// SPDX-License-Identifier: GPL-3.0-or-later
/* The store's signed windows; `dir` is the store's folder. */
#pragma once

#include "policy/signed.h"
#include "policy/store.h"

/* As sk_store_offer(). 0; SK_DENIED (NOT_YET: kept all the same); fatal. */
int sk_windows_keep(int dir, const struct sk_signed_question *question, const char *text, size_t size, struct sk_offer *offer);
/* Each that can be read, with what is said of it now (answer->refusal); ends when `each` returns another than 0, with that. */
int sk_windows_each(int dir, const struct sk_signed_question *question,
		    int (*each)(void *arg, const struct sk_signed_answer *answer, const char *text, size_t size), void *arg);
