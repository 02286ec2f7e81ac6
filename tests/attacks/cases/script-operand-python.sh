#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A known program takes unknown code: python3 FILE.
exec python3 "$1.py"
