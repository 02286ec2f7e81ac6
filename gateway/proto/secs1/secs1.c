// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SECS-I as a protocol of the gateway: blocks become messages. Each direction is understood by itself: after ENQ only ENQ, EOT (it gives way) or a length
 * may come, elsewhere ENQ, EOT, ACK or NAK.
 */
#include "proto/secs1/secs1.h"

#include <string.h>

#include "base/cursor.h"
#include "base/mem.h"

enum { EOT = 4, ENQ = 5, ACK = 6, NAK = 21, LENGTH_MIN = 10, LENGTH_MAX = 254 };
#define T4 UINT64_C(45000000000)

static void odd(struct gw_turn *turn, enum gw_dir dir, const char *word)
{
	(void)turn->engine->odd(turn, dir, word);
}

static bool checksum_good(const uint8_t *block)
{
	unsigned sum = 0;

	for (unsigned i = 1; i <= block[0]; i++)
		sum += block[i];
	return (sum & 0xffff) == ((unsigned)block[block[0] + 1] << 8 | block[block[0] + 2]);
}

/* The R bit is set in what the equipment sends. */
static void note_sender(struct gw_turn *turn, struct hsms_session *talk, enum gw_dir dir, bool equipment)
{
	int client_is_host = equipment == (dir == GW_TO_CLIENT) ? 8 : -8;

	if (talk->client_is_host * client_is_host < 0)
		odd(turn, dir, "secs-role");
	talk->client_is_host = client_is_host;
	talk->side[dir].hosts |= !equipment;
}

static void begin_message(struct gw_turn *turn, struct secs1_session *session, enum gw_dir dir, const struct hsms_head *head)
{
	struct secs1_line *line = &session->line[dir];
	struct hsms_side *side = &session->talk.side[dir];

	line->open = true;
	line->torn = false;
	line->size = 0;
	side->head = *head;
	hsms_head_write(head, side->raw);
	hsms_begin_message(turn, &session->talk, dir, SECS1_BODY_MAX);
}

static void end_message(struct gw_turn *turn, struct secs1_session *session, enum gw_dir dir, size_t back)
{
	struct secs1_line *line = &session->line[dir];
	struct hsms_side *side = &session->talk.side[dir];
	struct extract *extract = &side->extract;

	secs_reader_end(&extract->reader);
	side->torn = line->torn;
	side->head.length = HSMS_HEADER + (uint32_t)line->size;
	for (size_t i = 0; i < extract->field_count; i++)
		if (extract->fields[i].def == HSMS_F_LENGTH)
			extract->fields[i].u = line->size;
	hsms_end_message(turn, &session->talk, dir, back);
	line->open = false;
}

/* A block number that is not the next one: the message is not whole. */
static void check_number(struct gw_turn *turn, struct secs1_line *line, enum gw_dir dir, const struct hsms_head *open, const struct hsms_head *head, unsigned number)
{
	if (number == (unsigned)line->number + 1 && open->system == head->system && open->byte2 == head->byte2 && open->byte3 == head->byte3)
		return;
	odd(turn, dir, "secs1-block");
	line->torn = true;
}

static void take_block(struct gw_turn *turn, struct secs1_session *session, enum gw_dir dir, size_t back)
{
	struct secs1_line *line = &session->line[dir];
	struct hsms_side *side = &session->talk.side[dir];
	struct hsms_head head = {.length = HSMS_HEADER};
	struct sk_cursor in;
	unsigned device, number;

	if (!checksum_good(line->block)) { /* it is not taken, and comes again */
		odd(turn, dir, "secs1-checksum");
		return;
	}
	if (session->seen && memcmp(line->last, line->block + 1, SECS1_HEADER) == 0) { /* E4: a block with the header of the one before is its repetition */
		odd(turn, dir, "secs1-again");
		return;
	}
	memcpy(line->last, line->block + 1, SECS1_HEADER);
	session->seen = true;
	line->since = turn->now;
	sk_cursor_init(&in, line->block + 1, line->block[0]);
	device = sk_get_u16(&in);
	head.byte2 = sk_get_u8(&in);
	head.byte3 = sk_get_u8(&in);
	number = sk_get_u16(&in);
	head.system = sk_get_u32(&in);
	head.session = device & 0x7fff;
	note_sender(turn, &session->talk, dir, device & 0x8000);
	if (line->open && (number & 0x7fff) > 1) {
		check_number(turn, line, dir, &side->head, &head, number & 0x7fff);
	} else {
		if (line->open) {
			line->torn = true;
			end_message(turn, session, dir, back);
		}
		begin_message(turn, session, dir, &head);
		line->torn = (number & 0x7fff) > 1; /* its beginning was not seen */
	}
	side->torn = line->torn;
	line->number = number & 0x7fff;
	hsms_take_body(side, line->block + in.at + 1, line->block[0] - SECS1_HEADER);
	line->size += line->block[0] - SECS1_HEADER;
	if (number & 0x8000)
		end_message(turn, session, dir, back);
}

/* A byte that is not of a block. False: SECS-I has none such here. */
static bool take_control(struct secs1_line *line, uint8_t byte)
{
	if (line->asked && byte >= LENGTH_MIN && byte <= LENGTH_MAX) {
		line->block[0] = byte;
		line->have = 1;
		return true;
	}
	if (byte != ENQ && byte != EOT && (line->asked || (byte != ACK && byte != NAK)))
		return false;
	line->asked = byte == ENQ;
	return true;
}

static void secs1_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct secs1_session *session = state;
	struct secs1_line *line = &session->line[dir];

	for (size_t at = 0; at < size && !session->talk.dead; at++) {
		if (line->have == 0) {
			bool good = take_control(line, data[at]);

			if (!good && !session->seen && !turn->midstream) {
				session->talk.dead = true;
				turn->engine->not_mine(turn);
			} else if (!good && !session->noise) {
				session->noise = true; /* once: at a pick-up within a block it is many */
				odd(turn, dir, "secs1-noise");
			}
			continue;
		}
		line->block[line->have++] = data[at];
		if (line->have == (size_t)line->block[0] + 3) {
			line->have = 0;
			line->asked = session->noise = false;
			take_block(turn, session, dir, size - at - 1);
		}
	}
}

static void secs1_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct secs1_session *session = state;

	(void)turn;
	(void)missing;
	session->line[dir].have = 0;
	session->line[dir].asked = false;
	session->line[dir].torn = true;
}

static int secs1_begin(void *state, const struct gw_turn *turn)
{
	struct secs1_session *session = state;

	session->talk = (struct hsms_session){.selected = true, .mute = true, .midstream = turn->midstream, .since = turn->now};
	for (int dir = 0; dir < 2; dir++)
		session->talk.side[dir].body = SK_BUF(HSMS_BODY_KEPT);
	return 0;
}

static void secs1_end(void *state)
{
	hsms_session_done(&((struct secs1_session *)state)->talk);
}

static void secs1_tick(struct gw_turn *turn, void *state)
{
	struct secs1_session *session = state;

	hsms_note_timers(turn, &session->talk);
	for (int dir = 0; dir < 2; dir++) {
		struct secs1_line *line = &session->line[dir];

		if (!line->open || turn->now - line->since <= T4)
			continue;
		odd(turn, (enum gw_dir)dir, "secs1-t4");
		line->torn = true;
		end_message(turn, session, (enum gw_dir)dir, 0);
	}
}

/* ENQ and a block with its checksum. */
static enum gw_guess secs1_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	size_t at = 0;

	(void)dir;
	(void)midstream;
	while (at < size && (data[at] == ENQ || data[at] == EOT || data[at] == ACK))
		at++;
	if (at > 16)
		return GW_NO;
	if (at == size)
		return GW_MORE;
	if (at == 0 || data[at - 1] != ENQ || data[at] < LENGTH_MIN || data[at] > LENGTH_MAX)
		return GW_NO;
	if (size - at < (size_t)data[at] + 3)
		return GW_MORE;
	return checksum_good(data + at) ? GW_YES : GW_NO;
}

static const char *const buffers[] = {"hsms.header", "secs.body", NULL};
static const char *const odds[] = {"secs-format", "secs-length", "secs-deep", "secs-short", "secs-behind", "secs-minimal", "secs-ragged",
	"secs-type", "secs-long", "secs-many", "secs-unknown", "secs-header", "secs-role", "secs-no-primary", "secs-wrong-reply", "secs-t3",
	"hsms-system-bytes", "hsms-open", "hsms-torn", "secs1-noise", "secs1-checksum", "secs1-again", "secs1-block", "secs1-t4", NULL};

const struct gw_proto gw_proto_secs1 = {
	.name = "secs1", .over = GW_TCP, .guess = secs1_guess, .state_size = sizeof(struct secs1_session), .budget = 2 * (HSMS_BODY_KEPT + 1024),
	.begin = secs1_begin, .end = secs1_end, .data = secs1_data, .gap = secs1_gap, .tick = secs1_tick, .fields = hsms_fields,
	.field_count = HSMS_FIELD_COUNT, .buffers = buffers, .odds = odds,
	.en = "SECS-II messages of older equipment, by SECS-I (SEMI E4) through a terminal server",
	.ja = "旧型装置の SECS-II メッセージ。ターミナルサーバー経由の SECS-I（SEMI E4）",
};
