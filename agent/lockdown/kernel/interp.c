// SPDX-License-Identifier: GPL-3.0-or-later
/* From the policy's words to what bpf/lockdown-interp.bpf.c goes by. */
#include "lockdown/kernel/interp.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "bpf/lockdown-scripts.h"
#include "bpf/lockdown.h"
#include "interp/interp.h"
#include "lockdown/kernel/maps.h"
#include "policy/policy.h"

static struct sk_interp_table table;
static struct sk_scripts *halves; /* two, in the kernel's memory */

_Static_assert((int)SK_EXEMPTIONS == (int)SK_EXEMPT_MAX && (int)SK_DATA == (int)SK_DATA_MAX, "a policy holds what the kernel side does");

/* The one that is in force. */
static struct sk_scripts *in_force(void)
{
	return halves ? &halves[halves[0].now & 1] : NULL;
}

/* The one that is being filled. */
static struct sk_scripts *filled(void)
{
	return halves ? &halves[~halves[0].now & 1] : NULL;
}

static void put_called(const char *name, uint32_t row)
{
	for (int i = 0; i < 2; i++)
		if (halves[i].called < SK_CALLED)
			halves[i].call[halves[i].called++] = (struct sk_called){.name = sk_interp_hash(name, strlen(name)), .row = row};
}

bool lk_interp_open(const char *folder)
{
	struct sk_diag diag = {0};
	struct sk_row *rows = lk_map_memory(LK_MAP_ROWS, SK_ROWS * sizeof *rows);

	if (halves || !rows)
		return halves;
	if (sk_interp_load(folder, &table, &diag) != 0) {
		sk_log(SK_LOG_WARNING, "interpreters: %s: %s %s: the site's own are not used", diag.source, diag.path, diag.text);
		if (sk_interp_load(NULL, &table, NULL) != 0)
			return false;
	}
	halves = lk_map_memory(LK_MAP_SCRIPTS, 2 * sizeof *halves);
	for (size_t i = 0; i < table.count && halves; i++) {
		rows[i] = table.rows[i];
		for (size_t j = 0; j < table.items[i].programs.count; j++)
			put_called(table.items[i].programs.items[j], (uint32_t)i);
	}
	lk_map_drop(rows);
	return halves;
}

static int64_t ahead_of_utc(void)
{
	struct timespec tai, utc;

	clock_gettime(CLOCK_TAI, &tai);
	clock_gettime(CLOCK_REALTIME, &utc);
	return (int64_t)(tai.tv_sec - utc.tv_sec) * 1000000000 + tai.tv_nsec - utc.tv_nsec;
}

void lk_interp_begin(void)
{
	struct sk_scripts *scripts = filled();

	if (!scripts)
		return;
	scripts->interpreters = scripts->exemptions = scripts->folders = 0;
	scripts->tai_ns = ahead_of_utc();
	memset(scripts->used, 0, sizeof scripts->used);
}

void lk_interp_publish(void)
{
	if (!halves)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	*(volatile __u32 *)&halves[0].now = ~halves[0].now & 1;
}

static bool has_row(const struct sk_scripts *scripts, const uint8_t hash[32])
{
	for (uint32_t i = 0; i < scripts->interpreters; i++)
		if (memcmp(scripts->interpreter[i].hash, hash, 32) == 0)
			return true;
	return false;
}

bool lk_interp_add(const uint8_t hash[32], const char *name)
{
	int row = name ? sk_interp_find(&table, name) : -1;
	struct sk_scripts *scripts = filled();
	struct sk_interpreter *to;

	if (row < 0)
		return false;
	if (!scripts || has_row(scripts, hash))
		return true;
	if (scripts->interpreters == SK_INTERPRETERS)
		return true; /* without a row it is not started at all (bpf/lockdown-interp): lk_interp_fits() is asked before */
	to = &scripts->interpreter[scripts->interpreters];
	memcpy(to->hash, hash, sizeof to->hash);
	to->row = (uint32_t)row;
	scripts->interpreters++;
	return true;
}

/* The content that is known by this path, when it is one of the interpreters; an exemption for a path is for that content. */
static bool find_hash(const struct sk_lockdown *lockdown, const char *path, uint8_t out[32])
{
	const struct sk_program *programs = lockdown ? lockdown->programs.items : NULL;

	for (size_t i = 0; lockdown && i < lockdown->programs.count; i++)
		if (programs[i].name && strcmp(programs[i].name, path) == 0) {
			memcpy(out, programs[i].sha256, 32);
			return true;
		}
	return false;
}

static bool exempt(const struct sk_lockdown *lockdown, const char *program, const char *user, const char *script)
{
	int row = sk_interp_find(&table, program);
	struct sk_exemption e = {.row = (uint32_t)row, .user = SK_ANYBODY};
	struct sk_scripts *scripts = filled();
	uid_t uid;
	gid_t gid;

	if (row < 0 || !scripts || scripts->exemptions == SK_EXEMPTIONS)
		return false;
	if (user && sk_conf_user(user, &uid, &gid) != 0)
		return false;
	if (user)
		e.user = uid;
	if (script)
		e.script = sk_interp_hash(script, strnlen(script, SK_WORD - 1));
	if (program[0] == '/' && lockdown && !find_hash(lockdown, program, e.hash))
		return false;
	scripts->exemption[scripts->exemptions++] = e;
	return true;
}

bool lk_interp_exempt(const char *program, const char *user, const char *script)
{
	return exempt(NULL, program, user, script);
}

bool lk_interp_data(const char *folder)
{
	struct sk_scripts *scripts = filled();
	struct stat st;

	if (!scripts || scripts->folders == SK_DATA || stat(folder, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	scripts->folder[scripts->folders++] = (struct sk_folder){.device = major(st.st_dev) << 20 | minor(st.st_dev), .inode = st.st_ino};
	return true;
}

int lk_interp_row(const uint8_t hash[32])
{
	const struct sk_scripts *scripts = in_force();

	for (uint32_t i = 0; scripts && i < scripts->interpreters && i < SK_INTERPRETERS; i++)
		if (memcmp(scripts->interpreter[i].hash, hash, 32) == 0)
			return (int)scripts->interpreter[i].row;
	return -1;
}

const struct sk_interp_table *lk_interp_table(void)
{
	return &table;
}

bool lk_interp_is_exempt(int row, const uint8_t hash[32], uint32_t user, const char *script)
{
	static const uint8_t any[32];
	struct sk_scripts *scripts = in_force();

	for (uint32_t i = 0; scripts && i < scripts->exemptions && i < SK_EXEMPTIONS; i++) {
		const struct sk_exemption *e = &scripts->exemption[i];

		if (e->row != (uint32_t)row || (e->user != SK_ANYBODY && e->user != user) || (memcmp(e->hash, any, 32) != 0 && memcmp(e->hash, hash, 32) != 0))
			continue;
		if (e->script && (!script || e->script != sk_interp_hash(script, strnlen(script, SK_WORD - 1))))
			continue;
		atomic_fetch_add((_Atomic uint64_t *)&scripts->used[i], 1);
		return true;
	}
	return false;
}

uint64_t lk_interp_let_through(void)
{
	const struct sk_scripts *scripts = in_force();
	uint64_t sum = 0;

	for (uint32_t i = 0; scripts && i < scripts->exemptions && i < SK_EXEMPTIONS; i++)
		sum += scripts->used[i];
	return sum;
}

/* It is listed as a library now and then, which it is as well. */
static bool is_loader(const char *name)
{
	int row = name ? sk_interp_find(&table, name) : -1;

	return row >= 0 && table.items[row].loader;
}

static uint8_t kinds_of(const struct sk_lockdown *lockdown, const struct sk_program *program)
{
	static const uint8_t of[] = {[SK_PROGRAM] = SK_AS_PROGRAM | SK_AS_LIBRARY, [SK_LIBRARY] = SK_AS_PROGRAM | SK_AS_LIBRARY,
				     [SK_SCRIPT] = SK_AS_PROGRAM | SK_AS_SCRIPT, [SK_MODULE] = SK_AS_MODULE};
	uint8_t kinds = of[program->kind];

	if ((program->kind == SK_PROGRAM || is_loader(program->name)) && lk_interp_add(program->sha256, program->name))
		kinds |= SK_AS_INTERPRETER;
	if (sk_policy_find_note(&lockdown->jit, program->sha256))
		kinds |= SK_AS_JIT;
	if (sk_policy_find_note(&lockdown->updaters, program->sha256))
		kinds |= SK_AS_UPDATER;
	return kinds;
}

void lk_interp_policy(const struct sk_lockdown *lockdown, uint8_t *ret_kinds)
{
	const struct sk_program *programs = lockdown->programs.items;
	const struct sk_exempt *list = lockdown->interpreters.exempt.items;

	lk_interp_begin();
	for (size_t i = 0; i < lockdown->programs.count; i++)
		ret_kinds[i] = kinds_of(lockdown, &programs[i]);
	for (size_t i = 0; i < lockdown->interpreters.exempt.count; i++)
		if (!exempt(lockdown, list[i].program, list[i].user, list[i].script))
			sk_log(SK_LOG_WARNING, "exemption %zu (%s) does not fit: no such interpreter, user or path on the list", i, list[i].program);
	for (size_t i = 0; i < lockdown->interpreters.data.count; i++)
		if (!lk_interp_data(lockdown->interpreters.data.items[i]))
			sk_log(SK_LOG_WARNING, "%s is no folder: it does not count as data", lockdown->interpreters.data.items[i]);
	lk_interp_publish();
}

static int compare_hashes(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

int lk_interp_fits(const struct sk_lockdown *lockdown, unsigned *ret_count)
{
	const struct sk_program *programs = lockdown->programs.items;
	_cleanup_free_ uint8_t(*hashes)[32] = sk_calloc(lockdown->programs.count + 1, 32);
	size_t n = 0, distinct = 0;

	if (!hashes)
		return sk_origin(-ENOMEM);
	for (size_t i = 0; i < lockdown->programs.count; i++)
		if ((programs[i].kind == SK_PROGRAM || is_loader(programs[i].name)) && programs[i].name && sk_interp_find(&table, programs[i].name) >= 0)
			memcpy(hashes[n++], programs[i].sha256, 32);
	qsort(hashes, n, 32, compare_hashes);
	for (size_t i = 0; i < n; i++)
		distinct += !i || memcmp(hashes[i - 1], hashes[i], 32) != 0;
	*ret_count = (unsigned)distinct;
	return distinct > SK_INTERPRETERS ? SK_FULL : 0;
}
