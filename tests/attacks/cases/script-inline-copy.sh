#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# -c to a copy of the shell under a name that is no shell's. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
cp /bin/sh viewer && sleep 0.1
case $1 in
unknown) exec ./viewer -c "$code" ;;
known) exec ./viewer known.sh ;;
esac
