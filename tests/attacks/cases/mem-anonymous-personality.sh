#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-anonymous
# Ordinary memory, executable by the personality. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem personality unknown ;;
known) exec /opt/attacks/jit personality known ;;
esac
