// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * MQTT 3.1, 3.1.1 and 5.0 (OASIS): who connects with which will, topics that are published and subscribed to. A payload is neither kept nor read.
 */
#include <string.h>

#include "base/mem.h"
#include "proto/pdu/pdu.h"

enum { KEEP = 8192, CONNECT = 1, CONNACK, PUBLISH, SUBSCRIBE = 8, UNSUBSCRIBE = 10, FLAG_WILL = 4, FLAG_PASSWORD = 0x40, FLAG_USER = 0x80, FILTERS_MAX = 64 };

enum { F_VERSION, F_CLIENT, F_USER, F_TOPIC, F_QOS, F_RETAIN, F_WILL, F_CODE };
static const struct gw_field_def fields[] = {
	[F_VERSION] = {"version", GW_UINT, .learn = true, .en = "level of the protocol: 3 (3.1), 4 (3.1.1), 5", .ja = "プロトコルのレベル：3（3.1）、4（3.1.1）、5"},
	[F_CLIENT] = {"client", GW_TEXT, .learn = true, .en = "the client's identifier", .ja = "クライアント識別子"},
	[F_USER] = {"user", GW_TEXT, .learn = true, .en = "the user that connects", .ja = "接続するユーザー"},
	[F_TOPIC] = {"topic", GW_TEXT, .learn = true, .en = "topic of a message; each filter of a subscription", .ja = "メッセージのトピック。購読では各フィルター"},
	[F_QOS] = {"qos", GW_UINT, .en = "quality of service of a message", .ja = "メッセージの QoS"},
	[F_RETAIN] = {"retain", GW_UINT, .en = "1: the server keeps the message", .ja = "1：サーバーがメッセージを保持する"},
	[F_WILL] = {"will", GW_TEXT, .learn = true, .en = "topic of what the server publishes when the client is gone", .ja = "クライアント切断時にサーバーが発行するトピック"},
	[F_CODE] = {"code", GW_UINT, .en = "the answer to a connection", .ja = "接続への応答コード"},
};

static const struct pdu_row rows[] = {{1, "connect", GW_ACT_SESSION}, {2, "connack", GW_ACT_SESSION}, {3, "publish", GW_ACT_WRITE}, {4, "puback", GW_ACT_SESSION},
	{5, "pubrec", GW_ACT_SESSION}, {6, "pubrel", GW_ACT_SESSION}, {7, "pubcomp", GW_ACT_SESSION}, {8, "subscribe", GW_ACT_READ}, {9, "suback", GW_ACT_SESSION},
	{10, "unsubscribe", GW_ACT_SESSION}, {11, "unsuback", GW_ACT_SESSION}, {12, "pingreq", GW_ACT_SESSION}, {13, "pingresp", GW_ACT_SESSION},
	{14, "disconnect", GW_ACT_SESSION}, {15, "auth", GW_ACT_SESSION}, {0, NULL, 0}};

struct mqtt {
	struct pdu_stream stream; /* first */
	uint8_t version;          /* of the connection; 0 = not seen */
};

/* Flags of the first byte that each packet has to have; -1 = any. */
static bool flags_right(uint8_t first)
{
	unsigned type = first >> 4, flags = first & 15;

	if (type == PUBLISH)
		return (flags >> 1 & 3) != 3;
	return flags == (type == SUBSCRIBE || type == UNSUBSCRIBE || type == 6 ? 2u : 0u);
}

/* The length in up to four bytes of seven bits. 0: wrong; -1: more is needed. */
static int read_length(const uint8_t *at, size_t have, uint32_t *ret_length)
{
	uint32_t length = 0;

	for (size_t i = 0; i < 4; i++) {
		if (i == have)
			return -1;
		length |= (uint32_t)(at[i] & 0x7f) << (7 * i);
		if (!(at[i] & 0x80)) {
			*ret_length = length;
			return (int)i + 1;
		}
	}
	return 0;
}

static int64_t mqtt_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	uint32_t length = 0;
	int used = have < 2 ? -1 : read_length(head + 1, have - 1, &length);

	if (head[0] >> 4 == 0 || !flags_right(head[0]) || used == 0)
		return 0;
	return used < 0 ? -(int64_t)(have + 1) : 1 + used + (int64_t)length;
}

static struct sk_cursor body_of(const uint8_t *data, size_t size)
{
	struct sk_cursor c;
	uint32_t length = 0;
	int used = read_length(data + 1, size - 1, &length);

	sk_cursor_init(&c, data, size);
	sk_get_bytes(&c, 1 + (size_t)(used > 0 ? used : 0));
	return c;
}

static const uint8_t *next_text(struct sk_cursor *c, size_t *ret_size)
{
	*ret_size = 0;
	return sk_get_counted16(c, UINT16_MAX, ret_size);
}

static bool is_name(const uint8_t *name, size_t size)
{
	return name && ((size == 4 && memcmp(name, "MQTT", 4) == 0) || (size == 6 && memcmp(name, "MQIsdp", 6) == 0));
}

/* Only what begins a conversation proves that it is one; the rest is believed at its port. */
static bool mqtt_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct sk_cursor c = body_of(data, size);
	size_t length;
	const uint8_t *name;

	if (data[0] >> 4 != CONNECT)
		return false;
	name = next_text(&c, &length);
	return is_name(name, length);
}

static void skip_properties(struct sk_cursor *c)
{
	uint32_t length = 0;
	int used = read_length(c->data + c->at, sk_cursor_left(c), &length);

	if (used <= 0)
		sk_cursor_fail(c);
	else
		sk_get_bytes(c, (size_t)used + length);
}

static void put_next(struct pdu_told *told, unsigned def, struct sk_cursor *c)
{
	size_t size;
	const uint8_t *text = next_text(c, &size);

	if (text && size)
		pdu_put_bytes(told, def, text, size);
}

static void read_connect(struct mqtt *s, struct pdu_told *told, struct sk_cursor *c)
{
	size_t size;
	const uint8_t *name = next_text(c, &size);
	uint8_t flags;

	s->version = sk_get_u8(c);
	flags = sk_get_u8(c);
	sk_get_u16(c);
	told->partial |= !is_name(name, size);
	pdu_put(told, F_VERSION, s->version);
	if (s->version >= 5)
		skip_properties(c);
	put_next(told, F_CLIENT, c);
	if (flags & FLAG_WILL) {
		if (s->version >= 5)
			skip_properties(c);
		put_next(told, F_WILL, c);
		next_text(c, &size);
	}
	if (flags & FLAG_USER)
		put_next(told, F_USER, c);
}

static void read_publish(struct pdu_told *told, uint8_t first, struct sk_cursor *c)
{
	pdu_put(told, F_QOS, first >> 1 & 3);
	pdu_put(told, F_RETAIN, first & 1);
	put_next(told, F_TOPIC, c);
	told->partial |= told->field_count < 3; /* an alias stands for the topic */
}

/* Whether filters fill the rest, behind properties or not. */
static bool are_filters(struct sk_cursor c, bool properties, uint8_t type)
{
	size_t size;

	if (properties)
		skip_properties(&c);
	while (sk_cursor_left(&c) && !c.bad) {
		if (!next_text(&c, &size) || size == 0)
			return false;
		if (type == SUBSCRIBE)
			sk_get_u8(&c);
	}
	return !c.bad;
}

/* Of a connection that was not seen the filters tell the version, as only one way of reading them comes out even. */
static void find_version(struct mqtt *s, uint8_t type, const struct sk_cursor *c)
{
	bool old = are_filters(*c, false, type), new = are_filters(*c, true, type);

	if (s->version == 0 && old != new)
		s->version = new ? 5 : 4;
}

static void read_filters(struct mqtt *s, struct pdu_told *told, uint8_t type, struct sk_cursor *c)
{
	told->id = sk_get_u16(c) + 1u;
	find_version(s, type, c);
	if (s->version >= 5)
		skip_properties(c);
	for (unsigned i = 0; sk_cursor_left(c) && !c->bad; i++) {
		put_next(told, F_TOPIC, c);
		if (type == SUBSCRIBE)
			sk_get_u8(c);
		told->partial |= i == FILTERS_MAX;
	}
	told->partial |= s->version == 0; /* whether properties come first is not known */
}

static void mqtt_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct mqtt *s = state;
	uint8_t type = pdu->data[0] >> 4;
	const struct pdu_row *row = pdu_row_find(rows, type);
	struct sk_cursor c = body_of(pdu->data, pdu->size);
	struct pdu_told told;

	pdu_told_begin(&told, pdu, row->name, row->act, pdu->dir == GW_TO_SERVER && (type == CONNECT || type == SUBSCRIBE || type == UNSUBSCRIBE || type == 12));
	if (type == CONNECT) {
		read_connect(s, &told, &c);
	} else if (type == PUBLISH) {
		told.act = pdu->dir == GW_TO_SERVER ? GW_ACT_WRITE : GW_ACT_REPORT;
		read_publish(&told, pdu->data[0], &c);
		told.partial = c.bad || told.field_count < 3; /* of a long message the topic is there all the same */
	} else if (type == SUBSCRIBE || type == UNSUBSCRIBE) {
		read_filters(s, &told, type, &c);
	} else if (type == CONNACK) {
		sk_get_u8(&c);
		pdu_put(&told, F_CODE, sk_get_u8(&c));
	}
	told.partial |= c.bad;
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "mqtt-framing", .head = 2, .sure = 5, .keep = KEEP, .size = mqtt_size, .sound = mqtt_sound, .read = mqtt_read};

static int mqtt_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess mqtt_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {1883, 0};
static const char *const odds[] = {"mqtt-framing", NULL};

const struct gw_proto gw_proto_mqtt = {.name = "mqtt", .over = GW_TCP, .ports = ports, .guess = mqtt_guess, .state_size = sizeof(struct mqtt),
	.budget = PDU_BUDGET(KEEP), .begin = mqtt_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields),
	.odds = odds, .en = "MQTT: topics that are published and subscribed to", .ja = "MQTT：発行、購読されるトピック"};
