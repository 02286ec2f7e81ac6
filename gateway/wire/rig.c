// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gateway-rig: the wire alone, for tests and benches. Ports, kernel side, io, and an engine that understands nothing. No events, no sandbox; the policy is a
 * file of lines. Never installed. Run it in the network namespace of the ports.
 *
 *   gateway-rig --pins DIR --bridge NAME [--policy FILE] [--engine none|pass|mark|judge] [--zones A:B] [--beat MS] [--owed MS] [--spin US] [--priority N] [--no-io] [--carry] PORT PORT
 *
 * The policy's lines: "zone N ADDRESS/BITS [VLAN]", "conduit FROM TO drop|switch|inspect enforce|shadow|observe open|closed", under it "rule PROTOCOL LOW HIGH VERDICT [MODE FAILURE]",
 * "none VERDICT MODE FAILURE", "type HEX switch|drop", "bits [vlans] [strict] [redirect] [types-drop]".
 * The engine "mark" drops frames with the text DROPMARK, changes REWRITEME into REWRITTEN, sends FOLLOWME on with a frame of its own behind it that says
 * FOLLOWED, and has flows that say SWITCHME switched; "judge" is the real engine, without policy and rules. "ready ..." says how the ports are attached. Commands, one a line, each answered by one:
 * "policy FILE", "open MS", "pids", "count", "tally N", "flows", "engine start|stop", "io start|stop", "detach" (the bridge stays), "remove", "quit".
 * When standard input ends, or after "quit", io and engine are stopped; pins and bridge stay, unless they were removed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/io.h"
#include "wire/rig-judge.h"
#include "wire/rig.h"

enum engine { ENGINE_NONE, ENGINE_PASS, ENGINE_MARK, ENGINE_JUDGE };

struct rig {
	const char *pins, *policy_path;
	uint64_t beat_ms, owed_ms, spin_us, priority;
	unsigned zones[2];
	enum engine engine;
	bool no_io, carry;
	struct gw_pair pair;
	struct gw_kernel *kernel;
	struct gw_io *io;
	pid_t io_pid, engine_pid, carry_pid;
	int carry_stop[2];
	enum gw_attached how[2];
	void *real;
};

static volatile sig_atomic_t stop_engine;

static void on_stop(int number)
{
	stop_engine = 1;
}

/* --- the engine that understands nothing */

static uint8_t *find(uint8_t *frame, size_t size, const char *mark)
{
	return memmem(frame, size, mark, strlen(mark));
}

static bool mark(struct gw_lend *lend, const struct gw_lent *lent, uint8_t *frame)
{
	uint8_t copy[GW_INJECT_MAX], *at;

	if (find(frame, lent->size, "DROPMARK"))
		return false;
	at = find(frame, lent->size, "REWRITEME");
	if (at)
		memcpy(at, "REWRITTEN", 9);
	if (find(frame, lent->size, "SWITCHME"))
		gw_lend_switch(lend, lent->flow);
	if (find(frame, lent->size, "FOLLOWME") && lent->size <= sizeof copy) {
		memcpy(copy, frame, lent->size);
		memcpy(find(copy, lent->size, "FOLLOWME"), "FOLLOWED", 8);
		gw_lend_inject(lend, lent->port ^ 1u, copy, lent->size);
	}
	return true;
}

static bool decide(struct rig *rig, struct gw_lend *lend, const struct gw_lent *lent, uint8_t *frame)
{
	return rig->engine == ENGINE_PASS || (rig->engine == ENGINE_JUDGE ? rig_judge(rig->real, lent, frame) : mark(lend, lent, frame));
}

static int run_engine(struct rig *rig)
{

	struct sigaction stop = {.sa_handler = on_stop};
	int memory, bell, io_bell, switched;
	struct gw_lend *lend;
	struct gw_lent lent;
	uint8_t *frame;

	sigaction(SIGTERM, &stop, NULL);
	setpriority(PRIO_PROCESS, 0, -15);
	gw_io_engine_fds(rig->io, &memory, &bell, &io_bell, &switched);
	if (rig->engine == ENGINE_JUDGE && !(rig->real = rig_judge_new()))
		return 1;
	if (gw_lend_new(memory, bell, io_bell, switched, 5000, &lend) != 0)
		return 1;
	while (!stop_engine && !gw_lend_lost(lend)) {
		while (gw_lend_take(lend, &lent, &frame) == 0)
			gw_lend_back(lend, &lent, decide(rig, lend, &lent, frame));
		gw_lend_wait(lend, 100, (unsigned)rig->spin_us, -1, -1);
	}
	gw_lend_free(lend);
	return 0;
}

/* --- processes */

static void start_io(struct rig *rig)
{
	if (!rig->io || rig->io_pid)
		return;
	rig->io_pid = fork();
	if (rig->io_pid == 0)
		_exit(gw_io_run(rig->io) == 0 ? 0 : 3);
}

static void start_engine(struct rig *rig)
{
	if (!rig->io || rig->engine == ENGINE_NONE || rig->engine_pid)
		return;
	rig->engine_pid = fork();
	if (rig->engine_pid == 0)
		_exit(run_engine(rig));
}

static void start_carry(struct rig *rig)
{
	if (!rig->carry || pipe(rig->carry_stop) < 0)
		return;
	rig->carry_pid = fork();
	if (rig->carry_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(rig->carry_stop[1]);
		_exit(gw_ports_carry(&rig->pair, 1, rig->carry_stop[0], NULL, NULL) == 0 ? 0 : 3);
	}
	close(rig->carry_stop[0]);
}

static void stop(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGTERM);
	for (int i = 0; i < 2000 && waitpid(*pid, NULL, WNOHANG) == 0; i++) {
		if (i == 1000)
			kill(*pid, SIGKILL);
		usleep(1000);
	}
	*pid = 0;
}

/* As main does: who died is started again. */
static void look_after(struct rig *rig)
{
	if (rig->io_pid > 0 && waitpid(rig->io_pid, NULL, WNOHANG) == rig->io_pid)
		rig->io_pid = 0, start_io(rig);
	if (rig->engine_pid > 0 && waitpid(rig->engine_pid, NULL, WNOHANG) == rig->engine_pid)
		rig->engine_pid = 0, start_engine(rig);
}

/* --- commands */

static bool put_policy(struct rig *rig, const char *path)
{
	static struct rig_policy policy;

	return rig_policy_read(path, &policy) && gw_kernel_put(rig->kernel, &policy.table) == 0;
}

static void say_counts(struct rig *rig)
{
	uint64_t counts[GW_WHYS] = {0};

	gw_kernel_counts(rig->kernel, counts);
	printf("count");
	for (int i = 0; i < GW_WHYS; i++)
		if (i != GW_WHY_NOTES)
			printf(" %s=%lu", gw_why_words[i], counts[i]);
	if (rig->io) {
		const struct gw_io_counts *c = &gw_io_share(rig->io)->count;

#define SAY(name) printf(" io-" #name "=%lu", atomic_load(&c->name))
		SAY(received), SAY(sent), SAY(lent), SAY(passed), SAY(dropped), SAY(injected), SAY(late_passed), SAY(late_dropped), SAY(orphan_passed);
		SAY(orphan_dropped), SAY(full_passed), SAY(full_dropped), SAY(unknown), SAY(no_room), SAY(bad_back), SAY(came_back), SAY(takeovers), SAY(engines);
	}
	printf("\n");
}

static void say_tally(struct rig *rig, const char *number)
{
	struct gw_tally tally = {0};
	uint64_t conduit = 0;

	if (!number || sk_parse_u64(number, GW_CONDUITS - 1, &conduit) || gw_kernel_tally(rig->kernel, (uint32_t)conduit, &tally))
		printf("error\n");
	else
		printf("tally switched=%lu inspected=%lu dropped=%lu would=%lu passed-blind=%lu dropped-blind=%lu judged=%lu\n", (unsigned long)tally.switched,
		       (unsigned long)tally.inspected, (unsigned long)tally.dropped, (unsigned long)tally.would, (unsigned long)tally.passed_blind,
		       (unsigned long)tally.dropped_blind, (unsigned long)tally.judged);
}

static void say_flows(struct rig *rig)
{
	uint32_t flows = 0, pieces = 0;

	gw_kernel_flows(rig->kernel, &flows, &pieces);
	printf("flows flows=%u pieces=%u\n", flows, pieces);
}

static void say_pids(struct rig *rig)
{
	int outer = 0, inner = 0;

	if (rig->io)
		gw_io_pids(rig->io, &outer, &inner);
	printf("pids rig=%d io=%d inner=%d engine=%d carry=%d\n", getpid(), outer, inner, rig->engine_pid, rig->carry_pid);
}

static bool order(struct rig *rig, const char *what, const char *how)
{
	uint64_t ms;

	if (!strcmp(what, "policy"))
		return how && put_policy(rig, how);
	if (!strcmp(what, "open"))
		return how && sk_parse_u64(how, 3600000, &ms) == 0 && gw_kernel_open(rig->kernel, ms ? gw_io_now() + ms * 1000000 : 0) == 0;
	if (!strcmp(what, "engine"))
		return how && (!strcmp(how, "stop") ? stop(&rig->engine_pid) : start_engine(rig), true);
	if (!strcmp(what, "io"))
		return how && (!strcmp(how, "stop") ? stop(&rig->io_pid) : start_io(rig), true);
	if (!strcmp(what, "detach"))
		return gw_kernel_remove(rig->pins) == 0;
	if (!strcmp(what, "remove"))
		return gw_kernel_remove(rig->pins) == 0 && gw_ports_release(&rig->pair) == 0;
	return false;
}

static bool command(struct rig *rig, char *line)
{
	char *rest = strchr(line, ' ');

	line[strcspn(line, "\n")] = 0;
	if (rest)
		*rest++ = 0;
	if (!strcmp(line, "quit"))
		return false;
	if (!strcmp(line, "count"))
		say_counts(rig);
	else if (!strcmp(line, "tally"))
		say_tally(rig, rest);
	else if (!strcmp(line, "flows"))
		say_flows(rig);
	else if (!strcmp(line, "pids"))
		say_pids(rig);
	else
		printf(order(rig, line, rest) ? "ok\n" : "error\n");
	fflush(stdout);
	return true;
}

static void serve(struct rig *rig)
{
	struct pollfd wait = {.fd = 0, .events = POLLIN};
	char line[4200];

	for (;;) {
		if (poll(&wait, 1, 10) > 0 && (!fgets(line, sizeof line, stdin) || !command(rig, line)))
			return;
		look_after(rig);
	}
}

/* --- beginning */

static int attach(struct rig *rig)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct gw_attach port = {.index = rig->pair.index[i], .other = rig->pair.index[!i], .slot = i, .zone = rig->zones[i],
					 .other_zone = rig->zones[!i], .name = rig->pair.names[i]};
		int error = gw_kernel_attach(rig->kernel, &port, &rig->how[i]);

		if (error)
			return error;
	}
	return 0;
}

static int begin(struct rig *rig)
{
	struct sk_diag diag = {0};
	char text[256];
	int error = gw_ports_prepare(&rig->pair, &diag);

	if (error) {
		fprintf(stderr, "gateway-rig: %s\n", error > 0 ? sk_diag_format(&diag, text, sizeof text) : strerror(-error));
		return 3;
	}
	if (gw_kernel_load(rig->pins, rig->beat_ms * 1000000, rig->owed_ms * 1000000, &rig->kernel) < 0)
		return 3;
	if (rig->policy_path && !put_policy(rig, rig->policy_path))
		return 2;
	if (attach(rig) < 0)
		return 3;
	if (!rig->no_io) {
		struct gw_io_setup setup = {.kernel = rig->kernel, .pairs = &rig->pair, .pair_count = 1, .spin_us = (uint32_t)rig->spin_us, .priority = (int)rig->priority};

		if (gw_io_prepare(&setup, &rig->io) < 0)
			return 3;
	}
	start_io(rig);
	start_engine(rig);
	start_carry(rig);
	printf("ready %s %s io=%s\n", rig->how[0] == GW_ATTACHED_NATIVE ? "native" : "generic", rig->how[1] == GW_ATTACHED_NATIVE ? "native" : "generic",
	       rig->io ? "af_xdp" : "none");
	fflush(stdout);
	return 0;
}

static bool option(struct rig *rig, const char *name, const char *value)
{
	static const char *const engines[] = {"none", "pass", "mark", "judge"};

	if (!strcmp(name, "--pins"))
		rig->pins = value;
	else if (!strcmp(name, "--bridge"))
		snprintf(rig->pair.bridge, sizeof rig->pair.bridge, "%s", value);
	else if (!strcmp(name, "--policy"))
		rig->policy_path = value;
	else if (!strcmp(name, "--zones"))
		return sscanf(value, "%u:%u", &rig->zones[0], &rig->zones[1]) == 2;
	else if (!strcmp(name, "--beat"))
		return sk_parse_u64(value, 10000, &rig->beat_ms) == 0;
	else if (!strcmp(name, "--owed"))
		return sk_parse_u64(value, 10000, &rig->owed_ms) == 0;
	else if (!strcmp(name, "--spin"))
		return sk_parse_u64(value, 100000, &rig->spin_us) == 0;
	else if (!strcmp(name, "--priority"))
		return sk_parse_u64(value, 99, &rig->priority) == 0;
	else if (!strcmp(name, "--engine"))
		for (unsigned i = 0; i < SK_ARRAY_SIZE(engines); i++)
			rig->engine = !strcmp(value, engines[i]) ? (enum engine)i : rig->engine;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct rig rig = {.priority = 10, .zones = {1, 2}, .pair.bridge = "gwbr"};
	int ports = 0, code;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--no-io"))
			rig.no_io = true;
		else if (!strcmp(argv[i], "--carry"))
			rig.carry = true;
		else if (argv[i][0] == '-' && (i + 1 == argc || !option(&rig, argv[i], argv[i + 1])))
			return 2;
		else if (argv[i][0] == '-')
			i++;
		else if (ports < 2)
			snprintf(rig.pair.names[ports++], sizeof rig.pair.names[0], "%s", argv[i]);
	}
	if (!rig.pins || ports != 2)
		return 2;
	setvbuf(stdin, NULL, _IONBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	code = begin(&rig);
	if (code == 0)
		serve(&rig);
	if (rig.carry_pid > 0)
		close(rig.carry_stop[1]);
	stop(&rig.io_pid); /* first: until then the engine answers */
	stop(&rig.engine_pid);
	stop(&rig.carry_pid);
	gw_io_free(rig.io);
	gw_kernel_free(rig.kernel);
	return code;
}
