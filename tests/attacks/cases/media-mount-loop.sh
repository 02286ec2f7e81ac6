#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: media-mount
# proof: said
# A medium that no policy names is mounted. Its twin mounts memory.
[ "$1" = unknown ] || { mkdir m && mount -t tmpfs x m && mountpoint -q m && echo effect; exit; }
truncate -s 16M medium.img && mke2fs -q -F medium.img && mkdir m || exit 1
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
device=$(losetup -f) && { [ -e "$device" ] || mknod "$device" b 7 "${device#/dev/loop}"; } && losetup "$device" medium.img || exit 1
trap 'umount m 2>/dev/null; losetup -d "$device"' EXIT
mount "$device" m
mountpoint -q m && echo effect
