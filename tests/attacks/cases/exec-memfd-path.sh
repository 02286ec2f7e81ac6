#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-memfd
# A memfd, by its name under /proc/self/fd. Its twin executes a file by its descriptor.
case $1 in
unknown) exec /opt/attacks/exec memfd-path ./unknown ;;
known) exec /opt/attacks/exec fd ./known ;;
esac
