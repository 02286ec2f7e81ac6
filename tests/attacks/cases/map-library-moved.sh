#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Its page is moved over the text of a known one.
case $1 in
unknown) exec /opt/attacks/map moved unknown ;;
known) exec /opt/attacks/map moved known ;;
esac
