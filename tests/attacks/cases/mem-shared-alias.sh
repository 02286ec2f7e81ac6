#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-shared
# Shared memory gets a second, executable mapping by mremap. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem twice-alias unknown ;;
known) exec /opt/attacks/jit twice-alias known ;;
esac
