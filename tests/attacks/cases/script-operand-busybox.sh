#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# busybox sh FILE.
exec busybox sh "$1.sh"
