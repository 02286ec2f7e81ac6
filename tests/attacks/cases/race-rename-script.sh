#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-rename
# seconds: 25
# Two scripts exchange their names between the kernel's look and the interpreter's.
exec /opt/attacks/race exchange-script "$1"
