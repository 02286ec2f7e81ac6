#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# gawk --file=FILE.
exec gawk -b --file="$1.awk"
