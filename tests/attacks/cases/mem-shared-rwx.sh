#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-shared
# Shared memory that is writable and executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem anonymous-shared unknown ;;
known) exec /opt/attacks/jit anonymous-shared known ;;
esac
