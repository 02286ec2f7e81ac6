// SPDX-License-Identifier: GPL-3.0-or-later
/* What a session of SMB has open and has asked for. Tables of fixed size: the oldest entry makes room. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/smb/inside.h"

struct smb_tree *memo_tree(struct smb *s, uint64_t id)
{
	for (unsigned i = 0; id && i < SMB_TREES; i++)
		if (s->trees[i].id == id)
			return &s->trees[i];
	return NULL;
}

void memo_tree_add(struct smb *s, uint64_t id, const char *name, bool pipe)
{
	struct smb_tree *tree = memo_tree(s, id);

	if (!tree)
		tree = &s->trees[s->tree_next++ % SMB_TREES];
	tree->id = id;
	tree->pipe = pipe;
	snprintf(tree->name, sizeof tree->name, "%s", name);
}

void memo_tree_drop(struct smb *s, uint64_t id)
{
	struct smb_tree *tree = memo_tree(s, id);

	if (tree)
		tree->id = 0;
	for (unsigned i = 0; i < SMB_FILES; i++)
		if (s->files[i].used && s->files[i].tree == id)
			memo_file_drop(s, &s->files[i]);
}

struct smb_file *memo_file(struct smb *s, uint64_t tree, struct smb_id id)
{
	for (unsigned i = 0; i < SMB_FILES; i++) {
		struct smb_file *f = &s->files[i];

		if (f->used && f->id.a == id.a && f->id.b == id.b && f->tree == tree) {
			f->age = ++s->clock;
			return f;
		}
	}
	return NULL;
}

struct smb_file *memo_file_add(struct smb *s, uint64_t tree, struct smb_id id, const char *name, bool pipe)
{
	struct smb_file *f = memo_file(s, tree, id);

	if (f)
		memo_file_drop(s, f);
	f = &s->files[0];
	for (unsigned i = 0; i < SMB_FILES && f->used; i++)
		if (!s->files[i].used || s->files[i].age < f->age)
			f = &s->files[i];
	if (f->used)
		memo_file_drop(s, f);
	*f = (struct smb_file){.used = true, .id = id, .tree = tree, .pipe = pipe, .age = ++s->clock, .rpc = -1, .unnamed = !*name};
	snprintf(f->name, sizeof f->name, "%s", name);
	return f;
}

static void drop_rpc(struct smb *s, struct smb_file *file)
{
	if (file->rpc < 0)
		return;
	rpc_end(&s->pipes[file->rpc].rpc);
	s->pipes[file->rpc].used = false;
	file->rpc = -1;
}

void memo_file_drop(struct smb *s, struct smb_file *file)
{
	drop_rpc(s, file);
	file->used = false;
}

struct smb_wait *memo_wait_add(struct smb *s, const struct smb_step *x, const char *name, bool pipe)
{
	struct smb_wait *w = &s->waits[s->wait_next++ % SMB_WAITS];

	w->used = true;
	w->pipe = pipe;
	w->id = x->id;
	w->tree = x->tree;
	w->command = x->command;
	w->subcommand = 0;
	w->file = x->last;
	snprintf(w->name, sizeof w->name, "%s", name);
	return w;
}

/* The newest first: numbers come round. */
bool memo_wait_take(struct smb *s, uint64_t id, uint16_t command, struct smb_wait *ret_wait)
{
	for (unsigned i = 1; i <= SMB_WAITS; i++) {
		struct smb_wait *w = &s->waits[(s->wait_next - i) % SMB_WAITS];

		if (w->used && w->id == id && w->command == command) {
			*ret_wait = *w;
			w->used = false;
			return true;
		}
	}
	return false;
}

struct smb_trans *memo_trans(struct smb *s, enum gw_dir dir, uint64_t id)
{
	for (unsigned i = 0; i < SMB_TRANS; i++)
		if (s->trans[i].used && s->trans[i].dir == dir && s->trans[i].id == id)
			return &s->trans[i];
	return NULL;
}

struct smb_trans *memo_trans_add(struct smb *s, enum gw_dir dir, uint64_t id)
{
	struct smb_trans *t = memo_trans(s, dir, id);

	if (!t) {
		t = &s->trans[0];
		for (unsigned i = 0; i < SMB_TRANS && t->used; i++)
			if (!s->trans[i].used || s->trans[i].age < t->age)
				t = &s->trans[i];
	}
	memo_trans_drop(t);
	*t = (struct smb_trans){.used = true, .dir = dir, .id = id, .age = ++s->clock, .parameters = SK_BUF(SMB_PARAMETERS_KEPT), .data = SK_BUF(SMB_TRANS_KEPT)};
	return t;
}

void memo_trans_drop(struct smb_trans *t)
{
	sk_buf_done(&t->parameters);
	sk_buf_done(&t->data);
	t->used = false;
}

void memo_end(struct smb *s)
{
	for (unsigned i = 0; i < SMB_PIPES; i++)
		if (s->pipes[i].used)
			rpc_end(&s->pipes[i].rpc);
	for (unsigned i = 0; i < SMB_TRANS; i++)
		memo_trans_drop(&s->trans[i]);
	for (int i = 0; i < 2; i++)
		sk_buf_done(&s->side[i].frame);
}
