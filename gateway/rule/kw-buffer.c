// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Buffers by the names rules give them, the transforms on them, and the lists they make.
 *
 * A buffer exists when a protocol of this build carries it; nothing here knows which do. Old names (http_uri after its content) are translated.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "rule/draft.h"

bool field_find(const char *name, const struct gw_proto **ret_proto, uint16_t *ret_def)
{
	for (const struct gw_proto *const *p = gw_protos; *p; p++) {
		size_t length = strlen((*p)->name);
		bool secs = strcmp((*p)->name, "hsms") == 0 && strncmp(name, "secs.", 5) == 0;

		if (secs)
			length = 4;
		else if (strncmp(name, (*p)->name, length) != 0 || name[length] != '.')
			continue;
		for (size_t i = 0; i < (*p)->field_count; i++)
			if (strcmp((*p)->fields[i].name, name + length + 1) == 0) {
				*ret_proto = *p;
				*ret_def = (uint16_t)i;
				return true;
			}
	}
	return false;
}

static enum packet_part part_find(const char *name)
{
	static const char *const names[] = {[PART_IP4] = "ipv4.hdr", [PART_IP6] = "ipv6.hdr", [PART_TCP] = "tcp.hdr", [PART_UDP] = "udp.hdr",
		[PART_ICMP4] = "icmpv4.hdr", [PART_ICMP6] = "icmpv6.hdr", [PART_SRC] = "ip.src", [PART_DST] = "ip.dst"};

	for (size_t i = 1; i < SK_ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum packet_part)i;
	return PART_NONE;
}

static bool buffer_exists(const char *name)
{
	for (const struct gw_proto *const *p = gw_protos; *p; p++)
		for (const char *const *b = (*p)->buffers; b && *b; b++)
			if (strcmp(*b, name) == 0)
				return true;
	return false;
}

bool buffer_known(const char *name)
{
	const struct gw_proto *proto;
	uint16_t def;

	return part_find(name) || buffer_exists(name) || field_find(name, &proto, &def);
}

static int list_name_add(struct gw_rules *set, uint16_t number)
{
	const char *name = set->lists[number].buffer;
	struct list_names *names = sk_map_get(set->list_of_name, name, strlen(name));

	if (!names) {
		names = arena_take(&set->arena, sizeof *names);
		if (!names || sk_map_put(set->list_of_name, name, strlen(name), names))
			return sk_origin(-ENOMEM);
	}
	if (names->count == SK_ARRAY_SIZE(names->lists))
		return SK_FULL;
	names->lists[names->count++] = number;
	return 0;
}

/* The list of the pending buffer and its transforms, a new one when it is the first. */
static int list_of(struct draft *d, uint16_t *ret_list)
{
	struct gw_rules *set = d->set;
	struct list *list;
	int r;

	for (uint32_t i = 0; i < set->list_count; i++)
		if (strcmp(set->lists[i].text, d->pending_text) == 0) {
			*ret_list = (uint16_t)i;
			return 0;
		}
	if (set->list_count == RULE_LISTS_MAX)
		return draft_refuse(d, "more than %d different buffers and transforms in the set", RULE_LISTS_MAX);
	list = &set->lists[set->list_count];
	*list = d->pending;
	list->text = arena_text(&set->arena, d->pending_text, strlen(d->pending_text));
	list->buffer = arena_text(&set->arena, d->pending.buffer, strlen(d->pending.buffer));
	if (!list->text || !list->buffer)
		return sk_origin(-ENOMEM);
	if (!list->field && !list->part && *list->buffer && (r = list_name_add(set, (uint16_t)set->list_count)))
		return r < 0 ? r : draft_refuse(d, "too many different transforms of this buffer");
	*ret_list = (uint16_t)set->list_count++;
	return 0;
}

static int slot_of_pending(struct draft *d)
{
	uint16_t list = 0;
	int r = list_of(d, &list);

	if (r)
		return r;
	for (unsigned i = 0; i < d->slot_count; i++)
		if (d->lists[i] == list) {
			d->slot = (int)i;
			return 0;
		}
	if (d->slot_count == RULE_SLOTS_MAX)
		return draft_refuse(d, "more than %d buffers in one rule", RULE_SLOTS_MAX);
	d->lists[d->slot_count] = list;
	d->slot = (int)d->slot_count++;
	return 0;
}

int draft_buffer(struct draft *d, const char *name)
{
	d->pending = (struct list){.buffer = name};
	d->decoded = false;
	d->last_content = -1;
	d->slot = -1;
	d->pending.part = part_find(name);
	if (*name && !d->pending.part && !buffer_exists(name)) {
		if (!field_find(name, &d->pending.proto, &d->pending.def))
			return draft_refuse(d, "needs the buffer %s, which no protocol of this build carries", name);
		d->pending.field = true;
	}
	snprintf(d->pending_text, sizeof d->pending_text, "%s", name);
	return 0;
}

int draft_test(struct draft *d, enum test_kind kind, struct test **ret_test)
{
	int r;

	if (d->slot < 0 && (r = slot_of_pending(d)))
		return r;
	if (d->test_count == RULE_TESTS_MAX)
		return draft_refuse(d, "more than %d tests in one rule", RULE_TESTS_MAX);
	if (d->decoded && !d->tests[d->base64].base64.first) {
		unsigned before = 0;

		for (unsigned i = 0; i < d->test_count; i++)
			before += d->slot_of[i] == d->slot;
		d->tests[d->base64].base64.first = (uint16_t)before;
	}
	d->last_test = (int)d->test_count;
	d->slot_of[d->test_count] = (uint8_t)d->slot;
	*ret_test = &d->tests[d->test_count++];
	**ret_test = (struct test){.kind = (uint8_t)kind};
	return 0;
}

int draft_move_content(struct draft *d, const char *name)
{
	int slot = d->slot, content = d->last_content, r;

	if (content < 0)
		return draft_refuse(d, "no content before it");
	if ((r = draft_buffer(d, name)) || (r = slot_of_pending(d)))
		return r;
	d->slot_of[content] = (uint8_t)d->slot;
	d->slot = slot;
	d->last_content = content;
	return 0;
}

static int read_sticky(struct draft *d, const struct keyword *k, char *value)
{
	if (value)
		return draft_refuse(d, "takes no value");
	return draft_buffer(d, k->text ? k->text : k->name);
}

static int read_modifier(struct draft *d, const struct keyword *k, char *value)
{
	return draft_move_content(d, k->text);
}

static int read_transform(struct draft *d, const struct keyword *k, char *value)
{
	struct transform *xf;
	size_t used = strlen(d->pending_text);
	bool negated;

	if (d->slot >= 0)
		return draft_refuse(d, "stands behind the first test of its buffer, or behind no buffer");
	if (d->pending.transform_count == RULE_TRANSFORMS_MAX || used + strlen(k->name) + (value ? strlen(value) : 0) + 4 > sizeof d->pending_text)
		return draft_refuse(d, "too many or too long transforms");
	snprintf(d->pending_text + used, sizeof d->pending_text - used, ";%s:%s", k->name, value ? value : "");
	xf = &d->pending.transforms[d->pending.transform_count++];
	xf->kind = (uint8_t)k->number;
	if (k->number == XF_PCRE) {
		if (!value || word_unquote(&value, &negated) || negated)
			return draft_refuse(d, "its value is not in quotes");
		return draft_regex(d, value, strlen(value), 0, &xf->code);
	}
	if (k->number != XF_XOR)
		return value ? draft_refuse(d, "takes no value") : 0;
	if (!value || word_unquote(&value, &negated) || strlen(value) % 2 || strlen(value) / 2 > sizeof xf->key || !*value)
		return draft_refuse(d, "its key is not hexadecimal digits in quotes");
	for (; value[0]; value += 2) {
		int64_t byte;
		char hex[5] = {'0', 'x', value[0], value[1]};

		if (!word_number(hex, 0, 255, &byte))
			return draft_refuse(d, "its key is not hexadecimal digits in quotes");
		xf->key[xf->size++] = (uint8_t)byte;
	}
	return 0;
}

const struct keyword keywords_buffer[] = {
	{"pkt_data", read_sticky, ""}, {"file_data", read_sticky, "file.data"}, {"dns_query", read_sticky, "dns.query"}, {"tls_sni", read_sticky, "tls.sni"},
	{"tls_cert_subject", read_sticky, "tls.cert_subject"}, {"tls_cert_issuer", read_sticky, "tls.cert_issuer"},
	{"tls_cert_serial", read_sticky, "tls.cert_serial"}, {"tls_cert_fingerprint", read_sticky, "tls.cert_fingerprint"},
	{"ja3_hash", read_sticky, "ja3.hash"}, {"ja3_string", read_sticky, "ja3.string"}, {"ja3s_hash", read_sticky, "ja3s.hash"},
	{"ja4_hash", read_sticky, "ja4.hash"}, {"ssh_proto", read_sticky, "ssh.proto"}, {"ssh_software", read_sticky, "ssh.software"},
	{"smb_named_pipe", read_sticky, "smb.named_pipe"}, {"smb_share", read_sticky, "smb.share"}, {"dce_stub_data", read_sticky, "dcerpc.stub_data"}, {"http_request_line", read_sticky, "http.request_line"},
	{"http_response_line", read_sticky, "http.response_line"}, {"http_protocol", read_sticky, "http.protocol"}, {"http_start", read_sticky, "http.start"},
	{"http_header_names", read_sticky, "http.header_names"}, {"http_accept", read_sticky, "http.accept"},
	{"http_accept_enc", read_sticky, "http.accept_enc"}, {"http_accept_lang", read_sticky, "http.accept_lang"},
	{"http_referer", read_sticky, "http.referer"}, {"http_connection", read_sticky, "http.connection"},
	{"http_content_type", read_sticky, "http.content_type"}, {"http_content_len", read_sticky, "http.content_len"},
	{"http_uri", read_modifier, "http.uri"}, {"http_raw_uri", read_modifier, "http.uri.raw"}, {"http_method", read_modifier, "http.method"},
	{"http_client_body", read_modifier, "http.request_body"}, {"http_server_body", read_modifier, "http.response_body"},
	{"http_header", read_modifier, "http.header"}, {"http_raw_header", read_modifier, "http.header.raw"}, {"http_cookie", read_modifier, "http.cookie"},
	{"http_user_agent", read_modifier, "http.user_agent"}, {"http_host", read_modifier, "http.host"}, {"http_raw_host", read_modifier, "http.host.raw"},
	{"http_stat_code", read_modifier, "http.stat_code"}, {"http_stat_msg", read_modifier, "http.stat_msg"},
	{"dotprefix", read_transform, NULL, XF_DOTPREFIX}, {"to_lowercase", read_transform, NULL, XF_LOWER}, {"to_uppercase", read_transform, NULL, XF_UPPER},
	{"strip_whitespace", read_transform, NULL, XF_STRIP_SPACE}, {"compress_whitespace", read_transform, NULL, XF_COMPRESS_SPACE},
	{"to_md5", read_transform, NULL, XF_MD5}, {"to_sha1", read_transform, NULL, XF_SHA1}, {"to_sha256", read_transform, NULL, XF_SHA256},
	{"url_decode", read_transform, NULL, XF_URL_DECODE}, {"xor", read_transform, NULL, XF_XOR}, {"pcrexform", read_transform, NULL, XF_PCRE},
	{"strip_pseudo_headers", read_transform, NULL, XF_STRIP_PSEUDO}, {"", read_sticky}, {NULL}};
