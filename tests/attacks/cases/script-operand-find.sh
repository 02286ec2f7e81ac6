#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# find starts the shell with FILE.
exec find . -name "$1.sh" -exec sh {} \;
