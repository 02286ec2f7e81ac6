#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# sh with /dev/fd/N of an open FILE.
exec sh /proc/self/fd/7 7<"$1.sh"
