#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# sh -ec, with words behind. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) exec sh -ec "$code" one two ;;
known) exec sh -e known.sh one two ;;
esac
