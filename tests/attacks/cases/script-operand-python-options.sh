#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# python3 with options before FILE.
exec python3 -B -I -X utf8 -W ignore "$1.py" more words
