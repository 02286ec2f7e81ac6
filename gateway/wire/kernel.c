// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Loading, pinning, attaching. Owns the descriptors of every map and of the program; the pins own what has to live longer.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "bpf/gateway.skel.h"
#include "wire/kernel-own.h"

const char *const gw_why_words[GW_WHYS] = {
#define WORD(name, word, text) [GW_WHY_##name] = word,
	GW_REASONS(WORD)
};
const char *const gw_why_texts[GW_WHYS] = {
#define TEXT(name, word, text) [GW_WHY_##name] = text,
	GW_REASONS(TEXT)
};

static const char *const map_names[GW_MAPS] = {
	[GW_MAP_LIVE] = "gw_live",         [GW_MAP_CONDUITS] = "gw_conduits", [GW_MAP_RULES] = "gw_rules",   [GW_MAP_PAIRS] = "gw_pairs",
	[GW_MAP_BEAT] = "gw_beat",         [GW_MAP_SWITCHED] = "gw_switched", [GW_MAP_PORTS] = "gw_ports",   [GW_MAP_ZONES4] = "gw_zones4",
	[GW_MAP_ZONES6] = "gw_zones6",     [GW_MAP_TYPES] = "gw_types",       [GW_MAP_FLOWS] = "gw_flows",   [GW_MAP_PIECES] = "gw_pieces",
	[GW_MAP_COUNTS] = "gw_counts",     [GW_MAP_TALLIES] = "gw_tallies",   [GW_MAP_IDS] = "gw_ids",       [GW_MAP_XSKS] = "gw_xsks",
	[GW_MAP_DEVS] = "gw_devs",         [GW_MAP_JUDGED] = "gw_judged",     [GW_MAP_HEADS] = "gw_heads", [GW_MAP_MIRROR] = "gw_mirror",
};

static int say(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof line, format, args);
	sk_log(SK_LOG_INFO, "libbpf: %.*s", (int)strcspn(line, "\n"), line);
	return 0;
}

static int make_folder(const char *path)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? sk_origin_errno() : 0;
}

static void pin_path(char out[192], const char *pins, const char *name)
{
	snprintf(out, 192, "%s/%s", pins, name);
}

/* Pins that are in the way of maps of another shape. Links stay: they hold the old program, with the old maps, on the port. */
static void unpin_maps(const char *pins)
{
	char path[192];

	for (int i = 0; i < GW_MAPS; i++) {
		pin_path(path, pins, map_names[i]);
		unlink(path);
	}
}

static int load_object(struct gw_kernel *kernel)
{
	size_t size;
	const void *bytes = gateway__elf_bytes(&size);
	char path[192];
	int error;

	kernel->object = bpf_object__open_mem(bytes, size, NULL);
	if (!kernel->object)
		return -errno;
	for (int i = 0; i < GW_MAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, map_names[i]);

		pin_path(path, kernel->pins, map_names[i]);
		if (!map)
			return -EINVAL;
		/* gw_devs is filled anew by each attach; libbpf 1.1 refuses to adopt one, for a flag that the kernel adds itself. */
		if (i != GW_MAP_DEVS && bpf_map__set_pin_path(map, path) < 0)
			return -EINVAL;
	}
	error = bpf_object__load(kernel->object);
	if (error) {
		bpf_object__close(SK_TAKE(kernel->object));
		return error;
	}
	for (int i = 0; i < GW_MAPS; i++)
		kernel->maps[i] = bpf_map__fd(bpf_object__find_map_by_name(kernel->object, map_names[i]));
	kernel->program = bpf_program__fd(bpf_object__find_program_by_name(kernel->object, "gw_port"));
	return 0;
}

static void *map_table(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int begin(struct gw_kernel *kernel, uint64_t beat_ns, uint64_t owed_ns)
{
	uint32_t zero = 0;

	kernel->beat = map_table(kernel->maps[GW_MAP_BEAT], 4096);
	kernel->switched = map_table(kernel->maps[GW_MAP_SWITCHED], (GW_SWITCHED + GW_SHIFTED) * sizeof(uint64_t));
	if (!kernel->beat || !kernel->switched || bpf_map_lookup_elem(kernel->maps[GW_MAP_LIVE], &zero, &kernel->live) < 0)
		return -errno;
	kernel->live.beat_ns = beat_ns ? beat_ns : 10000000;
	kernel->live.owed_ns = owed_ns ? owed_ns : 4000000;
	return bpf_map_update_elem(kernel->maps[GW_MAP_LIVE], &zero, &kernel->live, 0);
}

int gw_kernel_load(const char *pins, uint64_t beat_ns, uint64_t owed_ns, struct gw_kernel **ret_kernel)
{
	struct gw_kernel *kernel = sk_calloc(1, sizeof *kernel);
	int error;

	if (!kernel)
		return sk_origin(-ENOMEM);
	libbpf_set_print(say);
	snprintf(kernel->pins, sizeof kernel->pins, "%s", pins);
	error = make_folder(pins);
	if (!error)
		error = load_object(kernel);
	if (error == -EINVAL) {
		sk_log(SK_LOG_NOTICE, "%s: the tables there are of another version: made anew", pins);
		unpin_maps(pins);
		error = load_object(kernel);
	}
	if (!error)
		error = begin(kernel, beat_ns, owed_ns);
	if (error) {
		gw_kernel_free(kernel);
		return sk_origin(error);
	}
	*ret_kernel = kernel;
	return 0;
}

void gw_kernel_leave(struct gw_kernel *kernel)
{
	if (kernel->beat)
		munmap(kernel->beat, 4096);
	if (kernel->switched)
		munmap(kernel->switched, (GW_SWITCHED + GW_SHIFTED) * sizeof(uint64_t));
	kernel->beat = NULL;
	kernel->switched = NULL;
}

struct gw_kernel *gw_kernel_free(struct gw_kernel *kernel)
{
	if (!kernel)
		return NULL;
	gw_kernel_leave(kernel);
	if (kernel->object)
		bpf_object__close(kernel->object);
	free(kernel);
	return NULL;
}

/* --- ports */

static int put_port(struct gw_kernel *kernel, const struct gw_attach *port)
{
	struct gw_port_entry entry = {.slot = port->slot, .zone = port->zone, .other_zone = port->other_zone, .pair = port->pair};
	uint32_t index = (uint32_t)port->index, other = (uint32_t)port->other, slot = port->slot;

	if (slot >= GW_SLOTS)
		return -E2BIG;
	if (bpf_map_update_elem(kernel->maps[GW_MAP_DEVS], &slot, &other, 0) < 0)
		sk_log(SK_LOG_NOTICE, "%s: frames cannot be redirected to its partner: %s", port->name, strerror(errno));
	return bpf_map_update_elem(kernel->maps[GW_MAP_PORTS], &index, &entry, 0) < 0 ? -errno : 0;
}

/* A link of the last process; -1 when there is none, or its interface is gone. */
static int adopt(struct gw_kernel *kernel, const char *path, int index)
{
	_cleanup_close_ int fd = bpf_obj_get(path);
	struct bpf_link_info info = {0};
	uint32_t size = sizeof info;

	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == BPF_LINK_TYPE_XDP && (int)info.xdp.ifindex == index &&
	    bpf_link_update(fd, kernel->program, NULL) == 0)
		return SK_TAKE_FD(fd);
	unlink(path);
	return -1;
}

static int attach_new(struct gw_kernel *kernel, int index, enum gw_attached *ret_how)
{
	static const uint32_t ways[] = {[GW_ATTACHED_NATIVE] = XDP_FLAGS_DRV_MODE, [GW_ATTACHED_GENERIC] = XDP_FLAGS_SKB_MODE};
	int fd = -1;

	for (enum gw_attached how = GW_ATTACHED_NATIVE; fd < 0 && how <= GW_ATTACHED_GENERIC; how++) {
		LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = ways[how]);

		fd = bpf_link_create(kernel->program, index, BPF_XDP, &opts);
		*ret_how = how;
	}
	return fd;
}

int gw_kernel_attach(struct gw_kernel *kernel, const struct gw_attach *port, enum gw_attached *ret_how)
{
	_cleanup_close_ int fd = -1;
	char name[32], path[192];
	int error = put_port(kernel, port);

	if (error)
		return sk_origin(error);
	snprintf(name, sizeof name, "port-%u", port->slot);
	pin_path(path, kernel->pins, name);
	*ret_how = GW_ATTACHED_NATIVE;
	fd = adopt(kernel, path, port->index);
	if (fd >= 0)
		return 0;
	fd = attach_new(kernel, port->index, ret_how);
	if (fd < 0)
		return sk_origin(fd);
	return bpf_obj_pin(fd, path) < 0 ? sk_origin_errno() : 0;
}

int gw_kernel_remove(const char *pins)
{
	DIR *folder = opendir(pins);
	struct dirent *entry;
	int error = 0;

	if (!folder)
		return errno == ENOENT ? 0 : sk_origin_errno();
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(folder), entry->d_name, 0) < 0)
			error = -errno;
	closedir(folder);
	if (rmdir(pins) < 0 && !error)
		error = -errno;
	return error ? sk_origin(error) : 0;
}

int gw_kernel_socket(struct gw_kernel *kernel, uint32_t slot, uint32_t queue, int fd)
{
	uint32_t at = slot * GW_QUEUES + queue;
	int error = fd < 0 ? bpf_map_delete_elem(kernel->maps[GW_MAP_XSKS], &at) : bpf_map_update_elem(kernel->maps[GW_MAP_XSKS], &at, &fd, 0);

	return error < 0 ? -errno : 0;
}

struct gw_beat *gw_kernel_beat(struct gw_kernel *kernel)
{
	return kernel->beat;
}

uint64_t *gw_kernel_switched(struct gw_kernel *kernel)
{
	return kernel->switched;
}

int gw_kernel_switched_fd(struct gw_kernel *kernel)
{
	return kernel->maps[GW_MAP_SWITCHED];
}

int gw_kernel_program(const struct gw_kernel *kernel)
{
	return kernel->program;
}

void gw_kernel_judge_fds(const struct gw_kernel *kernel, int ret_fds[3])
{
	ret_fds[0] = kernel->maps[GW_MAP_JUDGED];
	ret_fds[1] = kernel->maps[GW_MAP_HEADS];
	ret_fds[2] = kernel->maps[GW_MAP_MIRROR];
}

int gw_kernel_fd(const struct gw_kernel *kernel, uint32_t i)
{
	return i < GW_MAPS ? kernel->maps[i] : -1;
}

uint64_t gw_kernel_beat_ns(const struct gw_kernel *kernel)
{
	return kernel->live.beat_ns;
}

uint64_t gw_kernel_owed_ns(const struct gw_kernel *kernel)
{
	return kernel->live.owed_ns;
}
