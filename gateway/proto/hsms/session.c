// SPDX-License-Identifier: GPL-3.0-or-later
/* Selection, transactions, timers and roles of an HSMS session. Works on struct hsms_session alone; says only what is odd. */
#include "proto/hsms/session.h"

#include <string.h>

#define SECONDS UINT64_C(1000000000)

const struct gw_timers hsms_timers_usual = {.t3 = 45 * SECONDS, .t6 = 5 * SECONDS, .t7 = 10 * SECONDS, .t8 = 5 * SECONDS};

static void odd(struct gw_turn *turn, enum gw_dir dir, const char *word)
{
	(void)turn->engine->odd(turn, dir, word);
}

static enum gw_dir other(enum gw_dir dir)
{
	return dir == GW_TO_SERVER ? GW_TO_CLIENT : GW_TO_SERVER;
}

enum gw_role hsms_role(const struct hsms_session *session, enum gw_dir dir)
{
	int host = dir == GW_TO_SERVER ? session->client_is_host : -session->client_is_host;
	const struct hsms_side *side = &session->side[dir];

	bool weighs = side->head.stype == HSMS_DATA &&
		      (!side->row || (side->row->by == BY_EITHER && side->row->act != GW_ACT_SESSION && side->row->act != GW_ACT_REPORT));

	if (host < 0 && weighs && !session->side[other(dir)].hosts)
		return GW_ROLE_UNKNOWN;
	return host > 0 ? GW_ROLE_HOST : host < 0 ? GW_ROLE_EQUIPMENT : GW_ROLE_UNKNOWN;
}

void hsms_head_odds(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir)
{
	const struct hsms_head *head = &session->side[dir].head;

	if (head->ptype != 0)
		odd(turn, dir, "hsms-ptype");
	if (head->length > HSMS_LENGTH_MAX)
		odd(turn, dir, "hsms-length");
	if (head->stype != HSMS_DATA) {
		if (!hsms_control_name(head->stype))
			odd(turn, dir, "hsms-stype");
		else if (head->length > HSMS_HEADER)
			odd(turn, dir, "hsms-control-body");
		return;
	}
	if (hsms_stream(head) == 0 || (hsms_wait(head) && head->byte3 % 2 == 0))
		odd(turn, dir, "secs-header");
	if (!session->selected && !session->midstream)
		odd(turn, dir, "hsms-not-selected");
}

/* Who sends this, by what it is; S1F13 and its answer are sent by both, but only the equipment has a model to tell. */
static enum hsms_by evidence(const struct hsms_side *side, bool whole)
{
	if (side->head.stype != HSMS_DATA || !side->row)
		return BY_EITHER;
	if (!whole)
		return side->row->by;
	if (hsms_stream(&side->head) == 1 && extract_get(&side->extract, HSMS_F_MDLN))
		return BY_EQUIPMENT;
	return hsms_stream(&side->head) == 1 && (side->head.byte3 == 13 || side->head.byte3 == 14) && !side->torn && secs_reader_good(&side->extract.reader) ?
		BY_HOST : BY_EITHER;
}

void hsms_note_role(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir, bool whole)
{
	enum hsms_by by = evidence(&session->side[dir], whole);
	int vote;

	if (by == BY_EITHER)
		return;
	session->side[dir].hosts |= by == BY_HOST;
	vote = (by == BY_HOST) == (dir == GW_TO_SERVER) ? 1 : -1;
	if (session->client_is_host * vote < 0)
		odd(turn, dir, "secs-role");
	if (session->client_is_host + vote <= 8 && session->client_is_host + vote >= -8)
		session->client_is_host += vote;
}

static struct hsms_open *find_open(struct hsms_side *side, bool data, uint32_t system)
{
	for (unsigned i = 0; i < HSMS_OPEN; i++)
		if (side->open[i].used && side->open[i].system == system && (side->open[i].stype == HSMS_DATA) == data)
			return &side->open[i];
	return NULL;
}

void hsms_forget(struct hsms_session *session, enum gw_dir dir, uint32_t system)
{
	struct hsms_open *open = find_open(&session->side[dir], true, system);

	if (open)
		open->used = false;
}

static void open_transaction(struct gw_turn *turn, struct hsms_side *side, enum gw_dir dir)
{
	const struct hsms_head *head = &side->head;
	struct hsms_open *to = find_open(side, head->stype == HSMS_DATA, head->system);

	if (to)
		odd(turn, dir, "hsms-system-bytes");
	for (unsigned i = 0; !to && i < HSMS_OPEN; i++)
		if (!side->open[i].used)
			to = &side->open[i];
	if (!to) {
		odd(turn, dir, "hsms-open");
		to = &side->open[0];
		for (unsigned i = 1; i < HSMS_OPEN; i++)
			if (side->open[i].since < to->since)
				to = &side->open[i];
	}
	*to = (struct hsms_open){.used = true, .stype = head->stype, .stream = (uint8_t)hsms_stream(head), .function = head->byte3,
		.system = head->system, .since = turn->now};
}

static bool is_request(const struct hsms_head *head)
{
	return head->stype == HSMS_SELECT_REQ || head->stype == HSMS_DESELECT_REQ || head->stype == HSMS_LINKTEST_REQ;
}

static void close_control(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir)
{
	const struct hsms_head *head = &session->side[dir].head;
	struct hsms_open *open = find_open(&session->side[other(dir)], false, head->system);
	bool fits = open && open->stype + 1 == head->stype;

	if (!fits && !session->midstream)
		odd(turn, dir, "hsms-no-request");
	if (open)
		open->used = false;
	/* In byte 3: 0 done; 1 of a selection: it was selected before. */
	if (head->stype == HSMS_SELECT_RSP && head->byte3 <= 1)
		session->selected = true;
	if (head->stype == HSMS_DESELECT_RSP && head->byte3 == 0)
		session->selected = false;
}

static void close_transaction(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir)
{
	const struct hsms_head *head = &session->side[dir].head;
	struct hsms_open *open = find_open(&session->side[other(dir)], true, head->system);

	if (!open) {
		if (!session->midstream || session->messages > HSMS_OPEN)
			odd(turn, dir, "secs-no-primary");
		return;
	}
	if (open->stream != hsms_stream(head) || (head->byte3 != 0 && head->byte3 != open->function + 1))
		odd(turn, dir, "secs-wrong-reply");
	open->used = false;
}

void hsms_note_state(struct gw_turn *turn, struct hsms_session *session, enum gw_dir dir)
{
	struct hsms_side *side = &session->side[dir];

	session->messages++;
	if (side->head.stype == HSMS_DATA) {
		if (side->head.byte3 % 2 == 0)
			close_transaction(turn, session, dir);
		else if (hsms_wait(&side->head))
			open_transaction(turn, side, dir);
	} else if (is_request(&side->head)) {
		open_transaction(turn, side, dir);
	} else if (side->head.stype == HSMS_SEPARATE_REQ) {
		session->selected = false;
	} else if (side->head.stype == HSMS_REJECT_REQ) {
		odd(turn, dir, "hsms-reject");
		hsms_forget(session, other(dir), side->head.system);
	} else {
		close_control(turn, session, dir);
	}
}

static uint64_t limit_of(uint64_t wanted, uint64_t usual)
{
	return wanted ? wanted : usual;
}

static void note_open(struct gw_turn *turn, struct hsms_side *side, enum gw_dir dir)
{
	uint64_t t3 = limit_of(turn->timers.t3, hsms_timers_usual.t3), t6 = limit_of(turn->timers.t6, hsms_timers_usual.t6);

	for (unsigned i = 0; i < HSMS_OPEN; i++) {
		struct hsms_open *open = &side->open[i];
		uint64_t limit = open->stype == HSMS_DATA ? t3 : t6;

		if (!open->used || turn->now - open->since <= limit)
			continue;
		open->used = false;
		odd(turn, dir, open->stype == HSMS_DATA ? "secs-t3" : "hsms-t6");
	}
}

void hsms_note_timers(struct gw_turn *turn, struct hsms_session *session)
{
	for (int dir = 0; dir < 2; dir++) {
		struct hsms_side *side = &session->side[dir];

		note_open(turn, side, (enum gw_dir)dir);
		if (side->have > 0 && !side->late && turn->now - side->last > limit_of(turn->timers.t8, hsms_timers_usual.t8)) {
			side->late = true;
			odd(turn, (enum gw_dir)dir, "hsms-t8");
		}
	}
	if (!session->selected && !session->midstream && !session->unselected_told && turn->now - session->since > limit_of(turn->timers.t7, hsms_timers_usual.t7)) {
		session->unselected_told = true;
		odd(turn, GW_TO_SERVER, "hsms-t7");
	}
}
