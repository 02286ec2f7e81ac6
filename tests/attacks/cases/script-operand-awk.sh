#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A known program takes unknown code: awk -f FILE.
exec mawk -f "$1.awk"
