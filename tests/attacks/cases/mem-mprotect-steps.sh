#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-mprotect
# Taken away first, then given back as executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem steps unknown ;;
known) exec /opt/attacks/jit steps known ;;
esac
