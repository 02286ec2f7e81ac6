// SPDX-License-Identifier: GPL-3.0-or-later
/* SMB 2 and 3 (MS-SMB2 section 2.2): compounded commands, one after the other. Offsets count from a command's header. */
#include "proto/smb/inside.h"

#include <string.h>

#include "base/mem.h"

enum { HEAD2 = 64, NEGOTIATE = 0, SESSION_SETUP, LOGOFF, TREE_CONNECT, TREE_DISCONNECT, CREATE, CLOSE, FLUSH, READ, WRITE, LOCK, IOCTL, CANCEL, ECHO, QUERY_DIRECTORY,
	NOTIFY, QUERY_INFO, SET_INFO, OPLOCK_BREAK, COMMANDS, FLAG_ANSWER = 1, FLAG_ASYNC = 2, FLAG_RELATED = 4, DELETE_ON_CLOSE = 0x1000, IS_FOLDER = 1,
	WRITING = 0x500d0156, /* generic write and all, write data, append, attributes, delete, permissions, owner */
	PIPE_TRANSCEIVE = 0x11c017, MORE_PROCESSING = (int)0xc0000016, PENDING = 0x103, OVERFLOWED = (int)0x80000005 };

static struct smb_id id_at(struct smb_step *x, size_t at)
{
	return (struct smb_id){smb_u64(&x->view, at), smb_u64(&x->view, at + 8)};
}

/* The file that a request names: its own id, or, all ones, that of the command before it. */
static void name_file(struct smb_step *x, size_t at)
{
	struct smb_id id = id_at(x, at);
	struct smb_file *file;

	if (id.a != UINT64_MAX || id.b != UINT64_MAX) {
		x->last = id;
		file = memo_file(x->s, x->tree, id);
		x->last_known = file && !file->unnamed;
		memcpy(x->last_name, x->last_known ? file->name : "", x->last_known ? sizeof file->name : 1);
	}
	if (x->last_known)
		step_path(x, x->last_name, false);
	else
		x->partial = true;
}

static void negotiate(struct smb_step *x)
{
	static const struct {
		uint16_t number;
		const char *name;
	} dialects[] = {{0x202, "SMB 2.0.2"}, {0x210, "SMB 2.1"}, {0x2ff, "SMB 2"}, {0x300, "SMB 3.0"}, {0x302, "SMB 3.0.2"}, {0x311, "SMB 3.1.1"}};
	unsigned count = x->answer ? 1 : smb_u16(&x->view, 66);

	step_begin(x, "negotiate", GW_ACT_SESSION);
	for (unsigned i = 0; i < count && i < 8; i++) {
		uint16_t number = smb_u16(&x->view, x->answer ? 68 : HEAD2 + 36 + 2 * i);

		for (size_t k = 0; k < SK_ARRAY_SIZE(dialects); k++)
			if (dialects[k].number == number)
				step_dialect(x, dialects[k].name);
	}
	x->partial |= count > 8;
}

static void session_setup(struct smb_step *x)
{
	size_t at = smb_u16(&x->view, x->answer ? 68 : 76), size = smb_u16(&x->view, x->answer ? 70 : 78);
	const uint8_t *blob = smb_clip(&x->view, at, size, &size);

	step_begin(x, "session-setup", GW_ACT_SESSION);
	step_security(x, blob, size);
}

static void tree_connect(struct smb_step *x)
{
	size_t size;
	const uint8_t *path;
	const char *name;

	step_begin(x, "tree-connect", GW_ACT_SESSION);
	if (x->answer) {
		bool pipe = smb_u8(&x->view, 66) == 2;

		if (x->status == 0 && *x->wait.name && !x->peek)
			memo_tree_add(x->s, x->tree, x->wait.name, pipe);
		if (*x->wait.name)
			step_text(x, F_SHARE, x->wait.name);
		return;
	}
	path = smb_clip(&x->view, smb_u16(&x->view, 68), smb_u16(&x->view, 70), &size);
	name = step_read(x, path, size, true, NULL);
	step_text(x, F_SHARE, name);
	step_buffer(x, strcasecmp(smb_base_name(name), "IPC$") ? "smb.share" : "smb.named_pipe", name, strlen(name));
	if (!x->peek)
		memo_wait_add(x->s, x, name, false);
}

static void create_request(struct smb_step *x)
{
	uint32_t access = smb_u32(&x->view, 88), disposition = smb_u32(&x->view, 100), options = smb_u32(&x->view, 104);
	struct smb_tree *tree = memo_tree(x->s, x->tree);
	size_t size;
	const uint8_t *data = smb_clip(&x->view, smb_u16(&x->view, 108), smb_u16(&x->view, 110), &size);
	const char *path;
	bool pipe, writes = access & WRITING || (disposition != 1 && disposition != 3), removes = options & DELETE_ON_CLOSE;

	step_begin(x, removes ? "delete-file" : options & IS_FOLDER && disposition == 2 ? "create-directory" : writes ? "create-file" : "open-file", writes || removes ? GW_ACT_WRITE : GW_ACT_READ);
	path = step_read(x, data, size, true, NULL);
	pipe = tree ? tree->pipe : rpc_pipe_known(smb_pipe_name(path));
	if (pipe) {
		x->name = "open-pipe";
		x->act = GW_ACT_SESSION;
	}
	step_path(x, path, true);
	step_number(x, F_ACCESS, access);
	step_number(x, F_DISPOSITION, disposition);
	x->last = (struct smb_id){UINT64_MAX, x->id};
	x->last_known = true;
	x->last_pipe = pipe;
	memcpy(x->last_name, path, strlen(path) + 1);
	if (x->peek)
		return;
	memo_wait_add(x->s, x, path, pipe);
	memo_file_add(x->s, x->tree, x->last, path, pipe); /* until the answer brings its number */
}

static void create_answer(struct smb_step *x)
{
	struct smb_id id = id_at(x, 128);
	struct smb_file *before = memo_file(x->s, x->tree, x->wait.file);

	step_begin(x, "create-answer", GW_ACT_SESSION);
	if (*x->wait.name)
		step_path(x, x->wait.name, false);
	x->last = id;
	if (x->peek || !x->wait.used)
		return;
	if (before)
		before->id = id;
	if (x->status != 0 && before)
		memo_file_drop(x->s, before);
	else if (x->status == 0 && !before)
		memo_file_add(x->s, x->tree, id, x->wait.name, x->wait.pipe);
}

/* Data that goes to or comes from a file or a pipe. */
static void carry(struct smb_step *x, struct smb_id id, size_t at, size_t size)
{
	const uint8_t *data = smb_clip(&x->view, at, size, &size);
	struct smb_file *file = memo_file(x->s, x->tree, id);
	bool pipe = file ? file->pipe : rpc_begins(data, size);

	if (!pipe)
		step_buffer(x, "file.data", data, size);
	else if (!x->answer)
		x->act = GW_ACT_SESSION; /* what it does is told as a call */
	step_tell(x);
	pipe_feed(x, x->tree, id, x->dir, data, size, x->view.torn);
	x->name = NULL;
}

static void read_file(struct smb_step *x)
{
	step_begin(x, x->answer ? "read-answer" : "read-file", GW_ACT_READ);
	if (!x->answer) {
		name_file(x, 80);
		if (!x->peek)
			memo_wait_add(x->s, x, "", false);
		return;
	}
	if (x->wait.used && (x->status == 0 || x->status == (uint32_t)OVERFLOWED))
		carry(x, x->wait.file, smb_u8(&x->view, 66), smb_u32(&x->view, 68));
}

static void write_file(struct smb_step *x)
{
	step_begin(x, x->answer ? "write-answer" : "write-file", GW_ACT_WRITE);
	if (x->answer)
		return;
	name_file(x, 80);
	carry(x, x->last, smb_u16(&x->view, 66), smb_u32(&x->view, 68));
}

static void control(struct smb_step *x)
{
	uint32_t code = smb_u32(&x->view, 68), at = smb_u32(&x->view, x->answer ? 96 : 88), size = smb_u32(&x->view, x->answer ? 100 : 92);

	step_begin(x, x->answer ? "ioctl-answer" : "ioctl", GW_ACT_CONTROL);
	step_number(x, F_CONTROL, code);
	if (!x->answer) {
		name_file(x, 72);
		x->act = code == PIPE_TRANSCEIVE ? GW_ACT_SESSION : code >> 16 == 0x14 || code >> 16 == 0x6 ? GW_ACT_READ : GW_ACT_CONTROL;
	} else {
		x->last = id_at(x, 72);
	}
	if (code == PIPE_TRANSCEIVE && (!x->answer || x->status == 0 || x->status == (uint32_t)OVERFLOWED))
		carry(x, x->last, at, size);
}

static void set_info(struct smb_step *x)
{
	uint8_t type = smb_u8(&x->view, 66), class = smb_u8(&x->view, 67);
	size_t at = smb_u16(&x->view, 72), size = smb_u32(&x->view, 68);
	bool removes = type == 1 && (class == 13 || class == 64), renames = type == 1 && (class == 10 || class == 65), links = type == 1 && (class == 11 || class == 72);

	step_begin(x, removes ? "delete-file" : renames ? "rename-file" : links ? "link-file" : "set-info", GW_ACT_WRITE);
	name_file(x, 80);
	if ((renames || links) && size >= 20) {
		const uint8_t *name = smb_clip(&x->view, at + 20, smb_u32(&x->view, at + 16), &size);

		step_text(x, F_TO, step_read(x, name, size, true, NULL));
	}
}

static void other(struct smb_step *x)
{
	static const struct {
		const char *name;
		enum gw_act act;
		uint8_t file;
	} names[COMMANDS] = {[LOGOFF] = {"logoff", GW_ACT_SESSION}, [TREE_DISCONNECT] = {"tree-disconnect", GW_ACT_SESSION}, [CLOSE] = {"close-file", GW_ACT_SESSION, 72},
		[FLUSH] = {"flush-file", GW_ACT_SESSION, 72}, [LOCK] = {"lock-file", GW_ACT_SESSION, 72}, [CANCEL] = {"cancel", GW_ACT_SESSION},
		[ECHO] = {"echo", GW_ACT_SESSION}, [QUERY_DIRECTORY] = {"list-directory", GW_ACT_READ, 72}, [NOTIFY] = {"watch-directory", GW_ACT_READ, 72},
		[QUERY_INFO] = {"query-info", GW_ACT_READ, 88}, [OPLOCK_BREAK] = {"oplock-break", GW_ACT_SESSION}};

	if (x->command >= COMMANDS || !names[x->command].name) {
		step_begin(x, "unknown-command", GW_ACT_CONTROL);
		step_odd(x, "smb-command");
		return;
	}
	step_begin(x, names[x->command].name, names[x->command].act);
	if (x->answer)
		return;
	if (names[x->command].file)
		name_file(x, names[x->command].file);
	if (x->peek)
		return;
	if (x->command == TREE_DISCONNECT)
		memo_tree_drop(x->s, x->tree);
	if (x->command == CLOSE) {
		struct smb_file *file = memo_file(x->s, x->tree, x->last);

		if (file)
			memo_file_drop(x->s, file);
	}
}

static void refused(struct smb_step *x)
{
	step_begin(x, "failed", GW_ACT_SESSION);
	if (*x->wait.name)
		step_path(x, x->wait.name, false);
	if (x->command == CREATE && x->wait.used && !x->peek) {
		struct smb_file *file = memo_file(x->s, x->tree, x->wait.file);

		if (file)
			memo_file_drop(x->s, file);
	}
}

static bool failed(const struct smb_step *x)
{
	return x->answer && x->status & 0x80000000 && x->status != (uint32_t)MORE_PROCESSING && x->status != (uint32_t)OVERFLOWED;
}

static void one(struct smb_step *x)
{
	if (failed(x)) {
		refused(x);
	} else {
		switch (x->command) {
		case NEGOTIATE: negotiate(x); break;
		case SESSION_SETUP: session_setup(x); break;
		case TREE_CONNECT: tree_connect(x); break;
		case CREATE: x->answer ? create_answer(x) : create_request(x); break;
		case READ: read_file(x); break;
		case WRITE: write_file(x); break;
		case IOCTL: control(x); break;
		case SET_INFO:
			if (!x->answer) {
				set_info(x);
				break;
			}
			other(x);
			break;
		default: other(x);
		}
	}
	if (x->name)
		step_tell(x);
}

static void read_head(struct smb_step *x, uint32_t *flags)
{
	uint64_t tree;

	x->status = smb_u32(&x->view, 8);
	x->command = smb_u16(&x->view, 12);
	*flags = smb_u32(&x->view, 16);
	x->answer = step_side(x, *flags & FLAG_ANSWER);
	x->id = smb_u64(&x->view, 24);
	tree = smb_u32(&x->view, 36) | (uint64_t)1 << 32;
	if (*flags & FLAG_ASYNC)
		tree = 0;
	if (!(*flags & FLAG_RELATED && tree == ((uint64_t)1 << 32 | UINT32_MAX)))
		x->tree = tree;
	x->wait = (struct smb_wait){0};
	if (x->answer && x->status != PENDING && !x->peek && memo_wait_take(x->s, x->id, x->command, &x->wait) && (x->tree == 0 || (*flags & FLAG_ASYNC)))
		x->tree = x->wait.tree;
}

void smb2_read(struct smb *s, struct gw_turn *turn, enum gw_dir dir, const struct smb_view *view, size_t size, size_t back, bool peek)
{
	_cleanup_free_ struct smb_step *x = sk_calloc(1, sizeof *x);
	size_t at = 0;

	if (!x)
		return;
	*x = (struct smb_step){.s = s, .turn = turn, .dir = dir, .peek = peek, .version = 2, .unicode = true, .back = back, .size = size + 4};
	for (unsigned i = 0; i < SMB_COMMANDS_MAX; i++) {
		uint32_t flags, next;

		x->view = (struct smb_view){.data = view->data + at, .size = view->size - at};
		next = smb_u32(&x->view, 20);
		read_head(x, &flags);
		if (next && next < view->size - at)
			x->view.size = next;
		one(x);
		if (!next || peek)
			return;
		if (next < HEAD2 || next % 8 || next > size - at) {
			step_odd(x, "smb-compound");
			return;
		}
		if (view->size - at < (size_t)next + HEAD2 || memcmp(view->data + at + next, "\xfeSMB", 4) != 0) {
			step_odd(x, size > SMB_KEPT ? "smb-long" : "smb-compound");
			return;
		}
		at += next;
	}
	step_odd(x, "smb-compound");
}

void smb3_read_wrapped(struct smb *s, struct gw_turn *turn, enum gw_dir dir, const struct smb_view *view, size_t size, size_t back, bool peek)
{
	_cleanup_free_ struct smb_step *x = sk_calloc(1, sizeof *x);
	bool packed = view->data[0] == 0xfc;

	if (!x)
		return;
	*x = (struct smb_step){.s = s, .turn = turn, .dir = dir, .peek = peek, .version = 2, .back = back, .size = size + 4, .view = *view};
	step_begin(x, packed ? "compressed" : "encrypted", GW_ACT_CONTROL);
	x->field_count = 1; /* it has a version and no command */
	x->partial = true;
	if (packed) {
		step_number(x, F_UNPACKED, smb_u32(&x->view, 4));
		step_number(x, F_OFFSET, smb_u32(&x->view, 12));
	}
	step_tell(x);
}
