#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: device-write
# The blocks of a known program are written on the disk below the file system.
case $1 in
unknown) cp known.static run && sync && ./run && exec /opt/attacks/root device ./run "$ATTACK_DEVICE" unknown.static ;;
known) exec ./known.static ;;
esac
