#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-anonymous
# Memory that is never writable: userfaultfd fills it. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem filled unknown ;;
known) exec /opt/attacks/jit filled known ;;
esac
