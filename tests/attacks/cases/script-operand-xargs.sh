#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# xargs starts the shell with FILE.
echo "$1.sh" >names && exec xargs -a names sh
