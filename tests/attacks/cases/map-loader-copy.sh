#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-loader
# A copy of the dynamic loader, under another name.
cp /lib64/ld-linux-x86-64.so.2 ls && exec ./ls "./$1"
