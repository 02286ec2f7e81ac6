#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Mapped readable, then made executable.
exec /opt/attacks/map read-then-exec "$1"
