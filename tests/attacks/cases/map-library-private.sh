#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Its instructions are mapped privately.
case $1 in
unknown) exec /opt/attacks/map private unknown ;;
known) exec /opt/attacks/map private known ;;
esac
