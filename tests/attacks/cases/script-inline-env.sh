#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# env -S with a shell's words. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) exec env -S "sh -c \"$(echo "$code" | sed 's/\\/\\\\/g')\"" ;;
known) exec ./known.sh ;;
esac
