#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-shebang
# A known interpreter's name hides in a file that begins like a picture.
{ printf "GIF89a=0;\n" && cat "$1.bare.sh"; } >x && chmod 755 x
case $1 in
unknown) ./x ;;
known) exec ./known.sh ;;
esac
