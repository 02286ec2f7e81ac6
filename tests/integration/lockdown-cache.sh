#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=180
#
# lockdown-cache.sh - the verdict cache is not fooled by any way we know, on an ext4 and a tmpfs of this kernel. The ways and their negative controls
# are in lockdown-fool.c; tests/kernel/lockdown-cache.sh tries the same on an older kernel.

# Mounts of our own that no other namespace copies: an unmounted file system is really gone.
[ "${1:-}" = inside ] || exec unshare --mount --propagation private "$0" inside

. "$(dirname "$0")/../support/tap.sh"

truncate -s 64M "$tmp/disk.img"
mke2fs -q -F -t ext4 -b 4096 "$tmp/disk.img" || exit 1
mkdir "$tmp/disk" "$tmp/memory"
at_exit sh -c "umount -l '$tmp/disk' '$tmp/memory' 2>/dev/null; true"
device=$(losetup --find --show "$tmp/disk.img") || exit 1
at_exit losetup -d "$device"
at_exit umount -l "$tmp/disk"
mount "$device" "$tmp/disk" || exit 1
mount -t tmpfs none "$tmp/memory" || exit 1
timeout -k 5 120 "$build/lockdown-fool" "$build/lockdown-rig" "$tmp/disk" "$tmp/memory" "$tmp/disk.img"
