#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Another thread turns the descriptor from a known file to this one while it is mapped.
exec /opt/attacks/map swap "$1"
