#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# lockdown-kernel-cache.sh - the ways to fool the verdict cache, with the kernel side in force and known programs left alone: nobody is asked about them, so the kernel
# side alone must notice. The same ways as in lockdown-cache.sh; the subject is a control group of this test's own.

# Mounts of our own that no other namespace copies: an unmounted file system is really gone.
[ "${1:-}" = inside ] || exec unshare --mount --propagation private "$0" inside

. "$(dirname "$0")/../support/tap.sh"

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$cgroups" ] || skip_all "no cgroup2"
group=$cgroups/sekisho-fool-$$
mkdir "$group" || exit 1
at_exit rmdir "$group"
truncate -s 64M "$tmp/disk.img"
mke2fs -q -F -t ext4 -b 4096 "$tmp/disk.img" || exit 1
mkdir "$tmp/disk" "$tmp/memory"
at_exit sh -c "umount -l '$tmp/disk' '$tmp/memory' 2>/dev/null; true"
device=$(losetup --find --show "$tmp/disk.img") || exit 1
at_exit losetup -d "$device"
at_exit umount -l "$tmp/disk"
mount "$device" "$tmp/disk" || exit 1
mount -t tmpfs none "$tmp/memory" || exit 1
LOCKDOWN_FOOL_CGROUP=$group timeout -k 5 120 "$build/lockdown-fool" "$build/lockdown-rig" "$tmp/disk" "$tmp/memory" "$tmp/disk.img"
