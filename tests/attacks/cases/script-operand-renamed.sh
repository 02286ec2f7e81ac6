#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A copy of the shell under a name that is no shell's.
cp /bin/sh viewer && exec ./viewer "$1.sh"
