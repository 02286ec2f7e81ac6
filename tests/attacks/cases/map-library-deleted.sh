#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-library
# The file is deleted before it is mapped.
exec /opt/attacks/map deleted "$1"
