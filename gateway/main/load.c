// SPDX-License-Identifier: GPL-3.0-or-later
/* The loader's thread. Owns what it makes until it is taken, and frees what comes back. */
#include "main/load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

enum { LOOK_MS = 200, NAMED_TOLD = 20 };

static void free_loaded(struct gw_loaded *loaded)
{
	if (!loaded)
		return;
	gw_rules_free(loaded->rules);
	gw_policy_free(loaded->policy);
	gw_head_tables_done(&loaded->heads);
	free(loaded);
}

struct telling {
	unsigned told;
};

static void tell_named(void *context, const struct gw_rule_named *named)
{
	struct telling *t = context;

	if (t->told++ < NAMED_TOLD)
		sk_log(SK_LOG_NOTICE, "%s:%u: rule %u is not honoured: %s: %s", named->file, named->line, named->sid, named->keyword, named->why);
}

/* Rules that cannot be read leave the gateway without them, and say so: policy holds all the same. */
static void load_rules(struct gw_loader *l, struct gw_loaded *loaded)
{
	const struct sk_strings *files = &gw_policy_source(loaded->policy)->rules;
	struct telling telling = {0};
	const struct gw_rules_setup setup = {.named = tell_named, .context = &telling, .interpreted = true};
	struct gw_rules_count count = {0};
	char paths[64][512];
	const char *list[64];
	struct sk_diag diag = {0};
	size_t n = SK_MIN(files->count, SK_ARRAY_SIZE(list));

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/etc/sekisho/rules/%s", strcmp(l->root, "/") ? l->root : "", files->items[i]);
		list[i] = paths[i];
	}
	if (gw_rules_load(&setup, list, n, &loaded->rules, &count, &diag) != 0)
		sk_log(SK_LOG_ERROR, "no rules: %s", diag.text);
	loaded->rule_count = count.honoured;
	if (loaded->rules)
		sk_log(SK_LOG_NOTICE, "%u of %u rules are honoured", count.honoured, count.enabled);
}

static void make(struct gw_loader *l)
{
	struct gw_loaded *loaded = sk_calloc(1, sizeof *loaded);
	struct sk_diag diag = {0};
	int r = loaded ? gw_common_policy(l->common, gw_protos, &loaded->policy, &loaded->count, &diag) : -ENOMEM;

	if (r == SK_AGAIN || r == SK_NONE) {
		free_loaded(loaded);
		return;
	}
	l->count = loaded ? loaded->count : l->count;
	if (r != 0) {
		l->count = atomic_load(&l->common->count);
		atomic_store(&l->common->engine.refused, l->count);
		sk_log(SK_LOG_ERROR, "the engine does not take the policy: %s", r > 0 ? diag.text : strerror(-r));
		free_loaded(loaded);
		return;
	}
	load_rules(l, loaded);
	if (gw_head_tables_make(loaded->policy, gw_protos, &loaded->heads) != 0)
		sk_log(SK_LOG_WARNING, "no memory for tables of headers: the engine judges each message");
	free_loaded(atomic_exchange(&l->ready, loaded));
}

static void *work(void *arg)
{
	struct gw_loader *l = arg;
	struct pollfd wait = {.fd = l->bell, .events = POLLIN};

	while (!atomic_load(&l->stop)) {
		uint32_t reloads = atomic_load(&l->common->reloads);

		if (atomic_load(&l->common->count) != l->count || reloads != l->reloads)
			make(l);
		l->reloads = reloads;
		free_loaded(atomic_exchange(&l->worn, NULL));
		if (poll(&wait, 1, LOOK_MS) > 0)
			gw_bell_quiet(l->bell);
	}
	return NULL;
}

int gw_loader_begin(struct gw_loader *l, struct gw_common *common, const char *root, int bell)
{
	int r;

	*l = (struct gw_loader){.common = common, .root = root, .bell = bell, .reloads = atomic_load(&common->reloads)};
	r = pthread_create(&l->thread, NULL, work, l);
	return r ? sk_origin(-r) : 0;
}

void gw_loader_end(struct gw_loader *l)
{
	atomic_store(&l->stop, true);
	gw_bell(l->bell);
	pthread_join(l->thread, NULL);
	free_loaded(atomic_exchange(&l->ready, NULL));
	free_loaded(atomic_exchange(&l->worn, NULL));
}

struct gw_loaded *gw_loader_take(struct gw_loader *l)
{
	return atomic_load_explicit(&l->ready, memory_order_relaxed) ? atomic_exchange(&l->ready, NULL) : NULL;
}

void gw_loader_back(struct gw_loader *l, struct gw_loaded *worn)
{
	free_loaded(atomic_exchange(&l->worn, worn));
}
