#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mount-shadow
# Its folder is bound over the known one's. Its twin mounts where nothing known lies.
case $1 in
unknown) target=/opt/attacks/victim ;;
known) mkdir target && cp /opt/attacks/victim/program target/ && target=$PWD/target ;;
esac
mkdir f && cp "$1" f/program && mount --bind f "$target" && exec "$target/program"
