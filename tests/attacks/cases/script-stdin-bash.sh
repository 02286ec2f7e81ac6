#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# bash -s with words. Its twin gets data on standard input.
case $1 in
unknown) tail -n +1 unknown.sh | bash -s one two ;;
known) echo data | bash known.bash one ;;
esac
