// SPDX-License-Identifier: GPL-3.0-or-later
/* HTTP/1: what rules see of requests and answers, however they are cut; framings; what is not HTTP. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_http;

static void check(enum gw_dir dir, const char *bytes, const char *const *wanted)
{
	size_t size = strlen(bytes), pieces[] = {size, 1, 2, 3, 7, 64};
	char *first = NULL;

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct record r;

		record_begin(&r, &gw_proto_http, false, false);
		record_feed(&r, dir, bytes, size, pieces[i]);
		for (const char *const *w = wanted; *w; w++)
			if (!record_has(&r, *w))
				fail_msg("pieces of %zu: \"%s\" is not in:\n%s", pieces[i], *w, r.text.data ? r.text.data : "");
		if (first)
			assert_string_equal(first, r.text.data);
		else
			first = sk_strdup(r.text.data);
		record_end(&r);
	}
	free(first);
}
#define CHECK(dir, bytes, ...) check(dir, bytes, (const char *const[]){__VA_ARGS__, NULL})

static void test_request(void **state)
{
	CHECK(GW_TO_SERVER, "GET /a%2Fb/../c//d?x=%41 HTTP/1.1\r\nHost: Fab.EXAMPLE:8080\r\nUser-Agent: tool 1\r\nCookie: a=b\r\nAccept: */*\r\n\r\n",
		"request whole", "http.method=GET\n", "http.uri.raw=/a%2Fb/../c//d?x=%41\n", "http.uri=/a/c/d?x=A\n", "http.protocol=HTTP/1.1\n",
		"http.request_line=GET /a%2Fb/../c//d?x=%41 HTTP/1.1\n", "http.host=fab.example\n", "http.host.raw=Fab.EXAMPLE:8080\n",
		"http.user_agent=tool 1\n", "http.request_header=User-Agent: tool 1\n", "http.request_header=Cookie: a=b\n", "http.cookie=a=b\n", "http.accept=*/*\n", "http.header_names=\r\nHost\r\nUser-Agent\r\nCookie\r\nAccept\r\n\r\n\n",
		"http.header=Host: Fab.EXAMPLE:8080\r\nUser-Agent: tool 1\r\nAccept: */*\r\n\n",
		"http.start=GET /a%2Fb/../c//d?x=%41 HTTP/1.1\r\nHost: Fab.EXAMPLE:8080\r\n");
}

static void test_body(void **state)
{
	CHECK(GW_TO_SERVER, "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\nHost: b\r\n\r\n", "request head 48\n", "request whole 53\n",
		"http.request_body=hello\n", "http.content_len=5\n", "http.uri=/next\n");
}

static void test_chunks(void **state)
{
	CHECK(GW_TO_CLIENT, "HTTP/1.1 200 All right\r\nServer: s\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n"
		"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n",
		"response head", "http.stat_code=200\n", "http.stat_msg=All right\n", "http.server=s\n", "file.data=hello world\n", "http.response_body=hello world\n",
		"status:200\n", "http.stat_code=404\n", "http.response_line=HTTP/1.1 404 Gone\n");
}

static void test_gzip(void **state)
{
	static const uint8_t packed[] = {31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 45, 203, 204, 1, 0, 82, 49, 251, 141, 4, 0, 0, 0};
	char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n";
	struct record r;

	record_begin(&r, &gw_proto_http, false, false);
	record_feed(&r, GW_TO_CLIENT, head, strlen(head), 5);
	record_feed(&r, GW_TO_CLIENT, packed, sizeof packed, 3);
	assert_true(record_has(&r, "file.data=evil\n"));
	record_end(&r);
}

static void test_until_close(void **state)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\n\r\nall of it";
	struct record r;

	record_begin(&r, &gw_proto_http, false, false);
	record_feed(&r, GW_TO_CLIENT, answer, sizeof answer - 1, 4);
	assert_false(record_has(&r, "file.data"));
	gw_proto_http.fin(&r.turn, r.state, GW_TO_CLIENT);
	assert_true(record_has(&r, "file.data=all of it\n"));
	record_end(&r);
}

/* The answer to HEAD has a length and no body; behind CONNECT comes something else. */
static void test_head_and_connect(void **state)
{
	static const char asked[] = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nCONNECT b:443 HTTP/1.1\r\n\r\n";
	static const char answers[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nHTTP/1.1 200 Go\r\n\r\nGET /not HTTP/1.1\r\n\r\n";
	struct record r;

	record_begin(&r, &gw_proto_http, false, false);
	record_feed(&r, GW_TO_SERVER, asked, sizeof asked - 1, 100);
	record_feed(&r, GW_TO_CLIENT, answers, sizeof answers - 1, 100);
	assert_int_equal(r.said, 4);
	assert_true(record_has(&r, "http.stat_msg=Go\n"));
	record_feed(&r, GW_TO_SERVER, "GET / HTTP/1.1\r\n\r\n", 18, 100);
	assert_int_equal(r.said, 4);
	record_end(&r);
}

static void test_gap_and_midstream(void **state)
{
	struct record r;

	record_begin(&r, &gw_proto_http, false, true);
	record_feed(&r, GW_TO_SERVER, "the rest of something\r\n", 23, 100);
	record_feed(&r, GW_TO_SERVER, "GET /later HTTP/1.1\r\n\r\n", 23, 100);
	assert_true(record_has(&r, "http.uri=/later\n"));
	record_feed(&r, GW_TO_SERVER, "POST /p HTTP/1.1\r\nContent-Length: 10\r\n\r\nab", 42, 100);
	gw_proto_http.gap(&r.turn, r.state, GW_TO_SERVER, 5);
	record_feed(&r, GW_TO_SERVER, "hijGET /z HTTP/1.1\r\n\r\n", 22, 100);
	assert_true(record_has(&r, "http.request_body=abhij\n"));
	assert_true(record_has(&r, "http.uri=/z\n"));
	record_end(&r);
}

/* What receivers read differently is read as the most lenient of them would. */
static void test_lenient(void **state)
{
	CHECK(GW_TO_CLIENT, "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\nHTTP/1.1 204 Next\r\n\r\n", "file.data=evil\n", "http.stat_msg=Next\n");
	CHECK(GW_TO_CLIENT, "HTTP/1.1 200 OK\r\nTransfer-Encoding \v:chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", "file.data=evil\n");
	CHECK(GW_TO_CLIENT, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\nnot chunkHTTP/1.1 204 Next\r\n\r\n", "http.stat_code=200\n");
	CHECK(GW_TO_CLIENT, "HTTP/1.1 200 OK\rContent-Length: 4\r\n\r\nevil", "file.data=evil\n");
	CHECK(GW_TO_CLIENT, "HTTP/1.1 200 OK\nContent-Length: 4\n\r \nevil", "file.data=evil\n");
}

/* Chunked by its head and not by its bytes; with a length that is no number: both go to the end. */
static void test_belied(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz evil", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nzz evil"};

	for (size_t i = 0; i < 2; i++) {
		struct record r;

		record_begin(&r, &gw_proto_http, false, false);
		record_feed(&r, GW_TO_CLIENT, answers[i], strlen(answers[i]), 3);
		gw_proto_http.fin(&r.turn, r.state, GW_TO_CLIENT);
		assert_true(record_has(&r, "file.data=zz evil\n"));
		record_end(&r);
	}
}

static void test_guess(void **state)
{
	assert_int_equal(gw_proto_http.guess((const uint8_t *)"GET /", 5, GW_TO_SERVER, false), GW_YES);
	assert_int_equal(gw_proto_http.guess((const uint8_t *)"GE", 2, GW_TO_SERVER, false), GW_MORE);
	assert_int_equal(gw_proto_http.guess((const uint8_t *)"GEX", 3, GW_TO_SERVER, false), GW_NO);
	assert_int_equal(gw_proto_http.guess((const uint8_t *)"HTTP/1.1", 8, GW_TO_CLIENT, false), GW_YES);
}

SK_TEST_MAIN(cmocka_unit_test(test_request), cmocka_unit_test(test_body), cmocka_unit_test(test_chunks), cmocka_unit_test(test_gzip),
	cmocka_unit_test(test_until_close), cmocka_unit_test(test_head_and_connect), cmocka_unit_test(test_gap_and_midstream), cmocka_unit_test(test_guess),
	cmocka_unit_test(test_lenient), cmocka_unit_test(test_belied))
