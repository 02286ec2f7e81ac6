#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# A shell that believes to talk with a person. Its twin gets data on standard input.
case $1 in
unknown) tail -n +1 unknown.bare.sh | script -qc /bin/sh /dev/null ;;
known) echo data | sh known.sh ;;
esac
