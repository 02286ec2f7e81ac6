#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# The descriptor is closed before the first instruction runs.
exec /opt/attacks/map closed "$1"
