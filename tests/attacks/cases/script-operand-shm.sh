#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# FILE lies in /dev/shm.
cp "$1.sh" /dev/shm/x
case $1 in
unknown) exec sh /dev/shm/x ;;
known) exec sh known.sh ;;
esac
