#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-overlay
# An overlay of lower folders alone.
mkdir l m && cp "$1" l/run && mkdir k && mount -t overlay x -o lowerdir=l:k m && exec m/run
