// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * EtherNet/IP's encapsulation (ODVA, CIP Volume 2): commands, identities that are listed, and the CIP services in unconnected and connected data, which cip.c reads. Owns
 * what was asked for last.
 */
#include "proto/enip/enip.h"

#include "base/cursor.h"
#include "base/error.h"
#include "base/mem.h"

enum { HEAD = 24, KEEP = 8192, LIST_IDENTITY = 0x63, SEND_RR = 0x6f, SEND_UNIT = 0x70, ITEM_IDENTITY = 0x0c, ITEM_CONNECTED_ADDRESS = 0xa1, ITEM_CONNECTED = 0xb1,
	ITEM_UNCONNECTED = 0xb2, ITEMS_MAX = 16 };

static const struct gw_field_def fields[] = {
	[ENIP_COMMAND] = {"command", GW_UINT, .learn = true, .en = "encapsulation command", .ja = "カプセル化コマンド"},
	[ENIP_STATUS] = {"status", GW_UINT, .en = "encapsulation status of an answer", .ja = "応答のカプセル化ステータス"},
	[ENIP_SERVICE] = {"cip_service", GW_UINT, .learn = true, .en = "CIP service, without the bit of an answer", .ja = "CIP サービス（応答のビットを除く）"},
	[ENIP_CLASS] = {"class", GW_UINT, .learn = true, .en = "class of the path", .ja = "パスのクラス"},
	[ENIP_INSTANCE] = {"instance", GW_UINT, .learn = true, .en = "instance of the path", .ja = "パスのインスタンス"},
	[ENIP_ATTRIBUTE] = {"attribute", GW_UINT, .learn = true, .en = "attribute of the path", .ja = "パスのアトリビュート"},
	[ENIP_TAG] = {"tag", GW_TEXT, .learn = true, .en = "tag of the path, members behind dots", .ja = "パスのタグ。メンバーはピリオドでつなぐ"},
	[ENIP_GENERAL] = {"general_status", GW_UINT, .en = "CIP's general status of an answer", .ja = "応答の CIP 一般ステータス"},
	[ENIP_PCCC] = {"pccc", GW_UINT, .learn = true, .en = "PCCC command and function in two bytes", .ja = "PCCC のコマンドとファンクション（2 バイト）"},
	[ENIP_VENDOR] = {"vendor", GW_TEXT, .en = "vendor, of an identity", .ja = "製造者（アイデンティティーから）"},
	[ENIP_PRODUCT] = {"product", GW_TEXT, .en = "product name", .ja = "製品名"},
	[ENIP_REVISION] = {"revision", GW_TEXT, .en = "revision", .ja = "版"},
	[ENIP_SERIAL] = {"serial", GW_TEXT, .en = "serial number, hexadecimal", .ja = "製造番号（16 進数）"},
};

static const struct pdu_row commands[] = {
	{0x00, "nop", GW_ACT_SESSION}, {0x04, "list-services", GW_ACT_SESSION}, {0x63, "list-identity", GW_ACT_SESSION}, {0x64, "list-interfaces", GW_ACT_SESSION},
	{0x65, "register-session", GW_ACT_SESSION}, {0x66, "unregister-session", GW_ACT_SESSION}, {0x6f, "send-rr-data", GW_ACT_SESSION},
	{0x70, "send-unit-data", GW_ACT_SESSION}, {0x72, "indicate-status", GW_ACT_SESSION}, {0x73, "cancel", GW_ACT_SESSION}, {0, NULL, 0}};

static int64_t enip_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	struct sk_cursor c;
	unsigned command, length;

	(void)state;
	(void)dir;
	(void)have;
	sk_cursor_init(&c, head, HEAD);
	command = sk_get_u16_le(&c);
	length = sk_get_u16_le(&c);
	sk_get_u32(&c);
	if (sk_get_u32_le(&c) > 0xff || length > 65511 || !pdu_row_find(commands, command))
		return 0;
	sk_get_u64(&c);
	return sk_get_u32(&c) == 0 ? HEAD + (int64_t)length : 0;
}

static bool enip_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	unsigned command = data[0];

	(void)state;
	(void)dir;
	if (command == 0)
		return false;
	return command == 0x65 ? size == HEAD + 4 : command == 0x6f || command == 0x70 ? size >= HEAD + 16 || data[8] : size < HEAD + 600;
}

/* What the items of a message carry. */
struct items {
	const uint8_t *data, *identity;
	size_t size, identity_size;
	bool connected, bad;
	uint32_t connection;
};

static void take_item(struct items *items, unsigned type, struct sk_cursor item)
{
	switch (type) {
	case ITEM_CONNECTED_ADDRESS:
		items->connection = sk_get_u32_le(&item);
		break;
	case ITEM_CONNECTED:
	case ITEM_UNCONNECTED:
		items->bad |= items->data != NULL;
		items->connected = type == ITEM_CONNECTED;
		items->data = item.data;
		items->size = item.size;
		break;
	case ITEM_IDENTITY:
		items->identity = item.data;
		items->identity_size = item.size;
		break;
	}
}

static struct items read_items(struct sk_cursor *c)
{
	struct items items = {.data = NULL};
	unsigned count = sk_get_u16_le(c);

	items.bad = count > ITEMS_MAX;
	for (unsigned i = 0; i < count && i < ITEMS_MAX && !c->bad; i++) {
		unsigned type = sk_get_u16_le(c);
		struct sk_cursor item = sk_get_window(c, sk_get_u16_le(c));

		if (!item.bad && !c->bad)
			take_item(&items, type, item);
	}
	items.bad |= c->bad;
	return items;
}

static void say_command(struct gw_turn *turn, const struct pdu *pdu, unsigned command, uint32_t status, uint64_t id, const struct items *items)
{
	const struct pdu_row *row = pdu_row_find(commands, command);
	struct pdu_told told;
	struct sk_cursor c;

	pdu_told_begin(&told, pdu, row ? row->name : "command", row ? row->act : GW_ACT_ENGINEER, pdu->dir == GW_TO_SERVER && command != 0);
	told.id = id;
	pdu_put(&told, ENIP_COMMAND, command);
	if (pdu->dir == GW_TO_CLIENT)
		pdu_put(&told, ENIP_STATUS, status);
	if (items && items->identity) {
		sk_cursor_init(&c, items->identity, items->identity_size);
		sk_get_bytes(&c, 18);
		cip_identity(&told, &c);
	}
	/* Data that nobody could find a service in may be any. */
	if ((command == SEND_RR || command == SEND_UNIT) && status == 0) {
		told.partial = true;
		told.act = GW_ACT_ENGINEER;
	}
	pdu_put_buffer(&told, "enip.pdu", pdu->data, pdu->size);
	(void)pdu_say(turn, pdu, &told);
}

static void enip_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	struct items items = {.data = NULL};
	struct sk_cursor c;
	unsigned command;
	uint32_t status;
	uint64_t id;

	sk_cursor_init(&c, pdu->data, pdu->size);
	command = sk_get_u16_le(&c);
	sk_get_u16(&c);
	sk_get_u32(&c);
	status = sk_get_u32_le(&c);
	id = sk_get_u64(&c);
	sk_get_u32(&c);
	if (command == SEND_RR || command == SEND_UNIT)
		sk_get_bytes(&c, 6);
	if (command == SEND_RR || command == SEND_UNIT || (command == LIST_IDENTITY && pdu->dir == GW_TO_CLIENT))
		items = read_items(&c);
	if (items.data && items.connected && items.size > 2) {
		id = (uint64_t)items.connection << 16 | items.data[1] << 8 | items.data[0];
		items.data += 2;
		items.size -= 2;
	}
	if (items.data && items.size > (items.connected ? 0u : 1u) && !items.bad && !pdu->torn && (command == SEND_RR || command == SEND_UNIT))
		cip_read(turn, state, pdu, id, command, items.data, items.size, 0);
	else
		say_command(turn, pdu, command, status, id, &items);
}

static const struct pdu_kind kind = {.odd = "enip-framing", .head = HEAD, .sure = HEAD, .keep = KEEP, .size = enip_size, .sound = enip_sound, .read = enip_read};

static int enip_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess enip_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {44818, 0};
static const char *const buffers[] = {"enip.pdu", NULL};
static const char *const odds[] = {"enip-framing", NULL};

const struct gw_proto gw_proto_enip = {.name = "enip", .over = GW_TCP | GW_UDP, .ports = ports, .guess = enip_guess, .state_size = sizeof(struct enip),
	.budget = PDU_BUDGET(KEEP), .begin = enip_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields),
	.buffers = buffers, .odds = odds, .en = "EtherNet/IP with CIP: commands, services, classes, tags and identities",
	.ja = "EtherNet/IP と CIP：コマンド、サービス、クラス、タグ、アイデンティティー"};
