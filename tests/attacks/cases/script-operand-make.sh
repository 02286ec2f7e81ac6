#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# make -f FILE. Its twin is a known shell script.
case $1 in
unknown) exec make -s -f unknown.mk ;;
known) exec make -s -f known.mk ;;
esac
