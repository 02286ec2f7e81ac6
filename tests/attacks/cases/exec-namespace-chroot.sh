#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-namespace
# user: 1000
# A tmpfs becomes the root. Its twin does the same and starts the known program where it lies.
[ "$2" = inside ] || exec unshare -Urm "$0" "$1" inside
mkdir m && mount -t tmpfs x m && mkdir m/proof && mount --bind /proof m/proof && cp "$1.static" m/run || exit 1
case $1 in
unknown) exec chroot m /run ;;
known) exec ./known ;;
esac
