#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# Made executable by pkey_mprotect. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem key unknown ;;
known) exec /opt/attacks/jit key known ;;
esac
