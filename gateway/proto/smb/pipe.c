// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Named pipes: what is written to one and read from it is a connection of DCE/RPC of its own. A pipe that was opened before this session was picked up is
 * known by the first PDU in it.
 */
#include "proto/smb/inside.h"

#include <string.h>

#include "base/mem.h"

struct pipe_turn {
	struct smb_step *x;
	struct smb_file *file;
	const char *share;
};

static void tell(void *context, struct rpc_told *t)
{
	struct pipe_turn *p = context;
	const char *name = smb_pipe_name(p->file->name);
	enum gw_reply reply;

	t->fields[t->field_count++] = (struct gw_field){.def = F_VERSION, .u = p->x->version};
	if (*name) {
		t->fields[t->field_count++] = (struct gw_field){.def = F_PIPE, .bytes = {(const uint8_t *)name, strlen(name)}};
		t->buffers[t->buffer_count++] = (struct gw_buffer){.name = "smb.named_pipe", .data = (const uint8_t *)name, .size = strlen(name)};
	} else {
		t->message.partial = true;
	}
	if (*p->share)
		t->fields[t->field_count++] = (struct gw_field){.def = F_SHARE, .bytes = {(const uint8_t *)p->share, strlen(p->share)}};
	/* A call's first fragment is whole as a frame: what is refused is the frame. */
	t->message.partial |= !t->message.whole;
	t->message.whole = true;
	t->message.size = p->x->size;
	t->message.back = p->x->back;
	t->message.fields = t->fields;
	t->message.field_count = t->field_count;
	t->message.buffers = t->buffers;
	t->message.buffer_count = t->buffer_count;
	p->x->turn->engine->say(p->x->turn, &t->message, &reply);
}

static void odd(void *context, enum gw_dir dir, const char *word)
{
	struct gw_turn *turn = ((struct pipe_turn *)context)->x->turn;

	turn->engine->odd(turn, dir, word);
}

/* The connection of a pipe; the one that was opened longest ago loses its own. */
static struct rpc *rpc_of(struct smb *s, struct smb_file *file)
{
	unsigned place;

	if (file->rpc >= 0)
		return &s->pipes[file->rpc].rpc;
	for (place = 0; place < SMB_PIPES && s->pipes[place].used; place++)
		;
	if (place == SMB_PIPES) {
		place = s->pipe_next++ % SMB_PIPES;
		rpc_end(&s->pipes[place].rpc);
		for (unsigned i = 0; i < SMB_FILES; i++)
			if (s->files[i].used && s->files[i].rpc == (int)place)
				s->files[i].rpc = -1;
	}
	s->pipes[place].used = true;
	rpc_begin(&s->pipes[place].rpc);
	file->rpc = (int)place;
	return &s->pipes[place].rpc;
}

bool pipe_feed(struct smb_step *x, uint64_t tree, struct smb_id id, enum gw_dir dir, const uint8_t *data, size_t size, bool torn)
{
	struct smb_file *file = memo_file(x->s, tree, id);
	struct smb_tree *t = memo_tree(x->s, tree);
	struct pipe_turn p = {.x = x, .share = t ? t->name : ""};
	const struct rpc_ear ear = {tell, odd, &p};
	struct rpc *rpc;

	if (x->peek)
		return file ? file->pipe : rpc_begins(data, size);
	if (!file && rpc_begins(data, size) && (!t || t->pipe))
		file = memo_file_add(x->s, tree, id, "", true);
	if (!file || !file->pipe)
		return false;
	p.file = file;
	rpc = rpc_of(x->s, file);
	if (size && !rpc_feed(rpc, dir, data, size, 0, &ear) && !torn && !file->unnamed)
		step_odd(x, "smb-pipe");
	if (torn)
		rpc_gap(rpc, dir);
	return true;
}
