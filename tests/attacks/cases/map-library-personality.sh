#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Mapped readable only, under a personality that makes it executable.
exec /opt/attacks/map personality "$1"
