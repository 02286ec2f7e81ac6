#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# The text of a known file is made writable, changed, and made executable again. Its twin is a program that may make code
# in memory.
case $1 in
unknown) exec /opt/attacks/mem patch-text unknown ;;
known) exec /opt/attacks/jit patch-text known ;;
esac
