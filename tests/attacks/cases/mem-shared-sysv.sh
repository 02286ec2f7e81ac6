#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-shared
# System V shared memory that is attached executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem sysv unknown ;;
known) exec /opt/attacks/jit sysv known ;;
esac
