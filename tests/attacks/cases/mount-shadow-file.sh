#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mount-shadow
# The unknown program is bound over a known one. Its twin mounts where nothing known lies.
case $1 in
unknown) target=/opt/attacks/victim ;;
known) mkdir target && cp /opt/attacks/victim/program target/ && target=$PWD/target ;;
esac
mount --bind "$1" "$target/program" && exec "$target/program"
