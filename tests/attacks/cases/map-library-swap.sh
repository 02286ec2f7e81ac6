#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Another thread turns the descriptor from a known file to this one while it is mapped.
case $1 in
unknown) exec /opt/attacks/map swap unknown ;;
known) exec /opt/attacks/map swap known ;;
esac
