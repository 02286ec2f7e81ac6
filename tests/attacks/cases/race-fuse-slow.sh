#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-fuse
# seconds: 25
# A FUSE file system answers slower than a verdict may take. Its twin mounts and reads it.
case $1 in
unknown) exec /opt/attacks/race fuse-slow unknown ;;
known) exec /opt/attacks/race fuse-read known ;;
esac
