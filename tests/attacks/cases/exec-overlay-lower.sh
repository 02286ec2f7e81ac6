#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: exec-overlay
# Through an overlay above the folder it lies in.
mkdir t m && mount -t tmpfs x t && mkdir t/u t/w && mount -t overlay x -o "lowerdir=$PWD,upperdir=t/u,workdir=t/w" m && exec "m/$1"
