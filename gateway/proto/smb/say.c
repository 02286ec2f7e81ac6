// SPDX-License-Identifier: GPL-3.0-or-later
/* Telling what a command of SMB says: its fields, the buffers of rules, and who signs in. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/smb/inside.h"

const struct gw_field_def smb_fields[SMB_FIELDS] = {
	RPC_FIELD_DEFS,
	[F_VERSION] = {"version", GW_UINT, .learn = true, .en = "1, or 2 for SMB 2 and 3", .ja = "1、または SMB 2・3 では 2"},
	[F_COMMAND] = {"command", GW_UINT, .en = "the command's number", .ja = "コマンドの番号"},
	[F_STATUS] = {"status", GW_UINT, .en = "the answer's status", .ja = "応答の状態"},
	[F_SHARE] = {"share", GW_TEXT, .learn = true, .en = "the share, with its server", .ja = "共有（サーバー名を含む）"},
	[F_FILE] = {"file", GW_TEXT, .en = "the file or directory", .ja = "ファイルまたはフォルダー"},
	[F_TO] = {"to", GW_TEXT, .en = "its new name", .ja = "新しい名前"},
	[F_PIPE] = {"pipe", GW_TEXT, .learn = true, .en = "the named pipe", .ja = "名前付きパイプ"},
	[F_ACCESS] = {"access", GW_UINT, .en = "the access that is asked for", .ja = "求められたアクセス"},
	[F_DISPOSITION] = {"disposition", GW_UINT, .en = "what to do when the file is there, or is not", .ja = "ファイルの有無に応じた動作"},
	[F_SUBCOMMAND] = {"subcommand", GW_UINT, .en = "of a transaction: its function", .ja = "トランザクションの機能"},
	[F_BEGAN] = {"began", GW_TEXT, .en = "of a transaction's later part: what its first part was", .ja = "続きの部分：最初の部分の種別"},
	[F_TOTAL] = {"total", GW_UINT, .en = "of a transaction: its bytes of data in all", .ja = "トランザクションのデータの総バイト数"},
	[F_FID] = {"fid", GW_UINT, .en = "the number of the open file (SMB 1)", .ja = "開いたファイルの番号（SMB 1）"},
	[F_CONTROL] = {"control", GW_UINT, .en = "the control code (SMB 2)", .ja = "制御コード（SMB 2）"},
	[F_DIALECT] = {"dialect", GW_TEXT, .en = "a dialect that is offered or chosen", .ja = "提示または選択された方言"},
	[F_USER] = {"user", GW_TEXT, .learn = true, .en = "who signs in", .ja = "サインインする利用者"},
	[F_DOMAIN] = {"domain", GW_TEXT, .en = "the user's domain", .ja = "利用者のドメイン"},
	[F_HOST] = {"host", GW_TEXT, .en = "the computer that is signed in from", .ja = "サインイン元のコンピューター"},
	[F_SYSTEM] = {"system", GW_TEXT, .en = "the operating system that is named", .ja = "名乗った OS"},
	[F_UNPACKED] = {"unpacked", GW_UINT, .en = "of a compressed message: its size unpacked", .ja = "圧縮メッセージの展開後の大きさ"},
	[F_OFFSET] = {"offset", GW_UINT, .en = "of a compressed message: where the compressed part begins", .ja = "圧縮部分の位置"},
	[F_MULTIPLEX] = {"multiplex", GW_UINT, .en = "the multiplex number (SMB 1)", .ja = "マルチプレックス番号（SMB 1）"},
};

void step_begin(struct smb_step *x, const char *name, enum gw_act act)
{
	x->name = name;
	x->act = act;
	x->partial = false;
	x->field_count = x->buffer_count = x->texts = 0;
	step_number(x, F_VERSION, x->version);
	step_number(x, F_COMMAND, x->command);
	if (x->answer)
		step_number(x, F_STATUS, x->status);
}

void step_number(struct smb_step *x, enum smb_field field, uint64_t value)
{
	if (x->field_count < SK_ARRAY_SIZE(x->fields))
		x->fields[x->field_count++] = (struct gw_field){.def = (uint16_t)field, .u = value};
	else
		x->partial = true;
}

void step_text(struct smb_step *x, enum smb_field field, const char *text)
{
	if (x->field_count < SK_ARRAY_SIZE(x->fields))
		x->fields[x->field_count++] = (struct gw_field){.def = (uint16_t)field, .bytes = {(const uint8_t *)text, strlen(text)}};
	else
		x->partial = true;
}

void step_buffer(struct smb_step *x, const char *name, const void *data, size_t size)
{
	if (x->buffer_count < SK_ARRAY_SIZE(x->buffers))
		x->buffers[x->buffer_count++] = (struct gw_buffer){.name = name, .data = data, .size = size};
}

const char *step_read(struct smb_step *x, const uint8_t *data, size_t size, bool unicode, size_t *ret_used)
{
	char *room;

	if (x->texts == SK_ARRAY_SIZE(x->text)) {
		x->partial = true;
		if (ret_used)
			*ret_used = size;
		return "";
	}
	room = x->text[x->texts++];
	if (smb_text(data, size, unicode, room, ret_used) + 5 >= SMB_TEXT)
		x->partial = true;
	return room;
}

void step_tell(struct smb_step *x)
{
	const struct gw_message m = {.name = x->name, .act = x->act, .dir = x->dir, .from = x->dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT, .request = !x->answer,
		.whole = !x->peek, .partial = x->partial || x->view.torn, .id = x->id + 1, .size = x->size, .back = x->back, .fields = x->fields,
		.field_count = x->field_count, .buffers = x->buffers, .buffer_count = x->buffer_count};
	enum gw_reply reply;

	x->turn->engine->say(x->turn, &m, &reply);
	if (x->view.torn && !x->peek && x->size <= SMB_KEPT + 4)
		step_odd(x, "smb-torn");
}

void step_odd(struct smb_step *x, const char *word)
{
	if (!x->peek)
		x->turn->engine->odd(x->turn, x->dir, word);
}

void step_tree(struct smb_step *x)
{
	struct smb_tree *tree = memo_tree(x->s, x->tree);

	if (!tree) {
		x->partial = true;
		return;
	}
	step_text(x, F_SHARE, tree->name);
}

bool step_side(struct smb_step *x, bool says)
{
	if (says && x->dir == GW_TO_SERVER)
		step_odd(x, "smb-direction");
	return x->dir == GW_TO_CLIENT;
}

/* Of what was opened: a pipe's name, or a file's. */
void step_path(struct smb_step *x, const char *path, bool request)
{
	struct smb_tree *tree = memo_tree(x->s, x->tree);
	const char *base = smb_pipe_name(path);
	bool pipe = tree ? tree->pipe : rpc_pipe_known(base);

	step_tree(x);
	step_text(x, pipe ? F_PIPE : F_FILE, pipe ? base : path);
	if (request)
		step_buffer(x, pipe ? "smb.named_pipe" : "smb.filename", pipe ? base : path, strlen(pipe ? base : path));
}

void step_dialect(struct smb_step *x, const char *text)
{
	step_text(x, F_DIALECT, text);
}

static const char *security_text(struct smb_step *x, struct smb_view *v, size_t at, bool unicode)
{
	uint16_t size = smb_u16(v, at);
	const uint8_t *data = smb_bytes(v, smb_u32(v, at + 4), size);

	return data ? step_read(x, data, size, unicode, NULL) : "";
}

void step_security(struct smb_step *x, const uint8_t *data, size_t size)
{
	const uint8_t *at = size ? memmem(data, size, "NTLMSSP", 8) : NULL;
	const char *domain, *user, *host;
	struct smb_view v;
	bool unicode;

	if (!at)
		return;
	v = (struct smb_view){.data = at, .size = size - (size_t)(at - data)};
	if (smb_u32(&v, 8) != 3)
		return;
	unicode = smb_u32(&v, 60) & 1;
	domain = security_text(x, &v, 28, unicode);
	user = security_text(x, &v, 36, unicode);
	host = security_text(x, &v, 44, unicode);
	step_text(x, F_DOMAIN, domain);
	step_text(x, F_USER, user);
	step_text(x, F_HOST, host);
	step_buffer(x, "smb.ntlmssp_domain", domain, strlen(domain));
	step_buffer(x, "smb.ntlmssp_user", user, strlen(user));
	x->partial |= v.torn;
}
