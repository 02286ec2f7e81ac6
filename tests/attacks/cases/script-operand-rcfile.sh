#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-operand
# Bash is given it as its start-up file (--rcfile). Its twin gives a known one.
cp "$1.bare.sh" start
case $1 in
unknown) exec bash --rcfile "$PWD/start" -i </dev/null ;;
known) exec bash known.bash ;;
esac
