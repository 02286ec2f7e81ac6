#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-overlay
# Written into an overlay whose upper folder is on the guarded disk.
mkdir l u w m && mount -t overlay x -o lowerdir=l,upperdir=u,workdir=w m && cp "$1" m/run && exec m/run
