#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-inline
# busybox sh -c. Its twin is a known script.
code="printf '$(cat "$1.octal")' >>/proof/token"
case $1 in
unknown) exec busybox sh -c "$code" ;;
known) exec busybox sh known.sh ;;
esac
