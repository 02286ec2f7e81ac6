#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# find gives the words to a shell. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) exec find known -exec sh -c "$code" x \; ;;
known) exec find known.sh -exec sh {} \; ;;
esac
