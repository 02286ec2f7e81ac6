#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# user: 1000
# An ordinary user maps it.
case $1 in
unknown) exec /opt/attacks/map private unknown ;;
known) exec /opt/attacks/map private known ;;
esac
