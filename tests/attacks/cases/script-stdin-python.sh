#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# python3 < FILE. Its twin gets data on standard input.
case $1 in
unknown) exec python3 <unknown.py ;;
known) echo data | python3 known.py ;;
esac
