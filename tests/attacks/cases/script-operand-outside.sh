#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A script in /dev/shm, by its name. Its twin does the same and starts the known program where it lies.
cp "$1.sh" /dev/shm/run || exit 1
case $1 in
unknown) exec /dev/shm/run ;;
known) exec ./known.sh ;;
esac
