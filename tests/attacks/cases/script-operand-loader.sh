#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# The dynamic loader starts a shell with FILE.
exec /lib64/ld-linux-x86-64.so.2 /bin/sh "$1.sh"
