#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-outside-scope
# user: 1000
# From /dev/shm, by an ordinary user. Its twin does the same and starts the known program where it lies.
cp "$1" /dev/shm/run || exit 1
case $1 in
unknown) exec /dev/shm/run ;;
known) exec ./known ;;
esac
