#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: race-rename
# seconds: 25
# Two libraries exchange their names while known programs open the one.
exec /opt/attacks/race exchange-library "$1"
