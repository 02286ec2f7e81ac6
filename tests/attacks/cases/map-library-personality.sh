#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Mapped readable only, under a personality that makes it executable.
case $1 in
unknown) exec /opt/attacks/map personality unknown ;;
known) exec /opt/attacks/map personality known ;;
esac
