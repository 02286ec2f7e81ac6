#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# user: 1000
# cat FILE | sh by an ordinary user. Its twin gets data on standard input.
case $1 in
unknown) tail -n +1 unknown.sh | sh ;;
known) echo data | sh known.sh ;;
esac
