#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-rename
# seconds: 25
# A symbolic link turns from one to the other.
exec /opt/attacks/race symlinks "$1"
