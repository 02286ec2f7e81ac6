#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-environment
# MAKEFLAGS. Its twin has an ordinary variable.
case $1 in
unknown) MAKEFLAGS='--eval=include\ unknown.mk' exec make -s -f /opt/attacks/app/nothing.mk ;;
known) LANG=C EXAMPLE=1 exec make -s -f known.mk ;;
esac
