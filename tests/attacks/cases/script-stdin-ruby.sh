#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# cat FILE | ruby. Its twin gets data on standard input.
case $1 in
unknown) tail -n +1 unknown.rb | ruby ;;
known) echo data | ruby known.rb ;;
esac
