// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which package a file came with, as dpkg's lists on that system say. Nothing here is proof: whoever may write the file may write the list; a person reviews it
 * (lockdown-archive.h proves).
 */
#pragma once

#include <stdbool.h>

struct lockdown_packages;

/* 0 or -ENOMEM. */
int lockdown_packages_new(struct lockdown_packages **ret_packages);
struct lockdown_packages *lockdown_packages_free(struct lockdown_packages *packages);
/* Of the system whose root is this folder ("/", or where an image is mounted). False: it has no lists. */
bool lockdown_packages_read(struct lockdown_packages *packages, const char *root);
/* NULL: no package's. All belong to `packages`; `path` is absolute here. */
const char *lockdown_package_of(const struct lockdown_packages *packages, const char *path);
/* Who maintains it, without the address. */
const char *lockdown_package_maker(const struct lockdown_packages *packages, const char *package);
const char *lockdown_package_version(const struct lockdown_packages *packages, const char *package);
