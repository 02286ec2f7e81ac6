// SPDX-License-Identifier: GPL-3.0-or-later
/* Reports of other tools: the forms, what counts, and what is refused. */
#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept/vulns.h"
#include "base/error.h"
#include "base/mem.h"

static struct accept_vulns v;
static struct sk_diag diag;

static int read_text(const char *text)
{
	diag = (struct sk_diag){0};
	return accept_vulns_read(text, strlen(text), &v, &diag);
}

static void test_cyclonedx(void **state)
{
	assert_int_equal(read_text("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"metadata\":{\"timestamp\":\"2026-11-01T00:00:00Z\","
				   "\"tools\":{\"components\":[{\"name\":\"grype\",\"version\":\"0.80\"}]},\"component\":{\"name\":\"etcher-pc\"}},\"vulnerabilities\":["
				   "{\"id\":\"CVE-1\",\"ratings\":[{\"severity\":\"low\"},{\"score\":9.8}]},{\"id\":\"CVE-2\",\"ratings\":[{\"severity\":\"high\"}]},"
				   "{\"id\":\"CVE-3\",\"ratings\":[{\"severity\":\"critical\"}],\"analysis\":{\"state\":\"not_affected\"}},"
				   "{\"id\":\"CVE-4\",\"ratings\":[{\"severity\":\"critical\"}],\"analysis\":{\"state\":\"exploitable\"}},{\"id\":\"CVE-5\"}]}"), 0);
	assert_string_equal(v.format, "cyclonedx");
	assert_string_equal(v.tool, "grype");
	assert_string_equal(v.version, "0.80");
	assert_string_equal(v.date, "2026-11-01T00:00:00Z");
	assert_string_equal(v.scope, "etcher-pc");
	assert_int_equal(v.count[ACCEPT_CRITICAL], 2);
	assert_int_equal(v.count[ACCEPT_HIGH], 1);
	assert_int_equal(v.count[ACCEPT_UNKNOWN], 1);
	assert_int_equal(v.dismissed, 1);
	assert_int_equal(v.named_count, 2);
	assert_string_equal(v.named[1], "CVE-4");
}

static void test_trivy(void **state)
{
	assert_int_equal(read_text("{\"SchemaVersion\":2,\"CreatedAt\":\"2026-11-02T01:02:03Z\",\"ArtifactName\":\"/mnt\",\"Trivy\":{\"Version\":\"0.60.0\"},"
				   "\"Results\":[{\"Target\":\"a\"},{\"Target\":\"b\",\"Vulnerabilities\":[{\"VulnerabilityID\":\"CVE-9\",\"Severity\":\"CRITICAL\"},"
				   "{\"VulnerabilityID\":\"CVE-8\",\"Severity\":\"MEDIUM\",\"CVSS\":{\"nvd\":{\"V3Score\":5.5}}}]}]}"), 0);
	assert_string_equal(v.tool, "Trivy");
	assert_string_equal(v.version, "0.60.0");
	assert_int_equal(v.count[ACCEPT_CRITICAL], 1);
	assert_int_equal(v.count[ACCEPT_MEDIUM], 1);
	assert_string_equal(v.named[0], "CVE-9");
}

static void test_csv(void **state)
{
	assert_int_equal(read_text("\xef\xbb\xbfIP,Hostname,CVSS,Severity,NVT Name,Summary,NVT OID,CVEs,Task Name,Timestamp\r\n"
				   "10.0.0.1,a,9.8,High,\"x, \"\"y\"\"\",\"two\nlines\",1.3.6,\"CVE-7,CVE-6\",tool scan,2026-11-03T00:00:00Z\r\n"
				   "10.0.0.1,a,,Log,n,s,1.3.7,,tool scan,2026-11-02T00:00:00Z\r\n10.0.0.1,a,nan,odd,n,s,1.3.7,,t,\r\n"), 0);
	assert_string_equal(v.format, "gvm-csv");
	assert_int_equal(v.count[ACCEPT_CRITICAL], 1);
	assert_int_equal(v.count[ACCEPT_NONE], 1);
	assert_int_equal(v.count[ACCEPT_UNKNOWN], 1);
	assert_string_equal(v.named[0], "CVE-7");
	assert_string_equal(v.date, "2026-11-03T00:00:00Z");
	assert_string_equal(v.scope, "tool scan");
}

static void test_refused(void **state)
{
	static const char *const wrong[] = {"", "{", "{}", "[]", "{\"bomFormat\":\"CycloneDX\"}", "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[3]}",
					    "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[]} x", "{\"SchemaVersion\":2}", "a,b,c\n1,2,3\n",
					    "NVT OID,CVSS\n\"never closed", "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[],\"a\":\"\xff\"}"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(wrong); i++)
		if (read_text(wrong[i]) != SK_BAD || !diag.text[0])
			fail_msg("taken: %s", wrong[i]);
	assert_int_equal(accept_vulns_read("a\0b", 3, &v, &diag), SK_BAD);
}

static void test_bounds(void **state)
{
	char deep[128];
	size_t n = 0;

	for (; n < 60; n++)
		deep[n] = '[';
	deep[0] = '{';
	memcpy(deep + 1, "\"a\":", 4);
	deep[n] = 0;
	assert_int_equal(read_text(deep), SK_BAD);
	assert_int_equal(accept_vulns_read("{", ACCEPT_VULNS_MAX + 1, &v, &diag), SK_BAD);
}

/* Its texts are cut at a whole character and move no terminal. */
static void test_texts(void **state)
{
	char text[600], name[200];

	memset(name, 'a', sizeof name);
	memcpy(name + 93, "\xe8\xa3\x85\xe7\xbd\xae", 6); /* at 95 bytes the second would be cut in two */
	name[180] = 0;
	snprintf(text, sizeof text, "{\"bomFormat\":\"CycloneDX\",\"metadata\":{\"tools\":[{\"name\":\"%s\",\"version\":\"\\u001b[2J\"}]},\"vulnerabilities\":[]}", name);
	assert_int_equal(read_text(text), 0);
	assert_true(strlen(v.tool) < sizeof v.tool);
	assert_int_equal((unsigned char)v.tool[strlen(v.tool) - 1], 'a');
	assert_string_equal(v.version, "?[2J");
}

SK_TEST_MAIN(cmocka_unit_test(test_cyclonedx), cmocka_unit_test(test_trivy), cmocka_unit_test(test_csv), cmocka_unit_test(test_refused),
	     cmocka_unit_test(test_bounds), cmocka_unit_test(test_texts))
