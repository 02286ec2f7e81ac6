// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * HSMS as a protocol of the gateway: bytes of each direction become messages, wherever they were cut.
 *
 * Owns nothing but what struct hsms_session holds. A body is read once, as it comes: fields, the recipe's hash and the first bytes for rules.
 */
#include "proto/hsms/session.h"

#include <string.h>

#include "base/mem.h"

static size_t head_missing(const struct hsms_side *side)
{
	return HSMS_HEAD - side->have;
}

static void reset(struct hsms_side *side)
{
	side->have = 0;
	side->left = 0;
	side->early = side->refused = side->native = side->torn = side->late = false;
	sk_buf_clear(&side->body);
}

static void lose(struct hsms_side *side)
{
	reset(side);
	side->lost = true;
	hsms_seek_begin(&side->seek);
}

static void tell_bits(struct gw_turn *turn, enum gw_dir dir, unsigned bits, const char *const *words)
{
	for (unsigned i = 0; words[i]; i++)
		if (bits & 1u << i)
			(void)turn->engine->odd(turn, dir, words[i]);
}

void hsms_end_message(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, size_t back)
{
	struct hsms_side *side = &session->side[dir];
	const struct hsms_head *head = &side->head;

	if (side->torn) {
		(void)turn->engine->odd(turn, dir, "hsms-torn");
		side->extract.hashed = false;
	} else if (head->stype == HSMS_DATA) {
		extract_end(&side->extract);
		tell_bits(turn, dir, side->extract.reader.odd, secs_odds);
		tell_bits(turn, dir, side->extract.odd, extract_odds);
		if (!side->row && head->byte3 != 0 && hsms_stream(head) < 64 && head->byte3 < 64)
			(void)turn->engine->odd(turn, dir, "secs-unknown");
	}
	hsms_note_role(turn, session, dir, true);
	hsms_note_state(turn, session, dir);
	hsms_say(turn, session, dir, true, back);
	if (side->refused) {
		if (side->native)
			hsms_refuse(turn, session, dir);
		hsms_forget(session, dir, head->system);
	}
	reset(side);
}

void hsms_begin_message(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, uint64_t size)
{
	struct hsms_side *side = &session->side[dir];

	side->row = side->head.stype == HSMS_DATA ? hsms_row_find(hsms_stream(&side->head), side->head.byte3) : NULL;
	extract_begin(&side->extract, side->row, side->head.stype == HSMS_DATA ? size : 0);
	hsms_put_head(&side->extract, &side->head);
	hsms_head_odds(turn, session, dir);
	hsms_note_role(turn, session, dir, false);
}

/* The head is whole. False: this is no framing. */
static bool head_whole(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, size_t back)
{
	struct hsms_side *side = &session->side[dir];

	hsms_head_read(side->raw, &side->head);
	if (side->head.length < HSMS_HEADER || (session->messages == 0 && !hsms_head_plausible(&side->head))) {
		if (session->messages == 0 && !session->midstream) {
			session->dead = true;
			if (side->raw[0] == 22 && side->raw[1] == 3) /* a handshake record of TLS (RFC 8446 section 5.1) */
				(void)turn->engine->odd(turn, dir, "hsms-tls");
			turn->engine->not_mine(turn);
		} else if (turn->engine->odd(turn, dir, "hsms-length") == GW_REFUSE) {
			session->dead = true;
		}
		return false;
	}
	side->left = side->head.length - HSMS_HEADER;
	hsms_begin_message(turn, session, dir, side->left);
	if (side->left > HSMS_LONG) {
		side->early = true;
		hsms_say(turn, session, dir, false, back);
	}
	if (side->left == 0)
		hsms_end_message(turn, session, dir, back);
	return true;
}

void hsms_take_body(struct hsms_side *side, const uint8_t *data, size_t size)
{
	if (side->torn)
		return;
	extract_feed(&side->extract, data, size);
	/* Without memory rules see less of it; the policy's fields are not in it. */
	(void)sk_buf_append(&side->body, data, SK_MIN(size, HSMS_BODY_KEPT - side->body.size));
}

static size_t take_body(struct hsms_side *side, const uint8_t *data, size_t size)
{
	size_t part = size < side->left ? size : (size_t)side->left;

	hsms_take_body(side, data, part);
	side->left -= part;
	return part;
}

/* Bytes in their framing; `behind` more of what data() was given follow them. Ends early where the framing is lost: the number of bytes taken. */
static size_t take(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, const uint8_t *data, size_t size, size_t behind)
{
	struct hsms_side *side = &session->side[dir];
	size_t at = 0;

	while (at < size) {
		size_t part = SK_MIN(size - at, head_missing(side));

		if (part > 0) {
			memcpy(side->raw + side->have, data + at, part);
			side->have += part;
			at += part;
			if (side->have == HSMS_HEAD && !head_whole(turn, session, dir, size - at + behind)) {
				lose(side);
				return at;
			}
			continue;
		}
		at += take_body(side, data + at, size - at);
		if (side->left == 0)
			hsms_end_message(turn, session, dir, size - at + behind);
	}
	return at;
}

/* What is no HSMS at all passes nobody by as a session that was picked up. */
static void tell_sought(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir)
{
	struct hsms_side *side = &session->side[dir];

	if (side->sought <= HSMS_SOUGHT_MAX || side->sought_told)
		return;
	side->sought_told = true;
	if (turn->engine->odd(turn, dir, "hsms-framing") == GW_REFUSE)
		session->dead = true;
}

static void hsms_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct hsms_session *session = state;
	struct hsms_side *side = &session->side[dir];

	side->last = turn->now;
	while (size > 0 && !session->dead) {
		size_t used = size;

		if (side->lost) {
			struct sk_buf found;
			int r = hsms_seek_feed(&side->seek, data, size, &used);

			side->sought += size;
			if (r != 1) { /* none in these bytes, or no memory: the next ones are sought in afresh */
				tell_sought(turn, session, dir);
				break;
			}
			side->sought = 0;
			found = side->seek.bytes;
			side->seek.bytes = SK_BUF(SEEK_MAX);
			side->lost = false;
			(void)take(turn, session, dir, (const uint8_t *)found.data, found.size, size - used);
			sk_buf_done(&found);
		} else {
			used = take(turn, session, dir, data, size, 0);
		}
		data += used;
		size -= used;
	}
}

static void hsms_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct hsms_session *session = state;
	struct hsms_side *side = &session->side[dir];

	if (session->dead)
		return;
	if (side->lost || side->have < HSMS_HEAD || missing > side->left) {
		lose(side);
		return;
	}
	/* All that is missing belongs to the body of the message that has begun: its end is known. */
	side->torn = true;
	side->left -= missing;
	if (side->left == 0)
		hsms_end_message(turn, session, dir, 0);
}

static int hsms_begin(void *state, const struct gw_turn *turn)
{
	struct hsms_session *session = state;

	session->since = turn->now;
	session->midstream = turn->midstream;
	for (int dir = 0; dir < 2; dir++) {
		session->side[dir].body = SK_BUF(HSMS_BODY_KEPT);
		if (turn->midstream)
			lose(&session->side[dir]);
	}
	return 0;
}

void hsms_session_done(struct hsms_session *session)
{
	for (int dir = 0; dir < 2; dir++) {
		sk_buf_done(&session->side[dir].body);
		hsms_seek_done(&session->side[dir].seek);
		extract_done(&session->side[dir].extract);
	}
}

static void hsms_end(void *state)
{
	hsms_session_done(state);
}

static void hsms_fin(struct gw_turn *turn, void *state, enum gw_dir dir)
{
	struct hsms_session *session = state;

	if (!session->dead && session->side[dir].have > 0)
		(void)turn->engine->odd(turn, dir, "hsms-cut");
}

static void hsms_tick(struct gw_turn *turn, void *state)
{
	struct hsms_session *session = state;

	if (!session->dead)
		hsms_note_timers(turn, session);
}

/* The first bytes of a session are a head. In the middle of one they may be anything: a head that is followed by another, or that ends with the bytes. */
static enum gw_guess hsms_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	struct hsms_head head;

	(void)dir;
	if (size < HSMS_HEAD)
		return size == 0 || data[0] <= HSMS_LENGTH_MAX >> 24 ? GW_MORE : GW_NO;
	for (size_t at = 0; at + HSMS_HEAD <= size && at < (midstream ? 2048u : 1u); at++) {
		size_t next;

		hsms_head_read(data + at, &head);
		if (!hsms_head_plausible(&head))
			continue;
		next = at + 4 + (size_t)head.length;
		if (next == size || (at == 0 && !midstream))
			return GW_YES;
		if (next > size || size - next < HSMS_HEAD)
			continue;
		hsms_head_read(data + next, &head);
		if (hsms_head_plausible(&head))
			return GW_YES;
	}
	return midstream && size < 2048 ? GW_MORE : GW_NO;
}

static const uint16_t ports[] = {5000, 0};
static const char *const buffers[] = {"hsms.header", "secs.body", NULL};
/* Those of items and fields first, in the order of their bits. */
static const char *const odds[] = {"secs-format", "secs-length", "secs-deep", "secs-short", "secs-behind", "secs-minimal", "secs-ragged",
	"secs-type", "secs-long", "secs-many", "secs-unknown", "secs-header", "secs-role", "secs-no-primary", "secs-wrong-reply", "secs-t3",
	"hsms-ptype", "hsms-length", "hsms-stype", "hsms-control-body", "hsms-not-selected", "hsms-system-bytes", "hsms-open", "hsms-no-request",
	"hsms-reject", "hsms-torn", "hsms-cut", "hsms-tls", "hsms-t5", "hsms-t6", "hsms-t7", "hsms-t8", "hsms-framing", NULL};
static const char *const lost[] = {"hsms-length", "hsms-framing", NULL};

static const struct gw_by_header by_header = {.framing = GW_FRAMING_HSMS, .codes = 32 * 128, .message = hsms_head_message, .stands = hsms_stands};

const struct gw_proto gw_proto_hsms = {
	.name = "hsms", .over = GW_TCP, .ports = ports, .guess = hsms_guess, .state_size = sizeof(struct hsms_session),
	.budget = 2 * (HSMS_BODY_KEPT + SEEK_MAX + 1024), .begin = hsms_begin, .end = hsms_end, .data = hsms_data, .gap = hsms_gap, .fin = hsms_fin,
	.tick = hsms_tick, .fields = hsms_fields, .field_count = HSMS_FIELD_COUNT, .buffers = buffers, .odds = odds, .lost = lost, .hasty = "hsms-t5", .by_header = &by_header,
	.en = "SECS-II messages of semiconductor equipment over HSMS (SEMI E37, E5, E30)",
	.ja = "半導体製造装置の SECS-II メッセージを運ぶ HSMS（SEMI E37、E5、E30）",
};
