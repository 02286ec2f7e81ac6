#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-preload
# By /etc/ld.so.preload, in a mount namespace of its own.
[ "$2" = inside ] || exec unshare -m "$0" "$1" inside
echo "$PWD/$1.so" >list
touch /etc/ld.so.preload && mount --bind list /etc/ld.so.preload && rm -f none && /bin/true
umount /etc/ld.so.preload
rm -f /etc/ld.so.preload
