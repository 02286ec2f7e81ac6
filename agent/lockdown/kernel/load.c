// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loading lockdown's kernel side. Every program is tried by itself, so that one that this kernel refuses takes no other with it; what is found out stands in
 * struct lk_kernel. The maps are made by the first object that names them, and handed to all later ones.
 *
 * Runs once, in main, as root, before any process of lockdown is made. Owns the links: they live as long as this process or their pins.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown-ask.skel.h"
#include "bpf/lockdown-hold.skel.h"
#include "bpf/lockdown-look.skel.h"
#include "bpf/lockdown-lsm.skel.h"
#include "bpf/lockdown-map.skel.h"
#include "bpf/lockdown-interp.skel.h"
#include "bpf/lockdown-power.skel.h"
#include "bpf/lockdown-trace.skel.h"
#include "bpf/lockdown-write.skel.h"
#include "bpf/lockdown.h"
#include "event/attack.h"
#include "lockdown/kernel/attach.h"
#include "lockdown/kernel/interp.h"
#include "lockdown/kernel/lsm.h"
#include "lockdown/kernel/maps.h"
#include "lockdown/shared.h"

enum { LOG = 64 * 1024, BPFFS = 0xcafe4a11 };
#define VERSION(high, low) ((uint32_t)(high) << 16 | (uint32_t)(low) << 8)

/*
 * The objects, in the order in which they are tried. When not even the program `lead` is taken, the others of its object are not tried: where there are no
 * LSM programs at all, forty tries would take seconds.
 */
static const struct object {
	const void *(*bytes)(size_t *size);
	const char *lead;
	uint32_t until; /* kernel on which it is not tried any more; 0 = none */
} objects[] = {
	/* Proved on 6.1 and 6.12. What the verifier takes for granted about a hook's arguments, and no longer looks at, changes with each: where that is wrong, the kernel falls over. */
	{lockdown_lsm__elf_bytes, "sk_bprm", VERSION(6, 13)},
	{lockdown_hold__elf_bytes, NULL},
	{lockdown_trace__elf_bytes, NULL},
	{lockdown_look__elf_bytes, NULL},
	{lockdown_map__elf_bytes, NULL},
	{lockdown_ask__elf_bytes, "sk_ask_exec"},
	{lockdown_interp__elf_bytes, NULL},
	{lockdown_power__elf_bytes, NULL},
	{lockdown_write__elf_bytes, NULL},
};

/*
 * What each program is for. A program is not tried when one of the hooks of `instead` is attached already: what an LSM program refuses need not
 * be killed. Nor is one on a kernel before `since`, or from `until` on, which has no such hook.
 */
static const struct {
	const char *name;
	uint32_t hook, instead, since, until;
} programs[] = {
	{"sk_bprm", SK_HOOK_LSM_EXEC, 0},
	{"sk_committed", SK_HOOK_LSM_EXEC, 0},
	{"sk_task", SK_HOOK_LSM_EXEC, 0},
	{"sk_mmap", SK_HOOK_LSM_MAP, 0},
	{"sk_mprotect", SK_HOOK_LSM_MAP, 0},
	{"sk_ptrace", SK_HOOK_LSM_MEMORY, 0},
	{"sk_traceme", SK_HOOK_LSM_MEMORY, 0},
	{"sk_poke", 0, 0}, /* where the kernel does not have it, tracing is refused altogether */
	{"sk_poke_compat", 0, 0},
	{"sk_read_file", SK_HOOK_LSM_KERNEL, 0},
	{"sk_load_data", SK_HOOK_LSM_KERNEL, 0},
	{"sk_bpf", SK_HOOK_LSM_KERNEL, 0},
	{"sk_open", SK_HOOK_LSM_MEMORY, 0}, /* memory and devices by their files; without it nothing of LSM_WRITE is claimed either */
	{"sk_setattr", SK_HOOK_LSM_WRITE, 0, 0, VERSION(6, 9)},
	{"sk_setattr_ids", SK_HOOK_LSM_WRITE, 0, VERSION(6, 9)},
	{"sk_file_setattr", SK_HOOK_LSM_WRITE, 0, VERSION(6, 17)},
	{"sk_setxattr", SK_HOOK_LSM_WRITE, 0},
	{"sk_removexattr", SK_HOOK_LSM_WRITE, 0},
	{"sk_unlink", SK_HOOK_LSM_WRITE, 0},
	{"sk_rmdir", SK_HOOK_LSM_WRITE, 0},
	{"sk_rename", SK_HOOK_LSM_WRITE, 0},
	{"sk_link", SK_HOOK_LSM_WRITE, 0},
	{"sk_ioctl", SK_HOOK_LSM_WRITE, 0},
	{"sk_ioctl_compat", SK_HOOK_LSM_WRITE, 0, VERSION(6, 8)},
	{"sk_mount", SK_HOOK_LSM_MOUNT, 0},
	{"sk_move_mount", SK_HOOK_LSM_MOUNT, 0},
	{"sk_create", SK_HOOK_LSM_SELF, 0},
	{"sk_symlink", SK_HOOK_LSM_SELF, 0},
	{"sk_mkdir", SK_HOOK_LSM_SELF, 0},
	{"sk_kern_mount", SK_HOOK_LSM_SELF, 0},
	{"sk_umount", SK_HOOK_LSM_SELF, 0},
	{"sk_bpf_map", SK_HOOK_LSM_SELF, 0},
	{"sk_bpf_prog", SK_HOOK_LSM_SELF, 0},
	{"sk_kill", SK_HOOK_LSM_SELF, 0},
	{"sk_nice", SK_HOOK_LSM_SELF, 0},
	{"sk_ioprio", SK_HOOK_LSM_SELF, 0},
	{"sk_scheduler", SK_HOOK_LSM_SELF, 0},
	{"sk_move_memory", SK_HOOK_LSM_SELF, 0},
	{"sk_rlimit", SK_HOOK_LSM_SELF, 0},
	{"sk_pgid", SK_HOOK_LSM_SELF, 0},
	{"sk_prctl", SK_HOOK_LSM_SELF, 0},
	{"sk_moved", SK_HOOK_LSM_SELF, 0},
	{"sk_hold_exec", SK_HOOK_TRACE_EXEC, SK_HOOK_LSM_EXEC},
	{"sk_trace_exec", SK_HOOK_TRACE_EXEC, SK_HOOK_LSM_EXEC | SK_HOOK_TRACE_EXEC},
	{"sk_trace_look", SK_HOOK_TRACE_MAP, SK_HOOK_LSM_MAP},
	{"sk_trace_map", SK_HOOK_TRACE_MAP, SK_HOOK_LSM_MAP | SK_HOOK_TRACE_MAP},
	{"sk_script_open", SK_HOOK_LSM_OPEN, 0},
	{"sk_script_look", 0, 0, 0, VERSION(6, 2)}, /* without these fewer known files are known in time */
	{"sk_script_begin", 0, 0, 0, VERSION(6, 2)},
	{"sk_ask_exec", SK_HOOK_TRACE_ARGUMENTS, 0},
	{"sk_ask_fork", SK_HOOK_TRACE_ARGUMENTS, 0},
	{"sk_ask_read", SK_HOOK_TRACE_READ, SK_HOOK_LSM_OPEN},
	{"sk_script_exec", SK_HOOK_TRACE_ARGUMENTS, SK_HOOK_TRACE_ARGUMENTS},
	{"sk_script_fork", SK_HOOK_TRACE_ARGUMENTS, SK_HOOK_TRACE_ARGUMENTS},
	{"sk_script_read", SK_HOOK_TRACE_READ, SK_HOOK_LSM_OPEN | SK_HOOK_TRACE_READ},
	{"sk_trace_power", SK_HOOK_TRACE_POWER, SK_HOOK_LSM_KERNEL},
	{"sk_trace_blocks", SK_HOOK_TRACE_POWER, SK_HOOK_LSM_WRITE},
	{"sk_trace_write", SK_HOOK_TRACE_WRITE, SK_HOOK_LSM_WRITE, VERSION(6, 11)}, /* earlier the times have other names */
	{"sk_trace_signal", SK_HOOK_TRACE_SELF, SK_HOOK_LSM_SELF},
	{"sk_trace_moved", SK_HOOK_TRACE_SELF, 0},
	{"sk_trace_fork", SK_HOOK_TRACE_SELF, 0},
};

const char *const lk_map_names[LK_MAPS] = {"sk_orders", "sk_known", "sk_permits", "sk_records", "sk_counts", "lsm_disks", "lsm_self", "lsm_list",
	"lsm_places", "lsm_objects", "lsm_cgroups", "lsm_inodes", "lsm_tasks",
	"sk_holds", "sk_seconds" /* the kernel drops the second looks of a map that no process holds */, "sk_rows", "sk_scripts", "sk_marks", "sk_asks", "sk_origins", "sk_waits"};
int lk_kernel_fds[LK_MAPS] = {[0 ... LK_MAPS - 1] = -1};
int lk_kernel_inherited[LK_MAPS + LK_LATER + 1] = {[0 ... LK_MAPS + LK_LATER] = -1};

static struct bpf_link *links[LK_HOOKS];
static char pin_folder[256];

static int say(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[1024];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof line, format, args);
	line[strcspn(line, "\n")] = 0;
	sk_log(SK_LOG_DEBUG, "%s", line);
	return 0;
}

static int map_index(const char *name)
{
	for (int i = 0; i < LK_MAPS; i++)
		if (!strcmp(lk_map_names[i], name))
			return i;
	return -1;
}

/* The maps that are made already. */
static int give_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		int index = map_index(bpf_map__name(map));
		int r = index >= 0 && lk_kernel_fds[index] >= 0 ? bpf_map__reuse_fd(map, lk_kernel_fds[index]) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static void take_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		int index = map_index(bpf_map__name(map));

		if (index >= 0 && lk_kernel_fds[index] < 0)
			lk_kernel_fds[index] = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	}
}

static struct bpf_link *attach(struct bpf_object *object, const char *name, int *ret_error)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link = program ? bpf_program__attach(program) : NULL;

	*ret_error = link ? 0 : program ? errno : ENOENT;
	return link;
}

static uint32_t kernel_version(void)
{
	struct utsname names;
	unsigned high = 0, low = 0;

	if (uname(&names) < 0 || sscanf(names.release, "%u.%u", &high, &low) != 2)
		return 0;
	return VERSION(high, low);
}

/* Threads that this machine can have: what is said of each takes a byte. */
static void size_origins(struct bpf_object *object)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "sk_origins");
	uint32_t numbers = SK_ORIGINS_MAX;
	FILE *file = map ? fopen("/proc/sys/kernel/pid_max", "re") : NULL;

	if (file && (fscanf(file, "%u", &numbers) != 1 || numbers > SK_ORIGINS_MAX))
		numbers = SK_ORIGINS_MAX;
	if (file)
		fclose(file);
	if (map)
		bpf_map__set_max_entries(map, (numbers + SK_ORIGINS - 1) / SK_ORIGINS);
}

static bool is_wanted(const struct lk_kernel *kernel, const char *name, uint32_t *ret_hook)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(programs); i++)
		if (!strcmp(programs[i].name, name)) {
			*ret_hook = programs[i].hook;
			return !(kernel->attached & programs[i].instead) && kernel_version() >= programs[i].since &&
			       (!programs[i].until || kernel_version() < programs[i].until);
		}
	return false;
}

/* An object with only one of its programs (NULL: all that are wanted). 0, or -errno of opening or loading it. */
static int load_one(const struct lk_kernel *kernel, const void *bytes, size_t size, const char *name, struct bpf_object **ret_object)
{
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);
	struct bpf_program *program;
	int r;

	if (!object)
		return -errno;
	bpf_object__for_each_program(program, object) {
		uint32_t hook;
		const char *its = bpf_program__name(program);

		bpf_program__set_autoload(program, name ? !strcmp(its, name) : is_wanted(kernel, its, &hook));
	}
	size_origins(object);
	r = give_maps(object);
	if (r == 0)
		r = bpf_object__load(object);
	if (r < 0) {
		bpf_object__close(object);
		return r;
	}
	take_maps(object);
	*ret_object = object;
	return 0;
}

/* In the place of what an earlier life left there: that acts until then. */
static void put_pin(int fd, const char *name)
{
	char path[400], fresh[410];

	if (!pin_folder[0])
		return;
	snprintf(path, sizeof path, "%s/%s", pin_folder, name);
	snprintf(fresh, sizeof fresh, "%s_", path);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) < 0 || rename(fresh, path) < 0)
		sk_log(SK_LOG_WARNING, "lockdown: %s is not pinned: %s", path, strerror(errno));
}

/* What became of one program. */
static void note(struct lk_kernel *kernel, const char *name, uint32_t hook, int error, struct bpf_link *link)
{
	uint32_t at = kernel->hook_count++;

	links[at] = link;
	snprintf(kernel->hooks[at].name, sizeof kernel->hooks[at].name, "%s", name);
	kernel->hooks[at].bit = hook;
	kernel->hooks[at].error = error;
	if (error)
		sk_log(SK_LOG_INFO, "lockdown: the kernel does not take %s: %s", name, strerror(error));
	else if (link)
		put_pin(bpf_link__fd(link), name);
}

/* What the policy does not always need is attached to see that it can be, and left to the guard. */
static void attach_one(struct lk_kernel *kernel, struct bpf_object *object, const char *name, uint32_t hook)
{
	int error, program = bpf_program__fd(bpf_object__find_program_by_name(object, name));
	struct bpf_link *link = attach(object, name, &error);

	if (link && lk_attach_is_later(kernel, hook) && lk_attach_leave(name, hook, program)) {
		bpf_link__destroy(link);
		link = NULL;
	}
	note(kernel, name, hook, error, link);
}

static void attach_loaded(struct lk_kernel *kernel, struct bpf_object *object)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		lk_lsm_map(bpf_map__fd(map));
	bpf_object__for_each_program(program, object) {
		uint32_t hook = 0;

		if (bpf_program__fd(program) < 0 || !is_wanted(kernel, bpf_program__name(program), &hook) || kernel->hook_count == LK_HOOKS)
			continue;
		lk_lsm_object(bpf_program__fd(program));
		attach_one(kernel, object, bpf_program__name(program), hook);
	}
}

static int try_one(struct lk_kernel *kernel, const void *bytes, size_t size, const char *name)
{
	struct bpf_object *object = NULL;
	uint32_t hook = 0;
	int r;

	if (!is_wanted(kernel, name, &hook) || kernel->hook_count == LK_HOOKS)
		return 0;
	r = load_one(kernel, bytes, size, name, &object);
	if (r < 0)
		note(kernel, name, hook, -r, NULL);
	else
		attach_loaded(kernel, object);
	bpf_object__close(object);
	return r;
}

/* All of it at once; where the kernel does not take that, one by one. */
static void try_object(struct lk_kernel *kernel, const struct object *from)
{
	struct bpf_object *object = NULL;
	struct bpf_program *program;
	size_t size;
	const void *bytes = from->bytes(&size);

	if (from->until && kernel_version() >= from->until)
		return;
	if (load_one(kernel, bytes, size, NULL, &object) == 0) {
		attach_loaded(kernel, object);
		bpf_object__close(object);
		return;
	}
	if (from->lead && try_one(kernel, bytes, size, from->lead) < 0)
		return;
	object = bpf_object__open_mem(bytes, size, NULL);
	if (!object)
		return;
	bpf_object__for_each_program(program, object)
		if (!from->lead || strcmp(from->lead, bpf_program__name(program)))
			try_one(kernel, bytes, size, bpf_program__name(program));
	bpf_object__close(object);
}

/* Another program does the same in a simpler way. */
static bool stands_in(const char *name)
{
	return !strcmp(name, "sk_trace_look") || !strcmp(name, "sk_hold_exec") || !strncmp(name, "sk_ask_", 7);
}

/* A kind of hooks is attached when each of its programs is. */
static void sum_up(struct lk_kernel *kernel)
{
	uint32_t failed = 0;

	kernel->attached = 0;
	for (uint32_t i = 0; i < kernel->hook_count; i++) {
		if (kernel->hooks[i].error && !stands_in(kernel->hooks[i].name))
			failed |= kernel->hooks[i].bit;
		else if (!kernel->hooks[i].error)
			kernel->attached |= kernel->hooks[i].bit;
	}
	kernel->attached &= ~failed;
}

static bool is_bpffs(const char *path)
{
	struct statfs found;

	return statfs(path, &found) == 0 && found.f_type == BPFFS;
}

/* The folder of the pins. What lies in it from an earlier life acts until ours takes its place. */
static void open_pins(const char *pins)
{
	char parent[256];
	const char *slash = pins ? strrchr(pins, '/') : NULL;

	pin_folder[0] = 0;
	if (!slash || slash - pins >= (int)sizeof parent)
		return;
	snprintf(parent, sizeof parent, "%.*s", (int)(slash - pins), pins);
	if (is_bpffs(parent) && (mkdir(pins, 0700) == 0 || errno == EEXIST))
		snprintf(pin_folder, sizeof pin_folder, "%s", pins);
}

/* Removes pins: of programs that this kernel or this version does not attach; or all. */
static void clear_pins(const struct lk_kernel *kernel, bool all)
{
	char path[400];

	for (size_t i = 0; i < SK_ARRAY_SIZE(programs) && pin_folder[0]; i++) {
		bool ours = false;

		for (uint32_t j = 0; j < kernel->hook_count && !all; j++)
			ours = ours || (!kernel->hooks[j].error && !strcmp(kernel->hooks[j].name, programs[i].name));
		snprintf(path, sizeof path, "%s/%s", pin_folder, programs[i].name);
		if (!ours)
			unlink(path);
	}
	for (int i = 0; i < LK_MAPS && pin_folder[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", pin_folder, lk_map_names[i]);
		if (all || lk_kernel_fds[i] < 0)
			unlink(path);
	}
}

static void pin_maps(void)
{
	for (int i = 0; i < LK_MAPS; i++)
		if (lk_kernel_fds[i] >= 0)
			put_pin(lk_kernel_fds[i], lk_map_names[i]);
}

/* For the process that does the guard's work. */
static void list_inherited(void)
{
	unsigned n = 0;

	for (int i = 0; i < LK_MAPS; i++)
		if (lk_kernel_fds[i] >= 0)
			lk_kernel_inherited[n++] = lk_kernel_fds[i];
	n += lk_attach_fds(lk_kernel_inherited + n, LK_LATER);
	lk_kernel_inherited[n] = -1;
}

static char interpreters[300];

void lk_kernel_interpreters(const char *folder)
{
	snprintf(interpreters, sizeof interpreters, "%s", folder);
}

void lk_kernel_load(struct lk_shared *shared, const char *pins)
{
	struct lk_kernel *kernel = &shared->kernel;

	libbpf_set_print(say);
	kernel->tier = SK_TIER_C;
	open_pins(pins);
	lk_attach_pins(pin_folder);
	for (size_t i = 0; i < SK_ARRAY_SIZE(objects); i++) {
		try_object(kernel, &objects[i]);
		sum_up(kernel);
	}
	if (!kernel->attached || !lk_maps_open(shared)) {
		kernel->attached = 0;
		clear_pins(kernel, true);
		return;
	}
	lk_interp_open(interpreters[0] ? interpreters : NULL);
	pin_maps();
	list_inherited();
	clear_pins(kernel, false);
	lk_kernel_watch(shared, 0, (uint32_t)getpid());
	if ((kernel->attached & (SK_HOOK_LSM_EXEC | SK_HOOK_LSM_MAP)) == (SK_HOOK_LSM_EXEC | SK_HOOK_LSM_MAP))
		kernel->tier = SK_TIER_A;
	else if (kernel->attached & SK_HOOK_TRACE_EXEC)
		kernel->tier = SK_TIER_B;
	malloc_trim(0); /* the kernel's type information is large, and was read for a moment */
}

void lk_kernel_unload(struct lk_shared *shared)
{
	if (lk_lsm_is_held(shared))
		return; /* what is pinned stays in force */
	lk_maps_stop();
	for (uint32_t i = 0; i < LK_HOOKS; i++) {
		if (!links[i])
			continue;
		bpf_link__unpin(links[i]);
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
	clear_pins(&shared->kernel, true);
	if (pin_folder[0])
		rmdir(pin_folder);
	shared->kernel.attached = 0;
}
