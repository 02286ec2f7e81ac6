#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# make --eval. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) exec make -s --eval "all:; @$(echo "$code" | sed s/\\$/\\$\\$/g)" ;;
known) exec make -s -f known.mk ;;
esac
