#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-anonymous
# A private mapping of /dev/zero, writable and executable. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem zero unknown ;;
known) exec /opt/attacks/jit zero known ;;
esac
