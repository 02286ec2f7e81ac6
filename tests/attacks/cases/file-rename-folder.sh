#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: file-rename
# proof: said
# The folder it lies in is renamed. Its twin renames a folder of data.
case $1 in
unknown) folder=/opt/attacks/victim ;;
known) mkdir -p d && folder=$PWD/d ;;
esac
mv "$folder" "$folder.moved" && echo effect && mv "$folder.moved" "$folder"
