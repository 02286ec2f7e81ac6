#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mem-anonymous
# user: 1000
# Writable and executable memory of an ordinary user. Its twin is a program that may make code in memory.
case $1 in
unknown) exec /opt/attacks/mem anonymous unknown ;;
known) exec /opt/attacks/jit anonymous known ;;
esac
