#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# Its interpreter is the unknown program.
printf "#!%s/%s\n" "$PWD" "$1" >x && chmod 755 x
case $1 in
unknown) exec ./x ;;
known) exec ./known.sh ;;
esac
