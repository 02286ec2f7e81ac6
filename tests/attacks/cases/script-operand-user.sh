#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# user: 1000
# sh FILE by an ordinary user.
exec sh "$1.sh"
