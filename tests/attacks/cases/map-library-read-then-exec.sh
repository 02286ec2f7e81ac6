#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Mapped readable, then made executable.
case $1 in
unknown) exec /opt/attacks/map read-then-exec unknown ;;
known) exec /opt/attacks/map read-then-exec known ;;
esac
