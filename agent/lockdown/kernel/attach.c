// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Programs that act for restricted interpreters or protected files alone. One of them sits on each reading of a file, one on each change of a file's times, by anybody: so in tier B they
 * are attached only while the policy in force needs them, and cost nothing while it does not.
 *
 * main loads and tries them (load.c), and leaves their descriptors here; the guard attaches and detaches. Owns those descriptors, the links (shared->fds.scripts: the keeper holds
 * them, too) and their pins, by which they outlive the pair.
 */
#include "lockdown/kernel/attach.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "event/attack.h"
#include "lockdown/kernel/maps.h"
#include "lockdown/shared.h"

/* As main left them; every process that is made later has the same. */
static struct {
	char name[LK_HOOK_NAME];
	int program;
	uint32_t hook;
} later[LK_LATER];
static unsigned count;
static char pins[256];

bool lk_attach_is_later(const struct lk_kernel *kernel, uint32_t hook)
{
	return (hook & LK_LATER_HOOKS) && !(kernel->attached & SK_HOOK_LSM_EXEC);
}

bool lk_attach_leave(const char *name, uint32_t hook, int program)
{
	int fd = count < LK_LATER ? fcntl(program, F_DUPFD_CLOEXEC, 3) : -1;

	if (fd < 0)
		return false;
	snprintf(later[count].name, sizeof later[count].name, "%s", name);
	later[count].program = fd;
	later[count++].hook = hook;
	return true;
}

void lk_attach_pins(const char *folder)
{
	snprintf(pins, sizeof pins, "%s", folder);
}

unsigned lk_attach_fds(int *ret_fds, unsigned room)
{
	unsigned n = 0;

	while (n < count && n < room) {
		ret_fds[n] = later[n].program;
		n++;
	}
	return n;
}

/* In the place of what an earlier life left there, which acts until then. */
static void put_pin(int fd, const char *name)
{
	char path[400], fresh[410];

	if (!pins[0])
		return;
	snprintf(path, sizeof path, "%s/%s", pins, name);
	snprintf(fresh, sizeof fresh, "%s_", path);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) < 0 || rename(fresh, path) < 0)
		unlink(fresh); /* then it ends with the pair */
}

static void take_pin(const char *name)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", pins, name);
	if (pins[0])
		unlink(path);
}

/* True: something is attached that was not, or the other way round. */
static bool change_one(struct lk_shared *shared, unsigned i, bool wanted)
{
	int link = atomic_load(&shared->fds.scripts[i]);

	if (wanted == (link >= 0))
		return false;
	if (!wanted) {
		atomic_store(&shared->fds.scripts[i], -1);
		close(link);
		take_pin(later[i].name);
		return true;
	}
	link = bpf_raw_tracepoint_open(NULL, later[i].program);
	if (link < 0) {
		atomic_fetch_or(&shared->kernel.failed, later[i].hook); /* is not claimed any more */
		return true;
	}
	atomic_store(&shared->fds.scripts[i], link);
	put_pin(link, later[i].name);
	return true;
}

bool lk_attach(struct lk_shared *shared, uint32_t kinds, uint32_t wanted)
{
	const bool settled = shared->kernel.later_settled & kinds;
	bool changed = false;

	for (unsigned i = 0; i < count; i++) {
		if (!(later[i].hook & kinds))
			continue;
		changed |= change_one(shared, i, later[i].hook & wanted);
		if (!(later[i].hook & wanted) && !settled)
			take_pin(later[i].name); /* of an earlier life */
	}
	shared->kernel.later_settled |= kinds;
	return changed;
}
