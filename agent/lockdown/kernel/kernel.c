// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the kernel side goes by: orders (a mapping that was inherited), known files and permits (maps), and its records. Used by guard and keeper on the
 * answer path: nothing here waits, allocates, opens (but for the cgroup, once a beat) or logs.
 */
#include "lockdown/kernel/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "bpf/lockdown.h"
#include "lockdown/kernel/attach.h"
#include "lockdown/kernel/maps.h"
#include "lockdown/shared.h"
#include "lockdown/window/window.h"

_Static_assert((int)LK_KERNEL_COUNTS >= (int)SK_COUNTS, "room for every count");

/* The number of the pid namespace that the kernel made first (include/linux/proc_ns.h): it is the same everywhere. */
#define FIRST_PID_SPACE 0xEFFFFFFCu

static struct sk_orders *orders_now; /* in the kernel's memory */
static struct ring_buffer *records;
static char mount_of_cgroups[256];

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint32_t device_of(uint64_t device)
{
	return major(device) << 20 | minor(device);
}

uint32_t lk_kernel_device(uint64_t device)
{
	return device_of(device);
}

/* Where the cgroup2 hierarchy is mounted. */
static void find_cgroups(void)
{
	char line[1024], where[256], type[64];
	FILE *mounts = fopen("/proc/self/mounts", "re");

	while (mounts && fgets(line, sizeof line, mounts))
		if (sscanf(line, "%*s %255s %63s", where, type) == 2 && !strcmp(type, "cgroup2"))
			snprintf(mount_of_cgroups, sizeof mount_of_cgroups, "%s", where);
	if (mounts)
		fclose(mounts);
}

/* Who takes one of them by its number is told of. */
static void note_maps(void)
{
	_Static_assert((int)SK_MAP_IDS >= (int)LK_MAPS, "room for every map");

	for (int i = 0; i < LK_MAPS; i++) {
		struct bpf_map_info info = {0};
		uint32_t size = sizeof info;

		if (lk_kernel_fds[i] >= 0 && bpf_obj_get_info_by_fd(lk_kernel_fds[i], &info, &size) == 0)
			orders_now->map_ids[i] = info.id;
	}
}

static struct {
	void *at;
	size_t size;
} memories[8];

void *lk_map_memory(enum lk_map map, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) & ~(page - 1), free = 0;
	void *at;

	while (free < SK_ARRAY_SIZE(memories) && memories[free].at)
		free++;
	if (lk_kernel_fds[map] < 0 || free == SK_ARRAY_SIZE(memories))
		return NULL;
	at = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, lk_kernel_fds[map], 0);
	if (at == MAP_FAILED) {
		sk_origin_errno();
		return NULL;
	}
	memories[free].at = at;
	memories[free].size = whole;
	return at;
}

void lk_map_drop(void *at)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(memories); i++)
		if (at && memories[i].at == at) {
			munmap(at, memories[i].size);
			memories[i].at = NULL;
		}
}

void lk_kernel_leave(void)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(memories); i++)
		lk_map_drop(memories[i].at);
	orders_now = NULL;
}

bool lk_maps_open(struct lk_shared *shared)
{
	struct sk_orders *at = lk_map_memory(LK_MAP_ORDERS, sizeof *at);
	struct stat space;

	if (!at)
		return false;
	orders_now = at;
	orders_now->epoch = 1;
	shared->kernel.contained = true;
	if (stat("/proc/self/ns/pid", &space) == 0) {
		orders_now->pid_space = (uint32_t)space.st_ino;
		shared->kernel.contained = space.st_ino != FIRST_PID_SPACE;
	}
	note_maps();
	find_cgroups();
	atomic_store(&shared->kernel.acting, SK_SUBJECT_NONE);
	return true;
}

void lk_maps_stop(void)
{
	if (orders_now)
		orders_now->subject = SK_SUBJECT_NONE;
}

bool lk_kernel_on(const struct lk_shared *shared)
{
	return orders_now && shared->kernel.attached;
}

bool lk_kernel_acts(const struct lk_shared *shared)
{
	return orders_now && atomic_load_explicit(&shared->kernel.wanted, memory_order_relaxed) != SK_SUBJECT_NONE;
}

/* --- orders */

static uint32_t depth_of(const char *path)
{
	uint32_t depth = 0;

	for (const char *at = path; *at; at++)
		depth += *at != '/' && (at == path || at[-1] == '/');
	return depth;
}

/* The subject's cgroup as it is now: it may be made later than we are, or made anew. */
static uint32_t find_subject(const struct lk_kernel *kernel, uint32_t wanted, uint64_t *ret_cgroup, uint32_t *ret_level)
{
	char path[LK_CGROUP + 256];
	struct stat found;

	if (wanted != SK_SUBJECT_CGROUP)
		return wanted;
	snprintf(path, sizeof path, "%s/%s", mount_of_cgroups, kernel->cgroup);
	if (!kernel->cgroup[0] || !mount_of_cgroups[0] || stat(path, &found) < 0 || !S_ISDIR(found.st_mode))
		return SK_SUBJECT_NONE;
	*ret_cgroup = found.st_ino;
	*ret_level = depth_of(kernel->cgroup);
	return SK_SUBJECT_CGROUP;
}

/* Tier A knows who updates; tier B protects nothing from anybody while a window is open. */
static bool protects(const struct lk_shared *shared, const struct lk_orders *orders)
{
	return (orders->kernel_what & SK_DO_PROTECT) && ((shared->kernel.attached & SK_HOOK_LSM_WRITE) || !lk_window_is_open());
}

static uint32_t what_of(const struct lk_shared *shared, const struct lk_orders *orders)
{
	const bool maps = atomic_load(&shared->maps_ready) && !(orders->kernel_what & SK_DO_NOT_MAPS);
	uint32_t what = SK_DO_RECORD | (orders->kernel_what & ~(uint32_t)SK_DO_PROTECT) | (maps ? SK_DO_MAPS : 0) | (protects(shared, orders) ? SK_DO_PROTECT : 0);

	if (orders->mode == LK_ENFORCE)
		what |= SK_DO_ENFORCE;
	if (orders->failure == LK_FAIL_DENY)
		what |= SK_DO_FAIL_DENY;
	return what;
}

static void store_orders(const struct lk_shared *shared, uint32_t subject, uint64_t cgroup, uint32_t level, const struct lk_orders *orders)
{
	volatile struct sk_orders *to = orders_now;

	if (to->subject != subject || to->cgroup != cgroup || to->level != level) {
		to->subject = SK_SUBJECT_NONE; /* a half-changed subject is nobody */
		atomic_thread_fence(memory_order_seq_cst);
		to->cgroup = cgroup;
		to->level = level;
	}
	to->what = what_of(shared, orders);
	to->serial = orders->serial;
	to->stale_ns = (uint64_t)LK_SILENT_US * 1000;
	to->beat_ns = now_ns();
	atomic_thread_fence(memory_order_seq_cst);
	to->subject = subject;
}

void lk_kernel_orders(struct lk_shared *shared, const struct lk_orders *orders)
{
	uint64_t cgroup = 0;
	uint32_t level = 0, subject;
	bool scripts;

	if (!lk_kernel_on(shared))
		return;
	atomic_store(&shared->kernel.wanted, orders->subject);
	subject = find_subject(&shared->kernel, orders->subject, &cgroup, &level);
	scripts = subject != SK_SUBJECT_NONE && (orders->kernel_what & SK_DO_SCRIPTS);
	lk_attach(shared, SK_HOOK_TRACE_WRITE, subject != SK_SUBJECT_NONE && protects(shared, orders) ? SK_HOOK_TRACE_WRITE : 0);
	if (scripts)
		lk_attach(shared, LK_SCRIPT_HOOKS, LK_SCRIPT_HOOKS);
	store_orders(shared, subject, cgroup, level, orders);
	atomic_store(&shared->kernel.acting, subject);
	if (!scripts && lk_attach(shared, LK_SCRIPT_HOOKS, 0))
		orders_now->scripts_since++; /* what a task becomes from here on is not seen: what was found out about it counts no longer */
}

static void read_counts(struct lk_kernel *kernel)
{
	uint64_t values[256];
	int processors = libbpf_num_possible_cpus();

	for (uint32_t i = 0; i < SK_COUNTS && processors > 0 && processors <= (int)SK_ARRAY_SIZE(values); i++) {
		uint64_t sum = 0;

		if (bpf_map_lookup_elem(lk_kernel_fds[LK_MAP_COUNTS], &i, values) < 0)
			return;
		for (int j = 0; j < processors; j++)
			sum += values[j];
		atomic_store_explicit(&kernel->counts[i], sum, memory_order_relaxed);
	}
}

bool lk_kernel_beat(struct lk_shared *shared)
{
	uint64_t cgroup = 0;
	uint32_t level = 0, subject;

	if (!lk_kernel_on(shared))
		return false;
	*(volatile __u64 *)&orders_now->beat_ns = now_ns();
	subject = find_subject(&shared->kernel, atomic_load(&shared->kernel.wanted), &cgroup, &level);
	return subject != atomic_load(&shared->kernel.acting) || (subject == SK_SUBJECT_CGROUP && cgroup != *(volatile __u64 *)&orders_now->cgroup);
}

uint64_t lk_kernel_lost(const struct lk_shared *shared)
{
	static uint64_t values[256]; /* the listener's alone */
	int processors = libbpf_num_possible_cpus();
	const uint32_t lost = SK_COUNT_LOST;
	uint64_t sum = 0;

	if (!lk_kernel_on(shared) || processors <= 0 || processors > (int)SK_ARRAY_SIZE(values) ||
	    bpf_map_lookup_elem(lk_kernel_fds[LK_MAP_COUNTS], &lost, values) < 0)
		return 0;
	for (int i = 0; i < processors; i++)
		sum += values[i];
	return sum;
}

void lk_kernel_counts(struct lk_shared *shared)
{
	if (lk_kernel_on(shared))
		read_counts(&shared->kernel);
}

void lk_kernel_ours(struct lk_shared *shared, unsigned place, uint32_t process)
{
	if (lk_kernel_on(shared) && place < SK_OURS)
		*(volatile __u32 *)&orders_now->ours[place] = process;
}

void lk_kernel_watch(struct lk_shared *shared, unsigned place, uint32_t process)
{
	if (lk_kernel_on(shared) && place < SK_WATCHED)
		*(volatile __u32 *)&orders_now->watched[place] = process;
}

/* --- known files and permits */

/* No file system has this device. */
static const struct sk_file_key seal = {.device = UINT32_MAX};

bool lk_kernel_is_whole(const struct lk_shared *shared)
{
	struct sk_known found;

	return !lk_kernel_on(shared) || bpf_map_lookup_elem(lk_kernel_fds[LK_MAP_KNOWN], &seal, &found) == 0 || errno != ENOENT;
}

void lk_kernel_seal(struct lk_shared *shared)
{
	const struct sk_known known = {.epoch = 0};

	if (lk_kernel_on(shared))
		bpf_map_update_elem(lk_kernel_fds[LK_MAP_KNOWN], &seal, &known, BPF_ANY);
}

void lk_kernel_forget_all(struct lk_shared *shared)
{
	if (lk_kernel_on(shared))
		atomic_fetch_add((_Atomic __u32 *)&orders_now->epoch, 1);
}

void lk_kernel_forget(struct lk_shared *shared, uint64_t device, uint64_t inode)
{
	const struct sk_file_key key = {.device = device_of(device), .inode = inode};

	if (lk_kernel_on(shared))
		bpf_map_delete_elem(lk_kernel_fds[LK_MAP_KNOWN], &key);
}

void lk_kernel_forget_system(struct lk_shared *shared, uint64_t device)
{
	struct sk_file_key key, next;
	int map = lk_kernel_fds[LK_MAP_KNOWN], r;

	if (!lk_kernel_on(shared))
		return;
	for (r = bpf_map_get_next_key(map, NULL, &next); r == 0;) {
		key = next;
		r = bpf_map_get_next_key(map, &key, &next); /* before the entry goes */
		if (key.device == device_of(device))
			bpf_map_delete_elem(map, &key);
	}
}

bool lk_kernel_know(struct lk_shared *shared, const struct lk_key *key, const uint8_t hash[32], uint32_t kinds)
{
	const struct sk_file_key place = {.device = device_of(key->device), .inode = key->inode};
	struct sk_known known = {.changed_s = key->changed_s, .changed_ns = key->changed_ns, .size = key->size, .generation = key->generation,
				 .has_generation = key->generation != 0, .kinds = kinds};

	if (!lk_kernel_on(shared))
		return false;
	known.epoch = atomic_load((_Atomic __u32 *)&orders_now->epoch);
	memcpy(known.hash, hash, sizeof known.hash);
	return bpf_map_update_elem(lk_kernel_fds[LK_MAP_KNOWN], &place, &known, BPF_ANY) == 0;
}

static void put_permit(struct lk_shared *shared, const struct sk_permit_key *place, struct sk_permit *permit, const uint8_t *hash)
{
	if (!lk_kernel_on(shared))
		return;
	permit->epoch = atomic_load((_Atomic __u32 *)&orders_now->epoch);
	if (hash)
		memcpy(permit->hash, hash, sizeof permit->hash);
	bpf_map_update_elem(lk_kernel_fds[LK_MAP_PERMITS], place, permit, BPF_ANY);
}

void lk_kernel_permit(struct lk_shared *shared, uint32_t process, const struct lk_key *key, const uint8_t *hash, uint32_t kinds, bool keep)
{
	const struct sk_permit_key place = {.process = process, .device = device_of(key->device), .inode = key->inode};
	struct sk_permit permit = {.until_ns = now_ns() + (uint64_t)LK_PERMIT_US * 1000, .changed_s = key->changed_s, .changed_ns = key->changed_ns,
				   .size = key->size, .kinds = kinds, .keep = keep};

	put_permit(shared, &place, &permit, hash);
}

void lk_kernel_answer(struct lk_shared *shared, const struct sk_record *asked, const uint8_t *hash, uint32_t kinds)
{
	const struct sk_permit_key place = {.process = asked->process, .device = asked->device, .inode = asked->inode};
	struct sk_permit permit = {.until_ns = now_ns() + (uint64_t)LK_PERMIT_US * 1000, .changed_s = asked->changed_s, .changed_ns = asked->changed_ns,
				   .size = asked->size, .kinds = kinds, .keep = asked->road >= SK_ROAD_MAP_FILE, .deny = !kinds};

	put_permit(shared, &place, &permit, hash);
}

void lk_kernel_answer_call(struct lk_shared *shared, uint32_t process, const struct lk_call_answer *answer)
{
	const struct sk_permit_key place = {.process = process, .device = SK_ASKED_CALL};
	struct sk_permit permit = {.until_ns = now_ns() + (uint64_t)LK_PERMIT_US * 1000, .kinds = answer->refused_road, .deny = answer->refused_road != 0,
				   .program_device = answer->program_device, .program_inode = answer->program_inode, .restricted = answer->restricted};

	put_permit(shared, &place, &permit, NULL);
}

unsigned lk_kernel_review(struct lk_shared *shared, bool (*listed)(void *arg, const uint8_t hash[32], uint32_t *kinds), void *arg)
{
	struct sk_file_key key, next;
	struct sk_known known;
	unsigned forgotten = 0;
	int map = lk_kernel_fds[LK_MAP_KNOWN], r;

	if (!lk_kernel_on(shared))
		return 0;
	for (r = bpf_map_get_next_key(map, NULL, &next); r == 0;) {
		uint32_t kinds = 0;

		key = next;
		r = bpf_map_get_next_key(map, &key, &next); /* before the entry may go */
		if (bpf_map_lookup_elem(map, &key, &known) < 0)
			continue;
		if (!listed(arg, known.hash, &kinds)) {
			bpf_map_delete_elem(map, &key);
			forgotten++;
		} else if (kinds != known.kinds) {
			known.kinds = kinds;
			bpf_map_update_elem(map, &key, &known, BPF_EXIST);
		}
	}
	return forgotten;
}

/* --- records */

static struct {
	void (*each)(void *arg, const struct sk_record *record);
	void *arg;
} reading;

static int on_record(void *ctx, void *data, size_t size)
{
	(void)ctx;
	if (size >= sizeof(struct sk_record) && reading.each)
		reading.each(reading.arg, data);
	return 0;
}

int lk_kernel_reader(void)
{
	records = NULL; /* of a guard that we come from: its descriptor was swept, and the number may be somebody else's by now */
	if (!orders_now)
		return 0;
	records = ring_buffer__new(lk_kernel_fds[LK_MAP_RECORDS], on_record, NULL, NULL);
	return records ? 0 : sk_origin_errno();
}

void lk_kernel_read(int ms, void (*each)(void *arg, const struct sk_record *record), void *arg)
{
	reading.each = each;
	reading.arg = arg;
	if (records)
		ring_buffer__poll(records, ms);
}
