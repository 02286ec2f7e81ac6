// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A vulnerability report that another tool made, imported: what tool, when, on what, and how many of which severity. Three forms:
 *
 *   CycloneDX   JSON with "bomFormat": a BOM with vulnerabilities, or a VEX (ECMA-424, from 1.4)
 *   Trivy       `trivy --format json`: "SchemaVersion" and "Results"
 *   GVM         Greenbone's / OpenVAS's "CSV Results": a header line with "NVT OID" and "Severity" or "CVSS"
 *
 * Bounds: ACCEPT_VULNS_MAX bytes, depth 32 (JSON), 200,000 entries. Texts of the report are cut and made printable. What has no severity counts as
 * unknown, never as low. An entry that an analysis says is not affected, a false positive or resolved is dismissed: counted apart.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

#define ACCEPT_VULNS_MAX (32u << 20)
#define ACCEPT_VULNS_NAMED 64

enum accept_severity { ACCEPT_CRITICAL, ACCEPT_HIGH, ACCEPT_MEDIUM, ACCEPT_LOW, ACCEPT_NONE, ACCEPT_UNKNOWN, ACCEPT_SEVERITIES };
extern const char *const accept_severity_words[]; /* "critical", "high", "medium", "low", "none", "unknown" */

struct accept_vulns {
	char format[16];  /* "cyclonedx", "trivy", "gvm-csv" */
	char tool[96], version[48];
	char date[32];    /* as the report says it, RFC 3339 or the like; "" = it says none */
	char scope[160];  /* what was looked at; "" = it says none */
	uint64_t count[ACCEPT_SEVERITIES];
	uint64_t dismissed;
	char named[ACCEPT_VULNS_NAMED][32]; /* ids of the critical ones that are not dismissed */
	size_t named_count;
};

/* 0; SK_BAD with what is wrong (none of the forms, damaged, over a bound); -ENOMEM. */
int accept_vulns_read(const char *text, size_t size, struct accept_vulns *ret_vulns, struct sk_diag *diag);
