#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-attribute
# proof: said
# It is made immutable. Its twin does it to data.
case $1 in
unknown) file=/opt/attacks/victim/program ;;
known) file=$PWD/data && echo 1 >data ;;
esac
before=$(stat -c "%a %u %Y" "$file"; lsattr "$file")
chattr +i "$file"
[ "$before" = "$(stat -c "%a %u %Y" "$file"; lsattr "$file")" ] || echo effect
chattr -i "$file" # or everybody after it finds it so
