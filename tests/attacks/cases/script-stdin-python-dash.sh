#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# cat FILE | python3 -. Its twin gets data on standard input.
case $1 in
unknown) tail -n +1 unknown.py | python3 - ;;
known) echo data | python3 known.py ;;
esac
