#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-overlay
# user: 1000
# An overlay in a user namespace of one's own. Its twin starts what lies below, on the guarded disk.
[ "$2" = inside ] || exec unshare -Urm "$0" "$1" inside
mkdir l t m && cp known l/known && mount -t tmpfs x t && mkdir t/u t/w && mount -t overlay x -o lowerdir=l,upperdir=t/u,workdir=t/w m && cp "$1" m/run || exit 1
case $1 in
unknown) exec m/run ;;
known) exec m/known ;;
esac
