#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: media-copy
# proof: said
# The same half a second after it was put in. Its twin copies them to one where that is permitted.
case $1 in
unknown) name=closed ;;
known) name=medium ;;
esac
mkdir m from && echo secret >from/file && truncate -s 16M "$name.img" && mke2fs -q -F -d from "$name.img" || exit 1
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
for _ in 1 2 3 4 5; do # the one that a case before used may not be free yet
	device=$(losetup -f) && { [ -e "$device" ] || mknod "$device" b 7 "${device#/dev/loop}"; } && losetup "$device" "$name.img" && break
	sleep 0.3
done
trap 'umount m 2>/dev/null; losetup -d "$device"' EXIT
sleep 0.5 # what a person or an automounter takes
for _ in 1 2 3 4 5; do # while it is held to be looked at, nobody can
	mount "$device" m 2>/dev/null && cp /etc/passwd m/x 2>/dev/null && sync -f m/x && cmp -s m/x /etc/passwd && echo effect && break
	umount m 2>/dev/null
	sleep 0.2
done
