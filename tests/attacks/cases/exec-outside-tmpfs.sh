#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-outside-scope
# From a tmpfs that was mounted for it. Its twin does the same and starts the known program where it lies.
mkdir m && mount -t tmpfs x m && cp "$1" m/run || exit 1
case $1 in
unknown) exec m/run ;;
known) exec ./known ;;
esac
