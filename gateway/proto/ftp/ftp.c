// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * FTP's control connection (RFC 959, RFC 2228, RFC 2428, RFC 3659): commands with their files, answers with their codes, the addresses that a transfer is to use. A password is not
 * told. Behind AUTH nothing can be read, and the flow may be switched; the data connections are flows of their own.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "proto/line/line.h"
#include "proto/proto.h"

enum { VERB_MAX = 12, ADDRESS_MAX = 80 };

enum { F_ARGUMENT, F_USER, F_FILE, F_STATUS, F_ADDRESS };
static const struct gw_field_def fields[] = {
	[F_ARGUMENT] = {"argument", GW_TEXT, .en = "what follows a command that is about no file", .ja = "ファイル以外のコマンドの引数"},
	[F_USER] = {"user", GW_TEXT, .learn = true, .en = "who logs in", .ja = "ログインする利用者"},
	[F_FILE] = {"file", GW_TEXT, .learn = true, .en = "the file or folder of a command, as it was sent", .ja = "コマンドの対象のファイル、フォルダー（送られたまま）"},
	[F_STATUS] = {"status", GW_UINT, .en = "the answer's code", .ja = "応答コード"},
	[F_ADDRESS] = {"address", GW_TEXT, .en = "address and port of a transfer", .ja = "転送に使うアドレスとポート"},
};

enum about { ABOUT_NOTHING, ABOUT_FILE, ABOUT_USER, ABOUT_SECRET, ABOUT_ADDRESS, ABOUT_REST };

static const struct verb {
	const char *name;
	enum gw_act act;
	enum about about;
} verbs[] = {
	{"user", GW_ACT_SESSION, ABOUT_USER}, {"pass", GW_ACT_SESSION, ABOUT_SECRET}, {"acct", GW_ACT_SESSION, ABOUT_SECRET}, {"retr", GW_ACT_READ, ABOUT_FILE},
	{"list", GW_ACT_READ, ABOUT_FILE}, {"nlst", GW_ACT_READ, ABOUT_FILE}, {"mlsd", GW_ACT_READ, ABOUT_FILE}, {"mlst", GW_ACT_READ, ABOUT_FILE},
	{"size", GW_ACT_READ, ABOUT_FILE}, {"mdtm", GW_ACT_READ, ABOUT_FILE}, {"stat", GW_ACT_READ, ABOUT_FILE}, {"cwd", GW_ACT_READ, ABOUT_FILE},
	{"cdup", GW_ACT_READ, ABOUT_NOTHING}, {"pwd", GW_ACT_READ, ABOUT_NOTHING}, {"stor", GW_ACT_WRITE, ABOUT_FILE}, {"stou", GW_ACT_WRITE, ABOUT_FILE},
	{"appe", GW_ACT_WRITE, ABOUT_FILE}, {"dele", GW_ACT_WRITE, ABOUT_FILE}, {"rnfr", GW_ACT_WRITE, ABOUT_FILE}, {"rnto", GW_ACT_WRITE, ABOUT_FILE},
	{"mkd", GW_ACT_WRITE, ABOUT_FILE}, {"rmd", GW_ACT_WRITE, ABOUT_FILE}, {"mfmt", GW_ACT_WRITE, ABOUT_FILE}, {"site", GW_ACT_ENGINEER, ABOUT_REST},
	{"smnt", GW_ACT_ENGINEER, ABOUT_REST}, {"port", GW_ACT_SESSION, ABOUT_ADDRESS}, {"eprt", GW_ACT_SESSION, ABOUT_ADDRESS}, {"pasv", GW_ACT_SESSION, ABOUT_NOTHING},
	{"epsv", GW_ACT_SESSION, ABOUT_REST}, {"type", GW_ACT_SESSION, ABOUT_REST}, {"mode", GW_ACT_SESSION, ABOUT_REST}, {"stru", GW_ACT_SESSION, ABOUT_REST},
	{"rest", GW_ACT_SESSION, ABOUT_REST}, {"allo", GW_ACT_SESSION, ABOUT_REST}, {"abor", GW_ACT_SESSION, ABOUT_NOTHING}, {"quit", GW_ACT_SESSION, ABOUT_NOTHING},
	{"rein", GW_ACT_SESSION, ABOUT_NOTHING}, {"noop", GW_ACT_SESSION, ABOUT_NOTHING}, {"syst", GW_ACT_READ, ABOUT_NOTHING}, {"help", GW_ACT_READ, ABOUT_REST},
	{"feat", GW_ACT_SESSION, ABOUT_NOTHING}, {"opts", GW_ACT_SESSION, ABOUT_REST}, {"auth", GW_ACT_SESSION, ABOUT_REST}, {"pbsz", GW_ACT_SESSION, ABOUT_REST},
	{"prot", GW_ACT_SESSION, ABOUT_REST}, {"lang", GW_ACT_SESSION, ABOUT_REST}, {"xmkd", GW_ACT_WRITE, ABOUT_FILE}, {"xrmd", GW_ACT_WRITE, ABOUT_FILE},
	{"xpwd", GW_ACT_READ, ABOUT_NOTHING}, {"xcwd", GW_ACT_READ, ABOUT_FILE}};

struct ftp {
	struct line line[2];
	uint16_t going_on; /* code of an answer of several lines; 0 = none */
	bool auth;         /* AUTH was asked for */
	bool opaque, begun;
};

/* What is said of a line. */
struct told {
	char name[VERB_MAX + 1], address[ADDRESS_MAX];
	struct gw_field fields[2];
	size_t count;
};

static const struct verb *verb_of(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* The word that a line begins with, in small letters; what is behind its blank. False: no line of FTP begins so. */
static bool read_word(const struct line *line, char name[VERB_MAX + 1], size_t *ret_rest)
{
	size_t n = 0;

	while (n < line->size && n < VERB_MAX && ((line->text[n] | 0x20) >= 'a' && (line->text[n] | 0x20) <= 'z')) {
		name[n] = (char)(line->text[n] | 0x20);
		n++;
	}
	name[n] = '\0';
	if (n < 3 || (n < line->size && line->text[n] != ' '))
		return false;
	*ret_rest = SK_MIN(n + 1, line->size);
	return true;
}

static void put(struct told *told, unsigned def, const char *data, size_t size)
{
	if (size)
		told->fields[told->count++] = (struct gw_field){.def = (uint16_t)def, .bytes = {(const uint8_t *)data, size}};
}

/* h1,h2,h3,h4,p1,p2 (RFC 959); |1|address|port| (RFC 2428). */
static bool put_address(struct told *told, const char *text, size_t size)
{
	char copy[ADDRESS_MAX], address[ADDRESS_MAX];
	unsigned n[6], port;
	char family;

	if (size >= sizeof copy)
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (sscanf(copy, "%3u,%3u,%3u,%3u,%3u,%3u", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) == 6)
		snprintf(told->address, sizeof told->address, "%u.%u.%u.%u:%u", n[0] & 255, n[1] & 255, n[2] & 255, n[3] & 255, (n[4] & 255) * 256 + (n[5] & 255));
	else if (sscanf(copy, "|%c|%60[0-9a-fA-F.:]|%5u|", &family, address, &port) == 3)
		snprintf(told->address, sizeof told->address, family == '2' ? "[%s]:%u" : "%s:%u", address, port);
	else
		return false;
	put(told, F_ADDRESS, told->address, strlen(told->address));
	return true;
}

static void say(struct gw_turn *turn, enum gw_dir dir, const struct line *line, struct told *told, enum gw_act act, bool partial, size_t back)
{
	const struct gw_message message = {.name = told->name, .act = act, .dir = dir, .from = dir == GW_TO_SERVER ? GW_ROLE_HOST : GW_ROLE_EQUIPMENT,
		.request = dir == GW_TO_SERVER, .whole = true, .partial = partial || line->torn, .size = line->bytes, .back = back, .fields = told->fields,
		.field_count = told->count};
	enum gw_reply reply;

	(void)turn->engine->say(turn, &message, &reply);
}

/* Another protocol's: nothing of what is in hand is told any more. */
static void give_up(struct gw_turn *turn, struct ftp *s)
{
	s->opaque = true;
	turn->engine->not_mine(turn);
}

static void read_command(struct gw_turn *turn, struct ftp *s, const struct line *line, size_t back)
{
	struct told told = {.count = 0};
	size_t rest = 0;
	const struct verb *verb;
	enum about about;
	bool partial = false;

	if (!read_word(line, told.name, &rest)) {
		if (!s->begun && !turn->midstream)
			give_up(turn, s);
		else if (line->size)
			(void)turn->engine->odd(turn, GW_TO_SERVER, "ftp-line");
		return;
	}
	s->begun = true;
	verb = verb_of(told.name);
	about = verb ? verb->about : ABOUT_REST;
	s->auth |= strcmp(told.name, "auth") == 0;
	if (about == ABOUT_ADDRESS)
		partial = !put_address(&told, line->text + rest, line->size - rest);
	else if (about != ABOUT_NOTHING && about != ABOUT_SECRET)
		put(&told, about == ABOUT_FILE ? F_FILE : about == ABOUT_USER ? F_USER : F_ARGUMENT, line->text + rest, line->size - rest);
	if (!verb)
		memcpy(told.name, "command", sizeof "command");
	say(turn, GW_TO_SERVER, line, &told, verb ? verb->act : GW_ACT_ENGINEER, partial, back);
}

static unsigned code_of(const struct line *line)
{
	unsigned code = 0;

	for (size_t i = 0; i < 3; i++) {
		if (i >= line->size || line->text[i] < '0' || line->text[i] > '9')
			return 0;
		code = code * 10 + (unsigned)(line->text[i] - '0');
	}
	return line->size == 3 || line->text[3] == ' ' || line->text[3] == '-' ? code : 0;
}

/* Between "123-" and "123 " lines may say anything. */
static void read_answer(struct gw_turn *turn, struct ftp *s, const struct line *line, size_t back)
{
	struct told told = {.name = "answer"};
	unsigned code = code_of(line);
	bool last = code && (line->size == 3 || line->text[3] == ' ');
	const char *open;

	if (s->going_on && !(last && code == s->going_on))
		return;
	if (code == 0) {
		if (!s->begun && !turn->midstream)
			give_up(turn, s);
		return;
	}
	s->begun = true;
	s->going_on = last ? 0 : (uint16_t)code;
	if (!last)
		return;
	told.fields[told.count++] = (struct gw_field){.def = F_STATUS, .u = code};
	open = memchr(line->text, '(', line->size);
	if (code == 227 && open)
		put_address(&told, open + 1, (size_t)(line->text + line->size - open - 1));
	say(turn, GW_TO_CLIENT, line, &told, GW_ACT_SESSION, false, back);
	if (!s->auth || code != 234)
		return;
	s->opaque = true;
	turn->engine->harmless(turn);
}

static void ftp_data(struct gw_turn *turn, void *state, enum gw_dir dir, const uint8_t *data, size_t size)
{
	struct ftp *s = state;

	while (size && !s->opaque) {
		size_t used;
		bool whole = line_take(&s->line[dir], data, size, &used);

		data += used;
		size -= used;
		if (!whole)
			continue;
		if (dir == GW_TO_SERVER)
			read_command(turn, s, &s->line[dir], size);
		else
			read_answer(turn, s, &s->line[dir], size);
		line_reset(&s->line[dir]);
	}
}

static void ftp_gap(struct gw_turn *turn, void *state, enum gw_dir dir, uint64_t missing)
{
	struct ftp *s = state;

	(void)turn;
	(void)missing;
	line_lose(&s->line[dir]);
	if (dir == GW_TO_CLIENT)
		s->going_on = 0;
}

/* An answer's code or a word of letters, at FTP's port; SMTP begins likewise. */
static enum gw_guess ftp_guess(const uint8_t *data, size_t size, enum gw_dir dir, bool midstream)
{
	(void)dir;
	(void)midstream;
	for (size_t i = 0; i < SK_MIN(size, (size_t)3); i++)
		if (!(data[i] >= '0' && data[i] <= '9') && !((data[i] | 0x20) >= 'a' && (data[i] | 0x20) <= 'z'))
			return GW_NO;
	return GW_MORE;
}

static const uint16_t ports[] = {21, 0};
static const char *const odds[] = {"ftp-line", NULL};

const struct gw_proto gw_proto_ftp = {.name = "ftp", .over = GW_TCP, .ports = ports, .guess = ftp_guess, .state_size = sizeof(struct ftp), .data = ftp_data,
	.gap = ftp_gap, .fields = fields, .field_count = SK_ARRAY_SIZE(fields), .odds = odds, .en = "FTP: commands and their files", .ja = "FTP：コマンドとファイル"};
