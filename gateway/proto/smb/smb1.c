// SPDX-License-Identifier: GPL-3.0-or-later
/* SMB 1 (MS-CIFS section 2.2): the chain of commands of a message. Offsets count from the header. */
#include "proto/smb/inside.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { HEAD1 = 32, NONE = 0xff, IS_ANSWER = 0x80, IS_UNICODE = 0x8000 };
enum { CREATE_DIRECTORY = 0, DELETE_DIRECTORY, OPEN, CREATE, CLOSE, DELETE = 6, RENAME, READ = 0x0a, WRITE, CREATE_TEMPORARY = 0x0e, CREATE_NEW, READ_LOCKED = 0x13,
	WRITE_UNLOCK, WRITE_RAW = 0x1d, WRITE_CLOSE = 0x2c, OPEN_ANDX, READ_ANDX, WRITE_ANDX, TREE_CONNECT = 0x70, TREE_DISCONNECT, NEGOTIATE, SESSION_SETUP, TREE_CONNECT_ANDX = 0x75,
	NT_CREATE = 0xa2, NT_RENAME = 0xa5 };

/* Where the parts of the command in hand lie. */
struct block {
	size_t words, bytes;
	unsigned word_count, byte_count;
};

struct row {
	uint8_t command;
	const char *name;
	enum gw_act act;
	void (*ask)(struct smb_step *x, const struct block *b);
	void (*answer)(struct smb_step *x, const struct block *b);
	bool chained;
};

static const char *text_at(struct smb_step *x, size_t at, size_t end, bool unicode, size_t *ret_next)
{
	size_t size, used;
	const uint8_t *data;
	const char *text;

	at += unicode && at % 2;
	data = smb_clip(&x->view, at, end > at ? end - at : 0, &size);
	text = step_read(x, data, size, unicode, &used);
	if (ret_next)
		*ret_next = at + used;
	return text;
}

static size_t end_of(const struct block *b)
{
	return b->bytes + b->byte_count;
}

static void negotiate(struct smb_step *x, const struct block *b)
{
	for (size_t at = b->bytes; at < end_of(b) && x->texts < SK_ARRAY_SIZE(x->text) && !x->view.torn;)
		step_dialect(x, text_at(x, at + 1, end_of(b), false, &at));
}

static void session_setup(struct smb_step *x, const struct block *b)
{
	size_t at = b->bytes, size;

	if (b->word_count == 12) {
		const uint8_t *blob = smb_clip(&x->view, at, smb_u16(&x->view, b->words + 14), &size);

		step_security(x, blob, size);
		if (x->texts < SK_ARRAY_SIZE(x->text))
			step_text(x, F_SYSTEM, text_at(x, at + size, end_of(b), x->unicode, NULL));
		return;
	}
	if (b->word_count == 13) {
		at += smb_u16(&x->view, b->words + 14) + smb_u16(&x->view, b->words + 16);
		step_text(x, F_USER, text_at(x, at, end_of(b), x->unicode, &at));
		step_text(x, F_DOMAIN, text_at(x, at, end_of(b), x->unicode, &at));
		step_text(x, F_SYSTEM, text_at(x, at, end_of(b), x->unicode, NULL));
	}
}

static void session_answer(struct smb_step *x, const struct block *b)
{
	size_t blob = b->word_count == 4 ? smb_u16(&x->view, b->words + 6) : 0;

	if (b->word_count >= 3)
		step_text(x, F_SYSTEM, text_at(x, b->bytes + blob, end_of(b), x->unicode, NULL));
}

static void say_share(struct smb_step *x, const char *path)
{
	step_text(x, F_SHARE, path);
	step_buffer(x, strcasecmp(smb_base_name(path), "IPC$") ? "smb.share" : "smb.named_pipe", path, strlen(path));
	if (!x->peek)
		memo_wait_add(x->s, x, path, strcasecmp(smb_base_name(path), "IPC$") == 0);
}

static void tree_connect_andx(struct smb_step *x, const struct block *b)
{
	say_share(x, text_at(x, b->bytes + smb_u16(&x->view, b->words + 6), end_of(b), x->unicode, NULL));
}

static void tree_connect(struct smb_step *x, const struct block *b)
{
	say_share(x, text_at(x, b->bytes + 1, end_of(b), x->unicode, NULL));
}

static void tree_answer(struct smb_step *x, const struct block *b)
{
	if (!x->wait.used || x->peek)
		return;
	if (x->command == TREE_CONNECT)
		x->tree = smb_u16(&x->view, b->words + 2) | (uint64_t)1 << 32;
	memo_tree_add(x->s, x->tree, x->wait.name, x->wait.pipe);
	step_text(x, F_SHARE, x->wait.name);
}

static void tree_disconnect(struct smb_step *x, const struct block *b)
{
	step_tree(x);
	if (!x->peek)
		memo_tree_drop(x->s, x->tree);
}

/* Something is opened: later commands of the chain, and of the session once it is answered, speak of it. */
static void opens(struct smb_step *x, const char *path)
{
	struct smb_tree *tree = memo_tree(x->s, x->tree);
	bool pipe = tree ? tree->pipe : rpc_pipe_known(smb_pipe_name(path));

	if (pipe) {
		x->name = "open-pipe";
		x->act = GW_ACT_SESSION;
	}
	step_path(x, path, true);
	x->last = (struct smb_id){1u << 16, x->id};
	x->last_known = true;
	memcpy(x->last_name, path, strlen(path) + 1);
	if (x->peek)
		return;
	memo_file_add(x->s, x->tree, x->last, path, pipe);
	memo_wait_add(x->s, x, path, pipe);
}

static void nt_create(struct smb_step *x, const struct block *b)
{
	uint32_t access = smb_u32(&x->view, b->words + 15), disposition = smb_u32(&x->view, b->words + 35), options = smb_u32(&x->view, b->words + 39);
	size_t size = smb_u16(&x->view, b->words + 5), at = b->bytes;
	const uint8_t *data;

	at += x->unicode && at % 2;
	data = smb_clip(&x->view, at, size, &size);
	step_number(x, F_ACCESS, access);
	step_number(x, F_DISPOSITION, disposition);
	if (options & 0x1000) {
		x->name = "delete-file";
		x->act = GW_ACT_WRITE;
	} else if (access & 0x500d0156 || (disposition != 1 && disposition != 3)) {
		x->name = "create-file";
		x->act = GW_ACT_WRITE;
	}
	opens(x, step_read(x, data, size, x->unicode, NULL));
}

static void open_andx(struct smb_step *x, const struct block *b)
{
	uint16_t access = smb_u16(&x->view, b->words + 6), how = smb_u16(&x->view, b->words + 16);

	if (access & 7 || how & 0x12) {
		x->name = "create-file";
		x->act = GW_ACT_WRITE;
	}
	step_number(x, F_ACCESS, access);
	opens(x, text_at(x, b->bytes, end_of(b), x->unicode, NULL));
}

static void open_plain(struct smb_step *x, const struct block *b)
{
	if (x->command == OPEN && smb_u16(&x->view, b->words) & 7) {
		x->name = "create-file";
		x->act = GW_ACT_WRITE;
	}
	opens(x, text_at(x, b->bytes + 1, end_of(b), x->unicode, NULL));
}

static void open_answer(struct smb_step *x, const struct block *b)
{
	uint16_t fid = smb_u16(&x->view, b->words + (x->command == NT_CREATE ? 5 : x->command == OPEN_ANDX ? 4 : 0));
	struct smb_file *file = x->wait.used ? memo_file(x->s, x->tree, x->wait.file) : NULL;

	if (x->wait.used)
		step_path(x, x->wait.name, false);
	step_number(x, F_FID, fid);
	if (x->peek || !x->wait.used)
		return;
	if (file)
		file->id = (struct smb_id){fid, 0};
	else
		memo_file_add(x->s, x->tree, (struct smb_id){fid, 0}, x->wait.name, x->wait.pipe);
}

/* Two names, each behind a byte that says it is one. */
static void copied(struct smb_step *x, const struct block *b)
{
	size_t next;

	step_path(x, text_at(x, b->bytes + 1, end_of(b), x->unicode, &next), true);
	step_text(x, F_TO, text_at(x, next + 1, end_of(b), x->unicode, NULL));
}

static void named(struct smb_step *x, const struct block *b)
{
	step_path(x, text_at(x, b->bytes + 1, end_of(b), x->unicode, NULL), true);
}

/* The file that the number in the command means; behind an open of the same chain, what that opens. */
static void by_number(struct smb_step *x, size_t at)
{
	struct smb_id id = {smb_u16(&x->view, at), 0};
	struct smb_file *file = memo_file(x->s, x->tree, id);

	step_number(x, F_FID, id.a);
	if (x->last.a == 1u << 16) { /* opened in this chain */
		step_path(x, x->last_name, false);
		return;
	}
	x->last = id;
	if (file && !file->unnamed)
		step_path(x, file->name, false);
	else
		x->partial = true;
}

static void close_file(struct smb_step *x, const struct block *b)
{
	struct smb_file *file;

	by_number(x, b->words);
	file = memo_file(x->s, x->tree, x->last);
	if (file && !x->peek)
		memo_file_drop(x->s, file);
}

static void carry(struct smb_step *x, struct smb_id id, size_t at, size_t size)
{
	const uint8_t *data = smb_clip(&x->view, at, size, &size);
	struct smb_file *file = memo_file(x->s, x->tree, id);
	bool pipe = file ? file->pipe : rpc_begins(data, size);

	if (!pipe)
		step_buffer(x, "file.data", data, size);
	else if (!x->answer)
		x->act = GW_ACT_SESSION;
	step_tell(x);
	pipe_feed(x, x->tree, id, x->dir, data, size, x->view.torn);
	x->name = NULL;
}

static void read_file(struct smb_step *x, const struct block *b)
{
	by_number(x, b->words + (x->command == READ_ANDX ? 4 : 0));
	if (!x->peek)
		memo_wait_add(x->s, x, "", false);
}

static void read_answer(struct smb_step *x, const struct block *b)
{
	if (!x->wait.used)
		return;
	if (x->command == READ_ANDX && b->word_count >= 12)
		carry(x, x->wait.file, smb_u16(&x->view, b->words + 12), smb_u16(&x->view, b->words + 10) | (size_t)smb_u16(&x->view, b->words + 14) << 16);
	else if (x->command != READ_ANDX)
		carry(x, x->wait.file, b->bytes + 3, smb_u16(&x->view, b->words));
}

/* Written in "message mode start" to a pipe (0x0008), the first two bytes are the length of all that comes. */
static void write_file(struct smb_step *x, const struct block *b)
{
	size_t size, at;
	bool raw = false;

	by_number(x, b->words + (x->command == WRITE_ANDX ? 4 : 0));
	if (x->command == WRITE_ANDX) {
		size = smb_u16(&x->view, b->words + 20) | (size_t)smb_u16(&x->view, b->words + 18) << 16;
		at = smb_u16(&x->view, b->words + 22);
		raw = (smb_u16(&x->view, b->words + 14) & 0x0c) == 0x0c;
	} else if (x->command == WRITE_RAW) {
		size = smb_u16(&x->view, b->words + 20);
		at = smb_u16(&x->view, b->words + 22);
	} else {
		size = smb_u16(&x->view, b->words + 2);
		at = x->command == WRITE_CLOSE ? b->bytes + 1 : b->bytes + 3;
	}
	if (raw && size >= 2) {
		at += 2;
		size -= 2;
	}
	carry(x, x->last, at, size);
}

static void trans_ask(struct smb_step *x, const struct block *b)
{
	trans_first(x, b->words, b->word_count, b->bytes, b->byte_count);
}

static void trans_later(struct smb_step *x, const struct block *b)
{
	trans_more(x, b->words);
}

static void trans_told(struct smb_step *x, const struct block *b)
{
	trans_answer(x, b->words, b->word_count);
}

static const struct row rows[] = {
	{CREATE_DIRECTORY, "create-directory", GW_ACT_WRITE, named, NULL}, {DELETE_DIRECTORY, "delete-directory", GW_ACT_WRITE, named, NULL},
	{OPEN, "open-file", GW_ACT_READ, open_plain, open_answer}, {CREATE, "create-file", GW_ACT_WRITE, open_plain, open_answer}, {CLOSE, "close-file", GW_ACT_SESSION, close_file, NULL},
	{5, "flush-file", GW_ACT_SESSION, NULL, NULL}, {DELETE, "delete-file", GW_ACT_WRITE, named, NULL}, {RENAME, "rename-file", GW_ACT_WRITE, copied, NULL},
	{8, "query-info", GW_ACT_READ, named, NULL}, {9, "set-info", GW_ACT_WRITE, named, NULL}, {READ, "read-file", GW_ACT_READ, read_file, read_answer},
	{WRITE, "write-file", GW_ACT_WRITE, write_file, NULL}, {0x0c, "lock-file", GW_ACT_SESSION, NULL, NULL}, {0x0d, "unlock-file", GW_ACT_SESSION, NULL, NULL},
	{CREATE_TEMPORARY, "create-file", GW_ACT_WRITE, open_plain, open_answer}, {CREATE_NEW, "create-file", GW_ACT_WRITE, open_plain, open_answer},
	{0x10, "check-directory", GW_ACT_READ, named, NULL}, {0x11, "process-exit", GW_ACT_SESSION, NULL, NULL}, {0x12, "seek-file", GW_ACT_SESSION, NULL, NULL},
	{READ_LOCKED, "read-file", GW_ACT_READ, read_file, read_answer}, {WRITE_UNLOCK, "write-file", GW_ACT_WRITE, write_file, NULL}, {0x1a, "read-raw", GW_ACT_READ, NULL, NULL},
	{WRITE_RAW, "write-file", GW_ACT_WRITE, write_file, NULL}, {0x22, "set-info", GW_ACT_WRITE, NULL, NULL}, {0x23, "query-info", GW_ACT_READ, NULL, NULL},
	{0x24, "lock-file", GW_ACT_SESSION, NULL, NULL, true}, {0x25, "transaction", GW_ACT_CONTROL, trans_ask, trans_told}, {0x26, "transaction-more", GW_ACT_CONTROL, trans_later, NULL},
	{0x27, "ioctl", GW_ACT_CONTROL, NULL, NULL}, {0x29, "copy-file", GW_ACT_WRITE, copied, NULL}, {0x2a, "move-file", GW_ACT_WRITE, copied, NULL}, {0x2b, "echo", GW_ACT_SESSION, NULL, NULL}, {WRITE_CLOSE, "write-file", GW_ACT_WRITE, write_file, NULL},
	{OPEN_ANDX, "open-file", GW_ACT_READ, open_andx, open_answer, true}, {READ_ANDX, "read-file", GW_ACT_READ, read_file, read_answer, true},
	{WRITE_ANDX, "write-file", GW_ACT_WRITE, write_file, NULL, true}, {0x32, "transaction2", GW_ACT_CONTROL, trans_ask, trans_told},
	{0x33, "transaction2-more", GW_ACT_CONTROL, trans_later, NULL}, {0x34, "close-search", GW_ACT_SESSION, NULL, NULL}, {TREE_CONNECT, "tree-connect", GW_ACT_SESSION, tree_connect, tree_answer},
	{TREE_DISCONNECT, "tree-disconnect", GW_ACT_SESSION, tree_disconnect, NULL}, {NEGOTIATE, "negotiate", GW_ACT_SESSION, negotiate, NULL},
	{SESSION_SETUP, "session-setup", GW_ACT_SESSION, session_setup, session_answer, true}, {0x74, "logoff", GW_ACT_SESSION, NULL, NULL, true},
	{TREE_CONNECT_ANDX, "tree-connect", GW_ACT_SESSION, tree_connect_andx, tree_answer, true}, {0x80, "query-volume", GW_ACT_READ, NULL, NULL},
	{0x81, "list-directory", GW_ACT_READ, named, NULL}, {0x82, "list-directory", GW_ACT_READ, named, NULL}, {0xa0, "nt-transact", GW_ACT_CONTROL, trans_ask, trans_told},
	{0xa1, "nt-transact-more", GW_ACT_CONTROL, trans_later, NULL}, {NT_CREATE, "open-file", GW_ACT_READ, nt_create, open_answer, true}, {0xa4, "cancel", GW_ACT_SESSION, NULL, NULL},
	{NT_RENAME, "rename-file", GW_ACT_WRITE, copied, NULL}, {0xc0, "print-open", GW_ACT_CONTROL, NULL, NULL}};

static const struct row *row_find(uint8_t command)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (rows[i].command == command)
			return &rows[i];
	return NULL;
}

static void drop_unopened(struct smb_step *x)
{
	struct smb_file *file = x->wait.used && !x->peek ? memo_file(x->s, x->tree, x->wait.file) : NULL;

	if (file && file->id.a == 1u << 16)
		memo_file_drop(x->s, file);
}

static void one(struct smb_step *x, const struct block *b)
{
	const struct row *row = row_find((uint8_t)x->command);

	x->wait = (struct smb_wait){0};
	if (x->answer && !x->peek)
		memo_wait_take(x->s, x->id, x->command, &x->wait);
	step_begin(x, row ? row->name : "unknown-command", row ? row->act : x->answer ? GW_ACT_SESSION : GW_ACT_CONTROL);
	if (!row)
		step_odd(x, "smb-command");
	if (x->answer && x->status && x->status != 0xc0000016 && x->status != 0x80000005) {
		drop_unopened(x);
		x->name = "failed";
	} else if (row && x->answer) {
		x->name = row->chained || row->answer ? row->name : "answer";
		if (row->answer)
			row->answer(x, b);
	} else if (row && row->ask) {
		row->ask(x, b);
	}
	if (x->name)
		step_tell(x);
}

static struct block block_at(struct smb_step *x, size_t at)
{
	struct block b = {.words = at + 1};

	b.word_count = smb_u8(&x->view, at);
	b.bytes = b.words + 2u * b.word_count + 2;
	b.byte_count = smb_u16(&x->view, b.bytes - 2);
	return b;
}

void smb1_read(struct smb *s, struct gw_turn *turn, enum gw_dir dir, const struct smb_view *view, size_t size, size_t back, bool peek)
{
	_cleanup_free_ struct smb_step *x = sk_calloc(1, sizeof *x);
	const struct row *row;
	size_t at = HEAD1, next;
	uint16_t flags2;

	if (!x)
		return;
	*x = (struct smb_step){.s = s, .turn = turn, .dir = dir, .peek = peek, .version = 1, .back = back, .size = size + 4, .view = *view};
	x->command = smb_u8(&x->view, 4);
	x->status = smb_u32(&x->view, 5);
	x->answer = step_side(x, smb_u8(&x->view, 9) & IS_ANSWER);
	flags2 = smb_u16(&x->view, 10);
	x->unicode = flags2 & IS_UNICODE;
	x->tree = smb_u16(&x->view, 24) | (uint64_t)1 << 32;
	x->id = smb_u16(&x->view, 26) | (uint64_t)smb_u16(&x->view, 30) << 16;
	for (unsigned i = 0; i < SMB_COMMANDS_MAX; i++) {
		struct block b = block_at(x, at);
		unsigned then = NONE;

		row = row_find((uint8_t)x->command);
		if (row && row->chained && b.word_count >= 2) {
			then = smb_u8(&x->view, b.words);
			next = smb_u16(&x->view, b.words + 2);
		}
		one(x, &b);
		if (then == NONE || peek)
			return;
		if (next <= at || next >= view->size) { /* backwards, or out of the message */
			step_odd(x, "smb-chain");
			return;
		}
		at = next;
		x->command = (uint16_t)then;
	}
	step_odd(x, "smb-chain");
}
