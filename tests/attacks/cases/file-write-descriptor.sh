#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-write
# proof: said
# Through /proc/self/fd of a descriptor that was opened for reading. Its twin does it to data.
case $1 in
unknown) file=/opt/attacks/victim/program ;;
known) file=$PWD/data && seq 1 2000 >data ;;
esac
cp -p "$file" before
exec 7<"$file"
printf x >>/proc/self/fd/7
[ -e "$file" ] && cmp -s before "$file"
[ $? != 1 ] || echo effect
