#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# PYTHONSTARTUP. Its twin has an ordinary variable.
case $1 in
unknown) PYTHONSTARTUP=$PWD/unknown.py exec python3 -i </dev/null ;;
known) LANG=C EXAMPLE=1 exec python3 known.py ;;
esac
