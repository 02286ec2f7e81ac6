#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# xargs gives the words to a shell. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
printf "%s" "$code" >line
case $1 in
unknown) exec xargs -a line -0 sh -c ;;
known) exec ./known.sh ;;
esac
