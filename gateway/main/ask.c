// SPDX-License-Identifier: GPL-3.0-or-later
/* Learnt files and drafts from the command line. Reads what it is given, writes to standard output. */
#include "main/ask.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/learn.h"
#include "policy/envelope.h"
#include "wire/json.h"

enum { FROM = 1, KNOWN, POLICY, JA, JSON, OUT };

struct asked {
	const char *from, *known, *policy_path, *set;
	bool ja, json;
	struct gw_learn learn, other;
	struct gw_learn_table table, other_table;
	struct gw_learn_marks marks, other_marks;
	struct gw_policy *policy;
	struct sk_buf out;
};

static int complain(const char *what, int error, const struct sk_diag *diag)
{
	char text[640];

	fprintf(stderr, "sekisho-gateway: %s: %s\n", what, error == SK_BAD ? sk_diag_format(diag, text, sizeof text) : error < 0 ? strerror(-error) : "cannot be read");
	return 2;
}

/* A file that a person names, wherever it lies. */
static int read_all(const char *path, size_t max, struct sk_buf *out)
{
	FILE *file = fopen(path, "re");
	char space[16384];
	size_t size;
	int r = file ? 0 : -errno;

	while (r == 0 && (size = fread(space, 1, sizeof space, file)) > 0)
		r = out->size + size > max ? -EFBIG : sk_buf_append(out, space, size);
	if (r == 0 && ferror(file))
		r = -EIO;
	if (file)
		fclose(file);
	return r;
}

static int read_learnt(const char *path, struct gw_learn *learn, struct gw_learn_marks *marks)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(GW_LEARN_TEXT_MAX + 1);
	struct sk_diag diag = {0};
	int r = path ? read_all(path, GW_LEARN_TEXT_MAX, &text) : 0;

	if (r == 0 && path)
		r = gw_learn_read(text.data ? text.data : "", text.size, learn, marks, &diag);
	return r == 0 ? 0 : complain(path, r, &diag);
}

static int read_policy(struct asked *a)
{
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_PAYLOAD_MAX + 1);
	_cleanup_policy_ struct sk_policy policy = {0};
	struct sk_diag diag = {0};
	int r = read_all(a->policy_path, SK_PAYLOAD_MAX, &text);

	if (r == 0)
		r = sk_policy_parse_draft(text.data ? text.data : "", text.size, &policy, &diag);
	if (r == 0)
		r = gw_policy_new(&policy, gw_protos, NULL, &a->policy, &diag);
	return r == 0 ? 0 : complain(a->policy_path, r, &diag);
}

static bool take(struct asked *a, int argc, char **argv)
{
	static const struct option options[] = {{"from", required_argument, NULL, FROM},     {"known", required_argument, NULL, KNOWN}, {"policy", required_argument, NULL, POLICY},
						{"ja", no_argument, NULL, JA},	     {"json", no_argument, NULL, JSON}, {"out", required_argument, NULL, OUT},		{0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case FROM: a->from = optarg; break;
		case KNOWN: a->known = optarg; break;
		case POLICY: a->policy_path = optarg; break;
		case JA: a->ja = true; break;
		case OUT:
			if (!freopen(optarg, "we", stdout))
				return false;
			break;
		case JSON: a->json = true; break;
		default: return false;
		}
	a->set = optind < argc ? argv[optind++] : NULL;
	return optind == argc;
}

/* `name` of the text in JSON; a count that is not 0 ends with code 1. */
static int print(struct asked *a, const char *name, const size_t *count)
{
	_cleanup_json_ struct json_object *o = a->json ? json_object_new_object() : NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(64u << 20);
	int r = a->json && !o ? -ENOMEM : 0;

	if (!a->json) {
		fwrite(a->out.data ? a->out.data : "", 1, a->out.size, stdout);
		return count && *count ? 1 : 0;
	}
	if (!r)
		r = sk_json_put_string(o, name, a->out.data ? a->out.data : "");
	if (!r && count)
		r = sk_json_put_u64(o, "count", *count);
	if (!r)
		r = sk_json_canonical(o, &text);
	if (r)
		return complain(name, r, NULL);
	puts(text.data);
	return count && *count ? 1 : 0;
}

static int propose(struct asked *a)
{
	int r = gw_learn_propose(&a->table, a->policy, &a->out);

	return r ? complain("draft", r, NULL) : print(a, "draft", NULL);
}

static int drift(struct asked *a)
{
	size_t count;
	int r = gw_learn_drift(&a->table, a->marks.known, a->known ? &a->other : NULL, &a->out, &count);

	return r ? complain("drift", r, NULL) : print(a, "drift", &count);
}

static int rehearse(struct asked *a)
{
	size_t count;
	int r = gw_learn_rehearse(&a->table, a->policy, a->set, &a->out, &count);

	if (r == SK_NONE)
		fprintf(stderr, "sekisho-gateway: the policy has no isolation set \"%s\"\n", a->set);
	return r == SK_NONE ? 2 : r ? complain("rehearsal", r, NULL) : print(a, "stops", &count);
}

static int draw(struct asked *a)
{
	int r = gw_learn_draw(&a->table, a->policy, a->ja, &a->out);

	return r ? complain("drawing", r, NULL) : print(a, "svg", NULL);
}

/* `needs` a set's name and a policy. */
static int ask(int argc, char **argv, bool needs, const char *usage, int (*answer)(struct asked *a))
{
	struct asked *a = sk_calloc(1, sizeof *a);
	int r;

	if (!a)
		return 3;
	a->out = SK_BUF(16 << 20);
	if (!take(a, argc, argv) || !a->from || needs != (a->set != NULL) || (needs && !a->policy_path)) {
		fprintf(stderr, "usage: sekisho-gateway %s\n", usage);
		r = 2;
	} else {
		gw_learn_begin(&a->learn, &a->table);
		gw_learn_begin(&a->other, &a->other_table);
		r = read_learnt(a->from, &a->learn, &a->marks);
		if (r == 0)
			r = read_learnt(a->known, &a->other, &a->other_marks);
		if (r == 0 && a->policy_path)
			r = read_policy(a);
		if (r == 0)
			r = answer(a);
	}
	gw_policy_free(a->policy);
	sk_buf_done(&a->out);
	free(a);
	return r;
}

int gw_propose_main(int argc, char **argv)
{
	return ask(argc, argv, false, "propose --from LEARNT [--policy FILE] [--json]", propose);
}

int gw_drift_main(int argc, char **argv)
{
	return ask(argc, argv, false, "drift --from LEARNT [--known LEARNT] [--json]", drift);
}

int gw_rehearse_main(int argc, char **argv)
{
	return ask(argc, argv, true, "rehearse --from LEARNT --policy FILE SET [--json]", rehearse);
}

int gw_draw_main(int argc, char **argv)
{
	return ask(argc, argv, false, "draw --from LEARNT [--policy FILE] [--ja] [--json]", draw);
}
