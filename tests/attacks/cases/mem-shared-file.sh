#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-shared
# A file is mapped writable here and executable there. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem twice-file unknown ;;
known) exec /opt/attacks/jit twice-memfd known ;;
esac
