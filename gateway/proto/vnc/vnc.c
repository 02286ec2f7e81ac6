// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * RFB 3.3 to 3.8 (RFC 6143), the protocol of VNC: versions, the kind of security, the desktop's name, and each message of the viewer, so that a policy can let somebody look
 * on who may not act. Keys are told as such, never which. What the server draws is not read. With a kind of security other than none and VNC's own nothing more can
 * be read: that is told as "opaque" and counts as control.
 */
#include <string.h>

#include "base/mem.h"
#include "proto/pdu/pdu.h"

enum { KEEP = 4096, VERSION_SIZE = 12, NAME_AT = 24, NAME_LONGEST = 1 << 16, SECURITY_NONE = 1, SECURITY_VNC = 2, NEVER_PAST = 1 << 24 };
enum phase { PH_VERSION, PH_TYPES, PH_CHALLENGE, PH_RESULT, PH_REASON, PH_INIT, PH_TALK };

enum { F_VERSION, F_SECURITY, F_RESULT, F_NAME, F_WIDTH, F_HEIGHT };
static const struct gw_field_def fields[] = {
	[F_VERSION] = {"version", GW_TEXT, .learn = true, .en = "version of the protocol", .ja = "プロトコルのバージョン"},
	[F_SECURITY] = {"security", GW_UINT, .learn = true, .en = "kinds of security that are offered; the one that is chosen (1 none, 2 VNC)", .ja = "提示、選択されたセキュリティ種別（1 なし、2 VNC）"},
	[F_RESULT] = {"result", GW_UINT, .en = "0: the viewer is let in", .ja = "0：接続を許可"},
	[F_NAME] = {"name", GW_TEXT, .learn = true, .en = "the desktop's name", .ja = "デスクトップの名前"},
	[F_WIDTH] = {"width", GW_UINT, .en = "of the desktop, in pixels", .ja = "デスクトップの幅（画素）"},
	[F_HEIGHT] = {"height", GW_UINT, .en = "of the desktop, in pixels", .ja = "デスクトップの高さ（画素）"},
};

/* What a viewer says; extensions by their registered numbers. */
static const struct pdu_row rows[] = {{0, "pixel-format", GW_ACT_SESSION}, {2, "encodings", GW_ACT_SESSION}, {3, "update-request", GW_ACT_READ},
	{4, "key", GW_ACT_CONTROL}, {5, "pointer", GW_ACT_CONTROL}, {6, "cut-text", GW_ACT_CONTROL}, {150, "continuous-updates", GW_ACT_READ}, {248, "fence", GW_ACT_SESSION},
	{251, "desktop-size", GW_ACT_CONTROL}, {255, "qemu", GW_ACT_CONTROL}, {0, NULL, 0}};

struct vnc {
	struct pdu_stream stream; /* first */
	uint8_t phase[2];         /* enum phase, of each direction */
	uint8_t minor;            /* the version that both speak: 3, 7 or 8 */
	uint8_t server_minor, security;
	bool opaque;
};

static bool is_version(const uint8_t *at)
{
	static const char pattern[] = "RFB ddd.ddd\n";

	for (size_t i = 0; i < VERSION_SIZE; i++)
		if (pattern[i] == 'd' ? at[i] < '0' || at[i] > '9' : at[i] != pattern[i])
			return false;
	return true;
}

static int64_t with_count(const uint8_t *head, size_t have, size_t at, size_t base, size_t each)
{
	return have < at + 2 ? -(int64_t)(at + 2) : (int64_t)(base + each * ((size_t)head[at] << 8 | head[at + 1]));
}

static int64_t with_length(const uint8_t *head, size_t have, size_t at)
{
	uint32_t length;

	if (have < at + 4)
		return -(int64_t)(at + 4);
	length = (uint32_t)head[at] << 24 | (uint32_t)head[at + 1] << 16 | (uint32_t)head[at + 2] << 8 | head[at + 3];
	if (length >> 31) /* of the extended clipboard the length is negative */
		length = -length;
	return length <= NEVER_PAST ? (int64_t)(at + 4 + length) : 0;
}

static int64_t talk_size(const uint8_t *head, size_t have)
{
	switch (head[0]) {
	case 0: return 20;
	case 2: return with_count(head, have, 2, 4, 4);
	case 3: return 10;
	case 4: return 8;
	case 5: return 6;
	case 6: return with_length(head, have, 4);
	case 150: return 10;
	case 248: return have < 9 ? -9 : 9 + head[8];
	case 251: return have < 7 ? -7 : 8 + 16 * head[6];
	case 255: return have < 2 ? -2 : head[1] == 0 ? 12 : head[1] == 1 ? 4 : 0;
	default: return 0;
	}
}

static int64_t client_size(enum phase phase, const uint8_t *head, size_t have)
{
	switch (phase) {
	case PH_VERSION: return have < VERSION_SIZE ? -VERSION_SIZE : is_version(head) ? VERSION_SIZE : 0;
	case PH_TYPES: return 1;
	case PH_CHALLENGE: return 16;
	case PH_INIT: return 1;
	default: return talk_size(head, have);
	}
}

static int64_t server_size(const struct vnc *s, enum phase phase, const uint8_t *head, size_t have)
{
	int64_t name;

	switch (phase) {
	case PH_VERSION: return have < VERSION_SIZE ? -VERSION_SIZE : is_version(head) ? VERSION_SIZE : 0;
	case PH_TYPES: return s->minor == 3 ? 4 : 1 + head[0];
	case PH_CHALLENGE: return 16;
	case PH_RESULT: return 4;
	case PH_REASON: return with_length(head, have, 0);
	case PH_INIT:
		name = with_length(head, have, NAME_AT - 4);
		return name > NAME_AT + NAME_LONGEST ? 0 : name;
	default: return (int64_t)have; /* what it draws */
	}
}

static int64_t vnc_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	const struct vnc *s = state;
	enum phase phase = s ? (enum phase)s->phase[dir] : PH_VERSION;

	if (s && s->opaque)
		return (int64_t)have;
	return dir == GW_TO_SERVER ? client_size(phase, head, have) : server_size(s, phase, head, have);
}

static uint8_t minor_of(const uint8_t *version)
{
	unsigned minor = (version[8] - '0') * 100u + (version[9] - '0') * 10u + (version[10] - '0');

	return minor >= 8 ? 8 : minor == 7 ? 7 : 3; /* anything else is spoken as 3.3 */
}

/* What both do once the kind of security is known. */
static void settle(struct vnc *s)
{
	s->opaque = s->security != SECURITY_NONE && s->security != SECURITY_VNC;
	s->phase[GW_TO_SERVER] = s->security == SECURITY_VNC ? PH_CHALLENGE : PH_INIT;
	s->phase[GW_TO_CLIENT] = s->security == SECURITY_VNC ? PH_CHALLENGE : s->minor == 8 ? PH_RESULT : PH_INIT;
}

static void read_version(struct vnc *s, struct pdu_told *told, const struct pdu *pdu)
{
	pdu_put_bytes(told, F_VERSION, pdu->data + 4, 7);
	if (pdu->dir == GW_TO_CLIENT) {
		s->server_minor = minor_of(pdu->data);
		s->minor = s->server_minor;
		s->phase[GW_TO_CLIENT] = PH_TYPES;
		return;
	}
	s->minor = s->server_minor ? SK_MIN(s->server_minor, minor_of(pdu->data)) : minor_of(pdu->data);
	s->phase[GW_TO_SERVER] = s->minor == 3 ? PH_INIT : PH_TYPES;
}

static const char *read_types(struct vnc *s, struct pdu_told *told, const struct pdu *pdu)
{
	bool decides = pdu->dir == GW_TO_SERVER || s->minor == 3;
	uint8_t first = pdu->data[s->minor == 3 && pdu->dir == GW_TO_CLIENT ? 3 : 0];

	if (decides) {
		pdu_put(told, F_SECURITY, first);
		s->security = first;
		settle(s);
		if (first == 0)
			s->phase[GW_TO_CLIENT] = PH_REASON;
	} else {
		for (size_t i = 1; i < pdu->size; i++)
			pdu_put_once(told, F_SECURITY, pdu->data[i]);
		if (first == 0)
			s->phase[GW_TO_CLIENT] = PH_REASON;
	}
	if (s->opaque && decides && first != 0) {
		told->act = GW_ACT_CONTROL;
		told->partial = true;
		return "opaque";
	}
	return "security";
}

static void read_desktop(struct vnc *s, struct pdu_told *told, const struct pdu *pdu)
{
	struct sk_cursor c;

	sk_cursor_init(&c, pdu->data, pdu->size);
	pdu_put(told, F_WIDTH, sk_get_u16(&c));
	pdu_put(told, F_HEIGHT, sk_get_u16(&c));
	sk_get_bytes(&c, NAME_AT - 4);
	pdu_put_trimmed(told, F_NAME, c.data + c.at, c.bad ? 0 : sk_cursor_left(&c));
	s->phase[GW_TO_CLIENT] = PH_TALK;
}

static void read_result(struct vnc *s, struct pdu_told *told, const struct pdu *pdu)
{
	pdu_put(told, F_RESULT, pdu->data[3]);
	s->phase[GW_TO_CLIENT] = pdu->data[3] == 0 ? PH_INIT : PH_REASON;
}

static const char *read_opening(struct vnc *s, struct pdu_told *told, const struct pdu *pdu)
{
	switch ((enum phase)s->phase[pdu->dir]) {
	case PH_VERSION:
		read_version(s, told, pdu);
		return "version";
	case PH_TYPES:
		return read_types(s, told, pdu);
	case PH_CHALLENGE:
		s->phase[pdu->dir] = pdu->dir == GW_TO_SERVER ? PH_INIT : PH_RESULT;
		return "proof";
	case PH_RESULT:
		read_result(s, told, pdu);
		return "result";
	case PH_REASON:
		return "reason";
	default:
		if (pdu->dir == GW_TO_CLIENT) {
			read_desktop(s, told, pdu);
			return "desktop";
		}
		s->phase[GW_TO_SERVER] = PH_TALK;
		return "init";
	}
}

static bool is_unread(const struct vnc *s, enum gw_dir dir)
{
	return s->opaque || (dir == GW_TO_CLIENT && s->phase[dir] == PH_TALK);
}

static void vnc_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct vnc *s = state;
	bool talk = pdu->dir == GW_TO_SERVER && s->phase[pdu->dir] == PH_TALK;
	const struct pdu_row *row = talk ? pdu_row_find(rows, pdu->data[0]) : NULL;
	struct pdu_told told;
	const char *name;

	if (is_unread(s, pdu->dir))
		return; /* it followed the opening's last message */
	pdu_told_begin(&told, pdu, talk ? row->name : "", talk ? row->act : GW_ACT_SESSION, false);
	if (!talk) {
		name = read_opening(s, &told, pdu);
		memcpy(told.name, name, strlen(name) + 1);
	}
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "vnc-framing", .head = 1, .sure = 9, .keep = KEEP, .size = vnc_size, .read = vnc_read};

static int vnc_begin(void *state, const struct gw_turn *turn)
{
	struct vnc *s = state;

	if (turn->midstream)
		s->phase[GW_TO_SERVER] = s->phase[GW_TO_CLIENT] = PH_TALK;
	return pdu_begin(&s->stream, &kind, turn);
}

static void vnc_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	if (!is_unread(state, dir))
		pdu_data(turn, state, dir, data, size);
}

/* Of an opening that was not seen whole nobody knows where it stands: the viewer's messages are sought. */
static void vnc_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	((struct vnc *)state)->phase[dir] = PH_TALK;
	pdu_gap(turn, state, dir, missing);
}

static enum gw_guess vnc_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	(void)dir;
	(void)midstream;
	if (memcmp(data, "RFB ", SK_MIN(size, (size_t)4)) != 0)
		return midstream ? GW_MORE : GW_NO;
	return size < VERSION_SIZE ? GW_MORE : is_version(data) ? GW_YES : GW_NO;
}

static const uint16_t ports[] = {5900, 5901, 5902, 5903, 0};
static const char *const odds[] = {"vnc-framing", NULL};

const struct gw_proto gw_proto_vnc = {.name = "vnc", .over = GW_TCP, .ports = ports, .guess = vnc_guess, .state_size = sizeof(struct vnc), .budget = PDU_BUDGET(KEEP),
	.begin = vnc_begin, .end = pdu_end, .data = vnc_data, .gap = vnc_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .odds = odds,
	.en = "VNC: looking on told from acting", .ja = "VNC：閲覧と操作を区別"};
