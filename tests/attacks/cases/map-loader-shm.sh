#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-loader
# The loader is called with a program in /dev/shm.
cp "$1" /dev/shm/x
case $1 in
unknown) exec /lib64/ld-linux-x86-64.so.2 /dev/shm/x ;;
known) exec /lib64/ld-linux-x86-64.so.2 ./known ;;
esac
