#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-outside-scope
# From /run, a static program. Its twin does the same and starts the known program where it lies.
cp "$1.static" /run/run || exit 1
case $1 in
unknown) exec /run/run ;;
known) exec ./known.static ;;
esac
