// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * CIP services (ODVA, CIP Volume 1): service, path and what of the data tells more: tags of Logix controllers, PCCC commands, wrapped and bundled services. A service that
 * wraps others is said by itself, and each of the others, too.
 */
#include <stdio.h>

#include "base/cursor.h"
#include "base/mem.h"
#include "proto/enip/enip.h"

enum { ANSWER = 0x80, ANY = 0xffff00, IDENTITY = 1, ROUTER = 2, MANAGER = 6, FILES = 0x37, PCCC = 0x67, GET_ALL = 1, MULTIPLE = 0x0a, WRAPPED = 0x52, EXECUTE_PCCC = 0x4b };

#define OF(class, service) ((uint32_t)(class) << 8 | (service))
#define OF_ANY(service) (ANY | (service))
static const struct pdu_row rows[] = {
	{OF_ANY(0x01), "get-attributes-all", GW_ACT_READ}, {OF_ANY(0x02), "set-attributes-all", GW_ACT_WRITE}, {OF_ANY(0x03), "get-attribute-list", GW_ACT_READ},
	{OF_ANY(0x04), "set-attribute-list", GW_ACT_WRITE}, {OF_ANY(0x05), "reset", GW_ACT_ENGINEER}, {OF_ANY(0x06), "start", GW_ACT_ENGINEER},
	{OF_ANY(0x07), "stop", GW_ACT_ENGINEER}, {OF_ANY(0x08), "create", GW_ACT_ENGINEER}, {OF_ANY(0x09), "delete", GW_ACT_ENGINEER},
	{OF_ANY(0x0a), "multiple-service", GW_ACT_SESSION}, {OF_ANY(0x0d), "apply-attributes", GW_ACT_WRITE}, {OF_ANY(0x0e), "get-attribute-single", GW_ACT_READ},
	{OF_ANY(0x10), "set-attribute-single", GW_ACT_WRITE}, {OF_ANY(0x11), "find-next", GW_ACT_READ}, {OF_ANY(0x15), "restore", GW_ACT_ENGINEER},
	{OF_ANY(0x16), "save", GW_ACT_ENGINEER}, {OF_ANY(0x17), "no-operation", GW_ACT_SESSION}, {OF_ANY(0x18), "get-member", GW_ACT_READ},
	{OF_ANY(0x19), "set-member", GW_ACT_WRITE}, {OF_ANY(0x1a), "insert-member", GW_ACT_WRITE}, {OF_ANY(0x1b), "remove-member", GW_ACT_WRITE},
	{OF(FILES, 0x4b), "initiate-upload", GW_ACT_ENGINEER}, {OF(FILES, 0x4c), "initiate-download", GW_ACT_ENGINEER},
	{OF(FILES, 0x4d), "initiate-partial-read", GW_ACT_ENGINEER}, {OF(FILES, 0x4e), "initiate-partial-write", GW_ACT_ENGINEER},
	{OF(FILES, 0x4f), "upload-transfer", GW_ACT_ENGINEER}, {OF(FILES, 0x50), "download-transfer", GW_ACT_ENGINEER}, {OF(FILES, 0x51), "clear-file", GW_ACT_ENGINEER},
	{OF(MANAGER, 0x4e), "forward-close", GW_ACT_SESSION}, {OF(MANAGER, 0x52), "unconnected-send", GW_ACT_SESSION},
	{OF(MANAGER, 0x54), "forward-open", GW_ACT_SESSION}, {OF(MANAGER, 0x56), "get-connection-data", GW_ACT_READ},
	{OF(MANAGER, 0x57), "search-connection-data", GW_ACT_READ}, {OF(MANAGER, 0x5a), "get-connection-owner", GW_ACT_READ},
	{OF(MANAGER, 0x5b), "large-forward-open", GW_ACT_SESSION}, {OF(PCCC, 0x4b), "execute-pccc", GW_ACT_ENGINEER},
	{OF_ANY(0x4c), "read-tag", GW_ACT_READ}, {OF_ANY(0x4d), "write-tag", GW_ACT_WRITE}, {OF_ANY(0x4e), "read-modify-write-tag", GW_ACT_WRITE},
	{OF_ANY(0x52), "read-tag-fragmented", GW_ACT_READ}, {OF_ANY(0x53), "write-tag-fragmented", GW_ACT_WRITE},
	{OF_ANY(0x55), "get-instance-attribute-list", GW_ACT_READ}, {0, NULL, 0}};

/* Command and function of PCCC (DF1): what only reads, and what writes; all else is for engineers. */
static enum gw_act pccc_act(unsigned command, unsigned function)
{
	static const uint16_t reads[] = {0x0f68, 0x0f01, 0x0f09, 0x0f0b, 0x0fa1, 0x0fa2, 0x0f29, 0x0f83, 0x0603, 0x0600, 0x0601};
	static const uint16_t writes[] = {0x0f67, 0x0f00, 0x0f02, 0x0f03, 0x0f0a, 0x0f0c, 0x0f26, 0x0f79, 0x0fa9, 0x0faa, 0x0fab, 0x0fae, 0x0faf};

	for (size_t i = 0; i < SK_ARRAY_SIZE(reads); i++)
		if (reads[i] == (command << 8 | function))
			return GW_ACT_READ;
	for (size_t i = 0; i < SK_ARRAY_SIZE(writes); i++)
		if (writes[i] == (command << 8 | function))
			return GW_ACT_WRITE;
	if (command == 1 || command == 4)
		return GW_ACT_READ;
	return command == 0 || command == 2 || command == 5 || command == 8 ? GW_ACT_WRITE : GW_ACT_ENGINEER;
}

static void read_pccc(struct pdu_told *told, struct sk_cursor *c)
{
	unsigned requester = sk_get_u8(c), command, function = 0;

	sk_get_bytes(c, requester ? requester - 1u : 0);
	command = sk_get_u8(c);
	sk_get_u8(c);
	sk_get_u16(c);
	if (sk_cursor_left(c) && (command & 0xbf) >= 6)
		function = sk_get_u8(c);
	pdu_put(told, ENIP_PCCC, (command & 0xbf) << 8 | function);
	if (!c->bad)
		told->act = pccc_act(command & 0xbf, function);
}

/* What a path ends in: a class, an instance, an attribute, or a tag's name. */
struct path {
	uint32_t class;
	bool has_class, bad;
};

static void put_logical(struct pdu_told *told, struct path *path, unsigned type, uint32_t value)
{
	static const int fields[] = {ENIP_CLASS, ENIP_INSTANCE, -1, -1, ENIP_ATTRIBUTE};

	if (type == 0) {
		path->class = value;
		path->has_class = true;
	}
	if (type < SK_ARRAY_SIZE(fields) && fields[type] >= 0)
		pdu_put(told, (unsigned)fields[type], value);
}

static void read_logical(struct pdu_told *told, struct path *path, uint8_t segment, struct sk_cursor *c)
{
	unsigned type = segment >> 2 & 7, format = segment & 3;
	uint32_t value;

	if (type == 5) { /* an electronic key */
		sk_get_bytes(c, 9);
		return;
	}
	if (format)
		sk_get_u8(c);
	value = format == 0 ? sk_get_u8(c) : format == 1 ? sk_get_u16_le(c) : sk_get_u32_le(c);
	put_logical(told, path, type, value);
}

/* Symbols joined by dots: a tag and its members. */
static void read_symbol(struct sk_cursor *c, char *tag, size_t room, size_t *used)
{
	size_t size = sk_get_u8(c);
	const uint8_t *text = sk_get_bytes(c, size);

	if (size & 1)
		sk_get_u8(c);
	if (text && *used + size + 2 < room)
		*used += (size_t)snprintf(tag + *used, room - *used, "%s%.*s", *used ? "." : "", (int)size, (const char *)text);
	else
		sk_cursor_fail(c);
}

static struct path read_path(struct pdu_told *told, struct sk_cursor c)
{
	struct path path = {.has_class = false};
	char tag[256];
	size_t used = 0;

	while (sk_cursor_left(&c) && !c.bad) {
		uint8_t segment = sk_get_u8(&c);

		if (segment == 0x91)
			read_symbol(&c, tag, sizeof tag, &used);
		else if (segment >> 5 == 1)
			read_logical(told, &path, segment, &c);
		else if (segment >> 5 == 0) /* a port: one byte of link, or more with their size before them */
			sk_get_bytes(&c, (segment & 0x10 ? 1u + sk_get_u8(&c) : 1u) + (segment & 15 ? 0 : 2));
		else
			break;
	}
	path.bad = c.bad;
	if (used)
		pdu_put_text(told, ENIP_TAG, "%s", tag);
	return path;
}

static const struct cip_asked *asked_find(const struct enip *s, uint64_t id, uint8_t service)
{
	for (unsigned i = 0; i < CIP_ASKED; i++)
		if (s->asked[i].id == id && s->asked[i].service == service && service)
			return &s->asked[i];
	return NULL;
}

static void name_it(struct pdu_told *told, uint32_t class, uint8_t service)
{
	const struct pdu_row *row = pdu_row_find(rows, OF(class, service));

	if (!row)
		row = pdu_row_find(rows, OF_ANY(service));
	snprintf(told->name, sizeof told->name, "%s", row ? row->name : "service");
	told->act = row ? row->act : GW_ACT_ENGINEER;
}

void cip_identity(struct pdu_told *told, struct sk_cursor *c)
{
	static const struct {
		unsigned id;
		const char *name;
	} vendors[] = {{1, "Rockwell Automation"}, {46, "ABB"}, {47, "Omron"}, {90, "HMS"}, {161, "Mitsubishi Electric"}, {243, "Schneider Electric"}, {283, "Hilscher"},
		{40, "WAGO"}, {26, "Festo"}, {367, "Keyence"}, {808, "SICK"}, {44, "Yaskawa"}, {356, "Fanuc"}, {579, "Applied Materials"}};
	unsigned vendor = sk_get_u16_le(c), major, minor;
	const char *name = NULL;
	uint32_t serial;
	size_t size;
	const uint8_t *text;

	sk_get_u32(c);
	major = sk_get_u8(c);
	minor = sk_get_u8(c);
	sk_get_u16(c);
	serial = sk_get_u32_le(c);
	size = sk_get_u8(c);
	text = sk_get_bytes(c, size);
	if (!text)
		return;
	for (size_t i = 0; i < SK_ARRAY_SIZE(vendors); i++)
		name = vendors[i].id == vendor ? vendors[i].name : name;
	if (name)
		pdu_put_text(told, ENIP_VENDOR, "%s", name);
	else
		pdu_put_text(told, ENIP_VENDOR, "vendor.%u", vendor);
	pdu_put_trimmed(told, ENIP_PRODUCT, text, size);
	pdu_put_text(told, ENIP_REVISION, "%u.%u", major, minor);
	pdu_put_text(told, ENIP_SERIAL, "%08x", serial);
}

static void bundled(struct gw_turn *turn, struct enip *s, const struct pdu *pdu, uint64_t id, unsigned command, struct sk_cursor c, int depth)
{
	const uint8_t *base = c.data + c.at;
	size_t size = sk_cursor_left(&c);
	unsigned count = sk_get_u16_le(&c);

	for (unsigned i = 0; i < count && !c.bad; i++) {
		size_t at = sk_get_u16_le(&c), end = size;
		struct sk_cursor next = c;

		if (i + 1 < count)
			end = sk_get_u16_le(&next);
		if (c.bad || at >= end || end > size)
			return;
		cip_read(turn, s, pdu, id, command, base + at, end - at, depth + 1);
	}
}

/* Not all that is bundled or wrapped can be read: what asks for a field must not let it pass. */
static bool bundle_sound(struct sk_cursor c)
{
	size_t size = sk_cursor_left(&c), last = 0;
	unsigned count = sk_get_u16_le(&c);

	for (unsigned i = 0; i < count && !c.bad; i++) {
		size_t at = sk_get_u16_le(&c);

		if (at <= last || at >= size)
			return false;
		last = at;
	}
	return !c.bad && count;
}

static void read_answer(struct gw_turn *turn, struct enip *s, const struct pdu *pdu, uint64_t id, unsigned command, struct sk_cursor *c, struct pdu_told *told, uint8_t service,
	int depth)
{
	const struct cip_asked *asked = asked_find(s, id, service);
	uint32_t class = asked ? asked->class : ANY >> 8;
	unsigned general;

	sk_get_u8(c);
	general = sk_get_u8(c);
	sk_get_bytes(c, 2 * (size_t)sk_get_u8(c));
	told->partial |= c->bad;
	name_it(told, class, service);
	pdu_put(told, ENIP_SERVICE, service);
	pdu_put(told, ENIP_GENERAL, general);
	if (class == IDENTITY && service == GET_ALL && general == 0)
		cip_identity(told, c);
	(void)pdu_say(turn, pdu, told);
	if (service == MULTIPLE && !c->bad && sk_cursor_left(c) > 2)
		bundled(turn, s, pdu, id, command, *c, depth);
}

static void read_request(struct gw_turn *turn, struct enip *s, const struct pdu *pdu, uint64_t id, unsigned command, struct sk_cursor *c, struct pdu_told *told, uint8_t service,
	int depth)
{
	struct sk_cursor inner = {.bad = true};
	struct path path;

	pdu_put(told, ENIP_SERVICE, service);
	path = read_path(told, sk_get_window(c, 2 * (size_t)sk_get_u8(c)));
	told->partial |= c->bad || path.bad;
	name_it(told, path.has_class ? path.class : ANY >> 8, service);
	s->asked[s->next++ % CIP_ASKED] = (struct cip_asked){id, path.has_class ? path.class : ANY >> 8, service};
	if (service == WRAPPED && path.class == MANAGER) {
		sk_get_u16(c);
		inner = sk_get_window(c, sk_get_u16_le(c));
	} else if (service == MULTIPLE) {
		inner = *c;
		inner.bad |= !bundle_sound(*c);
	} else if (service == EXECUTE_PCCC && path.class == PCCC) {
		struct sk_cursor pccc = *c;

		read_pccc(told, &pccc);
	}
	if ((service == MULTIPLE || (service == WRAPPED && path.class == MANAGER)) && (inner.bad || depth == CIP_DEPTH)) {
		told->partial = true;
		told->act = GW_ACT_ENGINEER;
	}
	if (pdu_say(turn, pdu, told) != GW_LET || inner.bad || depth == CIP_DEPTH)
		return;
	if (service == MULTIPLE)
		bundled(turn, s, pdu, id, command, inner, depth);
	else
		cip_read(turn, s, pdu, id, command, inner.data, inner.size, depth + 1);
}

void cip_read(struct gw_turn *turn, struct enip *s, const struct pdu *pdu, uint64_t id, unsigned command, const uint8_t *data, size_t size, int depth)
{
	struct pdu_told told;
	struct sk_cursor c;
	uint8_t service;

	sk_cursor_init(&c, data, size);
	service = sk_get_u8(&c);
	pdu_told_begin(&told, pdu, "service", GW_ACT_ENGINEER, !(service & ANSWER));
	told.id = id;
	told.from = service & ANSWER ? GW_ROLE_EQUIPMENT : GW_ROLE_HOST;
	pdu_put(&told, ENIP_COMMAND, command);
	if (service & ANSWER)
		read_answer(turn, s, pdu, id, command, &c, &told, service & 0x7f, depth);
	else
		read_request(turn, s, pdu, id, command, &c, &told, service, depth);
}
