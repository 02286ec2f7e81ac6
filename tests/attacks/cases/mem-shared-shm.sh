#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-shared
# A file of /dev/shm is mapped writable here and executable there. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem twice-shm unknown ;;
known) exec /opt/attacks/jit twice-memfd known ;;
esac
