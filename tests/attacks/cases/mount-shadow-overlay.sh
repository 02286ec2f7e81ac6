#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mount-shadow
# An overlay is mounted over the folder. Its twin mounts where nothing known lies.
case $1 in
unknown) target=/opt/attacks/victim ;;
known) mkdir target && cp /opt/attacks/victim/program target/ && target=$PWD/target ;;
esac
mkdir u w && cp "$1" u/program && mount -t overlay x -o "lowerdir=$target,upperdir=u,workdir=w" "$target" && exec "$target/program"
