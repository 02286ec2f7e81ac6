#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-stdin
# busybox sh < FILE. Its twin gets data on standard input.
case $1 in
unknown) exec busybox sh <unknown.sh ;;
known) echo data | busybox sh known.sh ;;
esac
