// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Both ends of a handshake in one process, over memory: who is let in and who is not. Each refusal here has beside it the same handshake
 * with the one thing put right, so that a refusal for another reason does not pass for the right one.
 */
#include "support/harness.h"

#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/tls.h"

enum { DAY = 86400 };

struct party {
	struct sk_tls_key *key;
	struct sk_cert *cert;
};

static struct party root, server, agent, stranger_root, stranger, expired;
static const struct sk_tls_name names[] = {{SK_ALPN_LINK, true}, {SK_ALPN_ENROL, false}, {0}};

static void make_root(struct party *p, const char *name, int64_t now)
{
	assert_int_equal(sk_tls_key_generate(&p->key), 0);
	assert_int_equal(sk_ca_make(p->key, name, now - 365 * DAY, now + 365 * DAY, &p->cert), 0);
}

static void make(struct party *p, const struct party *ca, enum sk_cert_use use, const char *name, int64_t from, int64_t to)
{
	_cleanup_buf_ struct sk_buf csr = SK_BUF(SK_PEM_MAX);
	const char *const sans[] = {name, NULL};
	const struct sk_cert_terms terms = {use, name, use == SK_CERT_SERVER ? sans : NULL, from, to};

	assert_int_equal(sk_tls_key_generate(&p->key), 0);
	assert_int_equal(sk_csr_make(p->key, name, &csr), 0);
	assert_int_equal(sk_cert_issue(ca->cert, ca->key, csr.data, csr.size, &terms, NULL, &p->cert), 0);
}

static int setup(void **state)
{
	int64_t now = time(NULL);

	(void)state;
	make_root(&root, "Sekisho CA", now);
	make_root(&stranger_root, "Sekisho CA", now);
	make(&server, &root, SK_CERT_SERVER, "server.example", now - DAY, now + DAY);
	make(&agent, &root, SK_CERT_CLIENT, "agent-1", now - DAY, now + DAY);
	make(&stranger, &stranger_root, SK_CERT_CLIENT, "agent-1", now - DAY, now + DAY);
	make(&expired, &root, SK_CERT_CLIENT, "agent-1", now - 9 * DAY, now - 8 * DAY);
	return 0;
}

static int teardown(void **state)
{
	struct party *all[] = {&root, &server, &agent, &stranger_root, &stranger, &expired};

	(void)state;
	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++) {
		all[i]->cert = sk_cert_free(all[i]->cert);
		all[i]->key = sk_tls_key_free(all[i]->key);
	}
	return 0;
}

struct outcome {
	bool server_done, client_done, client_read; /* client_read: a byte of the server arrived */
	char alpn[32], peer[SK_CERT_NAME_MAX + 1];
};

static bool step(SSL *s)
{
	return SSL_is_init_finished(s) || SSL_do_handshake(s) == 1;
}

static void join(SSL *a, SSL *b)
{
	BIO *left, *right;

	assert_int_equal(BIO_new_bio_pair(&left, 65536, &right, 65536), 1);
	SSL_set_bio(a, left, left);
	SSL_set_bio(b, right, right);
}

static void look(SSL *s, struct outcome *o)
{
	_cleanup_cert_ struct sk_cert *peer = NULL;
	char byte = 'x';

	memccpy(o->alpn, sk_tls_alpn(s), 0, sizeof o->alpn);
	if (sk_tls_peer(s, &peer) == 0)
		memcpy(o->peer, sk_cert_info(peer)->name, sizeof o->peer);
	assert_int_equal(SSL_write(s, &byte, 1), 1);
}

static struct outcome shake_joined(SSL *s, SSL *c)
{
	struct outcome o = {0};
	char byte, text[128];

	for (int i = 0; i < 10; i++) {
		o.client_done = step(c);
		o.server_done = step(s);
	}
	if (o.server_done)
		look(s, &o);
	o.client_read = SSL_read(c, &byte, 1) == 1;
	SSL_free(s);
	SSL_free(c);
	sk_tls_error(text, sizeof text);
	assert_true(text[0]);
	return o;
}

static struct outcome shake_sessions(SSL *s, SSL *c)
{
	assert_non_null(s);
	assert_non_null(c);
	join(s, c);
	return shake_joined(s, c);
}

static struct outcome shake(const struct sk_tls_terms *for_server, const struct sk_tls_terms *for_client)
{
	_cleanup_tls_ struct sk_tls *s = NULL, *c = NULL;

	assert_int_equal(sk_tls_server(for_server, &s), 0);
	assert_int_equal(sk_tls_client(for_client, &c), 0);
	return shake_sessions(sk_tls_session(s), sk_tls_session(c));
}

static struct sk_tls_terms server_terms(void)
{
	return (struct sk_tls_terms){.cert = server.cert, .key = server.key, .ca = root.cert, .names = names};
}

static struct sk_tls_terms client_terms(const struct party *who, const char *alpn)
{
	return (struct sk_tls_terms){.cert = who ? who->cert : NULL, .key = who ? who->key : NULL, .ca = root.cert, .alpn = alpn,
				     .server = "server.example"};
}

static void test_agent_gets_in(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(&agent, SK_ALPN_LINK);
	struct outcome o = shake(&s, &c);

	(void)state;
	assert_true(o.server_done && o.client_read);
	assert_string_equal(o.alpn, SK_ALPN_LINK);
	assert_string_equal(o.peer, "agent-1");
}

static void test_link_needs_a_certificate_and_enrolment_does_not(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(NULL, SK_ALPN_LINK);
	struct outcome o = shake(&s, &c);

	(void)state;
	assert_false(o.server_done || o.client_read);
	c.alpn = SK_ALPN_ENROL;
	o = shake(&s, &c);
	assert_true(o.server_done && o.client_read);
	assert_string_equal(o.alpn, SK_ALPN_ENROL);
	assert_string_equal(o.peer, "");
}

static void test_unknown_name(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(&agent, "h2");
	struct outcome o = shake(&s, &c);

	(void)state;
	assert_false(o.server_done || o.client_read);
}

static void give_certificate(SSL *session, const struct party *who)
{
	_cleanup_buf_ struct sk_buf cert = SK_BUF(SK_PEM_MAX), key = SK_BUF(SK_PEM_MAX);
	BIO *bio;
	X509 *x509;
	EVP_PKEY *pkey;

	assert_int_equal(sk_cert_pem(who->cert, &cert), 0);
	assert_int_equal(sk_tls_key_pem(who->key, &key), 0);
	bio = BIO_new_mem_buf(cert.data, (int)cert.size);
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bio = BIO_new_mem_buf(key.data, (int)key.size);
	pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	assert_int_equal(SSL_use_certificate(session, x509), 1);
	assert_int_equal(SSL_use_PrivateKey(session, pkey), 1);
	X509_free(x509);
	EVP_PKEY_free(pkey);
}

/*
 * A hello that has to be said again (the server has no key share in common) asks for the application's name twice. A client that says "enrolment"
 * first and "link" then must not get into the link with what enrolment allows.
 */
static void test_the_name_may_not_change_on_the_way(void **state)
{
	_cleanup_tls_ struct sk_tls *s = NULL, *c = NULL;
	struct sk_tls_terms for_server = server_terms(), for_client = client_terms(NULL, SK_ALPN_ENROL);
	static const unsigned char link[] = "\011" SK_ALPN_LINK;

	(void)state;
	for (int changed = 0; changed < 2; changed++) {
		SSL *ours, *theirs;
		struct outcome o;

		assert_int_equal(sk_tls_server(&for_server, &s), 0);
		assert_int_equal(sk_tls_client(&for_client, &c), 0);
		ours = sk_tls_session(s);
		theirs = sk_tls_session(c);
		join(ours, theirs);
		assert_int_equal(SSL_set1_groups_list(ours, "P-256"), 1);
		assert_int_equal(SSL_set1_groups_list(theirs, "X25519:P-256"), 1);
		step(theirs);
		step(ours); /* answers: say it again */
		if (changed)
			assert_int_equal(SSL_set_alpn_protos(theirs, link, sizeof link - 1), 0);
		o = shake_joined(ours, theirs);
		assert_int_equal(o.server_done, !changed);
		assert_int_equal(o.client_read, !changed);
		s = sk_tls_free(s);
		c = sk_tls_free(c);
	}
}

/* A client of somebody else's making, without ALPN, with a good certificate. */
static void test_no_name_at_all(void **state)
{
	_cleanup_tls_ struct sk_tls *s = NULL;
	struct sk_tls_terms terms = server_terms();
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct outcome o;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(sk_tls_server(&terms, &s), 0);
		SSL *c = SSL_new(context);

		give_certificate(c, &agent);
		SSL_set_connect_state(c);
		if (round == 1)
			SSL_set_alpn_protos(c, (const unsigned char *)"\011" SK_ALPN_LINK, 10);
		o = shake_sessions(sk_tls_session(s), c);
		assert_int_equal(o.server_done, round == 1);
		s = sk_tls_free(s);
	}
	SSL_CTX_free(context);
}

static void test_older_version(void **state)
{
	_cleanup_tls_ struct sk_tls *s = NULL;
	struct sk_tls_terms terms = server_terms();
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct outcome o;
	SSL *c;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(sk_tls_server(&terms, &s), 0);
		SSL_CTX_set_max_proto_version(context, round ? TLS1_3_VERSION : TLS1_2_VERSION);
		c = SSL_new(context);
		SSL_set_connect_state(c);
		SSL_set_alpn_protos(c, (const unsigned char *)"\017" SK_ALPN_ENROL, 16);
		o = shake_sessions(sk_tls_session(s), c);
		assert_int_equal(o.server_done, round == 1);
		s = sk_tls_free(s);
	}
	SSL_CTX_free(context);
}

static void test_other_ca(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(&stranger, SK_ALPN_LINK);
	struct outcome o = shake(&s, &c);

	(void)state;
	assert_false(o.server_done || o.client_read);
	c = client_terms(&agent, SK_ALPN_LINK);
	c.ca = stranger_root.cert;
	assert_false(shake(&s, &c).client_done);
}

static void test_dates_and_a_wrong_clock(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(&expired, SK_ALPN_LINK);

	(void)state;
	assert_false(shake(&s, &c).server_done);
	s.ignore_dates = true;
	assert_true(shake(&s, &c).server_done);
}

/* A client certificate must not make its owner a server. */
static void test_use(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(&agent, SK_ALPN_LINK);

	(void)state;
	s.cert = agent.cert;
	s.key = agent.key;
	c.server = NULL;
	assert_false(shake(&s, &c).client_done);
	s = server_terms();
	c.cert = server.cert;
	c.key = server.key;
	assert_false(shake(&s, &c).server_done);
}

static void test_server_name(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(&agent, SK_ALPN_LINK);

	(void)state;
	c.server = "other.example";
	assert_false(shake(&s, &c).client_done);
	c.server = NULL;
	assert_true(shake(&s, &c).client_read);
}

static void test_pin(void **state)
{
	struct sk_tls_terms s = server_terms(), c = client_terms(NULL, SK_ALPN_ENROL);
	uint8_t pin[SK_SHA256_SIZE];

	(void)state;
	memcpy(pin, sk_cert_info(server.cert)->fingerprint, sizeof pin);
	c.ca = NULL;
	c.pin = pin;
	assert_true(shake(&s, &c).client_read);
	pin[31] ^= 1;
	assert_false(shake(&s, &c).client_done);
	c.pin = NULL;
	struct sk_tls *none = NULL;

	assert_true(sk_tls_client(&c, &none) < 0); /* neither pin nor CA */
}

struct admission {
	bool answer;
	unsigned asked;
	uint8_t fingerprint[SK_SHA256_SIZE];
	char name[SK_CERT_NAME_MAX + 1];
};

static bool admit(const uint8_t fingerprint[SK_SHA256_SIZE], const char *name, void *arg)
{
	struct admission *a = arg;

	a->asked++;
	memcpy(a->fingerprint, fingerprint, sizeof a->fingerprint);
	memccpy(a->name, name, 0, sizeof a->name);
	return a->answer;
}

/* The chain is good; the last word is ours. Without the callback in verify() this test fails. */
static void test_our_own_check(void **state)
{
	struct admission a = {.answer = true};
	struct sk_tls_terms s = server_terms(), c = client_terms(&agent, SK_ALPN_LINK);
	struct outcome o;

	(void)state;
	s.accepted = admit;
	s.arg = &a;
	assert_true(shake(&s, &c).client_read);
	assert_int_equal(a.asked, 1);
	assert_memory_equal(a.fingerprint, sk_cert_info(agent.cert)->fingerprint, sizeof a.fingerprint);
	assert_string_equal(a.name, "agent-1");
	a.answer = false;
	o = shake(&s, &c);
	assert_false(o.server_done || o.client_read);
	assert_int_equal(a.asked, 2);
	c = client_terms(&stranger, SK_ALPN_LINK); /* never asked about a bad chain */
	assert_false(shake(&s, &c).server_done);
	assert_int_equal(a.asked, 2);
}

/* No resumption: a second session of the same client runs the whole check again. */
static void test_no_resumption(void **state)
{
	_cleanup_tls_ struct sk_tls *s = NULL, *c = NULL;
	struct admission a = {.answer = true};
	struct sk_tls_terms for_server = server_terms(), for_client = client_terms(&agent, SK_ALPN_LINK);

	(void)state;
	for_server.accepted = admit;
	for_server.arg = &a;
	assert_int_equal(sk_tls_server(&for_server, &s), 0);
	assert_int_equal(sk_tls_client(&for_client, &c), 0);
	for (unsigned i = 1; i <= 3; i++) {
		assert_true(shake_sessions(sk_tls_session(s), sk_tls_session(c)).client_read);
		assert_int_equal(a.asked, i);
	}
}

static void test_web(void **state)
{
	_cleanup_tls_ struct sk_tls *s = NULL;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct outcome o;

	(void)state;
	assert_int_equal(sk_tls_web(server.cert, server.key, &s), 0);
	SSL *c = SSL_new(context);

	SSL_set_connect_state(c);
	o = shake_sessions(sk_tls_session(s), c);
	SSL_CTX_free(context);
	assert_true(o.server_done && o.client_read);
	assert_int_equal(sk_tls_web(server.cert, agent.key, &s), -22);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
SK_TEST_MAIN(CASE(test_agent_gets_in), CASE(test_link_needs_a_certificate_and_enrolment_does_not), CASE(test_unknown_name),
	     CASE(test_the_name_may_not_change_on_the_way),
	     CASE(test_no_name_at_all), CASE(test_older_version), CASE(test_other_ca), CASE(test_dates_and_a_wrong_clock), CASE(test_use),
	     CASE(test_server_name), CASE(test_pin), CASE(test_our_own_check), CASE(test_no_resumption), CASE(test_web))
