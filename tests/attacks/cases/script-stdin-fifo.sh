#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# sh with a FIFO. Its twin gets data on standard input.
case $1 in
unknown) mkfifo f && { cat unknown.sh >f & } && exec sh f ;;
known) echo data | sh known.sh ;;
esac
