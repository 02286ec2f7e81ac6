#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# sed runs what stands in its input (e). Its twin edits text by a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) echo "$code" >line && exec sed e line ;;
known) echo "a" | sed -f /opt/attacks/app/nothing.sed >/dev/null && exec ./known.sh ;;
esac
