#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# bash -c behind long options. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) exec bash --norc -O extglob -c "$code" ;;
known) exec bash --norc -O extglob known.bash ;;
esac
