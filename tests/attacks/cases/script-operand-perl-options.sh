#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# perl with options before FILE.
exec perl -w -T -- "$1.pl"
