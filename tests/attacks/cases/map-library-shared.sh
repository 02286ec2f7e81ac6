#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# Its instructions are mapped shared.
exec /opt/attacks/map shared "$1"
