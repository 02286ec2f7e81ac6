#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Mapped executable but not readable.
exec /opt/attacks/map only-exec "$1"
