#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-fuse
# seconds: 25
# A FUSE file system shows a known program the first, second, third time it is opened, then another. Its twin mounts and reads it.
case $1 in
unknown) exec /opt/attacks/race fuse-turn unknown ;;
known) exec /opt/attacks/race fuse-read known ;;
esac
