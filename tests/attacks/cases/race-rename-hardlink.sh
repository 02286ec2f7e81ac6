#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-rename
# seconds: 25
# A hard link turns from one to the other.
exec /opt/attacks/race hard-links "$1"
