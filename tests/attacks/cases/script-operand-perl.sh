#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# A known program takes unknown code: perl FILE.
exec perl "$1.pl"
