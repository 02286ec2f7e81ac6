#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Its instructions are mapped privately.
exec /opt/attacks/map private "$1"
