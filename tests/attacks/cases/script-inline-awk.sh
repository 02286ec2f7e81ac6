#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# awk with a program as its argument. Its twin is a known one.
case $1 in
unknown) exec mawk "$(cat unknown.awk)" ;;
known) exec mawk -f known.awk ;;
esac
