#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-write
# proof: said
# A hole is punched into it. Its twin does it to data.
case $1 in
unknown) file=/opt/attacks/victim/program ;;
known) file=$PWD/data && seq 1 2000 >data ;;
esac
cp -p "$file" before
fallocate -p -o 0 -l 4096 "$file"
[ -e "$file" ] && cmp -s before "$file"
[ $? != 1 ] || echo effect
