#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# A known script reads standard input with the dot command. Its twin gets data on standard input.
case $1 in
unknown) . /proc/self/fd/0 <unknown.bare.sh ;;
known) echo data | sh known.sh ;;
esac
