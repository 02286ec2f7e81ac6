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
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "bpf/lockdown-trace.skel.h"
#include "event/attack.h"
#include "lockdown/kernel-maps.h"
#include "lockdown/shared.h"

enum { LOG = 64 * 1024, BPFFS = 0xcafe4a11 };

/* The objects, in the order in which they are tried. */
static const struct {
	const void *(*bytes)(size_t *size);
} objects[] = {
	{lockdown_trace__elf_bytes},
};

/*
 * What each program is for. A program with `instead` is not tried when those hooks are attached already: what an LSM program refuses need not
 * be killed.
 */
static const struct {
	const char *name;
	uint32_t hook, instead;
} programs[] = {
	{"sk_trace_exec", SK_HOOK_TRACE_EXEC, SK_HOOK_LSM_EXEC},
};

const char *const lk_map_names[LK_MAPS] = {"sk_orders", "sk_known", "sk_permits", "sk_records", "sk_counts"};
int lk_kernel_fds[LK_MAPS + 1] = {-1, -1, -1, -1, -1, -1};

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

/* An object with only one of its programs (NULL: none, for the maps). 0, or -errno of opening or loading it. */
static int load_one(const void *bytes, size_t size, const char *name, struct bpf_object **ret_object)
{
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);
	struct bpf_program *program;
	int r;

	if (!object)
		return -errno;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, name && !strcmp(bpf_program__name(program), name));
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

static void pin_link(struct bpf_link *link, const char *name)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", pin_folder, name);
	if (pin_folder[0] && bpf_link__pin(link, path) < 0)
		sk_log(SK_LOG_WARNING, "lockdown: %s is not pinned: %s", path, strerror(errno));
}

static void try_program(struct lk_kernel *kernel, const void *bytes, size_t size, const char *name, uint32_t hook)
{
	struct bpf_object *object = NULL;
	uint32_t at = kernel->hook_count;
	int error;

	if (at == LK_HOOKS)
		return;
	error = -load_one(bytes, size, name, &object);
	if (!error)
		links[at] = attach(object, name, &error);
	bpf_object__close(object);
	snprintf(kernel->hooks[at].name, sizeof kernel->hooks[at].name, "%s", name);
	kernel->hooks[at].bit = hook;
	kernel->hooks[at].error = error;
	kernel->hook_count++;
	if (error) {
		sk_log(SK_LOG_INFO, "lockdown: the kernel does not take %s: %s", name, strerror(error));
		return;
	}
	kernel->attached |= hook;
	pin_link(links[at], name);
}

/* Which row is about this program; NULL: none, it is not tried. */
static void try_object(struct lk_kernel *kernel, const void *bytes, size_t size)
{
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);
	struct bpf_program *program;

	if (!object)
		return;
	bpf_object__for_each_program(program, object)
		for (size_t i = 0; i < SK_ARRAY_SIZE(programs); i++)
			if (!strcmp(programs[i].name, bpf_program__name(program)) &&
			    !(programs[i].instead && (kernel->attached & programs[i].instead) == programs[i].instead))
				try_program(kernel, bytes, size, programs[i].name, programs[i].hook);
	bpf_object__close(object);
}

static bool is_bpffs(const char *path)
{
	struct statfs found;

	return statfs(path, &found) == 0 && found.f_type == BPFFS;
}

/* The folder of the pins, empty. What lies in it from an earlier life holds programs that go by maps which nobody writes any more. */
static void open_pins(const char *pins)
{
	char parent[256], path[400];
	const char *slash = pins ? strrchr(pins, '/') : NULL;

	pin_folder[0] = 0;
	if (!slash || slash - pins >= (int)sizeof parent)
		return;
	snprintf(parent, sizeof parent, "%.*s", (int)(slash - pins), pins);
	if (!is_bpffs(parent) || (mkdir(pins, 0700) < 0 && errno != EEXIST))
		return;
	snprintf(pin_folder, sizeof pin_folder, "%s", pins);
	for (size_t i = 0; i < SK_ARRAY_SIZE(programs); i++) {
		snprintf(path, sizeof path, "%s/%s", pins, programs[i].name);
		unlink(path);
	}
	for (int i = 0; i < LK_MAPS; i++) {
		snprintf(path, sizeof path, "%s/%s", pins, lk_map_names[i]);
		unlink(path);
	}
}

static void pin_maps(void)
{
	char path[400];

	for (int i = 0; i < LK_MAPS && pin_folder[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", pin_folder, lk_map_names[i]);
		if (lk_kernel_fds[i] >= 0 && bpf_obj_pin(lk_kernel_fds[i], path) < 0)
			sk_log(SK_LOG_WARNING, "lockdown: %s is not pinned: %s", path, strerror(errno));
	}
}

void lk_kernel_load(struct lk_shared *shared, const char *pins)
{
	struct lk_kernel *kernel = &shared->kernel;

	libbpf_set_print(say);
	kernel->tier = SK_TIER_C;
	open_pins(pins);
	for (size_t i = 0; i < SK_ARRAY_SIZE(objects); i++) {
		size_t size;
		const void *bytes = objects[i].bytes(&size);

		try_object(kernel, bytes, size);
	}
	if (!kernel->attached || !lk_maps_open(shared)) {
		kernel->attached = 0;
		return;
	}
	pin_maps();
	if ((kernel->attached & (SK_HOOK_LSM_EXEC | SK_HOOK_LSM_MAP)) == (SK_HOOK_LSM_EXEC | SK_HOOK_LSM_MAP))
		kernel->tier = SK_TIER_A;
	else if (kernel->attached & SK_HOOK_TRACE_EXEC)
		kernel->tier = SK_TIER_B;
	malloc_trim(0); /* the kernel's type information is large, and was read for a moment */
}

void lk_kernel_unload(struct lk_shared *shared)
{
	lk_maps_stop();
	for (uint32_t i = 0; i < LK_HOOKS; i++) {
		if (!links[i])
			continue;
		bpf_link__unpin(links[i]);
		bpf_link__destroy(links[i]);
		links[i] = NULL;
	}
	if (pin_folder[0])
		open_pins(pin_folder);
	if (pin_folder[0])
		rmdir(pin_folder);
	shared->kernel.attached = 0;
}
