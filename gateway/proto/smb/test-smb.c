// SPDX-License-Identifier: GPL-3.0-or-later
/* SMB: files and pipes of both families, chains and compounds, transactions in parts, cut at every byte, after a gap, and what is not SMB. */
#include "proto/smb/inside.h"

#include "proto/record.h"
#include "support/harness.h"

extern const struct gw_proto gw_proto_smb;

struct made {
	uint8_t bytes[8192];
	size_t size;
};

static void add(struct made *m, const void *data, size_t size)
{
	assert_true(m->size + size <= sizeof m->bytes);
	memcpy(m->bytes + m->size, data, size);
	m->size += size;
}

static void add_le(struct made *m, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = i < 8 ? (uint8_t)(value >> (8 * i)) : 0;

		add(m, &byte, 1);
	}
}

static void add_wide(struct made *m, const char *text, bool end)
{
	for (; *text || end; text++) {
		add_le(m, (uint8_t)*text, 2);
		if (!*text)
			break;
	}
}

static size_t frame_begin(struct made *m)
{
	add_le(m, 0, 4);
	return m->size;
}

static void frame_end(struct made *m, size_t at)
{
	size_t size = m->size - at;

	m->bytes[at - 3] = (uint8_t)(size >> 16);
	m->bytes[at - 2] = (uint8_t)(size >> 8);
	m->bytes[at - 1] = (uint8_t)size;
}

static void head2(struct made *m, uint16_t command, uint32_t flags, uint64_t id, uint32_t tree, uint32_t next)
{
	add(m, "\xfeSMB\x40\0\0\0\0\0\0\0", 12);
	add_le(m, command, 2);
	add_le(m, 1, 2);
	add_le(m, flags, 4);
	add_le(m, next, 4);
	add_le(m, id, 8);
	add_le(m, 0xfeff, 4);
	add_le(m, tree, 4);
	add_le(m, 7, 8);
	add_le(m, 0, 16);
}

static void tree2(struct made *ask, struct made *answer, uint64_t id, uint32_t tree, const char *path, uint8_t type)
{
	size_t at = frame_begin(ask);

	head2(ask, 3, 0, id, 0, 0);
	add_le(ask, 9, 2);
	add_le(ask, 0, 2);
	add_le(ask, 72, 2);
	add_le(ask, 2 * strlen(path), 2);
	add_wide(ask, path, false);
	frame_end(ask, at);
	at = frame_begin(answer);
	head2(answer, 3, 1, id, tree, 0);
	add_le(answer, 16, 2);
	add_le(answer, type, 2);
	add_le(answer, 0, 12);
	frame_end(answer, at);
}

static void create2(struct made *m, uint64_t id, uint32_t tree, const char *name, uint32_t access, uint32_t disposition, uint32_t next)
{
	size_t at = m->size;

	head2(m, 5, 0, id, tree, next);
	add_le(m, 57, 2);
	add_le(m, 0, 22);
	add_le(m, access, 4);
	add_le(m, 0, 8);
	add_le(m, disposition, 4);
	add_le(m, 0, 4);
	add_le(m, 120, 2);
	add_le(m, 2 * strlen(name), 2);
	add_le(m, 0, 8);
	add_wide(m, name, false);
	while (next && m->size - at < next)
		add_le(m, 0, 1);
}

static void created2(struct made *m, uint64_t id, uint32_t tree, uint64_t file)
{
	size_t at = frame_begin(m);

	head2(m, 5, 1, id, tree, 0);
	add_le(m, 89, 2);
	add_le(m, 0, 62);
	add_le(m, file, 8);
	add_le(m, file, 8);
	add_le(m, 0, 8);
	frame_end(m, at);
}

static void write2(struct made *m, uint64_t id, uint32_t tree, uint32_t flags, uint64_t file, const void *data, size_t size)
{
	head2(m, 9, flags, id, tree, 0);
	add_le(m, 49, 2);
	add_le(m, 112, 2);
	add_le(m, size, 4);
	add_le(m, 0, 8);
	add_le(m, file, 8);
	add_le(m, file, 8);
	add_le(m, 0, 16);
	add(m, data, size);
}

static const uint8_t bind[] = "\5\0\x0b\3\x10\0\0\0\x48\0\0\0\1\0\0\0\xb8\x10\xb8\x10\0\0\0\0\1\0\0\0\0\0\1\0"
			      "\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\0\x10\3\2\0\0\0\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\2\0\0\0";
static const uint8_t call[] = "\5\0\0\3\x10\0\0\0\x1c\0\0\0\2\0\0\0\4\0\0\0\0\0\x0c\0ABCD";

/* A service is created over \PIPE\svcctl, and a file is written in one compound. */
static void session2(struct made *ask, struct made *answer, size_t *ret_pipe)
{
	size_t at;

	tree2(ask, answer, 1, 5, "\\\\TOOL\\IPC$", 2);
	tree2(ask, answer, 2, 6, "\\\\TOOL\\C$", 1);
	at = frame_begin(ask);
	create2(ask, 3, 6, "temp\\evil.exe", 0x2, 5, 152);
	write2(ask, 4, UINT32_MAX, 4, UINT64_MAX, "MZ..", 4);
	frame_end(ask, at);
	at = frame_begin(ask);
	create2(ask, 5, 5, "svcctl", 0x12019f, 1, 0);
	frame_end(ask, at);
	created2(answer, 3, 6, 0x33);
	created2(answer, 5, 5, 0x55);
	*ret_pipe = ask->size;
	at = frame_begin(ask);
	write2(ask, 6, 5, 0, 0x55, bind, sizeof bind - 1);
	frame_end(ask, at);
	add(ask, "\x85\0\0\0", 4);
	at = frame_begin(ask);
	write2(ask, 7, 5, 0, 0x55, call, 20);
	frame_end(ask, at);
	at = frame_begin(ask);
	write2(ask, 8, 5, 0, 0x55, call + 20, sizeof call - 21);
	frame_end(ask, at);
}

static void play(struct record *r, const struct made *ask, const struct made *answer, size_t split, size_t piece)
{
	record_begin(r, &gw_proto_smb, false, false);
	record_feed(r, GW_TO_SERVER, ask->bytes, split, piece);
	record_feed(r, GW_TO_CLIENT, answer->bytes, answer->size, piece);
	record_feed(r, GW_TO_SERVER, ask->bytes + split, ask->size - split, piece);
}

static void test_smb2(void **state)
{
	static struct made ask, answer;
	struct record whole;
	size_t split;

	session2(&ask, &answer, &split);
	play(&whole, &ask, &answer, split, 100000);
	assert_true(record_has(&whole, "smb.share=\\\\TOOL\\C$\n"));
	assert_true(record_has(&whole, "smb.named_pipe=\\\\TOOL\\IPC$\n"));
	assert_true(record_has(&whole, "create-file whole"));
	assert_true(record_has(&whole, "smb.filename=temp\\evil.exe\n"));
	assert_true(record_has(&whole, "file.data=MZ..\n"));
	assert_true(record_has(&whole, "rpc-bind whole"));
	assert_true(record_has(&whole, "svcctl-create-service whole 124\ndcerpc.stub_data=ABCD\nsmb.named_pipe=svcctl\n"));
	for (size_t piece = 1; piece < 400; piece++) {
		struct record r;

		play(&r, &ask, &answer, split, piece);
		assert_string_equal(r.text.data, whole.text.data);
		record_end(&r);
	}
	record_end(&whole);
}

static void head1(struct made *m, uint8_t command, uint8_t flags, uint16_t mid)
{
	add(m, "\xffSMB", 4);
	add_le(m, command, 1);
	add_le(m, 0, 4);
	add_le(m, flags, 1);
	add_le(m, 0xc001, 2);
	add_le(m, 0, 12);
	add_le(m, 0x800, 2); /* tree */
	add_le(m, 0xfeff, 2);
	add_le(m, 0x800, 2);
	add_le(m, mid, 2);
}

/* Tree connect and NT create in one chain, then what the second command of a chain opens is written to. */
static void chain1(struct made *m)
{
	size_t at = frame_begin(m), next;

	head1(m, 0x75, 0x18, 1);
	add_le(m, 4, 1);
	add_le(m, 0xa2, 1);
	add_le(m, 0, 1);
	next = m->size;
	add_le(m, 0, 2);
	add_le(m, 0, 2);
	add_le(m, 1, 2);
	add_le(m, 29, 2);
	add_le(m, 0, 1);
	add_wide(m, "\\\\T\\IPC$", true);
	add(m, "?????", 6);
	while ((m->size - at) % 4)
		add_le(m, 0, 1);
	m->bytes[next] = (uint8_t)(m->size - at);
	add_le(m, 24, 1);
	add_le(m, 0xff, 5);
	add_le(m, 14, 2);
	add_le(m, 0, 8);
	add_le(m, 0x2019f, 4);
	add_le(m, 0, 16);
	add_le(m, 1, 4);
	add_le(m, 0, 9);
	add_le(m, 15, 2);
	if ((m->size - at) % 2)
		add_le(m, 0, 1);
	add_wide(m, "\\srvsvc", false);
	frame_end(m, at);
}

static void trans1(struct made *m, uint8_t command, uint16_t function, size_t total, const void *data, size_t size, size_t to)
{
	size_t at = frame_begin(m), first = command == 0x32 || command == 0x25;

	head1(m, command, 0x18, 7);
	add_le(m, first ? 15 + (command == 0x25) : command == 0x33 ? 9 : 8, 1);
	add_le(m, 0, 2);
	add_le(m, total, 2);
	if (first) {
		add_le(m, 0, 14);
		add_le(m, 0, 4);
		add_le(m, size, 2);
		add_le(m, 120, 2);
		add_le(m, 1 + (command == 0x25), 2);
		add_le(m, function, 2);
		if (command == 0x25)
			add_le(m, 0x4000, 2);
	} else {
		add_le(m, 0, 6);
		add_le(m, size, 2);
		add_le(m, 120, 2);
		add_le(m, to, 2);
		if (command == 0x33)
			add_le(m, 0, 2);
	}
	add_le(m, size + 40, 2);
	while (m->size - at < 120)
		add_le(m, 0, 1);
	add(m, data, size);
	frame_end(m, at);
}

static void test_smb1(void **state)
{
	static struct made m;
	struct record r;

	chain1(&m);
	trans1(&m, 0x25, 0x26, sizeof bind - 1, bind, 30, 0);
	trans1(&m, 0x26, 0, sizeof bind - 1, bind + 30, sizeof bind - 31, 30);
	trans1(&m, 0x32, 14, 5, "abc", 3, 0);
	trans1(&m, 0x26, 0, 5, "de", 2, 3);
	record_begin(&r, &gw_proto_smb, false, false);
	record_feed(&r, GW_TO_SERVER, m.bytes, m.size, 5);
	assert_true(record_has(&r, "smb.named_pipe=\\\\T\\IPC$\n"));
	assert_true(record_has(&r, "open-pipe whole"));
	assert_true(record_has(&r, "smb.named_pipe=srvsvc\n"));
	assert_true(record_has(&r, "rpc-bind whole 166")); /* of a transaction in two parts, on a pipe that was opened before */
	assert_true(record_has(&r, "transaction-begin whole"));
	assert_true(record_has(&r, "transaction-more whole"));
	assert_false(record_has(&r, "trans2-session-setup"));
	record_end(&r);
}

static void test_transaction_parts(void **state)
{
	static struct made m;
	struct record r;

	trans1(&m, 0x32, 14, 5, "abc", 3, 0);
	trans1(&m, 0x33, 0, 5, "de", 2, 3);
	record_begin(&r, &gw_proto_smb, false, false);
	record_feed(&r, GW_TO_SERVER, m.bytes, m.size, m.size);
	assert_true(record_has(&r, "trans2-session-setup whole"));
	assert_true(record_has(&r, "subcommand:14\ntotal:5\nmultiplex:7\n"));
	record_end(&r);
}

/* Whatever brings a name about tells it: copies have two. */
static void test_copy(void **state)
{
	static struct made m;
	size_t at = frame_begin(&m);
	struct record r;

	head1(&m, 0x29, 0x18, 1);
	add_le(&m, 3, 1);
	add_le(&m, 0, 6);
	add_le(&m, 19, 2);
	add_le(&m, 4, 1);
	add_wide(&m, "\\a", true);
	add_le(&m, 4, 2); /* with the padding before letters of two bytes */
	add_wide(&m, "\\bad", true);
	frame_end(&m, at);
	record_begin(&r, &gw_proto_smb, false, false);
	record_feed(&r, GW_TO_SERVER, m.bytes, m.size, m.size);
	assert_true(record_has(&r, "copy-file whole"));
	assert_true(record_has(&r, "smb.filename=\\a\n"));
	assert_true(record_has(&r, "to:\\bad\n"));
	record_end(&r);
}

/* Picked up in the middle of a frame, and after a gap: the next frame is found. */
static void test_again(void **state)
{
	static struct made ask, answer;
	struct record r;
	size_t split;

	session2(&ask, &answer, &split);
	record_begin(&r, &gw_proto_smb, false, true);
	assert_int_equal(gw_proto_smb.guess(ask.bytes + 50, ask.size - 50, GW_TO_SERVER, true), GW_YES);
	record_feed(&r, GW_TO_SERVER, ask.bytes + 50, ask.size - 50, 11);
	assert_true(record_has(&r, "smb.share=\\\\TOOL\\C$\n"));
	assert_true(record_has(&r, "svcctl-create-service whole"));
	record_end(&r);
	record_begin(&r, &gw_proto_smb, false, false);
	record_feed(&r, GW_TO_SERVER, ask.bytes, 60, 60);
	gw_proto_smb.gap(&r.turn, r.state, GW_TO_SERVER, 10);
	record_feed(&r, GW_TO_SERVER, ask.bytes + 70, ask.size - 70, 1000);
	assert_false(record_has(&r, "IPC$"));
	assert_true(record_has(&r, "smb.share=\\\\TOOL\\C$\n"));
	assert_int_equal(r.not_mine, 0);
	record_end(&r);
}

/* A long write is told by its beginning, and whole. */
static void test_long(void **state)
{
	uint8_t *bytes = sk_calloc(1, 100000 + 200);
	static struct made m;
	struct record r;
	size_t at = frame_begin(&m);

	write2(&m, 9, 5, 0, 0x77, "", 0);
	frame_end(&m, at);
	memcpy(bytes, m.bytes, m.size);
	bytes[1] = 1;
	bytes[2] = 0x87;
	bytes[3] = 0x10;
	memcpy(bytes + 4 + 68, "\xa0\x86\1", 3);
	record_begin(&r, &gw_proto_smb, false, false);
	record_feed(&r, GW_TO_SERVER, bytes, 100000 + 112 + 4, 700);
	assert_true(record_has(&r, "write-file head 1028\n"));
	assert_true(record_has(&r, "write-file whole 100116\n"));
	assert_int_equal(r.said, 2);
	record_end(&r);
	free(bytes);
}

static void test_other(void **state)
{
	struct record r;

	assert_int_equal(gw_proto_smb.guess((const uint8_t *)"GET / HTTP/1.1\r\n", 16, GW_TO_SERVER, false), GW_NO);
	record_begin(&r, &gw_proto_smb, false, false);
	record_feed(&r, GW_TO_SERVER, "GET / HTTP/1.1\r\n\r\n", 18, 18);
	assert_int_equal(r.not_mine, 1);
	record_end(&r);
}

SK_TEST_MAIN(cmocka_unit_test(test_smb2), cmocka_unit_test(test_smb1), cmocka_unit_test(test_transaction_parts), cmocka_unit_test(test_copy), cmocka_unit_test(test_again),
	cmocka_unit_test(test_long), cmocka_unit_test(test_other))
