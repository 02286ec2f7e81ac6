// SPDX-License-Identifier: GPL-3.0-or-later
/* The user space of tier A: see kernel/lsm.h and bpf/lockdown-lsm.h. */
#include "lockdown/kernel/lsm.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown-lsm.h"
#include "event/attack.h"
#include "lockdown/guard/judge.h"
#include "lockdown/kernel/maps.h"

enum { LAYERS = 4 };

static struct lsm_self *self_now; /* in the kernel's memory */

static bool is_on(const struct lk_shared *shared)
{
	return self_now && (shared->kernel.attached & SK_HOOK_LSM_EXEC);
}

/* --- main: who and what is ours */

static void add(enum lk_map map, uint64_t key, size_t size)
{
	const uint32_t one = 1;
	const uint32_t narrow = (uint32_t)key;

	if (bpf_map_update_elem(lk_kernel_fds[map], size == sizeof narrow ? (const void *)&narrow : &key, &one, BPF_ANY) < 0)
		sk_log(SK_LOG_WARNING, "lockdown: the kernel side keeps no more of map %d: %s", map, strerror(errno));
}

void lk_lsm_object(int program_fd)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof info;

	if (lk_kernel_fds[LK_MAP_LSM_OBJECTS] >= 0 && bpf_obj_get_info_by_fd(program_fd, &info, &size) == 0)
		add(LK_MAP_LSM_OBJECTS, info.id | LSM_PROGRAM, sizeof(uint64_t));
}

void lk_lsm_map(int map_fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof info;

	if (lk_kernel_fds[LK_MAP_LSM_OBJECTS] >= 0 && bpf_obj_get_info_by_fd(map_fd, &info, &size) == 0)
		add(LK_MAP_LSM_OBJECTS, info.id, sizeof(uint64_t));
}

/* The kernel's name of a file is learnt by opening it while our programs look. */
static void teach(const char *root, const char *path, uint32_t bits)
{
	char where[512];
	int fd;

	snprintf(where, sizeof where, "%s%s%s", strcmp(root, "/") ? root : "", path[0] == '/' ? "" : "/", path);
	self_now->lesson = bits;
	self_now->teacher = (uint32_t)getpid();
	fd = open(where, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	self_now->teacher = 0;
	if (fd >= 0)
		close(fd);
}

void lk_lsm_holds(const struct lk_shared *shared, const char *folder)
{
	if (is_on(shared))
		teach("/", folder, LSM_HOLDS);
}

/* Where we are, and everything above: who holds one of these still holds us. */
static void add_cgroups(void)
{
	char line[600], path[900], *end;
	FILE *file = fopen("/proc/self/cgroup", "re");
	struct stat found;

	while (file && fgets(line, sizeof line, file)) {
		if (strncmp(line, "0::/", 4))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof path, "/sys/fs/cgroup%s", line + 3);
		for (end = strrchr(path, '/'); end && end > path + strlen("/sys/fs/cgroup"); *end = 0, end = strrchr(path, '/'))
			if (stat(path, &found) == 0)
				add(LK_MAP_LSM_CGROUPS, found.st_ino, sizeof(uint64_t));
		if (strcmp(path, "/sys/fs/cgroup") && stat(path, &found) == 0)
			add(LK_MAP_LSM_CGROUPS, found.st_ino, sizeof(uint64_t));
	}
	if (file)
		fclose(file);
}

static bool is_attached(const struct lk_kernel *kernel, const char *name)
{
	for (uint32_t i = 0; i < kernel->hook_count; i++)
		if (!strcmp(kernel->hooks[i].name, name))
			return !kernel->hooks[i].error;
	return false;
}

void lk_lsm_begin(struct lk_shared *shared, const char *root, const char *pins)
{
	static const struct {
		const char *path;
		uint32_t bits;
	} ours[] = {
		{"etc/sekisho", LSM_TREE},
		{"var/lib/sekisho", LSM_TREE},
		{"var/lib/sekisho/policy", LSM_TREE | LSM_OFFERS},
		{"var/lib/sekisho/policy/site.pub", LSM_OURS},
		{"run/sekisho", LSM_TREE},
		{"usr/bin/sekisho", LSM_OURS | LSM_OFFERER},
		{"usr/sbin/sekisho-agent", LSM_OURS},
		{"lib/systemd/system/sekisho-agent.service", LSM_OURS},
		{"etc/systemd/system/sekisho-agent.service", LSM_OURS},
		{"etc/systemd/system/multi-user.target.wants/sekisho-agent.service", LSM_OURS},
	};

	if (!(shared->kernel.attached & SK_HOOK_LSM_EXEC) || lk_kernel_fds[LK_MAP_LSM_SELF] < 0)
		return;
	self_now = lk_map_memory(LK_MAP_LSM_SELF, sizeof *self_now);
	if (!self_now)
		return;
	self_now->pokes = is_attached(&shared->kernel, "sk_poke") && is_attached(&shared->kernel, "sk_poke_compat");
	add_cgroups();
	teach("/", "proc/self/exe", LSM_AGENT | LSM_OURS);
	for (size_t i = 0; i < SK_ARRAY_SIZE(ours); i++)
		teach(root, ours[i].path, ours[i].bits);
	if (pins)
		teach("/", pins, LSM_TREE);
}

bool lk_lsm_is_held(const struct lk_shared *shared)
{
	struct timespec now;
	uint64_t count;
	struct lk_orders orders = lk_orders_get(shared, &count);

	if (!is_on(shared) || !(orders.kernel_what & SK_DO_SELF) || orders.subject == SK_SUBJECT_NONE || self_now->going_down)
		return false;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return self_now->released_until <= (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* --- guard: the list */

static void drop_unlisted(struct lk_shared *shared)
{
	int map = lk_kernel_fds[LK_MAP_LSM_LIST], r;
	struct lsm_hash key, next;
	struct lk_orders orders;

	for (r = bpf_map_get_next_key(map, NULL, &next); r == 0;) {
		uint32_t kinds;

		key = next;
		r = bpf_map_get_next_key(map, &key, &next); /* before the entry may go */
		if (!lk_listed_as(shared, key.sha256, &orders, &kinds))
			bpf_map_delete_elem(map, &key);
	}
}

void lk_lsm_list(struct lk_shared *shared)
{
	static const uint8_t empty[LK_HASH];
	uint64_t count;
	struct lk_orders orders;
	const struct lk_list *list;

	if (!is_on(shared))
		return;
	drop_unlisted(shared);
	orders = lk_orders_get(shared, &count);
	list = &shared->lists[count & 1];
	for (uint32_t i = 0; i < SK_MIN(orders.list_count, (uint32_t)LK_LIST_MAX); i++) {
		const struct lk_list_entry one = list->entries[i]; /* zeros when the list was exchanged: then we are called again */
		const struct lsm_entry entry = {.kinds = one.kinds, .number = i};

		if (memcmp(one.hash, empty, LK_HASH))
			bpf_map_update_elem(lk_kernel_fds[LK_MAP_LSM_LIST], one.hash, &entry, BPF_ANY);
	}
	atomic_fetch_add((_Atomic __u32 *)&self_now->list, 1);
}

/* --- guard: the disks */

/* "8:1\n" in a file below a device's folder in sysfs. 0 = there is none. */
static uint32_t read_device(const char *folder, const char *name)
{
	char path[300], text[32] = "";
	unsigned high = 0, low = 0;
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof text - 1) <= 0 || sscanf(text, "%u:%u", &high, &low) != 2)
		high = low = 0;
	close(fd);
	return high << 20 | low;
}

static void add_disk(uint32_t device, int depth);

/* Device mapper and software RAID: what it is made of. */
static void add_layers(const char *folder, int depth)
{
	char path[300], name[320], space[2048];
	int fd;
	long got;

	snprintf(path, sizeof path, "%s/slaves", folder);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd >= 0 && (got = syscall(SYS_getdents64, fd, space, sizeof space)) > 0)
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(space + at);

			at += entry->d_reclen;
			snprintf(name, sizeof name, "%.200s/dev", entry->d_name);
			if (entry->d_name[0] != '.')
				add_disk(read_device(path, name), depth + 1);
		}
	if (fd >= 0)
		close(fd);
}

static void add_disk(uint32_t device, int depth)
{
	char folder[64];

	if (!device || depth > LAYERS)
		return;
	add(LK_MAP_LSM_DISKS, device, sizeof(uint32_t));
	snprintf(folder, sizeof folder, "/sys/dev/block/%u:%u", device >> 20, device & 0xfffff);
	add_disk(read_device(folder, "../dev"), depth + 1); /* the whole disk of a partition */
	add_layers(folder, depth);
}

void lk_lsm_disks(const struct lk_shared *shared)
{
	if (lk_kernel_fds[LK_MAP_LSM_DISKS] < 0) /* tier A and tier B have it */
		return;
	for (uint32_t i = 0; i < LK_SCOPE; i++) {
		uint64_t device = atomic_load(&shared->scope[i].device);

		if (shared->scope[i].wish == LK_WISH_GUARD && major(device))
			add_disk(major(device) << 20 | minor(device), 0);
	}
}

/* --- clerk */

void lk_lsm_release(struct lk_shared *shared, uint64_t until_ns)
{
	if (is_on(shared))
		*(volatile __u64 *)&self_now->released_until = until_ns;
}

void lk_lsm_maintenance(struct lk_shared *shared, uint64_t until_ns)
{
	if (!is_on(shared))
		return;
	if (until_ns && !self_now->maintenance_until)
		*(volatile __u32 *)&self_now->maintenance = self_now->maintenance + 1;
	*(volatile __u64 *)&self_now->maintenance_until = until_ns;
}
