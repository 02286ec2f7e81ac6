// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * RDP (MS-RDPBCGR) until it is encrypted: the connection request with its cookie, what security both sides settle on, and the client's settings in the MCS
 * connect (T.125) with the channels it asks for. Once TLS is chosen nothing more can be read. Owns the TPKT packet (RFC 1006) in hand of each direction.
 */
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "proto/proto.h"

enum { TPKT = 4, KEPT = 16384, CHANNELS = 31, REQUEST = 0xe0, CONFIRM = 0xd0, DATA = 0xf0, CS_CORE = 0xc001, CS_NET = 0xc003, NAME = 8, CLIENT_NAME = 32 };

struct half {
	uint8_t head[TPKT];
	unsigned have;
	uint32_t size, left;
	struct sk_buf packet;
	bool lost, spoken, torn;
};

struct rdp {
	struct half half[2];
	bool encrypted;
};

enum { F_COOKIE, F_ASKED, F_CHOSEN, F_CLIENT, F_BUILD, F_CHANNEL };
static const struct gw_field_def fields[] = {
	[F_COOKIE] = {"cookie", GW_TEXT, .learn = true, .en = "the cookie or token of the connection request, often a user's name", .ja = "接続要求の Cookie またはトークン（多くは利用者名）"},
	[F_ASKED] = {"asked", GW_UINT, .en = "security the client offers (0 = RDP's own, 1 = TLS, 2 = CredSSP)", .ja = "クライアントが提示した保護方式（0 = RDP 独自、1 = TLS、2 = CredSSP）"},
	[F_CHOSEN] = {"chosen", GW_UINT, .learn = true, .en = "security the server chose", .ja = "サーバーが選んだ保護方式"},
	[F_CLIENT] = {"client", GW_TEXT, .learn = true, .en = "the client computer's name", .ja = "クライアントのコンピューター名"},
	[F_BUILD] = {"build", GW_UINT, .en = "the client's build number", .ja = "クライアントのビルド番号"},
	[F_CHANNEL] = {"channel", GW_TEXT, .learn = true, .en = "a virtual channel that is asked for", .ja = "求められた仮想チャネル"},
};

struct told {
	struct gw_message m;
	struct gw_field fields[CHANNELS + 4];
	struct gw_buffer buffers[CHANNELS + 4];
	char client[CLIENT_NAME + 1];
};

static void put_text(struct told *t, uint16_t def, const char *buffer, const void *data, size_t size)
{
	t->fields[t->m.field_count++] = (struct gw_field){.def = def, .bytes = {data, size}};
	t->buffers[t->m.buffer_count++] = (struct gw_buffer){.name = buffer, .data = data, .size = size};
}

static void put_number(struct told *t, uint16_t def, uint64_t value)
{
	t->fields[t->m.field_count++] = (struct gw_field){.def = def, .u = value};
}

static size_t ber_length(struct sk_cursor *c)
{
	uint8_t first = sk_get_u8(c);

	if (first < 0x80)
		return first;
	if (first == 0x81)
		return sk_get_u8(c);
	if (first == 0x82)
		return sk_get_u16(c);
	sk_cursor_fail(c);
	return 0;
}

static size_t strnlen_(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, 0, size);

	return end ? (size_t)(end - data) : size;
}

static void read_core(struct told *t, struct sk_cursor *c)
{
	const uint8_t *name;

	sk_get_bytes(c, 16);
	put_number(t, F_BUILD, sk_get_u32_le(c));
	name = sk_get_bytes(c, CLIENT_NAME);
	for (size_t i = 0; name && i < CLIENT_NAME / 2 && (name[2 * i] || name[2 * i + 1]); i++)
		t->client[i] = name[2 * i + 1] ? '?' : (char)name[2 * i];
	if (name)
		put_text(t, F_CLIENT, "rdp.client", t->client, strlen(t->client));
}

static void read_channels(struct told *t, struct sk_cursor *c)
{
	uint32_t count = sk_get_u32_le(c);

	for (uint32_t i = 0; i < count && i < CHANNELS; i++) {
		const uint8_t *name = sk_get_bytes(c, NAME);

		sk_get_u32(c);
		if (!name)
			break;
		put_text(t, F_CHANNEL, "rdp.channel", name, strnlen_(name, NAME));
	}
	t->m.partial |= c->bad || count > CHANNELS;
}

/* The blocks of the client's settings (MS-RDPBCGR section 2.2.1.3). */
static void read_blocks(struct told *t, struct sk_cursor *c)
{
	bool net = false;

	while (sk_cursor_left(c) >= 4) {
		uint16_t type = sk_get_u16_le(c), size = sk_get_u16_le(c);
		struct sk_cursor block = sk_get_window(c, size < 4 ? 0 : size - 4u);

		if (c->bad || size < 4)
			break;
		if (type == CS_CORE && !t->client[0])
			read_core(t, &block);
		if (type == CS_NET && !net)
			read_channels(t, &block);
		else if (type == CS_NET)
			t->m.partial = true; /* twice: who knows which one counts */
		net |= type == CS_NET;
		t->m.partial |= block.bad;
	}
	t->m.partial |= c->bad;
}

/* MCS connect-initial: selectors, a flag, three sets of parameters, then the user data with the settings behind "Duca". */
static void read_connect(struct told *t, struct sk_cursor *c)
{
	const uint8_t *at;

	sk_get_u16(c);
	ber_length(c);
	for (int i = 0; i < 6; i++) {
		sk_get_u8(c);
		sk_get_bytes(c, ber_length(c));
	}
	sk_get_u8(c);
	ber_length(c);
	at = c->bad ? NULL : memmem(c->data + c->at, SK_MIN(sk_cursor_left(c), (size_t)64), "Duca", 4);
	if (!at) {
		t->m.partial = true;
		return;
	}
	c->at = (size_t)(at - c->data) + 4;
	if (sk_get_u8(c) & 0x80)
		sk_get_u8(c);
	read_blocks(t, c);
}

static void read_request(struct told *t, struct sk_cursor *c)
{
	const uint8_t *text = c->data + c->at, *end = memmem(text, sk_cursor_left(c), "\r\n", 2);

	if (end) {
		static const char lead[] = "Cookie: mstshash=";
		size_t size = (size_t)(end - text), skip = size >= sizeof lead - 1 && memcmp(text, lead, sizeof lead - 1) == 0 ? sizeof lead - 1 : 0;

		put_text(t, F_COOKIE, "rdp.cookie", text + skip, size - skip);
		c->at += size + 2;
	}
	if (sk_get_u8(c) == 1) {
		sk_get_bytes(c, 3);
		put_number(t, F_ASKED, sk_get_u32_le(c));
	}
	t->m.partial |= c->bad && sk_cursor_left(c);
}

static void read_confirm(struct rdp *s, struct gw_turn *turn, struct told *t, struct sk_cursor *c)
{
	uint32_t chosen;

	if (sk_get_u8(c) != 2)
		return;
	sk_get_bytes(c, 3);
	chosen = sk_get_u32_le(c);
	put_number(t, F_CHOSEN, chosen);
	if (chosen && !c->bad)
		s->encrypted = true;
}

static void read_packet(struct rdp *s, struct gw_turn *turn, enum gw_dir dir, size_t back)
{
	struct half *half = &s->half[dir];
	_cleanup_free_ struct told *t = sk_calloc(1, sizeof *t);
	enum gw_reply reply;
	struct sk_cursor c;
	uint8_t type;

	if (!t)
		return;
	sk_cursor_init(&c, half->packet.data, half->packet.size);
	t->m = (struct gw_message){.name = "data", .act = GW_ACT_CONTROL, .dir = dir, .from = dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT, .request = dir == GW_TO_SERVER,
		.whole = true, .size = half->size, .back = back, .partial = half->torn, .fields = t->fields, .buffers = t->buffers};
	sk_get_u8(&c);
	type = sk_get_u8(&c) & 0xf0;
	if (type == REQUEST || type == CONFIRM) {
		sk_get_bytes(&c, 5);
		t->m.name = type == REQUEST ? "connection-request" : "connection-confirm";
		t->m.act = GW_ACT_SESSION;
		type == REQUEST ? read_request(t, &c) : read_confirm(s, turn, t, &c);
	} else if (type == DATA && half->packet.size >= 5 && memcmp(half->packet.data + 3, "\x7f\x65", 2) == 0) {
		sk_get_u8(&c);
		t->m.name = "connect-initial";
		t->m.act = GW_ACT_SESSION;
		read_connect(t, &c);
	}
	if (c.bad && !half->torn)
		turn->engine->odd(turn, dir, "rdp-torn");
	turn->engine->say(turn, &t->m, &reply);
	if (s->encrypted)
		turn->engine->harmless(turn);
}

static void next_packet(struct half *half)
{
	half->have = 0;
	half->left = half->size = 0;
	half->torn = false;
	sk_buf_clear(&half->packet);
}

static bool tpkt(const uint8_t *head)
{
	return head[0] == 3 && head[1] == 0 && (head[2] << 8 | head[3]) >= 7;
}

/* Fast-path PDUs (two low bits zero) share the stream with TPKT packets once the connection stands. */
static bool begin_packet(struct half *half)
{
	if (tpkt(half->head)) {
		half->size = (uint32_t)(half->head[2] << 8 | half->head[3]);
		half->left = half->size - TPKT;
		return true;
	}
	if (!half->spoken || half->head[0] & 3)
		return false;
	half->size = half->head[1] & 0x80 ? (uint32_t)((half->head[1] & 0x7f) << 8 | half->head[2]) : half->head[1];
	half->torn = true; /* nothing in it is read */
	half->left = half->size > TPKT ? half->size - TPKT : 0;
	return half->size >= TPKT;
}

static void rdp_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct rdp *s = state;
	struct half *half = &s->half[dir];

	while (size && !s->encrypted && !half->lost) {
		size_t used = 1;

		if (half->have < TPKT) {
			half->head[half->have++] = *data;
			if (half->have == TPKT && !begin_packet(half)) {
				half->lost = true;
				half->spoken || turn->midstream ? (void)turn->engine->odd(turn, dir, "rdp-framing") : turn->engine->not_mine(turn);
			}
		} else {
			used = SK_MIN(size, (size_t)half->left);
			half->torn |= half->packet.size + used > KEPT || sk_buf_append(&half->packet, data, used);
			half->left -= (uint32_t)used;
		}
		data += used;
		size -= used;
		if (half->have == TPKT && half->left == 0 && !half->lost) {
			if (half->packet.size)
				read_packet(s, turn, dir, size);
			half->spoken = true;
			next_packet(half);
		}
	}
}

static void rdp_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct half *half = &((struct rdp *)state)->half[dir];

	if (half->have == TPKT && missing < half->left) {
		half->torn = true;
		half->left -= (uint32_t)missing;
		return;
	}
	next_packet(half);
	half->lost = true;
}

static int rdp_begin(void *state, const struct gw_turn *turn)
{
	struct rdp *s = state;

	s->half[0].packet = s->half[1].packet = SK_BUF(KEPT);
	return 0;
}

static void rdp_end(void *state)
{
	struct rdp *s = state;

	sk_buf_done(&s->half[0].packet);
	sk_buf_done(&s->half[1].packet);
}

/* A connection request, told from other users of TPKT (S7, MMS) by its variable part: theirs has parameters 0xc0 to 0xc2. */
static enum gw_guess rdp_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	if (size < 12)
		return size == 0 || (data[0] == 3 && (size < 2 || data[1] == 0)) ? GW_MORE : GW_NO;
	if (!tpkt(data))
		return GW_NO;
	if ((data[5] & 0xf0) == REQUEST && dir == GW_TO_SERVER)
		return data[11] == 'C' || data[11] == 1 || data[11] == 't' ? GW_YES : GW_NO;
	if (data[5] == DATA && size >= 9 && data[7] == 0x7f && data[8] == 0x65)
		return GW_YES;
	return GW_NO;
}

static const uint16_t ports[] = {3389, 0};
static const char *const buffers[] = {"rdp.cookie", "rdp.client", "rdp.channel", NULL};
static const char *const odds[] = {"rdp-framing", "rdp-torn", NULL};

const struct gw_proto gw_proto_rdp = {.name = "rdp", .over = GW_TCP, .ports = ports, .guess = rdp_guess, .state_size = sizeof(struct rdp), .budget = 2 * KEPT,
	.begin = rdp_begin, .end = rdp_end, .data = rdp_data, .gap = rdp_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .buffers = buffers, .odds = odds,
	.en = "RDP until it is encrypted: who connects, from which computer, with which channels", .ja = "RDP（暗号化されるまで）：接続者、接続元、仮想チャネル"};
