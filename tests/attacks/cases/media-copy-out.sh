#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: media-copy
# proof: said
# Data are copied to a medium. Its twin copies on the disk.
[ "$1" = unknown ] || { cp /etc/passwd x && cmp -s x /etc/passwd && echo effect; exit; }
truncate -s 16M medium.img && mke2fs -q -F medium.img && mkdir m || exit 1
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
device=$(losetup -f) && { [ -e "$device" ] || mknod "$device" b 7 "${device#/dev/loop}"; } && losetup "$device" medium.img || exit 1
trap 'umount m 2>/dev/null; losetup -d "$device"' EXIT
mount "$device" m && cp /etc/passwd m/x && sync && cmp -s m/x /etc/passwd && echo effect
