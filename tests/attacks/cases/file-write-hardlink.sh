#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-write
# proof: said
# It is written under a second name. Its twin is a second name of data.
case $1 in
unknown) file=/opt/attacks/victim/program ;;
known) file=$PWD/data && echo 1 >data ;;
esac
cp -p "$file" before
ln "$file" second && printf x >>second
[ -e "$file" ] && cmp -s before "$file"
[ $? != 1 ] || echo effect
