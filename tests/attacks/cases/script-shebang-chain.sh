#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# Its interpreter is a script with an interpreter.
cp "$1.sh" one && printf "#!%s/one\n" "$PWD" >two && chmod 755 one two
case $1 in
unknown) exec ./two ;;
known) exec ./one ;;
esac
