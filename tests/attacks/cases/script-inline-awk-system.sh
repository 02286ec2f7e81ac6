#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# awk gives the words of an argument to a shell. Its twin is a known program.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) CODE=$code exec mawk 'BEGIN { system(ENVIRON["CODE"]) }' ;;
known) exec mawk -f known.awk ;;
esac
