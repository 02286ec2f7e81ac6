#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-write
# proof: said
# A byte inside of it is overwritten. Its twin does it to data.
case $1 in
unknown) file=/opt/attacks/victim/program ;;
known) file=$PWD/data && seq 1 2000 >data ;;
esac
cp -p "$file" before
printf x | dd of="$file" bs=1 seek=300 conv=notrunc 2>/dev/null
[ -e "$file" ] && cmp -s before "$file"
[ $? != 1 ] || echo effect
