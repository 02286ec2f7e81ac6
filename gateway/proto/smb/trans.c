// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Transactions of SMB 1 (MS-CIFS sections 2.2.4.33, 2.2.4.46, 2.2.4.62 and their later parts): parameters and data are put where their displacement says,
 * and read when all have come. A later part of another kind than the first is what EternalBlue sends; both kinds are told.
 */
#include "proto/smb/inside.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { TRANS = 0x25, TRANS_MORE, TRANS2 = 0x32, TRANS2_MORE, NT = 0xa0, NT_MORE, NM_PEEK = 0x23, NM_TRANSACT = 0x26, NM_RAW_WRITE = 0x31, NM_WAIT = 0x53, NM_CALL = 0x54 };

/* The part in hand: counts and places. */
struct part {
	uint32_t total_parameters, total_data, parameters, parameters_at, parameters_to, data, data_at, data_to;
	uint16_t function;
};

static const char *kind(uint8_t command)
{
	return command == TRANS || command == TRANS_MORE ? "transaction" : command == TRANS2 || command == TRANS2_MORE ? "transaction2" : "nt-transact";
}

static struct part read_first(struct smb_step *x, size_t w)
{
	struct smb_view *v = &x->view;

	if (x->command == NT)
		return (struct part){smb_u32(v, w + 3), smb_u32(v, w + 7), smb_u32(v, w + 19), smb_u32(v, w + 23), 0, smb_u32(v, w + 27), smb_u32(v, w + 31), 0, smb_u16(v, w + 36)};
	return (struct part){smb_u16(v, w), smb_u16(v, w + 2), smb_u16(v, w + 18), smb_u16(v, w + 20), 0, smb_u16(v, w + 22), smb_u16(v, w + 24), 0,
		smb_u8(v, w + 26) ? smb_u16(v, w + 28) : 0};
}

static struct part read_more(struct smb_step *x, size_t w)
{
	struct smb_view *v = &x->view;

	if (x->command == NT_MORE)
		return (struct part){smb_u32(v, w + 3), smb_u32(v, w + 7), smb_u32(v, w + 11), smb_u32(v, w + 15), smb_u32(v, w + 19), smb_u32(v, w + 23), smb_u32(v, w + 27), smb_u32(v, w + 31), 0};
	return (struct part){smb_u16(v, w), smb_u16(v, w + 2), smb_u16(v, w + 4), smb_u16(v, w + 6), smb_u16(v, w + 8), smb_u16(v, w + 10), smb_u16(v, w + 12), smb_u16(v, w + 14), 0};
}

static struct part read_answer(struct smb_step *x, size_t w)
{
	struct smb_view *v = &x->view;

	if (x->command == NT)
		return (struct part){smb_u32(v, w + 3), smb_u32(v, w + 7), smb_u32(v, w + 11), smb_u32(v, w + 15), smb_u32(v, w + 19), smb_u32(v, w + 23), smb_u32(v, w + 27), smb_u32(v, w + 31), 0};
	return (struct part){smb_u16(v, w), smb_u16(v, w + 2), smb_u16(v, w + 6), smb_u16(v, w + 8), smb_u16(v, w + 10), smb_u16(v, w + 12), smb_u16(v, w + 14), smb_u16(v, w + 16), 0};
}

/* Puts bytes at their displacement; what is behind the room is not kept. Zeroes stand where nothing came. */
static void put_at(struct smb_trans *t, struct sk_buf *buf, const uint8_t *data, size_t size, uint32_t to)
{
	static const uint8_t zeroes[64];

	if (to > buf->max || size > buf->max - to) {
		t->torn = true;
		size = to > buf->max ? 0 : buf->max - to;
	}
	if (!size)
		return;
	while (buf->size < to)
		if (sk_buf_append(buf, zeroes, SK_MIN(sizeof zeroes, to - buf->size))) {
			t->torn = true;
			return;
		}
	if (to < buf->size) {
		size_t over = SK_MIN(size, buf->size - to);

		memcpy(buf->data + to, data, over);
		data += over;
		size -= over;
	}
	t->torn |= size && sk_buf_append(buf, data, size);
}

static void add_part(struct smb_step *x, struct smb_trans *t, const struct part *p)
{
	size_t size;
	const uint8_t *data = smb_clip(&x->view, p->parameters_at, p->parameters, &size);

	put_at(t, &t->parameters, data, size, p->parameters_to);
	data = smb_clip(&x->view, p->data_at, p->data, &size);
	put_at(t, &t->data, data, size, p->data_to);
	t->got_parameters += p->parameters;
	t->got_data += p->data;
	t->torn |= x->view.torn;
	if (t->got_parameters > t->total_parameters || t->got_data > t->total_data || p->data_to > t->total_data || p->parameters_to > t->total_parameters)
		step_odd(x, "smb-transaction");
}

static bool complete(const struct smb_trans *t)
{
	return t->got_parameters >= t->total_parameters && t->got_data >= t->total_data;
}

static const char *parameter_name(struct smb_step *x, struct smb_trans *t, size_t at)
{
	at += x->unicode && at % 2;
	if (t->parameters.size <= at)
		return NULL;
	return step_read(x, (const uint8_t *)t->parameters.data + at, t->parameters.size - at, x->unicode, NULL);
}

static uint16_t parameter16(struct smb_trans *t, size_t at)
{
	struct smb_view v = {.data = (const uint8_t *)t->parameters.data, .size = t->parameters.size};

	return smb_u16(&v, at);
}

/* A new name in the data (MS-FSCC sections 2.4.21 and 2.4.37): whether to replace, a folder's number, its length, itself. */
static void new_name(struct smb_step *x, struct smb_trans *t)
{
	struct smb_view v = {.data = (const uint8_t *)t->data.data, .size = t->data.size};
	size_t size = smb_u32(&v, 8);
	const uint8_t *name = smb_clip(&v, 12, size, &size);

	step_text(x, F_TO, step_read(x, name, size, x->unicode, NULL));
	x->partial |= v.torn;
}

/* TRANS2: what it does and to which file. */
static void name_trans2(struct smb_step *x, struct smb_trans *t)
{
	static const struct {
		const char *name;
		enum gw_act act;
		uint8_t path; /* where in the parameters; 0 = none */
		uint8_t level; /* the same, 255 = none */
	} functions[] = {[0] = {"open-file", GW_ACT_WRITE, 28, 255}, [1] = {"list-directory", GW_ACT_READ, 12, 255}, [2] = {"list-directory", GW_ACT_READ, 0, 255},
		[3] = {"query-volume", GW_ACT_READ, 0, 255}, [4] = {"set-volume", GW_ACT_WRITE, 0, 255}, [5] = {"query-info", GW_ACT_READ, 6, 255}, [6] = {"set-info", GW_ACT_WRITE, 6, 0},
		[7] = {"query-info", GW_ACT_READ, 0, 255}, [8] = {"set-info", GW_ACT_WRITE, 0, 2}, [13] = {"create-directory", GW_ACT_WRITE, 4, 255},
		[14] = {"trans2-session-setup", GW_ACT_CONTROL, 0, 255}, [16] = {"get-referral", GW_ACT_READ, 2, 255}};
	const char *path;
	uint16_t level;

	if (t->function >= SK_ARRAY_SIZE(functions) || !functions[t->function].name)
		return;
	x->name = functions[t->function].name;
	x->act = functions[t->function].act;
	if (functions[t->function].path && (path = parameter_name(x, t, functions[t->function].path)))
		step_path(x, path, true);
	level = functions[t->function].level == 255 ? 0 : parameter16(t, functions[t->function].level);
	if (level == 0x102 || level == 1013)
		x->name = "delete-file";
	if (level == 1010 || level == 1011) {
		x->name = level == 1010 ? "rename-file" : "link-file";
		new_name(x, t);
	}
}

static void name_nt(struct smb_step *x, struct smb_trans *t)
{
	static const struct {
		const char *name;
		enum gw_act act;
	} functions[] = {[1] = {"create-file", GW_ACT_WRITE}, [2] = {"ioctl", GW_ACT_CONTROL}, [3] = {"set-security", GW_ACT_WRITE}, [4] = {"watch-directory", GW_ACT_READ},
		[5] = {"rename-file", GW_ACT_WRITE}, [6] = {"query-security", GW_ACT_READ}};
	const char *path;

	if (t->function >= SK_ARRAY_SIZE(functions) || !functions[t->function].name)
		return;
	x->name = functions[t->function].name;
	x->act = functions[t->function].act;
	if (t->function == 1 && (path = parameter_name(x, t, 53)))
		step_path(x, path, true);
}

static void name_pipe(struct smb_step *x, struct smb_trans *t)
{
	struct smb_file *file = memo_file(x->s, x->tree, (struct smb_id){t->fid, 0});

	x->name = t->function == NM_PEEK ? "peek-pipe" : t->function == NM_WAIT ? "wait-pipe" : t->function == NM_CALL ? "call-pipe" : "transact-pipe";
	x->act = t->function == NM_PEEK ? GW_ACT_READ : GW_ACT_SESSION;
	if (t->function != NM_CALL && t->function != NM_WAIT)
		step_number(x, F_FID, t->fid);
	if (file)
		step_path(x, file->name, false);
	else if (t->function == NM_CALL || t->function == NM_WAIT)
		step_path(x, t->name, true);
	else
		x->partial = true;
}

static struct smb_id call_id(struct smb_step *x)
{
	return (struct smb_id){1u << 16, x->id};
}

/* All of it is there: what it says, and what it brings a pipe. */
static void tell_trans(struct smb_step *x, struct smb_trans *t)
{
	struct smb_id id = {t->fid, 0};

	step_begin(x, x->answer ? "transaction-answer" : kind(t->command), x->answer ? GW_ACT_SESSION : GW_ACT_CONTROL);
	x->partial |= t->torn;
	step_number(x, F_SUBCOMMAND, t->function);
	step_number(x, F_TOTAL, t->total_data);
	step_number(x, F_MULTIPLEX, smb_u16(&x->view, 30));
	if (!x->answer && t->command == TRANS && (t->function == NM_TRANSACT || t->function == NM_PEEK || t->function == NM_WAIT || t->function == NM_CALL || t->function == NM_RAW_WRITE))
		name_pipe(x, t);
	else if (!x->answer && t->command == TRANS)
		step_path(x, t->name, true);
	else if (!x->answer && t->command == TRANS2)
		name_trans2(x, t);
	else if (!x->answer)
		name_nt(x, t);
	step_tell(x);
	x->name = NULL;
	if (t->command != TRANS || (t->function != NM_TRANSACT && t->function != NM_CALL && t->function != NM_RAW_WRITE) || x->peek)
		return;
	if (t->function == NM_CALL) {
		id = call_id(x);
		if (!x->answer)
			memo_file_add(x->s, x->tree, id, t->name, true);
	}
	pipe_feed(x, x->tree, id, x->dir, (const uint8_t *)(t->data.data ? t->data.data : ""), t->data.size, t->torn);
}

static uint64_t trans_id(struct smb_step *x)
{
	return x->id ^ (uint64_t)smb_u16(&x->view, 28) << 48; /* of whom, as well */
}

void trans_first(struct smb_step *x, size_t words, unsigned word_count, size_t bytes, size_t byte_count)
{
	struct part p = read_first(x, words);
	struct smb_trans *t = memo_trans_add(x->s, x->dir, trans_id(x));
	size_t size;
	const uint8_t *name;

	t->command = (uint8_t)x->command;
	t->function = p.function;
	t->fid = x->command == TRANS && word_count >= 16 ? smb_u16(&x->view, words + 30) : 0;
	t->total_parameters = p.total_parameters;
	t->total_data = p.total_data;
	if (x->command == TRANS) {
		bytes += x->unicode && bytes % 2;
		name = smb_clip(&x->view, bytes, byte_count, &size);
		x->view.torn = false; /* the padding before the name is counted on some sides */
		smb_text(name, size, x->unicode, t->name, NULL);
	}
	add_part(x, t, &p);
	if (!x->peek) {
		struct smb_wait *wait = memo_wait_add(x->s, x, t->name, false);

		wait->file = (struct smb_id){t->fid, 0};
		wait->subcommand = t->function;
	}
	if (complete(t) || x->peek) {
		tell_trans(x, t);
		memo_trans_drop(t);
		return;
	}
	step_begin(x, "transaction-begin", GW_ACT_SESSION);
	step_text(x, F_BEGAN, kind(t->command));
	step_number(x, F_SUBCOMMAND, t->function);
	step_number(x, F_TOTAL, t->total_data);
}

void trans_more(struct smb_step *x, size_t words)
{
	struct part p = read_more(x, words);
	struct smb_trans *t = memo_trans(x->s, x->dir, trans_id(x));

	step_begin(x, x->command == TRANS_MORE ? "transaction-more" : x->command == TRANS2_MORE ? "transaction2-more" : "nt-transact-more", GW_ACT_CONTROL);
	step_number(x, F_MULTIPLEX, smb_u16(&x->view, 30));
	if (!t) {
		x->partial = true;
		return;
	}
	step_text(x, F_BEGAN, kind(t->command));
	step_number(x, F_SUBCOMMAND, t->function);
	step_number(x, F_TOTAL, t->total_data);
	if (x->peek)
		return;
	if (strcmp(kind(t->command), kind((uint8_t)x->command)) != 0) {
		step_odd(x, "smb-transaction");
		return; /* another kind: what the server makes of it nobody knows */
	}
	t->total_parameters = SK_MIN(t->total_parameters, p.total_parameters);
	t->total_data = SK_MIN(t->total_data, p.total_data);
	add_part(x, t, &p);
	if (!complete(t))
		return;
	x->command = t->command;
	tell_trans(x, t);
	memo_trans_drop(t);
}

void trans_answer(struct smb_step *x, size_t words, unsigned word_count)
{
	struct smb_trans *t = memo_trans(x->s, x->dir, trans_id(x));
	struct part p;

	if (word_count < 10) {
		step_begin(x, "transaction-answer", GW_ACT_SESSION);
		return;
	}
	p = read_answer(x, words);
	if (!t) {
		t = memo_trans_add(x->s, x->dir, trans_id(x));
		t->command = (uint8_t)x->command;
		t->total_parameters = p.total_parameters;
		t->total_data = p.total_data;
		t->function = x->wait.used ? x->wait.subcommand : 0;
		t->fid = (uint16_t)x->wait.file.a;
	}
	add_part(x, t, &p);
	if (!complete(t) && !x->peek) {
		step_begin(x, "transaction-answer", GW_ACT_SESSION);
		return;
	}
	tell_trans(x, t);
	memo_trans_drop(t);
}
