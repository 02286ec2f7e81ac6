// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * sekisho-tool-sim: an HSMS equipment and host of our own, for demonstrations and tests. It holds no process, no wafer and no secret; it says what a
 * fab's host and tool would say, and prints each message.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "proto/hsms/table.h"
#include "sim/decode.h"
#include "sim/peer.h"

static const char usage[] =
	"usage: sekisho-tool-sim equipment [--listen ADDRESS] [--port N] [options]     a tool that waits for its host\n"
	"       sekisho-tool-sim host --connect ADDRESS [--port N] [options]           a host that connects\n"
	"       sekisho-tool-sim decode < FRAMES                                       frames in hexadecimal, one a line\n"
	"       sekisho-tool-sim fields [ja]                                           the fields a gateway's policy may name, as a table\n"
	"\n"
	"  --say MESSAGE      `S2F41 START LOT=7`, `S7F3 NAME FILE`, `S7F5 NAME`, `S1F3 <L <U4 1>>`, `S1F1`; may come often; `S2F41- ...` asks no answer\n"
	"  --repeat N         the whole script so often (1)          --pause TIME   between its messages (0)\n"
	"  --device N         session id (1)                         --recipes DIR  process programs, as files\n"
	"  --mdln TEXT --softrev TEXT                                --every TIME   S6F11 by itself\n"
	"  --t3 --t5 --t6 --t7 --t8 TIME                             --linktest TIME\n"
	"  --once             ends with the first connection         --stay         a host: stays when the script is said\n"
	"  --stats            latencies of the script at the end     --quiet        no line for each message\n"
	"  --active, --passive  who connects, where it is not as above\n";

enum kind { TEXT, NUMBER16, NUMBER, TIME, YES, NO, STEP };

struct word {
	const char *name;
	enum kind kind;
	void *to;
};

static int take(const struct word *word, const char *value, struct peer_options *options)
{
	uint64_t number;

	switch (word->kind) {
	case TEXT:
		*(const char **)word->to = value;
		return 0;
	case NUMBER16: case NUMBER:
		if (sk_parse_u64(value, word->kind == NUMBER16 ? 0xffff : 1000000000, &number) != 0)
			return SK_BAD;
		if (word->kind == NUMBER16)
			*(uint16_t *)word->to = (uint16_t)number;
		else
			*(uint64_t *)word->to = number;
		return 0;
	case TIME:
		return sk_parse_duration(value, word->to);
	case STEP:
		if (options->step_count == PEER_STEPS)
			return SK_FULL;
		options->steps[options->step_count++] = value;
		return 0;
	case YES: case NO:
		break;
	}
	*(bool *)word->to = word->kind == YES;
	return 0;
}

static int read_options(int argc, char **argv, struct peer_options *o)
{
	const struct word words[] = {{"--listen", TEXT, &o->address}, {"--connect", TEXT, &o->address}, {"--port", NUMBER16, &o->port},
		{"--device", NUMBER16, &o->device}, {"--recipes", TEXT, &o->recipes}, {"--mdln", TEXT, &o->mdln}, {"--softrev", TEXT, &o->softrev},
		{"--say", STEP, NULL}, {"--repeat", NUMBER, &o->repeat}, {"--pause", TIME, &o->pause}, {"--every", TIME, &o->every},
		{"--t3", TIME, &o->t3}, {"--t5", TIME, &o->t5}, {"--t6", TIME, &o->t6}, {"--t7", TIME, &o->t7}, {"--t8", TIME, &o->t8},
		{"--linktest", TIME, &o->linktest}, {"--once", YES, &o->once}, {"--stay", NO, &o->once}, {"--stats", YES, &o->stats},
		{"--quiet", YES, &o->quiet}, {"--active", NO, &o->passive}, {"--passive", YES, &o->passive}};

	for (int i = 2; i < argc; i++) {
		const struct word *word = NULL;

		for (size_t k = 0; !word && k < SK_ARRAY_SIZE(words); k++)
			word = strcmp(argv[i], words[k].name) == 0 ? &words[k] : NULL;
		if (!word || (word->kind != YES && word->kind != NO && ++i == argc) || take(word, argv[i], o) != 0) {
			fprintf(stderr, "sekisho-tool-sim: %s: see `sekisho-tool-sim --help`\n", argv[i < argc ? i : argc - 1]);
			return 2;
		}
	}
	return 0;
}

/* The rows of docs/gateway-hsms.md, from the declaration that policy, rules and events go by. */
static int print_fields(bool japanese)
{
	static const char *const words[2][5] = {{"number", "number", "range", "text", "bytes"}, {"数値", "数値", "範囲", "文字列", "バイト列"}}; /* by enum gw_kind */
	const char *const *kinds = words[japanese];

	for (size_t i = 0; i < HSMS_FIELD_COUNT; i++) {
		const struct gw_field_def *field = &hsms_fields[i];

		printf("| `%s` | %s%s | %s |\n", field->name, kinds[field->kind], !field->secret ? "" : japanese ? "、秘密" : ", secret",
		       japanese ? field->ja : field->en);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct peer_options options = {.address = "127.0.0.1", .port = 5000, .device = 1, .mdln = "SEKISHO-SIM", .softrev = SK_VERSION, .t3 = 45000,
		.t5 = 200, .t6 = 5000, .t7 = 10000, .t8 = 5000, .repeat = 1};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "decode") == 0)
		return sim_decode();
	if (argc >= 2 && argc <= 3 && strcmp(argv[1], "fields") == 0)
		return print_fields(argc == 3 && strcmp(argv[2], "ja") == 0);
	if (argc < 2 || (strcmp(argv[1], "equipment") != 0 && strcmp(argv[1], "host") != 0)) {
		fputs(usage, stderr);
		return 2;
	}
	options.equipment = options.passive = argv[1][0] == 'e';
	options.once = !options.equipment;
	if (read_options(argc, argv, &options) != 0)
		return 2;
	return peer_run(&options);
}
