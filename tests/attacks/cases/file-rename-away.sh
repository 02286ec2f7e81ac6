#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-rename
# proof: said
# It is renamed. Its twin does it to data.
case $1 in
unknown) file=/opt/attacks/victim/program ;;
known) file=$PWD/data && seq 1 2000 >data ;;
esac
cp -p "$file" before
mv "$file" "$file.old"
[ -e "$file" ] && cmp -s before "$file"
[ $? != 1 ] || echo effect
