// SPDX-License-Identifier: GPL-3.0-or-later
/* TLS: what the hellos and a certificate tell, however they are cut and spread over records. The bytes and the fingerprints expected of them were made apart from the parser. */
#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_tls;

static const uint8_t client[] = {
	22, 3, 1, 0, 50, 1, 0, 0, 120, 3, 3, 'A', 'B', 'C', 'D', 'E', 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 10, 10,
	19, 1, 19, 2, 192, 43, 1, 22, 3, 1, 0, 74, 0, 0, 71, 10, 10, 0, 0, 0, 0, 0, 17, 0,
	15, 0, 0, 12, 101, 118, 105, 108, 46, 101, 120, 97, 109, 112, 108, 101, 0, 10, 0, 8, 0, 6, 26, 26,
	0, 29, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4, 0, 16, 0, 5,
	0, 3, 2, 104, 50, 0, 43, 0, 5, 4, 3, 4, 3, 3,
};
static const uint8_t server[] = {
	22, 3, 1, 1, 231, 2, 0, 0, 45, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 43, 0, 0,
	5, 255, 1, 0, 1, 0, 11, 0, 1, 178, 0, 1, 175, 0, 1, 172, 48, 130, 1, 168, 48, 130, 1, 78,
	160, 3, 2, 1, 2, 2, 3, 10, 27, 255, 48, 10, 6, 8, 42, 134, 72, 206, 61, 4, 3, 2, 48, 50,
	49, 11, 48, 9, 6, 3, 85, 4, 6, 19, 2, 74, 80, 49, 12, 48, 10, 6, 3, 85, 4, 10, 12, 3,
	70, 97, 98, 49, 21, 48, 19, 6, 3, 85, 4, 3, 12, 12, 101, 118, 105, 108, 46, 101, 120, 97, 109, 112,
	108, 101, 48, 30, 23, 13, 50, 54, 49, 49, 50, 51, 50, 49, 51, 53, 51, 55, 90, 23, 13, 51, 54, 49,
	49, 50, 48, 50, 49, 51, 53, 51, 55, 90, 48, 50, 49, 11, 48, 9, 6, 3, 85, 4, 6, 19, 2, 74,
	80, 49, 12, 48, 10, 6, 3, 85, 4, 10, 12, 3, 70, 97, 98, 49, 21, 48, 19, 6, 3, 85, 4, 3,
	12, 12, 101, 118, 105, 108, 46, 101, 120, 97, 109, 112, 108, 101, 48, 89, 48, 19, 6, 7, 42, 134, 72, 206,
	61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7, 3, 66, 0, 4, 88, 242, 26, 87, 197, 121, 51,
	133, 215, 61, 221, 237, 135, 68, 250, 90, 29, 156, 97, 96, 22, 111, 58, 181, 229, 184, 194, 124, 2, 184, 64,
	228, 57, 139, 127, 111, 228, 215, 116, 180, 105, 221, 186, 44, 228, 75, 155, 190, 129, 12, 147, 203, 203, 240, 149,
	34, 73, 20, 6, 196, 102, 216, 126, 201, 163, 83, 48, 81, 48, 29, 6, 3, 85, 29, 14, 4, 22, 4, 20,
	95, 100, 238, 43, 60, 102, 54, 246, 78, 35, 196, 179, 239, 168, 12, 194, 181, 196, 118, 29, 48, 31, 6, 3,
	85, 29, 35, 4, 24, 48, 22, 128, 20, 95, 100, 238, 43, 60, 102, 54, 246, 78, 35, 196, 179, 239, 168, 12,
	194, 181, 196, 118, 29, 48, 15, 6, 3, 85, 29, 19, 1, 1, 255, 4, 5, 48, 3, 1, 1, 255, 48, 10,
	6, 8, 42, 134, 72, 206, 61, 4, 3, 2, 3, 72, 0, 48, 69, 2, 33, 0, 152, 159, 128, 156, 93, 18,
	252, 110, 158, 146, 4, 22, 247, 210, 5, 6, 8, 135, 83, 209, 133, 136, 140, 52, 32, 60, 118, 154, 179, 246,
	89, 186, 2, 32, 63, 31, 59, 35, 32, 157, 193, 247, 171, 40, 167, 70, 229, 44, 139, 220, 70, 236, 43, 36,
	72, 72, 207, 251, 107, 113, 100, 178, 150, 209, 183, 111,
};

static void check(enum gw_dir dir, const uint8_t *bytes, size_t size, const char *const *wanted)
{
	for (size_t piece = 1; piece < size + 1; piece += piece < 8 ? 1 : 13) {
		struct record r;

		record_begin(&r, &gw_proto_tls, false, false);
		record_feed(&r, dir, bytes, size, piece);
		for (const char *const *w = wanted; *w; w++)
			if (!record_has(&r, *w))
				fail_msg("pieces of %zu: \"%s\" is not there", piece, *w);
		record_end(&r);
	}
}

static void test_client(void **state)
{
	check(GW_TO_SERVER, client, sizeof client, (const char *const[]){"client-hello", "tls.sni=evil.example\n", "tls.random_time=ABCD\n", "tls.random=ABCDE", "tls.random_bytes=E", "ja3.string=771,4865-4866-49195,0-10-11-13-16-43,29-23,0\n",
		"ja3.hash=11138d9933242c3a03b6aad35a296476\n", "ja4.hash=t13d0306h2_5559582ccdc4_fb71836bce29\n", "version:772\n", NULL});
}

static void test_server(void **state)
{
	check(GW_TO_CLIENT, server, sizeof server, (const char *const[]){"server-hello", "ja3s.string=771,49195,65281\n",
		"ja3s.hash=5cbdf35d43faf9cfc331165209343f05\n", "tls.cert_subject=C=JP, O=Fab, CN=evil.example\n",
		"tls.cert_issuer=C=JP, O=Fab, CN=evil.example\n", "tls.cert_serial=0A:1B:FF\n",
		"tls.cert_fingerprint=8b:d6:2b:a2:61:56:ef:98:77:20:a6:38:48:ce:42:de:f3:41:84:7e\n", "tls.certs=\x30", NULL});
}

static void test_cut_short(void **state)
{
	for (size_t size = 1; size < sizeof client; size++) {
		struct record r;

		record_begin(&r, &gw_proto_tls, false, false);
		record_feed(&r, GW_TO_SERVER, client, size, 1000);
		assert_int_equal(r.said, 0);
		record_end(&r);
	}
}

static void test_harmless(void **state)
{
	static const uint8_t data[] = {23, 3, 3, 0, 2, 1, 2};
	struct record r;

	record_begin(&r, &gw_proto_tls, false, false);
	record_feed(&r, GW_TO_SERVER, data, sizeof data, 100);
	assert_int_equal(r.harmless, 0);
	record_feed(&r, GW_TO_CLIENT, data, sizeof data, 1);
	assert_int_equal(r.harmless, 1);
	record_end(&r);
}

SK_TEST_MAIN(cmocka_unit_test(test_client), cmocka_unit_test(test_server), cmocka_unit_test(test_cut_short), cmocka_unit_test(test_harmless))
