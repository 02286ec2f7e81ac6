#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Its page is moved over the text of a known one.
exec /opt/attacks/map moved "$1"
