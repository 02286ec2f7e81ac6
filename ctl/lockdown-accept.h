// SPDX-License-Identifier: GPL-3.0-or-later
/* What the files of `sekisho lockdown accept` share: lockdown-accept.c (the checks), -report.c (what is said), -pass.c (issue, verify). */
#pragma once

#include "accept/clamav.h"
#include "accept/inventory.h"
#include "accept/osrelease.h"
#include "accept/target.h"
#include "accept/vulns.h"
#include "lockdown.h"
#include "policy/signed.h"

/* What speaks against letting it in. In the order of accept_findings[]. */
enum {
	FINDING_INFECTED,    /* cannot be waived */
	FINDING_UNKNOWN,     /* programs that no list has */
	FINDING_NO_LIST,     /* there is no list at all */
	FINDING_INCOMPLETE,  /* something could not be looked at */
	FINDING_NOT_SCANNED, /* for malware */
	FINDING_SCAN_FAILED,
	FINDING_CRITICAL,    /* vulnerabilities */
	FINDING_NO_VULNS,    /* no report of them; tools and laptops alone */
	FINDING_OS_ENDED,    /* its support ended */
	FINDING_OS_UNKNOWN,  /* nothing says until when it is supported; tools and laptops alone */
	FINDINGS
};
struct accept_finding {
	const char *code;
	struct ctl_text text;
};
extern const struct accept_finding accept_findings[FINDINGS];

struct acceptance {
	struct ctl *ctl;
	int subject; /* enum sk_pass_subject */
	struct accept_target target;
	char serial[160];
	int64_t time;
	struct accept_inventory inventory;
	uint64_t known, unknown; /* programs, libraries, modules, scripts; members included */
	bool any_list;
	uint8_t *is_known; /* one for each entry */
	struct accept_clam clam;
	bool has_os;
	struct accept_os os;
	struct accept_vulns vulns;
	bool has_vulns;
	unsigned found, waived; /* bits 1 << FINDING_* */
	struct sk_buf list;
	uint8_t digest[SK_SHA256_SIZE];
};

extern const char *const accept_subject_words[]; /* "tool", "laptop", "medium" */

/* lockdown-report.c: NULL when memory is out. */
struct json_object *accept_report(const struct acceptance *a);
void accept_print(const struct acceptance *a);
/* lockdown-pass.c */
int accept_issue(const struct acceptance *a);
int accept_verify(struct acceptance *a);
/* Fills the target, its serial and its inventory. */
int accept_prepare(struct acceptance *a);
