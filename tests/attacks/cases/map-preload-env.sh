#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# class: map-preload
# LD_PRELOAD into a known program.
LD_PRELOAD=$PWD/$1.so exec /bin/true
