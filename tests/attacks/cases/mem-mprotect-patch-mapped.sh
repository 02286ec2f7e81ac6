#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# A known file is mapped privately, writable and executable, and changed. Its twin is a program that may make code in
# memory.
case $1 in
unknown) exec /opt/attacks/mem patch-mapped unknown ;;
known) exec /opt/attacks/jit patch-mapped known ;;
esac
