// SPDX-License-Identifier: GPL-3.0-or-later
/* SSH (RFC 4253, section 4.2): the banner of each side, which names its software. Behind both nothing can be read, and the flow may be switched. */
#include <string.h>

#include "base/mem.h"
#include "proto/line/line.h"
#include "proto/proto.h"

enum { LINES_BEFORE = 32 };

enum { F_VERSION, F_SOFTWARE };
static const struct gw_field_def fields[] = {
	[F_VERSION] = {"version", GW_TEXT, .learn = true, .en = "version of the protocol", .ja = "プロトコルのバージョン"},
	[F_SOFTWARE] = {"software", GW_TEXT, .learn = true, .en = "what a side calls itself", .ja = "ソフトウェアの名称"},
};

struct ssh {
	struct line line[2];
	uint8_t before[2]; /* lines that a server sends before its banner */
	bool done[2];
};

static bool is_banner(const struct line *line)
{
	return line->size >= 4 && memcmp(line->text, "SSH-", 4) == 0;
}

static void say_banner(struct gw_turn *turn, const struct line *line, enum gw_dir dir, size_t back)
{
	const uint8_t *text = (const uint8_t *)line->text, *end = text + line->size, *version = text + 4;
	const uint8_t *dash = memchr(version, '-', (size_t)(end - version)), *software = dash ? dash + 1 : end;
	const struct gw_buffer buffers[] = {{"ssh.proto", version, (size_t)((dash ? dash : end) - version)}, {"ssh.software", software, (size_t)(end - software)}};
	const struct gw_field told[] = {{.def = F_VERSION, .bytes = {buffers[0].data, buffers[0].size}}, {.def = F_SOFTWARE, .bytes = {software, buffers[1].size}}};
	const struct gw_message message = {.name = "banner", .act = GW_ACT_SESSION, .dir = dir, .from = dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT, .whole = true,
		.partial = line->torn || !dash, .size = line->bytes, .back = back, .fields = told, .field_count = 2, .buffers = buffers, .buffer_count = 2};
	enum gw_reply reply;

	(void)turn->engine->say(turn, &message, &reply);
}

static void line_whole(struct gw_turn *turn, struct ssh *s, enum gw_dir dir, size_t back)
{
	struct line *line = &s->line[dir];

	if (is_banner(line)) {
		s->done[dir] = true;
		say_banner(turn, line, dir, back);
		if (s->done[!dir])
			turn->engine->harmless(turn);
	} else if (dir == GW_TO_SERVER || ++s->before[dir] > LINES_BEFORE) {
		s->done[dir] = true;
		turn->engine->not_mine(turn);
	}
	line_reset(line);
}

static void ssh_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct ssh *s = state;

	while (size && !s->done[dir]) {
		size_t used;
		bool whole = line_take(&s->line[dir], data, size, &used);

		data += used;
		size -= used;
		if (whole)
			line_whole(turn, s, dir, size);
	}
}

/* A banner comes first or not at all. */
static void ssh_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	(void)turn;
	(void)missing;
	((struct ssh *)state)->done[dir] = true;
}

static enum gw_guess ssh_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	(void)dir;
	(void)midstream;
	if (memcmp(data, "SSH-", SK_MIN(size, (size_t)4)) != 0)
		return GW_NO;
	return size < 4 ? GW_MORE : GW_YES;
}

static const uint16_t ports[] = {22, 0};
static const char *const buffers[] = {"ssh.proto", "ssh.software", NULL};

const struct gw_proto gw_proto_ssh = {.name = "ssh", .over = GW_TCP, .ports = ports, .guess = ssh_guess, .state_size = sizeof(struct ssh), .data = ssh_data,
	.gap = ssh_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .en = "SSH: the software of both sides",
	.ja = "SSH：双方のソフトウェア"};
