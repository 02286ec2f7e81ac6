#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# Written, then made executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem protect unknown ;;
known) exec /opt/attacks/jit protect known ;;
esac
