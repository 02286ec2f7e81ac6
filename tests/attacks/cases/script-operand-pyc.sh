#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# python3 with a compiled file.
exec python3 "$1.module.pyc"
