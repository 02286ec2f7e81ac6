#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Mapped executable but not readable.
case $1 in
unknown) exec /opt/attacks/map only-exec unknown ;;
known) exec /opt/attacks/map only-exec known ;;
esac
