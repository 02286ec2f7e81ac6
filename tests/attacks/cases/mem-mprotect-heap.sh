#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# The heap is made executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem heap unknown ;;
known) exec /opt/attacks/jit heap known ;;
esac
