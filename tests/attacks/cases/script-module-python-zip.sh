#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: script-module
# A module in an archive that a known script adds to its path.
exec /opt/attacks/app/archive.py "$PWD/$1.zip"
