#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# A program's data are made executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem data unknown ;;
known) exec /opt/attacks/jit data known ;;
esac
