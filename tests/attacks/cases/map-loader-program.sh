#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-loader
# The dynamic loader is called with the program as its argument.
exec /lib64/ld-linux-x86-64.so.2 "./$1"
