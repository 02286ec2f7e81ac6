#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# user: 1000
# An ordinary user maps it.
exec /opt/attacks/map private "$1"
