// SPDX-License-Identifier: GPL-3.0-or-later
/* Certificates: what is issued and to whom, what is refused, PEM cut at every byte. */
#include "support/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/x509.h"

enum { DAY = 86400 };
static const int64_t now = 1800000000;

static struct sk_tls_key *ca_key, *agent_key;
static struct sk_cert *ca;
static struct sk_buf csr = {.max = SK_PEM_MAX};

static int setup(void **state)
{
	(void)state;
	assert_int_equal(sk_tls_key_generate(&ca_key), 0);
	assert_int_equal(sk_tls_key_generate(&agent_key), 0);
	assert_int_equal(sk_ca_make(ca_key, "Sekisho CA", now - DAY, now + 3650 * DAY, &ca), 0);
	assert_int_equal(sk_csr_make(agent_key, "whoever", &csr), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ca = sk_cert_free(ca);
	ca_key = sk_tls_key_free(ca_key);
	agent_key = sk_tls_key_free(agent_key);
	sk_buf_done(&csr);
	return 0;
}

static int issue(const struct sk_cert_terms *terms, struct sk_diag *diag, struct sk_cert **ret_cert)
{
	return sk_cert_issue(ca, ca_key, csr.data, csr.size, terms, diag, ret_cert);
}

static void test_ca(void **state)
{
	const struct sk_cert_info *info = sk_cert_info(ca);
	struct sk_cert *none = NULL;

	(void)state;
	assert_true(info->ca && !info->server && !info->client);
	assert_string_equal(info->name, "Sekisho CA");
	assert_int_equal(info->not_before, now - DAY);
	assert_int_equal(info->not_after, now + 3650 * DAY);
	assert_int_equal(sk_ca_make(ca_key, "", now, now + DAY, &none), SK_BAD);
	assert_int_equal(sk_ca_make(ca_key, "a\nb", now, now + DAY, &none), SK_BAD);
	assert_int_equal(sk_ca_make(ca_key, "a", now, now, &none), SK_BAD);
}

static void test_client_takes_nothing_from_the_request(void **state)
{
	const struct sk_cert_terms terms = {SK_CERT_CLIENT, "agent-7", NULL, now, now + 90 * DAY};
	_cleanup_cert_ struct sk_cert *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(issue(&terms, NULL, &a), 0);
	assert_int_equal(issue(&terms, NULL, &b), 0);
	assert_string_equal(sk_cert_info(a)->name, "agent-7");
	assert_string_equal(sk_cert_info(a)->issuer, "Sekisho CA");
	assert_true(sk_cert_info(a)->client && !sk_cert_info(a)->server && !sk_cert_info(a)->ca);
	assert_int_equal(sk_cert_info(a)->not_after, now + 90 * DAY);
	assert_string_not_equal(sk_cert_info(a)->serial, sk_cert_info(b)->serial);
	assert_memory_not_equal(sk_cert_info(a)->fingerprint, sk_cert_info(b)->fingerprint, 32);
	assert_int_equal(strlen(sk_cert_info(a)->serial), 32);
	assert_true(sk_cert_has_key(a, agent_key));
	assert_false(sk_cert_has_key(a, ca_key));
	assert_int_equal(sk_cert_issued_by(a, ca), 0);
}

static void test_server_names(void **state)
{
	const char *const sans[] = {"sekisho.fab.example", "192.0.2.7", "2001:db8::7", NULL};
	const struct sk_cert_terms terms = {SK_CERT_SERVER, "sekisho", sans, now, now + DAY};
	_cleanup_cert_ struct sk_cert *cert = NULL;

	(void)state;
	assert_int_equal(issue(&terms, NULL, &cert), 0);
	assert_true(sk_cert_info(cert)->server && !sk_cert_info(cert)->client);
	assert_true(sk_cert_is_for(cert, "sekisho.fab.example"));
	assert_true(sk_cert_is_for(cert, "192.0.2.7"));
	assert_true(sk_cert_is_for(cert, "2001:db8::7"));
	assert_false(sk_cert_is_for(cert, "192.0.2.8"));
	assert_false(sk_cert_is_for(cert, "sekisho"));
	assert_false(sk_cert_is_for(cert, "other.fab.example"));
}

static void test_refused_terms(void **state)
{
	const char *const bad_name[] = {"a.example,DNS:evil.example", NULL};
	const char *const section[] = {"@section", NULL};
	const struct sk_cert_terms refused[] = {{SK_CERT_CA, "agent", NULL, now, now + DAY},
						{SK_CERT_CLIENT, "", NULL, now, now + DAY},
						{SK_CERT_CLIENT, "agent/7", NULL, now, now + DAY},
						{SK_CERT_CLIENT, "agent", NULL, now, now - 1},
						{SK_CERT_SERVER, "server", bad_name, now, now + DAY},
						{SK_CERT_SERVER, "server", section, now, now + DAY}};
	struct sk_diag diag;

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(refused); i++) {
		struct sk_cert *none = NULL;

		diag = (struct sk_diag){0};
		assert_int_equal(issue(&refused[i], &diag, &none), SK_BAD);
		assert_null(none);
		assert_true(diag.text[0]);
	}
}

static void test_an_end_certificate_is_no_ca(void **state)
{
	const struct sk_cert_terms terms = {SK_CERT_CLIENT, "agent-7", NULL, now, now + DAY};
	_cleanup_cert_ struct sk_cert *cert = NULL, *second = NULL;

	(void)state;
	assert_int_equal(issue(&terms, NULL, &cert), 0);
	assert_int_equal(sk_cert_issue(cert, agent_key, csr.data, csr.size, &terms, NULL, &second), SK_BAD);
	assert_int_equal(sk_cert_issue(ca, agent_key, csr.data, csr.size, &terms, NULL, &second), SK_BAD);
	assert_null(second);
}

static void test_other_ca(void **state)
{
	const struct sk_cert_terms terms = {SK_CERT_CLIENT, "agent-7", NULL, now, now + DAY};
	_cleanup_tls_key_ struct sk_tls_key *key = NULL;
	_cleanup_cert_ struct sk_cert *other = NULL, *cert = NULL;

	(void)state;
	assert_int_equal(sk_tls_key_generate(&key), 0);
	assert_int_equal(sk_ca_make(key, "Sekisho CA", now - DAY, now + DAY, &other), 0);
	assert_int_equal(issue(&terms, NULL, &cert), 0);
	assert_int_equal(sk_cert_issued_by(cert, other), SK_DENIED);
}

static void test_cut_and_changed(void **state)
{
	const struct sk_cert_terms terms = {SK_CERT_CLIENT, "agent-7", NULL, now, now + DAY};
	_cleanup_cert_ struct sk_cert *cert = NULL;
	_cleanup_buf_ struct sk_buf pem = SK_BUF(SK_PEM_MAX), key = SK_BUF(SK_PEM_MAX);
	struct sk_cert *none = NULL;
	struct sk_tls_key *no_key = NULL;
	struct sk_diag diag;

	(void)state;
	assert_int_equal(issue(&terms, NULL, &cert), 0);
	assert_int_equal(sk_cert_pem(cert, &pem), 0);
	assert_int_equal(sk_tls_key_pem(agent_key, &key), 0);
	/* The last byte is a line feed, which PEM can do without. */
	for (size_t i = 0; i + 1 < pem.size; i++) {
		diag = (struct sk_diag){0};
		assert_int_equal(sk_cert_parse(pem.data, i, &diag, &none), SK_BAD);
		assert_true(diag.has_offset && diag.text[0]);
	}
	for (size_t i = 0; i + 1 < key.size; i++)
		assert_int_equal(sk_tls_key_parse(key.data, i, &diag, &no_key), SK_BAD);
	for (size_t i = 0; i + 1 < csr.size; i++)
		assert_int_equal(sk_csr_check(csr.data, i, &diag), SK_BAD);
	assert_int_equal(sk_csr_check(csr.data, csr.size, &diag), 0);
	csr.data[200] = csr.data[200] == 'A' ? 'B' : 'A';
	assert_int_equal(sk_csr_check(csr.data, csr.size, &diag), SK_BAD);
	sk_buf_clear(&csr);
	assert_int_equal(sk_csr_make(agent_key, "whoever", &csr), 0);
	assert_int_equal(sk_cert_parse(key.data, key.size, &diag, &none), SK_BAD);
	assert_int_equal(sk_buf_append(&pem, pem.data, 100), 0);
	assert_int_equal(sk_cert_parse(pem.data, pem.size, &diag, &none), SK_BAD);
}

static void test_round_trips(void **state)
{
	_cleanup_buf_ struct sk_buf pem = SK_BUF(SK_PEM_MAX);
	_cleanup_tls_key_ struct sk_tls_key *key = NULL;
	_cleanup_cert_ struct sk_cert *cert = NULL;

	(void)state;
	assert_int_equal(sk_tls_key_pem(ca_key, &pem), 0);
	assert_int_equal(sk_tls_key_parse(pem.data, pem.size, NULL, &key), 0);
	assert_true(sk_cert_has_key(ca, key));
	sk_buf_clear(&pem);
	assert_int_equal(sk_cert_pem(ca, &pem), 0);
	assert_int_equal(sk_cert_parse(pem.data, pem.size, NULL, &cert), 0);
	assert_memory_equal(sk_cert_info(cert), sk_cert_info(ca), sizeof(struct sk_cert_info));
}

static int all_of_it(void)
{
	const char *const sans[] = {"a.example", NULL};
	const struct sk_cert_terms terms = {SK_CERT_SERVER, "s", sans, now, now + DAY};
	_cleanup_tls_key_ struct sk_tls_key *key = NULL;
	_cleanup_cert_ struct sk_cert *root = NULL, *cert = NULL;
	_cleanup_buf_ struct sk_buf request = SK_BUF(SK_PEM_MAX);
	int r = sk_tls_key_generate(&key);

	if (r == 0)
		r = sk_ca_make(key, "CA", now, now + DAY, &root);
	if (r == 0)
		r = sk_csr_make(key, "s", &request);
	return r ? r : sk_cert_issue(root, key, request.data, request.size, &terms, NULL, &cert);
}

static void test_allocation_failure(void **state)
{
	unsigned long n = 1;
	int r;

	(void)state;
	do {
		sk_alloc_fail_at(n);
		r = all_of_it();
		assert_true(r == 0 || r == -ENOMEM);
	} while (sk_alloc_count() >= n++ && n < 100);
	sk_alloc_fail_at(0);
	assert_int_equal(r, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_ca), CASE(test_client_takes_nothing_from_the_request), CASE(test_server_names), CASE(test_refused_terms),
	     CASE(test_an_end_certificate_is_no_ca), CASE(test_other_ca), CASE(test_cut_and_changed), CASE(test_round_trips),
	     CASE(test_allocation_failure))
