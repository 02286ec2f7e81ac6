#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: media-exec
# A library on a medium is loaded. Its twin lies on the disk.
truncate -s 16M medium.img && mke2fs -q -F medium.img && mkdir m || exit 1
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
device=$(losetup -f) && { [ -e "$device" ] || mknod "$device" b 7 "${device#/dev/loop}"; } && losetup "$device" medium.img || exit 1
trap 'umount m 2>/dev/null; losetup -d "$device"' EXIT
mount "$device" m && cp "$1.so" m/run.so
case $1 in
unknown) LD_PRELOAD=$PWD/m/run.so /bin/true ;;
known) LD_PRELOAD=$PWD/known.so /bin/true ;;
esac
