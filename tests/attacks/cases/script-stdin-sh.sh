#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# sh < FILE. Its twin gets data on standard input.
case $1 in
unknown) exec sh <unknown.sh ;;
known) echo data | sh known.sh ;;
esac
