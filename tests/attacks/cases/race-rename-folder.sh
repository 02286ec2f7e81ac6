#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-rename
# seconds: 25
# The folder on the way to it is exchanged.
exec /opt/attacks/race folders "$1"
