#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-write
# proof: said
# A known library is overwritten. Its twin does it to data.
case $1 in
unknown) file=/opt/attacks/victim/library.so ;;
known) file=$PWD/data && seq 1 2000 >data ;;
esac
cp -p "$file" before
cp unknown.so "$file"
[ -e "$file" ] && cmp -s before "$file"
[ $? != 1 ] || echo effect
