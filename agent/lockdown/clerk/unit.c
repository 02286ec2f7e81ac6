// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whether the agent would be started with the machine: who disables, masks or removes its unit wants the next start to be without it. Root may; it is told, while
 * we still run. What an open maintenance window does is recorded by that.
 */
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "lockdown/clerk/clerk.h"
#include "lockdown/window/window.h"

#define UNIT "sekisho-agent.service"
#define CHOICES "etc/systemd/system"

static const char *const folders[] = {CHOICES, CHOICES "/multi-user.target.wants", "lib/systemd/system", "usr/lib/systemd/system"};

static const char *path_in(const struct clerk *c, const char *folder, const char *name, char out[static 4200])
{
	snprintf(out, 4200, "%s/%s/%s", strcmp(c->ctx->root, "/") ? c->ctx->root : "", folder, name);
	return out;
}

static struct lk_unit look(const struct clerk *c)
{
	struct lk_unit now = {.there = false};
	struct stat found;
	char path[4200];

	now.enabled = lstat(path_in(c, folders[1], UNIT, path), &found) == 0;
	now.masked = stat(path_in(c, CHOICES, UNIT, path), &found) == 0 && !S_ISREG(found.st_mode);
	for (size_t i = 2; i < SK_ARRAY_SIZE(folders); i++)
		now.there |= stat(path_in(c, folders[i], UNIT, path), &found) == 0;
	return now;
}

void lk_unit_watch(struct clerk *c)
{
	char path[4200];

	for (size_t i = 0; i < SK_ARRAY_SIZE(folders); i++) /* where there is none nothing is chosen: ./run, another service manager */
		(void)inotify_add_watch(c->folder_fd, path_in(c, folders[i], "", path), IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
	c->unit = look(c);
}

const char *lk_unit_worse(struct clerk *c)
{
	struct lk_unit before = c->unit, now = look(c);

	c->unit = now;
	if (lk_window_is_open())
		return NULL;
	if (now.masked && !before.masked)
		return "unit-masked";
	if (before.enabled && !now.enabled)
		return "unit-disabled";
	return before.there && !now.there ? "unit-removed" : NULL;
}
