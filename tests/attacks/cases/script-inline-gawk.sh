#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# gawk --source. Its twin is a known program.
case $1 in
unknown) exec gawk -b --source "$(cat unknown.awk)" ;;
known) exec gawk -b -f known.awk ;;
esac
