#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mount-shadow
# A tmpfs is mounted over the folder. Its twin mounts where nothing known lies. Its twin does the same and starts the known program where it lies.
case $1 in
unknown) target=/opt/attacks/victim ;;
known) mkdir target && cp /opt/attacks/victim/program target/ && target=$PWD/target ;;
esac
cp "$1" run && mount -t tmpfs x "$target" && cp run "$target/program" || exit 1
case $1 in
unknown) exec "$target/program" ;;
known) exec ./known ;;
esac
