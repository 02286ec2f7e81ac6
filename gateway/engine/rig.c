// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gateway-engine-rig [RULES] [--policy DRAFT]: an engine between two pipes, for tests that play the wire themselves. In: a byte that says the port (0 A, 1 B; 2: time
 * goes on), four with the size (network order), the frame. Out, for each: the frames that leave, in the same form with the port they leave by, then five bytes of 0xff. Events go to
 * standard error, one OCSF object a line.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/ocsf.h"
#include "flow/capture.h"
#include "rule/rule.h"
#include "segment/policy.h"

static void emit(void *context, unsigned pair, enum gw_port to, const uint8_t *frame, size_t size)
{
	uint8_t head[5] = {(uint8_t)to, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};

	(void)context;
	(void)pair;
	fwrite(head, 1, sizeof head, stdout);
	fwrite(frame, 1, size, stdout);
}

static void told(void *context, const struct gw_event *event)
{
	_cleanup_buf_ struct sk_buf line = SK_BUF(1 << 20);

	(void)context;
	if (gw_event_json(event, SK_CLOCK_OK, &line) == 0)
		fprintf(stderr, "%s\n", line.data);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int run(struct gw_engine *engine)
{
	static uint8_t frame[GW_CAPTURE_FRAME_MAX];
	static const uint8_t end[5] = {0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t head[5];

	while (fread(head, 1, sizeof head, stdin) == sizeof head) {
		struct gw_packet p = {.frame = frame, .time = now(), .port = head[0] ? GW_PORT_B : GW_PORT_A,
			.size = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4]};

		if (p.size > sizeof frame || fread(frame, 1, p.size, stdin) != p.size)
			return 1;
		if (head[0] == 2)
			gw_engine_tick(engine, p.time);
		else if (gw_engine_packet(engine, &p) == GW_FATE_PASS)
			emit(NULL, 0, head[0] ? GW_PORT_A : GW_PORT_B, p.frame, p.size);
		fwrite(end, 1, sizeof end, stdout);
		fflush(stdout);
	}
	return 0;
}

static int load_rules(const char *path, struct gw_setup *setup, struct gw_rules **ret_rules, struct sk_diag *diag)
{
	const struct gw_rules_setup rules_setup = {0};
	struct gw_rules_count count;
	int r = gw_rules_load(&rules_setup, &path, 1, ret_rules, &count, diag);

	setup->rules = *ret_rules;
	return r || count.honoured ? r : SK_BAD;
}

static int load_policy(const char *path, struct gw_setup *setup, struct gw_policy **ret_policy, struct sk_diag *diag)
{
	_cleanup_policy_ struct sk_policy source = {0};
	char text[65536];
	FILE *file = fopen(path, "re");
	size_t size = file ? fread(text, 1, sizeof text, file) : 0;
	int r;

	if (file)
		fclose(file);
	r = sk_policy_parse_draft(text, size, &source, diag);
	if (r == 0)
		r = gw_policy_new(&source, gw_protos, NULL, ret_policy, diag);
	setup->policy = *ret_policy;
	return r;
}

int main(int argc, char **argv)
{
	struct gw_setup setup = {.midstream = true, .inline_ = true, .memory_max = 64 << 20, .event = told, .inject = emit};
	struct gw_engine *engine = NULL;
	struct gw_policy *policy = NULL;
	struct gw_rules *rules = NULL;
	struct sk_diag diag = {0};
	char text[640];
	int r = 0;

	for (int i = 1; i < argc && r == 0; i++)
		if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc)
			r = load_policy(argv[++i], &setup, &policy, &diag);
		else
			r = load_rules(argv[i], &setup, &rules, &diag);
	if (r != 0 || argc < 2) {
		fprintf(stderr, "%s\n", sk_diag_format(&diag, text, sizeof text));
		return 1;
	}
	r = gw_engine_new(&setup, &engine);
	if (r == 0)
		r = run(engine);
	gw_engine_free(engine);
	gw_rules_free(rules);
	gw_policy_free(policy);
	return r ? 1 : 0;
}
