// SPDX-License-Identifier: GPL-3.0-or-later
/* dpkg's lists: var/lib/dpkg/info/NAME[:ARCHITECTURE].list (a path a line) and var/lib/dpkg/status (versions). */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "lockdown-packages.h"

enum { PACKAGES_MAX = 4 << 20, ROOTS = 16 };

struct lockdown_packages {
	struct sk_map *owners;   /* path -> name */
	struct sk_map *versions; /* name -> version */
	struct sk_map *makers;   /* name -> who maintains it, without the address */
	char *roots[ROOTS];
	size_t root_count;
};

static void read_list(struct lockdown_packages *packages, const char *below, const char *list, const char *name)
{
	char line[4096], path[8300], package[256];
	FILE *file = fopen(list, "re");

	snprintf(package, sizeof package, "%.*s", (int)SK_MIN(strcspn(name, ":"), strlen(name) - strlen(".list")), name);
	while (file && fgets(line, sizeof line, file)) {
		char *value;

		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof path, "%s%s", below, line);
		value = sk_strdup(package);
		if (value && sk_map_put(packages->owners, path, strlen(path), value) != 0)
			free(value);
	}
	if (file)
		fclose(file);
}

/* "Debian OpenSSH Maintainers <list@example>" */
static void keep_maker(struct lockdown_packages *packages, const char *package, const char *text)
{
	size_t size = SK_MIN(strcspn(text, "<"), (size_t)128);
	char *value;

	while (size && text[size - 1] == ' ')
		size--;
	value = size && sk_utf8_valid(text, size, NULL) ? sk_strndup(text, size) : NULL;
	if (value && sk_map_put(packages->makers, package, strlen(package), value) != 0)
		free(value);
}

static void read_versions(struct lockdown_packages *packages, const char *below)
{
	char path[4200], line[4096], name[256] = "";
	FILE *file;

	snprintf(path, sizeof path, "%s/var/lib/dpkg/status", below);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		char *value;

		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "Package: ", 9) == 0)
			snprintf(name, sizeof name, "%.255s", line + 9);
		if (strncmp(line, "Maintainer: ", 12) == 0)
			keep_maker(packages, name, line + 12);
		if (strncmp(line, "Version: ", 9) != 0)
			continue;
		value = sk_strndup(line + 9, SK_MIN(strlen(line + 9), (size_t)128));
		if (value && sk_map_put(packages->versions, name, strlen(name), value) != 0)
			free(value);
	}
	if (file)
		fclose(file);
}

bool lockdown_packages_read(struct lockdown_packages *packages, const char *root)
{
	const char *below = strcmp(root, "/") ? root : "";
	const struct dirent *entry;
	char folder[4200], list[4500];
	DIR *lists;

	snprintf(folder, sizeof folder, "%s/var/lib/dpkg/info", below);
	lists = opendir(folder);
	if (!lists)
		return false;
	read_versions(packages, below);
	while ((entry = readdir(lists))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, ".list") == 0 && (size_t)snprintf(list, sizeof list, "%s/%s", folder, entry->d_name) < sizeof list)
			read_list(packages, below, list, entry->d_name);
	}
	closedir(lists);
	if (packages->root_count < ROOTS && (packages->roots[packages->root_count] = sk_strdup(below)))
		packages->root_count++;
	return true;
}

const char *lockdown_package_of(const struct lockdown_packages *packages, const char *path)
{
	const char *package = sk_map_get(packages->owners, path, strlen(path));
	char other[8300];

	/* where / and /usr are one, lists say /bin, or /usr/bin */
	for (size_t i = 0; !package && i < packages->root_count; i++) {
		size_t below = strlen(packages->roots[i]);
		bool in_usr = strncmp(path, packages->roots[i], below) == 0 && strncmp(path + below, "/usr/", 5) == 0;

		if (strncmp(path, packages->roots[i], below) != 0)
			continue;
		snprintf(other, sizeof other, "%s%s%s", packages->roots[i], in_usr ? "" : "/usr", path + below + (in_usr ? 4 : 0));
		package = sk_map_get(packages->owners, other, strlen(other));
	}
	return package;
}

const char *lockdown_package_version(const struct lockdown_packages *packages, const char *package)
{
	return package ? sk_map_get(packages->versions, package, strlen(package)) : NULL;
}

const char *lockdown_package_maker(const struct lockdown_packages *packages, const char *package)
{
	return package ? sk_map_get(packages->makers, package, strlen(package)) : NULL;
}

int lockdown_packages_new(struct lockdown_packages **ret_packages)
{
	struct lockdown_packages *packages = sk_calloc(1, sizeof *packages);
	int r = packages ? sk_map_new(PACKAGES_MAX, free, &packages->owners) : -ENOMEM;

	if (!r)
		r = sk_map_new(PACKAGES_MAX, free, &packages->versions);
	if (!r)
		r = sk_map_new(PACKAGES_MAX, free, &packages->makers);
	if (r) {
		lockdown_packages_free(packages);
		return sk_origin(-ENOMEM);
	}
	*ret_packages = packages;
	return 0;
}

struct lockdown_packages *lockdown_packages_free(struct lockdown_packages *packages)
{
	if (!packages)
		return NULL;
	sk_map_free(packages->owners);
	sk_map_free(packages->versions);
	sk_map_free(packages->makers);
	for (size_t i = 0; i < packages->root_count; i++)
		free(packages->roots[i]);
	free(packages);
	return NULL;
}
