// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SMB (MS-CIFS, MS-SMB, MS-SMB2): what its files share.
 *
 * frame.c finds messages in the stream (RFC 1002 section 4.3), smb1.c, trans.c and smb2.c read them, memo.c remembers trees, files and what was asked,
 * say.c tells, pipe.c hands what a named pipe carries to DCE/RPC. All of it is bounded: the oldest makes room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/dcerpc/rpc.h"
#include "proto/proto.h"

enum { SMB_KEPT = 65536, SMB_EARLY = 1024, SMB_LONG = 16384, SMB_TEXT = 512, SMB_TREES = 16, SMB_FILES = 48, SMB_WAITS = 48, SMB_PIPES = 4, SMB_TRANS = 4,
	SMB_TRANS_KEPT = 8192, SMB_PARAMETERS_KEPT = 1024, SMB_COMMANDS_MAX = 32, SMB_SEEK_MAX = 12,
	SMB_BUDGET = 2 * SMB_KEPT + SMB_PIPES * RPC_BUDGET + SMB_TRANS * (SMB_TRANS_KEPT + SMB_PARAMETERS_KEPT) };

/* The first ones are those of a call. */
enum smb_field { F_VERSION = RPC_FIELDS, F_COMMAND, F_STATUS, F_SHARE, F_FILE, F_TO, F_PIPE, F_ACCESS, F_DISPOSITION, F_SUBCOMMAND, F_BEGAN, F_TOTAL, F_FID, F_CONTROL,
	F_DIALECT, F_USER, F_DOMAIN, F_HOST, F_SYSTEM, F_UNPACKED, F_OFFSET, F_MULTIPLEX, SMB_FIELDS };
extern const struct gw_field_def smb_fields[];

/* A message as it lies in the frame, from its header on. What is asked for behind its end sets `torn`. Little-endian. */
struct smb_view {
	const uint8_t *data;
	size_t size;
	bool torn;
};
uint8_t smb_u8(struct smb_view *v, size_t at);
uint16_t smb_u16(struct smb_view *v, size_t at);
uint32_t smb_u32(struct smb_view *v, size_t at);
uint64_t smb_u64(struct smb_view *v, size_t at);
/* NULL when they are not all there. */
const uint8_t *smb_bytes(struct smb_view *v, size_t at, size_t size);
/* As many of them as are there; sets `torn` when some are not. */
const uint8_t *smb_clip(struct smb_view *v, size_t at, size_t size, size_t *ret_size);
/* As UTF-8 up to the first zero, and its length. *ret_used, when given, is how many bytes it took with its zero. */
size_t smb_text(const uint8_t *data, size_t size, bool unicode, char out[SMB_TEXT], size_t *ret_used);
/* What stands behind the last slash: of a share, its name without its server. */
const char *smb_base_name(const char *path);
/* The name of a pipe without "\PIPE\" before it. */
const char *smb_pipe_name(const char *path);

struct smb_id {
	uint64_t a, b; /* of SMB1: the number alone */
};

struct smb_tree {
	uint64_t id; /* 0 = free; of SMB1 and SMB2 the number and 1 << 32 */
	char name[SMB_TEXT];
	bool pipe;
};

struct smb_pipe {
	bool used;
	struct rpc rpc;
};

struct smb_file {
	bool used, pipe, unnamed;
	struct smb_id id;
	uint64_t tree;
	uint32_t age;
	int rpc; /* place in pipes, -1 = none */
	char name[SMB_TEXT];
};

/* Asked, not answered. */
struct smb_wait {
	bool used, pipe;
	uint64_t id, tree;
	uint16_t command, subcommand;
	struct smb_id file;
	char name[SMB_TEXT];
};

/* A transaction of SMB1 whose parts are put together. */
struct smb_trans {
	bool used, torn;
	enum gw_dir dir;
	uint64_t id;
	uint8_t command;
	uint16_t function, fid;
	uint32_t total_parameters, total_data, got_parameters, got_data, age;
	struct sk_buf parameters, data;
	char name[SMB_TEXT];
};

struct smb_side {
	uint8_t head[4];
	unsigned have;
	uint32_t size, left;  /* of the frame in hand */
	struct sk_buf frame;
	bool torn, early, lost, spoken;
	uint8_t seek[SMB_SEEK_MAX];
	unsigned sought;
};

struct smb {
	struct smb_side side[2];
	struct smb_tree trees[SMB_TREES];
	unsigned tree_next;
	struct smb_file files[SMB_FILES];
	uint32_t clock;
	struct smb_wait waits[SMB_WAITS];
	unsigned wait_next;
	struct smb_pipe pipes[SMB_PIPES];
	unsigned pipe_next;
	struct smb_trans trans[SMB_TRANS];
};

/* One command of a message in hand, and what will be told of it. */
struct smb_step {
	struct smb *s;
	struct gw_turn *turn;
	enum gw_dir dir;
	bool peek;          /* of a long frame its beginning alone: nothing is remembered */
	uint8_t version;    /* 1 or 2 */
	bool answer, unicode;
	uint16_t command;
	uint32_t status;
	uint64_t id, tree;  /* pairs the answer; the tree as in smb_tree */
	size_t back;        /* bytes of what data() was given behind the frame */
	size_t size;        /* of the frame with its length before it: what a refusal takes out of the stream, whichever command is refused */
	struct smb_view view;
	struct smb_wait wait; /* what an answer answers */
	struct smb_id last;   /* the file that a related or chained command speaks of */
	bool last_known;
	char last_name[SMB_TEXT];
	bool last_pipe;
	/* to be told */
	const char *name;
	enum gw_act act;
	bool partial;
	struct gw_field fields[24];
	size_t field_count;
	struct gw_buffer buffers[6];
	size_t buffer_count;
	char text[6][SMB_TEXT]; /* values of fields and buffers */
	unsigned texts;
};

/* say.c */
void step_begin(struct smb_step *x, const char *name, enum gw_act act);
void step_number(struct smb_step *x, enum smb_field field, uint64_t value);
void step_text(struct smb_step *x, enum smb_field field, const char *text);
void step_buffer(struct smb_step *x, const char *name, const void *data, size_t size);
/* Text out of the message, kept until it is told; "" when there is no room. */
const char *step_read(struct smb_step *x, const uint8_t *data, size_t size, bool unicode, size_t *ret_used);
void step_tell(struct smb_step *x);
void step_odd(struct smb_step *x, const char *word);
/*
 * Whether it is an answer: what the server sends is, whatever its header says. Servers do not look at the flag in what they are asked. A server asks on its own only to have
 * locks given back.
 */
bool step_side(struct smb_step *x, bool says);
/* A tree's or a file's name as fields and buffers. */
void step_tree(struct smb_step *x);
void step_path(struct smb_step *x, const char *path, bool request);
void step_dialect(struct smb_step *x, const char *text);
/* What NTLMSSP says of who signs in (MS-NLMP section 2.2.1.3). */
void step_security(struct smb_step *x, const uint8_t *data, size_t size);

/* memo.c */
struct smb_tree *memo_tree(struct smb *s, uint64_t id);
void memo_tree_add(struct smb *s, uint64_t id, const char *name, bool pipe);
void memo_tree_drop(struct smb *s, uint64_t id);
struct smb_file *memo_file(struct smb *s, uint64_t tree, struct smb_id id);
struct smb_file *memo_file_add(struct smb *s, uint64_t tree, struct smb_id id, const char *name, bool pipe);
void memo_file_drop(struct smb *s, struct smb_file *file);
struct smb_wait *memo_wait_add(struct smb *s, const struct smb_step *x, const char *name, bool pipe);
/* Takes it out. */
bool memo_wait_take(struct smb *s, uint64_t id, uint16_t command, struct smb_wait *ret_wait);
struct smb_trans *memo_trans(struct smb *s, enum gw_dir dir, uint64_t id);
struct smb_trans *memo_trans_add(struct smb *s, enum gw_dir dir, uint64_t id);
void memo_trans_drop(struct smb_trans *t);
void memo_end(struct smb *s);

/* pipe.c */
/* Bytes that a file's reader or writer exchanges; those of a pipe are RPC. False: they are a file's. */
bool pipe_feed(struct smb_step *x, uint64_t tree, struct smb_id id, enum gw_dir dir, const uint8_t *data, size_t size, bool torn);

/* trans.c */
void trans_first(struct smb_step *x, size_t words, unsigned word_count, size_t bytes, size_t byte_count);
void trans_more(struct smb_step *x, size_t words);
void trans_answer(struct smb_step *x, size_t words, unsigned word_count);

void smb1_read(struct smb *s, struct gw_turn *turn, enum gw_dir dir, const struct smb_view *view, size_t size, size_t back, bool peek);
void smb2_read(struct smb *s, struct gw_turn *turn, enum gw_dir dir, const struct smb_view *view, size_t size, size_t back, bool peek);
/* MS-SMB2 section 2.2.41 and 2.2.42: what is in them cannot be read. */
void smb3_read_wrapped(struct smb *s, struct gw_turn *turn, enum gw_dir dir, const struct smb_view *view, size_t size, size_t back, bool peek);
