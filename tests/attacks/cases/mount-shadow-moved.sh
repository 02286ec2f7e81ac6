#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: mount-shadow
# A mount is moved over it. Its twin mounts where nothing known lies. Its twin does the same and starts the known program where it lies.
case $1 in
unknown) target=/opt/attacks/victim ;;
known) mkdir target && cp /opt/attacks/victim/program target/ && target=$PWD/target ;;
esac
mkdir f g && mount -t tmpfs x g && mount --make-private g && cp "$1" g/program && mount --move g "$target" || exit 1
case $1 in
unknown) exec "$target/program" ;;
known) exec ./known ;;
esac
