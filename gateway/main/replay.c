// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reads a capture, hands each frame to an engine of its own and prints what the engine tells: one OCSF event a line, then a summary. With --passed
 * the engine may drop, rewrite and send, and what would have come out at the other side is written as a capture.
 *
 * The same capture gives the same output: time is the capture's, ports are told from addresses, and nothing depends on the flows' hash.
 */
#include "main/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/ocsf.h"
#include "event/pull.h"
#include "flow/capture.h"
#include "flow/flow.h"
#include "main/heard.h"
#include "rule/rule.h"
#include "segment/policy.h"

enum { EVENT_MAX = 1 << 20, RULE_FILES_MAX = 64, VARS_MAX = 64 };

enum { PCAP = 1, PASSED, MIDSTREAM, NO_MIDSTREAM, RULES, POLICY, MESSAGES, CHECKSUMS, NO_CHECKSUMS, MEMORY, VAR, JSON, LEARN };

struct replay {
	const char *pcap, *passed, *policy_path, *memory, *learn_path;
	bool json, messages; /* of the messages and conversations all, not only for learning */
	struct gw_learn *learn; /* NULL: nobody wants it */
	struct gw_learn_marks marks;
	int checksums; /* CHECKSUMS, NO_CHECKSUMS; 0: compared with --passed alone, since captures from a machine that sent have none */
	struct gw_setup setup;
	const char *rule_files[RULE_FILES_MAX];
	size_t rule_count;
	struct gw_rule_var vars[VARS_MAX];
	size_t var_count;
	struct gw_rules *rules;
	struct gw_policy *policy;
	struct sk_buf line;
	uint64_t told[GW_EVENT_KINDS], verdicts[3], time;
	int out; /* of --passed; -1 */
	int error;
};

static int usage(void)
{
	fprintf(stderr, "usage: sekisho-gateway replay --pcap FILE [--passed FILE] [--midstream|--no-midstream] [--rules FILE]... [--var NAME=VALUE]... [--policy FILE]\n"
			"                              [--messages] [--checksums|--no-checksums] [--memory SIZE] [--learn FILE] [--json]\n");
	return 2;
}

static void told(void *context, const struct gw_event *event)
{
	struct replay *r = context;

	if (r->learn)
		gw_heard(r->learn, event);
	if (!r->messages && (event->kind == GW_EVENT_FLOW || (event->kind == GW_EVENT_MESSAGE && event->verdict == GW_ALLOWED)))
		return;
	r->told[event->kind]++;
	r->verdicts[event->verdict]++;
	if (!r->json)
		return;
	sk_buf_clear(&r->line);
	if (gw_event_json(event, SK_CLOCK_OK, &r->line) == 0 && sk_buf_append_char(&r->line, '\n') == 0)
		fwrite(r->line.data, 1, r->line.size, stdout);
}

static void put(struct replay *r, const uint8_t *frame, size_t size)
{
	if (r->out >= 0 && r->error == 0)
		r->error = gw_capture_put(r->out, r->time, frame, size);
}

static void injected(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
	(void)to;
	put(context, frame, size);
}

/* A capture does not say where a frame came in: the lower of the two network addresses, or else link addresses, is taken for side A. */
static enum gw_port port_of(const uint8_t *frame, uint32_t size)
{
	struct gw_packet p = {.frame = (uint8_t *)(uintptr_t)frame, .size = size};
	struct gw_flow_key key;

	gw_decode(&p, false);
	if (p.ip)
		return gw_flow_key_of(&p, &key) ? GW_PORT_B : GW_PORT_A;
	return size >= 12 && memcmp(frame, frame + 6, 6) < 0 ? GW_PORT_B : GW_PORT_A;
}

static int run(struct replay *r, struct gw_engine *engine, struct gw_capture *capture, struct sk_diag *diag)
{
	struct gw_packet p;
	uint64_t time;
	int result;

	for (;;) {
		memset(&p, 0, sizeof p);
		result = gw_capture_next(capture, &p.frame, &p.size, &time, diag);
		if (result != 0)
			return result == SK_END ? 0 : result;
		p.time = r->time = SK_MAX(time, r->time);
		p.port = port_of(p.frame, p.size);
		if (gw_engine_packet(engine, &p) == GW_FATE_PASS)
			put(r, p.frame, p.size);
	}
}

static void put_odds(struct sk_jw *out, const struct gw_counts *c)
{
	sk_jw_open(out, "odd_frames", '{');
	for (int i = 0; i < GW_ODDS; i++)
		if (c->odd_frames[i])
			sk_jw_put_uint(out, gw_odd_names[i], c->odd_frames[i]);
	sk_jw_close(out, '}');
}

static void summary(struct replay *r, const struct gw_counts *c)
{
	struct sk_jw out;

	sk_buf_clear(&r->line);
	sk_jw_init(&out, &r->line);
	sk_jw_open(&out, NULL, '{');
	sk_jw_open(&out, "summary", '{');
	sk_jw_put_uint(&out, "packets", c->packets);
	sk_jw_put_uint(&out, "bytes", c->bytes);
	sk_jw_put_uint(&out, "dropped", c->dropped);
	sk_jw_put_uint(&out, "held", c->held);
	sk_jw_put_uint(&out, "injected", c->injected);
	sk_jw_put_uint(&out, "rewritten", c->rewritten);
	sk_jw_put_uint(&out, "flows", c->flows);
	sk_jw_put_uint(&out, "evicted", c->evicted);
	sk_jw_put_uint(&out, "unjudged", c->unjudged);
	sk_jw_put_uint(&out, "messages", c->messages);
	sk_jw_put_uint(&out, "refused", c->refused);
	sk_jw_put_uint(&out, "alerts", r->told[GW_EVENT_RULE]);
	sk_jw_put_uint(&out, "odd_streams", c->odd_streams);
	put_odds(&out, c);
	sk_jw_put_uint(&out, "memory_peak", c->memory_peak);
	sk_jw_close(&out, '}');
	sk_jw_close(&out, '}');
	if (!out.error)
		printf("%s\n", r->line.data);
}

static int complain(const char *what, int error, const struct sk_diag *diag)
{
	char text[640];

	if (error == SK_BAD)
		fprintf(stderr, "sekisho-gateway: %s: %s\n", what, sk_diag_format(diag, text, sizeof text));
	else
		fprintf(stderr, "sekisho-gateway: %s: %s\n", what, error < 0 ? strerror(-error) : "too large");
	return 1;
}

/* A file as bytes, mapped; not to be changed by others meanwhile. */
struct mapped {
	char *data;
	size_t size;
};

static int map_file(const char *path, struct mapped *ret_file)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) != 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return -EINVAL;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret_file = (struct mapped){data, (size_t)st.st_size};
	return 0;
}

static void unmap_file(struct mapped *file)
{
	if (file->data)
		munmap(file->data, file->size);
}

static int load_policy(struct replay *r)
{
	_cleanup_(unmap_file) struct mapped text = {0};
	struct sk_policy policy = {0};
	struct sk_diag diag = {0};
	int result = map_file(r->policy_path, &text);

	if (result == 0)
		result = sk_policy_parse_draft(text.data, text.size, &policy, &diag);
	if (result == 0) {
		result = gw_policy_new(&policy, gw_protos, NULL, &r->policy, &diag);
		sk_policy_done(&policy);
	}
	r->setup.policy = r->policy;
	return result == 0 ? 0 : complain(r->policy_path, result, &diag);
}

static int load_rules(struct replay *r)
{
	const struct gw_rules_setup setup = {.vars = r->vars, .var_count = r->var_count};
	struct gw_rules_count count;
	struct sk_diag diag = {0};
	int result = gw_rules_load(&setup, r->rule_files, r->rule_count, &r->rules, &count, &diag);

	r->setup.rules = r->rules;
	return result == 0 ? 0 : complain(r->rule_files[0], result, &diag);
}

static int replay(struct replay *r)
{
	_cleanup_(unmap_file) struct mapped bytes = {0};
	struct gw_capture *capture = NULL;
	struct gw_engine *engine = NULL;
	struct sk_diag diag = {0};
	struct gw_counts counts;
	int result = map_file(r->pcap, &bytes);

	if (result == 0)
		result = gw_capture_new(bytes.data, bytes.size, &capture, &diag);
	if (result == 0)
		result = gw_engine_new(&r->setup, &engine);
	if (result == 0)
		result = run(r, engine, capture, &diag);
	if (engine) {
		gw_engine_counts(engine, &counts);
		gw_engine_free(engine);
		summary(r, &counts);
	}
	gw_capture_free(capture);
	return result == 0 && r->error == 0 ? 0 : complain(r->pcap, result ? result : r->error, &diag);
}

static const struct option options[] = {
	{"pcap", required_argument, NULL, PCAP}, {"passed", required_argument, NULL, PASSED}, {"midstream", no_argument, NULL, MIDSTREAM},
	{"no-midstream", no_argument, NULL, NO_MIDSTREAM}, {"rules", required_argument, NULL, RULES},
	{"var", required_argument, NULL, VAR},
	{"policy", required_argument, NULL, POLICY}, {"messages", no_argument, NULL, MESSAGES},
	{"checksums", no_argument, NULL, CHECKSUMS},
	{"no-checksums", no_argument, NULL, NO_CHECKSUMS}, {"memory", required_argument, NULL, MEMORY}, {"json", no_argument, NULL, JSON}, {"learn", required_argument, NULL, LEARN}, {0}};

/* NAME=VALUE, as it stands in the arguments. */
static bool take_var(struct replay *r, char *text)
{
	char *equal = strchr(text, '=');

	if (!equal || equal == text || r->var_count == VARS_MAX)
		return false;
	*equal = 0;
	r->vars[r->var_count++] = (struct gw_rule_var){text + (*text == '$'), equal + 1};
	return true;
}

static bool take_option(struct replay *r, int option)
{
	uint64_t size;

	switch (option) {
	case PCAP: r->pcap = optarg; return true;
	case PASSED: r->passed = optarg; return true;
	case MIDSTREAM: r->setup.midstream = true; return true;
	case NO_MIDSTREAM: r->setup.midstream = false; return true;
	case RULES:
		if (r->rule_count == RULE_FILES_MAX)
			return false;
		r->rule_files[r->rule_count++] = optarg;
		return true;
	case VAR: return take_var(r, optarg);
	case POLICY: r->policy_path = optarg; return true;
	case MESSAGES: r->messages = true; return true;
	case LEARN: r->learn_path = optarg; return true;
	case CHECKSUMS:
	case NO_CHECKSUMS: r->checksums = option; return true;
	case JSON: r->json = true; return true;
	case MEMORY:
		if (sk_parse_size(optarg, &size) != 0)
			return false;
		r->setup.memory_max = size;
		return true;
	default: return false;
	}
}

/* What the file has counted already goes on. */
static int begin_learning(struct replay *r)
{
	_cleanup_(unmap_file) struct mapped text = {0};
	struct gw_learn_table *table = sk_calloc(1, sizeof *table);
	struct sk_diag diag = {0};
	int result;

	r->learn = table ? sk_calloc(1, sizeof *r->learn) : NULL;
	if (!r->learn) {
		free(table);
		return complain(r->learn_path, -ENOMEM, NULL);
	}
	gw_learn_begin(r->learn, table);
	result = map_file(r->learn_path, &text);
	if (result == 0)
		result = gw_learn_read(text.data, text.size, r->learn, &r->marks, &diag);
	return result == 0 || result == -ENOENT ? 0 : complain(r->learn_path, result, &diag);
}

static int end_learning(struct replay *r)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(GW_LEARN_TEXT_MAX);
	FILE *file = NULL;
	int result = gw_learn_write(r->learn->table, &r->marks, &text);

	if (result == 0) {
		file = fopen(r->learn_path, "we");
		result = !file || fwrite(text.data, 1, text.size, file) != text.size ? -errno : 0;
	}
	if (file && fclose(file) != 0 && result == 0)
		result = -errno;
	return result == 0 ? 0 : complain(r->learn_path, result, NULL);
}

static int prepare(struct replay *r)
{
	int result = r->policy_path ? load_policy(r) : 0;

	if (result == 0 && r->rule_count)
		result = load_rules(r);
	r->setup.messages = r->messages || r->learn_path;
	if (result == 0 && r->learn_path)
		result = begin_learning(r);
	r->setup.unsummed = r->checksums ? r->checksums == NO_CHECKSUMS : !r->passed;
	if (result != 0 || !r->passed)
		return result;
	r->setup.inline_ = true;
	r->out = open(r->passed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	result = r->out < 0 ? -errno : gw_capture_begin(r->out);
	return result == 0 ? 0 : complain(r->passed, result, NULL);
}

int gw_replay_main(int argc, char **argv)
{
	struct replay r = {.out = -1, .line = SK_BUF(EVENT_MAX),
		.setup = {.midstream = true, .memory_max = 256 << 20, .event = told, .inject = injected}};
	int option, result;

	r.setup.context = &r;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(&r, option))
			return usage();
	if (!r.pcap || optind != argc)
		return usage();
	result = prepare(&r);
	if (result == 0)
		result = replay(&r);
	if (result == 0 && r.learn)
		result = end_learning(&r);
	if (r.learn)
		free(r.learn->table);
	free(r.learn);
	if (r.out >= 0)
		close(r.out);
	gw_rules_free(r.rules);
	gw_policy_free(r.policy);
	sk_buf_done(&r.line);
	return result;
}
