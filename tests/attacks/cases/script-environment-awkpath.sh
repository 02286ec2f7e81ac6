#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# AWKPATH for a library that a known program includes. Its twin has an ordinary variable.
case $1 in
unknown) cp unknown.awk part.awk && AWKPATH=$PWD exec gawk -b -f /opt/attacks/app/include.awk ;;
known) LANG=C EXAMPLE=1 exec gawk -b -f known.awk ;;
esac
