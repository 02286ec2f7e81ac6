#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A known script reads it with the dot command.
# shellcheck disable=SC1090 # it is the one to be judged
. "./$1.bare.sh"
