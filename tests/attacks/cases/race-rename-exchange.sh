#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-rename
# seconds: 25
# Two programs exchange their names while the one is started over and over.
exec /opt/attacks/race exchange "$1"
