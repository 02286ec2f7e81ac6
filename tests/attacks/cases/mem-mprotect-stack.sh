#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# The stack is made executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem stack unknown ;;
known) exec /opt/attacks/jit stack known ;;
esac
