#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A script in a memfd: its interpreter opens it by /proc.
case $1 in
unknown) exec /opt/attacks/exec memfd-script ./unknown ;;
known) exec ./known.sh ;;
esac
