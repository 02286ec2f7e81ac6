// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * BACnet/IP (ASHRAE 135, annex J): the link's functions, messages of the network layer, and services, whose parameters service.c reads. A datagram holds one. Owns
 * nothing but the framing.
 */
#include "proto/bacnet/bacnet.h"

#include "base/error.h"
#include "base/mem.h"

enum { LINK = 0x81, LINK_HEAD = 4, KEEP = 1536, FORWARDED = 4, FUNCTION_LAST = 12, VERSION = 1, NETWORK_MESSAGE = 0x80, TO = 0x20, BY = 0x08, EXPECTS = 0x04 };
enum { CONFIRMED, UNCONFIRMED, SIMPLE_ACK, COMPLEX_ACK, SEGMENT_ACK, FAILED, REJECTED, ABORTED, SEGMENTED = 8 };

static const struct gw_field_def fields[] = {
	[BAC_SERVICE] = {"service", GW_UINT, .learn = true, .en = "service choice, confirmed or not", .ja = "サービスの番号（確認の有無は問わない）"},
	[BAC_TYPE] = {"type", GW_UINT, .learn = true, .en = "type of each object: 0 analog input, 1 analog output, 2 analog value, 8 device ...", .ja = "各オブジェクトの種類。0 アナログ入力、1 アナログ出力、2 アナログ値、8 デバイスなど"},
	[BAC_INSTANCE] = {"instance", GW_UINT, .learn = true, .en = "instance of each object", .ja = "各オブジェクトのインスタンス"},
	[BAC_PROPERTY] = {"property", GW_UINT, .learn = true, .en = "each property: 85 present value, 77 object name ...", .ja = "各プロパティー。85 現在値、77 オブジェクト名など"},
	[BAC_VALUE] = {"value", GW_INT, .en = "each number that is written, without its fraction", .ja = "書き込む数値。小数部は切り捨て"},
	[BAC_PRIORITY] = {"priority", GW_UINT, .en = "priority of what is written, 1 to 16", .ja = "書き込みの優先度（1 から 16）"},
	[BAC_STATE] = {"state", GW_UINT, .en = "state that a device is brought to (restart, communication)", .ja = "機器に求める状態（再起動、通信）"},
	[BAC_NETWORK] = {"network", GW_UINT, .learn = true, .en = "destination network behind a router", .ja = "ルーターの先の宛先ネットワーク"},
	[BAC_ERROR] = {"error", GW_UINT, .en = "reason of a reject or an abort", .ja = "拒絶または中断の理由"},
	[BAC_VENDOR] = {"vendor_id", GW_UINT, .en = "number of the device's vendor", .ja = "機器の製造者番号"},
};

static const struct pdu_row functions[] = {
	{0, "link-result", GW_ACT_SESSION}, {1, "write-broadcast-table", GW_ACT_ENGINEER}, {2, "read-broadcast-table", GW_ACT_READ}, {3, "broadcast-table", GW_ACT_READ},
	{5, "register-foreign-device", GW_ACT_SESSION}, {6, "read-foreign-devices", GW_ACT_READ}, {7, "foreign-devices", GW_ACT_READ},
	{8, "delete-foreign-device", GW_ACT_ENGINEER}, {12, "secured", GW_ACT_ENGINEER}, {0, NULL, 0}};

static int64_t bacnet_size(const void *state, enum gw_dir dir, const uint8_t *head, size_t have)
{
	unsigned length = (unsigned)head[2] << 8 | head[3];

	(void)state;
	(void)dir;
	(void)have;
	return head[0] == LINK && head[1] <= FUNCTION_LAST && length >= LINK_HEAD && length <= KEEP ? (int64_t)length : 0;
}

static bool carries(unsigned function)
{
	return function == FORWARDED || (function >= 9 && function <= 11);
}

static bool bacnet_sound(const void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	size_t at = LINK_HEAD + (data[1] == FORWARDED ? 6u : 0u);

	(void)state;
	(void)dir;
	return !carries(data[1]) || (size > at + 2 && data[at] == VERSION);
}

static void named(struct pdu_told *told, const char *name, enum gw_act act)
{
	size_t i = 0;

	for (; name[i] && i + 1 < sizeof told->name; i++)
		told->name[i] = name[i];
	told->name[i] = '\0';
	told->act = act;
}

static void name_service(struct pdu_told *told, unsigned service)
{
	const struct pdu_row *row = pdu_row_find(bacnet_rows, service);

	named(told, row ? row->name : "service", row ? row->act : GW_ACT_ENGINEER);
	pdu_put(told, BAC_SERVICE, service & 0xff);
}

static void read_confirmed(struct pdu_told *told, uint8_t first, struct sk_cursor *c)
{
	unsigned service;

	sk_get_u8(c);
	told->id = 1u + sk_get_u8(c);
	told->request = true;
	if (first & SEGMENTED)
		sk_get_u16(c);
	service = sk_get_u8(c);
	name_service(told, service);
	if (first & SEGMENTED) /* its parameters are in other datagrams, too */
		told->partial = true;
	else
		bacnet_request(told, service, c);
}

static void read_ended(struct pdu_told *told, unsigned type, struct sk_cursor *c)
{
	told->id = 1u + sk_get_u8(c);
	if (type == SEGMENT_ACK) {
		named(told, "segment-ack", GW_ACT_SESSION);
		return;
	}
	named(told, type == REJECTED ? "reject" : "abort", GW_ACT_SESSION);
	pdu_put(told, BAC_ERROR, sk_get_u8(c));
}

static void read_application(struct pdu_told *told, struct sk_cursor *c)
{
	uint8_t first = sk_get_u8(c);
	unsigned service;

	switch (first >> 4) {
	case CONFIRMED:
		read_confirmed(told, first, c);
		break;
	case UNCONFIRMED:
		service = BAC_UNCONFIRMED | sk_get_u8(c);
		name_service(told, service);
		bacnet_request(told, service, c);
		break;
	case SIMPLE_ACK: case COMPLEX_ACK: case FAILED:
		told->id = 1u + sk_get_u8(c);
		if (first >> 4 == COMPLEX_ACK && first & SEGMENTED)
			sk_get_u16(c);
		name_service(told, sk_get_u8(c));
		break;
	case SEGMENT_ACK: case REJECTED: case ABORTED:
		read_ended(told, first >> 4, c);
		break;
	default:
		named(told, "service", GW_ACT_ENGINEER);
		told->partial = true;
	}
}

/* Asking for routers and telling of them; all else changes how a router routes. */
static void read_network_message(struct pdu_told *told, struct sk_cursor *c)
{
	uint8_t type = sk_get_u8(c);

	named(told, type <= 5 ? "find-router" : "change-router", type <= 5 ? GW_ACT_SESSION : GW_ACT_ENGINEER);
}

static void read_network(struct pdu_told *told, struct sk_cursor *c)
{
	uint8_t version = sk_get_u8(c), control = sk_get_u8(c);

	if (control & TO) {
		pdu_put(told, BAC_NETWORK, sk_get_u16(c));
		sk_get_bytes(c, sk_get_u8(c));
	}
	if (control & BY) {
		sk_get_u16(c);
		sk_get_bytes(c, sk_get_u8(c));
	}
	if (control & TO)
		sk_get_u8(c);
	if (version != VERSION || c->bad) {
		told->partial = true;
		named(told, "service", GW_ACT_ENGINEER);
	} else if (control & NETWORK_MESSAGE) {
		read_network_message(told, c);
	} else {
		read_application(told, c);
	}
	if (c->bad) {
		told->partial = true;
		told->act = GW_ACT_ENGINEER;
	}
}

static void bacnet_read(struct gw_turn *turn, void *state, const struct pdu *pdu)
{
	const struct pdu_row *row;
	struct pdu_told told;
	struct sk_cursor c;
	unsigned function;

	(void)state;
	sk_cursor_init(&c, pdu->data, pdu->size);
	sk_get_u8(&c);
	function = sk_get_u8(&c);
	sk_get_u16(&c);
	row = pdu_row_find(functions, function);
	pdu_told_begin(&told, pdu, row ? row->name : "link", row ? row->act : GW_ACT_SESSION, false);
	if (carries(function)) {
		if (function == FORWARDED)
			sk_get_bytes(&c, 6);
		read_network(&told, &c);
	}
	pdu_put_buffer(&told, "bacnet.pdu", pdu->data, pdu->size);
	(void)pdu_say(turn, pdu, &told);
}

static const struct pdu_kind kind = {.odd = "bacnet-framing", .head = LINK_HEAD, .sure = LINK_HEAD, .keep = KEEP, .size = bacnet_size, .sound = bacnet_sound,
	.read = bacnet_read};

static int bacnet_begin(void *state, const struct gw_turn *turn)
{
	return pdu_begin(state, &kind, turn);
}

static enum gw_guess bacnet_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	return pdu_guess(&kind, data, size, dir, midstream);
}

static const uint16_t ports[] = {47808, 0};
static const char *const buffers[] = {"bacnet.pdu", NULL};
static const char *const odds[] = {"bacnet-framing", NULL};

const struct gw_proto gw_proto_bacnet = {.name = "bacnet", .over = GW_UDP, .ports = ports, .guess = bacnet_guess, .state_size = sizeof(struct pdu_stream),
	.budget = PDU_BUDGET(KEEP), .begin = bacnet_begin, .end = pdu_end, .data = pdu_data, .gap = pdu_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields),
	.buffers = buffers, .odds = odds, .en = "BACnet/IP: services, objects, properties and values", .ja = "BACnet/IP：サービス、オブジェクト、プロパティー、値"};
