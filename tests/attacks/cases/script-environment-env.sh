#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# ENV, for an interactive shell. Its twin has an ordinary variable.
case $1 in
unknown) ENV=$PWD/unknown.bare.sh exec sh -i </dev/null ;;
known) LANG=C EXAMPLE=1 exec sh known.sh ;;
esac
